# Decentlab DL-MES5.
meta:
  id: dl_mes5
  title: Decentlab DL-MES5
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
      sludge_blanket: { displayName: '"Sludge blanket"', value: 'x[2] / 100.0', unit: '"%"' }
      suspended_solid: { displayName: '"Suspended solid"', value: 'x[3] / 100.0', unit: '"g⋅L⁻¹"' }
      turbidity: { displayName: '"Turbidity"', value: 'x[4] / 10.0', unit: '"FAU"' }
