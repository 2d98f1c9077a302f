# Decentlab DL-CTD10.
meta:
  id: dl_ctd10
  title: Decentlab DL-CTD10
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
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 4 }]
    -fairlead-emit:
      water_depth: { displayName: '"Water depth"', value: 'x[0] - 32768', unit: '"mm"' }
      temperature: { displayName: '"Temperature"', value: '(x[1] - 32768) / 10.0', unit: '"°C"' }
      electrical_conductivity: { displayName: '"Electrical conductivity"', value: 'x[2]', unit: '"µS⋅cm⁻¹"' }
      freezing_flag: { displayName: '"Freezing flag"', value: 'x[3]' }
