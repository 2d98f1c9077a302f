# Decentlab DL-SMTP.
meta:
  id: dl_smtp
  title: Decentlab DL-SMTP
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
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 16 }]
    -fairlead-emit:
      soil_moisture_at_depth_0: { displayName: '"Soil moisture at depth 0"', value: '(x[0] - 2500) / 500.0' }
      soil_temperature_at_depth_0: { displayName: '"Soil temperature at depth 0"', value: '(x[1] - 32768) / 100.0', unit: '"°C"' }
      soil_moisture_at_depth_1: { displayName: '"Soil moisture at depth 1"', value: '(x[2] - 2500) / 500.0' }
      soil_temperature_at_depth_1: { displayName: '"Soil temperature at depth 1"', value: '(x[3] - 32768) / 100.0', unit: '"°C"' }
      soil_moisture_at_depth_2: { displayName: '"Soil moisture at depth 2"', value: '(x[4] - 2500) / 500.0' }
      soil_temperature_at_depth_2: { displayName: '"Soil temperature at depth 2"', value: '(x[5] - 32768) / 100.0', unit: '"°C"' }
      soil_moisture_at_depth_3: { displayName: '"Soil moisture at depth 3"', value: '(x[6] - 2500) / 500.0' }
      soil_temperature_at_depth_3: { displayName: '"Soil temperature at depth 3"', value: '(x[7] - 32768) / 100.0', unit: '"°C"' }
      soil_moisture_at_depth_4: { displayName: '"Soil moisture at depth 4"', value: '(x[8] - 2500) / 500.0' }
      soil_temperature_at_depth_4: { displayName: '"Soil temperature at depth 4"', value: '(x[9] - 32768) / 100.0', unit: '"°C"' }
      soil_moisture_at_depth_5: { displayName: '"Soil moisture at depth 5"', value: '(x[10] - 2500) / 500.0' }
      soil_temperature_at_depth_5: { displayName: '"Soil temperature at depth 5"', value: '(x[11] - 32768) / 100.0', unit: '"°C"' }
      soil_moisture_at_depth_6: { displayName: '"Soil moisture at depth 6"', value: '(x[12] - 2500) / 500.0' }
      soil_temperature_at_depth_6: { displayName: '"Soil temperature at depth 6"', value: '(x[13] - 32768) / 100.0', unit: '"°C"' }
      soil_moisture_at_depth_7: { displayName: '"Soil moisture at depth 7"', value: '(x[14] - 2500) / 500.0' }
      soil_temperature_at_depth_7: { displayName: '"Soil temperature at depth 7"', value: '(x[15] - 32768) / 100.0', unit: '"°C"' }
