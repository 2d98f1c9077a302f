# Decentlab DL-IFD.
meta:
  id: dl_ifd
  title: Decentlab DL-IFD
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
      fruit_size: { displayName: '"Fruit size"', value: 'x[0] / 100.0', unit: '"mm"' }
