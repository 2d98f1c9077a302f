# Dragino LWL02, water leak: speaks as the LDS02 does.
meta:
  id: lwl02
  title: Dragino LWL02
  imports: [lds02]
seq:
  - { id: body, type: lds02 }
-fairlead:
  emit: body
