# Decentlab DL-NTU.
meta:
  id: dl_ntu
  title: Decentlab DL-NTU
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
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 5 }]
    -fairlead-emit:
      status: { displayName: '"Status"', value: 'x[0]' }
      temperature: { displayName: '"Temperature"', value: '(x[1] - 32768) / 100.0', unit: '"°C"' }
      turbidity_in_ntu: { displayName: '"Turbidity in NTU"', value: 'x[2] / 10.0', unit: '"NTU"' }
      turbidity_in_fnu: { displayName: '"Turbidity in FNU"', value: 'x[3] / 10.0', unit: '"FNU"' }
      turbidity_in_mg_l: { displayName: '"Turbidity in mg/L"', value: 'x[4] / 10.0', unit: '"mg⋅L⁻¹"' }
