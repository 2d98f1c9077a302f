# Decentlab DL-ZN1.
meta:
  id: dl_zn1
  title: Decentlab DL-ZN1
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
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 2 }]
    -fairlead-emit:
      dendrometer_position: { displayName: '"Dendrometer position"', value: '((x[0] + x[1] * 65536) / 8388608.0 - 1) * 20000', unit: '"µm"' }
