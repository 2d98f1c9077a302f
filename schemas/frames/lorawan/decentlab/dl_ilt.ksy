# Decentlab DL-ILT.
meta:
  id: dl_ilt
  title: Decentlab DL-ILT
  imports: [decentlab]
  endian: be
seq:
  - { id: head, type: decentlab }
  - { id: sensor, type: sensor, if: head.flags & 1 != 0 }
  - { id: battery, type: 'decentlab::battery', if: head.flags & 2 != 0 }
-fairlead:
  emit: { $merge: [head, sensor, battery] }
types:
  sensor:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 1 }]
    -fairlead-emit:
      leaf_temperature: { displayName: '"Leaf temperature"', value: '(x[0] - 32768) / 100.0', unit: '"°C"' }
