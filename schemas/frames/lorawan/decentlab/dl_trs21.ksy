# Decentlab DL-TRS21.
meta:
  id: dl_trs21
  title: Decentlab DL-TRS21
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
      water_potential: { displayName: '"Water potential"', value: '-(x[0] / 10.0)', unit: '"kPa"' }
      soil_temperature: { displayName: '"Soil temperature"', value: '(x[1] - 32768) / 10.0', unit: '"°C"' }
