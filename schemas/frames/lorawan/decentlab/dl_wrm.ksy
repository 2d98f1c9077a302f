# Decentlab DL-WRM.
meta:
  id: dl_wrm
  title: Decentlab DL-WRM
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
      air_temperature: { displayName: '"Air temperature"', value: '175 * x[0] / 65535.0 - 45', unit: '"°C"' }
      air_humidity: { displayName: '"Air humidity"', value: '100 * x[1] / 65535.0', unit: '"%"' }
  sensor1:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 2 }]
    -fairlead-emit:
      surface_temperature: { displayName: '"Surface temperature"', value: '(x[0] - 1000) / 10.0', unit: '"°C"' }
      head_temperature: { displayName: '"Head temperature"', value: '(x[1] - 1000) / 10.0', unit: '"°C"' }
