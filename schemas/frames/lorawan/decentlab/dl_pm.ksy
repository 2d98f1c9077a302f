# Decentlab DL-PM.
meta:
  id: dl_pm
  title: Decentlab DL-PM
  imports: [decentlab]
  endian: be
seq:
  - { id: head, type: decentlab }
  - { id: battery, type: 'decentlab::battery', if: head.flags & 1 != 0 }
  - { id: sensor1, type: sensor1, if: head.flags & 2 != 0 }
  - { id: sensor2, type: sensor2, if: head.flags & 4 != 0 }
  - { id: sensor3, type: sensor3, if: head.flags & 8 != 0 }
-fairlead:
  emit: { $merge: [head, battery, sensor1, sensor2, sensor3] }
types:
  sensor1:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 10 }]
    -fairlead-emit:
      pm1_0_mass_concentration: { displayName: '"PM1.0 mass concentration"', value: 'x[0] / 10.0', unit: '"µg⋅m⁻³"' }
      pm2_5_mass_concentration: { displayName: '"PM2.5 mass concentration"', value: 'x[1] / 10.0', unit: '"µg⋅m⁻³"' }
      pm4_mass_concentration: { displayName: '"PM4 mass concentration"', value: 'x[2] / 10.0', unit: '"µg⋅m⁻³"' }
      pm10_mass_concentration: { displayName: '"PM10 mass concentration"', value: 'x[3] / 10.0', unit: '"µg⋅m⁻³"' }
      typical_particle_size: { displayName: '"Typical particle size"', value: 'x[4]', unit: '"nm"' }
      pm0_5_number_concentration: { displayName: '"PM0.5 number concentration"', value: 'x[5] / 10.0', unit: '"1⋅cm⁻³"' }
      pm1_0_number_concentration: { displayName: '"PM1.0 number concentration"', value: 'x[6] / 10.0', unit: '"1⋅cm⁻³"' }
      pm2_5_number_concentration: { displayName: '"PM2.5 number concentration"', value: 'x[7] / 10.0', unit: '"1⋅cm⁻³"' }
      pm4_number_concentration: { displayName: '"PM4 number concentration"', value: 'x[8] / 10.0', unit: '"1⋅cm⁻³"' }
      pm10_number_concentration: { displayName: '"PM10 number concentration"', value: 'x[9] / 10.0', unit: '"1⋅cm⁻³"' }
  sensor2:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 2 }]
    -fairlead-emit:
      air_temperature: { displayName: '"Air temperature"', value: '175.72 * x[0] / 65536.0 - 46.85', unit: '"°C"' }
      air_humidity: { displayName: '"Air humidity"', value: '125 * x[1] / 65536.0 - 6', unit: '"%"' }
  sensor3:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 1 }]
    -fairlead-emit:
      barometric_pressure: { displayName: '"Barometric pressure"', value: 'x[0] * 2', unit: '"Pa"' }
