# Decentlab DL-IAM.
meta:
  id: dl_iam
  title: Decentlab DL-IAM
  imports: [decentlab]
  endian: be
seq:
  - { id: head, type: decentlab }
  - { id: battery, type: 'decentlab::battery', if: head.flags & 1 != 0 }
  - { id: sensor1, type: sensor1, if: head.flags & 2 != 0 }
  - { id: sensor2, type: sensor2, if: head.flags & 4 != 0 }
  - { id: sensor3, type: sensor3, if: head.flags & 8 != 0 }
  - { id: sensor4, type: sensor4, if: head.flags & 16 != 0 }
  - { id: sensor5, type: sensor5, if: head.flags & 32 != 0 }
  - { id: sensor6, type: sensor6, if: head.flags & 64 != 0 }
-fairlead:
  emit: { $merge: [head, battery, sensor1, sensor2, sensor3, sensor4, sensor5, sensor6] }
types:
  sensor1:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 2 }]
    -fairlead-emit:
      air_temperature: { displayName: '"Air temperature"', value: '175 * x[0] / 65535.0 - 45', unit: '"°C"' }
      air_humidity: { displayName: '"Air humidity"', value: '100 * x[1] / 65535.0', unit: '"%"' }
  sensor2:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 1 }]
    -fairlead-emit:
      barometric_pressure: { displayName: '"Barometric pressure"', value: 'x[0] * 2', unit: '"Pa"' }
  sensor3:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 2 }]
    -fairlead-emit:
      ambient_light_visible_infrared: { displayName: '"Ambient light (visible + infrared)"', value: 'x[0]' }
      ambient_light_infrared: { displayName: '"Ambient light (infrared)"', value: 'x[1]' }
      illuminance:
        displayName: '"Illuminance"'
        value: '[[1.0 * x[0] - 1.64 * x[1], 0.59 * x[0] - 0.86 * x[1]].max, 0].max * 1.5504'
        unit: '"lx"'
  sensor4:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 3 }]
    -fairlead-emit:
      co2_concentration: { displayName: '"CO2 concentration"', value: 'x[0] - 32768', unit: '"ppm"' }
      co2_sensor_status: { displayName: '"CO2 sensor status"', value: 'x[1]' }
      raw_ir_reading: { displayName: '"Raw IR reading"', value: 'x[2]' }
  sensor5:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 1 }]
    -fairlead-emit:
      activity_counter: { displayName: '"Activity counter"', value: 'x[0]' }
  sensor6:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 1 }]
    -fairlead-emit:
      total_voc: { displayName: '"Total VOC"', value: 'x[0]', unit: '"ppb"' }
