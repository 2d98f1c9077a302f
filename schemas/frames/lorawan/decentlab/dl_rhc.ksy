# Decentlab DL-RHC.
meta:
  id: dl_rhc
  title: Decentlab DL-RHC
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
      sensor_id: { displayName: '"Sensor ID"', value: 'x[0] + x[1] * 65536' }
      air_humidity: { displayName: '"Air humidity"', value: 'x[2] / 100.0', unit: '"%"' }
      air_temperature: { displayName: '"Air temperature"', value: '(x[3] - 32768) / 100.0', unit: '"°C"' }
