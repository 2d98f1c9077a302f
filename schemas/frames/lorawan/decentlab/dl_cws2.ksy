# Decentlab DL-CWS2.
meta:
  id: dl_cws2
  title: Decentlab DL-CWS2
  imports: [decentlab]
  endian: be
seq:
  - { id: head, type: decentlab }
  - { id: sensor0, type: sensor0, if: head.flags & 1 != 0 }
  - { id: sensor1, type: sensor1, if: head.flags & 2 != 0 }
  - { id: battery, type: 'decentlab::battery', if: head.flags & 4 != 0 }
-fairlead:
  emit: { $merge: [head, sensor0, sensor1, battery] }
types:
  sensor0:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 2 }]
    -fairlead-emit:
      air_temperature_radiation_shield: { displayName: '"Air temperature (radiation shield)"', value: '175 * x[0] / 65535.0 - 45', unit: '"°C"' }
      air_humidity_radiation_shield: { displayName: '"Air humidity (radiation shield)"', value: '100 * x[1] / 65535.0', unit: '"%"' }
  sensor1:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 6 }]
    -fairlead-emit:
      surface_temperature: { displayName: '"Surface temperature"', value: '(x[0] - 32768) / 100.0', unit: '"°C"' }
      air_temperature: { displayName: '"Air temperature"', value: '(x[1] - 32768) / 100.0', unit: '"°C"' }
      air_humidity: { displayName: '"Air humidity"', value: '(x[2] - 32768) / 100.0', unit: '"%"' }
      dew_point: { displayName: '"Dew point"', value: '(x[3] - 32768) / 100.0', unit: '"°C"' }
      angle: { displayName: '"Angle"', value: 'x[4] - 32768', unit: '"°"' }
      sensor_temperature: { displayName: '"Sensor temperature"', value: '(x[5] - 32768) / 100.0', unit: '"°C"' }
