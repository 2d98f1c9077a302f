# Decentlab DL-CWS.
meta:
  id: dl_cws
  title: Decentlab DL-CWS
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
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 6 }]
    -fairlead-emit:
      surface_temperature: { displayName: '"Surface temperature"', value: '(x[0] - 32768) / 100.0', unit: '"°C"' }
      air_temperature: { displayName: '"Air temperature"', value: '(x[1] - 32768) / 100.0', unit: '"°C"' }
      air_humidity: { displayName: '"Air humidity"', value: '(x[2] - 32768) / 100.0', unit: '"%"' }
      dew_point: { displayName: '"Dew point"', value: '(x[3] - 32768) / 100.0', unit: '"°C"' }
      angle: { displayName: '"Angle"', value: 'x[4] - 32768', unit: '"°"' }
      sensor_temperature: { displayName: '"Sensor temperature"', value: '(x[5] - 32768) / 100.0', unit: '"°C"' }
