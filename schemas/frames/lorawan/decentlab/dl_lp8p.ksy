# Decentlab DL-LP8P.
meta:
  id: dl_lp8p
  title: Decentlab DL-LP8P
  imports: [decentlab]
  endian: be
seq:
  - { id: head, type: decentlab }
  - { id: sensor0, type: sensor0, if: head.flags & 1 != 0 }
  - { id: sensor1, type: sensor1, if: head.flags & 2 != 0 }
  - { id: sensor2, type: sensor2, if: head.flags & 4 != 0 }
  - { id: battery, type: 'decentlab::battery', if: head.flags & 8 != 0 }
-fairlead:
  emit: { $merge: [head, sensor0, sensor1, sensor2, battery] }
types:
  sensor0:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 2 }]
    -fairlead-emit:
      air_temperature: { displayName: '"Air temperature"', value: '175.72 * x[0] / 65536.0 - 46.85', unit: '"°C"' }
      air_humidity: { displayName: '"Air humidity"', value: '125 * x[1] / 65536.0 - 6', unit: '"%"' }
  sensor1:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 2 }]
    -fairlead-emit:
      barometer_temperature: { displayName: '"Barometer temperature"', value: '(x[0] - 5000) / 100.0', unit: '"°C"' }
      barometric_pressure: { displayName: '"Barometric pressure"', value: 'x[1] * 2', unit: '"Pa"' }
  sensor2:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 8 }]
    -fairlead-emit:
      co2_concentration: { displayName: '"CO2 concentration"', value: 'x[0] - 32768', unit: '"ppm"' }
      co2_concentration_lpf: { displayName: '"CO2 concentration LPF"', value: 'x[1] - 32768', unit: '"ppm"' }
      co2_sensor_temperature: { displayName: '"CO2 sensor temperature"', value: '(x[2] - 32768) / 100.0', unit: '"°C"' }
      capacitor_voltage_1: { displayName: '"Capacitor voltage 1"', value: 'x[3] / 1000.0', unit: '"V"' }
      capacitor_voltage_2: { displayName: '"Capacitor voltage 2"', value: 'x[4] / 1000.0', unit: '"V"' }
      co2_sensor_status: { displayName: '"CO2 sensor status"', value: 'x[5]' }
      raw_ir_reading: { displayName: '"Raw IR reading"', value: 'x[6]' }
      raw_ir_reading_lpf: { displayName: '"Raw IR reading LPF"', value: 'x[7]' }
