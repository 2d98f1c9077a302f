# Decentlab DL-DLR2-012.
meta:
  id: dl_dlr2_012
  title: Decentlab DL-DLR2-012
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
      strain_gauge: { displayName: '"Strain gauge"', value: '((x[0] + x[1] * 65536) / 8388608.0 - 1) / 64.0 * 4 / 2.02 * 1000000', unit: '"µm⋅m⁻¹"' }
