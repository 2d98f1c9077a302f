# Decentlab DL-ISD.
meta:
  id: dl_isd
  title: Decentlab DL-ISD
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
      stem_size: { displayName: '"Stem size"', value: 'x[0] / 1000.0', unit: '"mm"' }
