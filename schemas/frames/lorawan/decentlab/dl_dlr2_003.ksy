# Decentlab DL-DLR2-003.
meta:
  id: dl_dlr2_003
  title: Decentlab DL-DLR2-003
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
      input: { displayName: '"Input"', value: 'x[0]' }
