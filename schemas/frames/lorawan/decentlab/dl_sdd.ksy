# Decentlab DL-SDD.
meta:
  id: dl_sdd
  title: Decentlab DL-SDD
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
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 18 }]
    -fairlead-emit:
      moisture_at_level_0: { displayName: '"Moisture at level 0"', value: '(x[0] - 32768) / 100.0', unit: '"%"' }
      moisture_at_level_1: { displayName: '"Moisture at level 1"', value: '(x[1] - 32768) / 100.0', unit: '"%"' }
      moisture_at_level_2: { displayName: '"Moisture at level 2"', value: '(x[2] - 32768) / 100.0', unit: '"%"' }
      moisture_at_level_3: { displayName: '"Moisture at level 3"', value: '(x[3] - 32768) / 100.0', unit: '"%"' }
      moisture_at_level_4: { displayName: '"Moisture at level 4"', value: '(x[4] - 32768) / 100.0', unit: '"%"' }
      moisture_at_level_5: { displayName: '"Moisture at level 5"', value: '(x[5] - 32768) / 100.0', unit: '"%"' }
      temperature_at_level_0: { displayName: '"Temperature at level 0"', value: '(x[6] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_1: { displayName: '"Temperature at level 1"', value: '(x[7] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_2: { displayName: '"Temperature at level 2"', value: '(x[8] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_3: { displayName: '"Temperature at level 3"', value: '(x[9] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_4: { displayName: '"Temperature at level 4"', value: '(x[10] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_5: { displayName: '"Temperature at level 5"', value: '(x[11] - 32768) / 100.0', unit: '"°C"' }
      salinity_at_level_0: { displayName: '"Salinity at level 0"', value: 'x[12] - 100' }
      salinity_at_level_1: { displayName: '"Salinity at level 1"', value: 'x[13] - 100' }
      salinity_at_level_2: { displayName: '"Salinity at level 2"', value: 'x[14] - 100' }
      salinity_at_level_3: { displayName: '"Salinity at level 3"', value: 'x[15] - 100' }
      salinity_at_level_4: { displayName: '"Salinity at level 4"', value: 'x[16] - 100' }
      salinity_at_level_5: { displayName: '"Salinity at level 5"', value: 'x[17] - 100' }
  sensor1:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 18 }]
    -fairlead-emit:
      moisture_at_level_6: { displayName: '"Moisture at level 6"', value: '(x[0] - 32768) / 100.0', unit: '"%"' }
      moisture_at_level_7: { displayName: '"Moisture at level 7"', value: '(x[1] - 32768) / 100.0', unit: '"%"' }
      moisture_at_level_8: { displayName: '"Moisture at level 8"', value: '(x[2] - 32768) / 100.0', unit: '"%"' }
      moisture_at_level_9: { displayName: '"Moisture at level 9"', value: '(x[3] - 32768) / 100.0', unit: '"%"' }
      moisture_at_level_10: { displayName: '"Moisture at level 10"', value: '(x[4] - 32768) / 100.0', unit: '"%"' }
      moisture_at_level_11: { displayName: '"Moisture at level 11"', value: '(x[5] - 32768) / 100.0', unit: '"%"' }
      temperature_at_level_6: { displayName: '"Temperature at level 6"', value: '(x[6] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_7: { displayName: '"Temperature at level 7"', value: '(x[7] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_8: { displayName: '"Temperature at level 8"', value: '(x[8] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_9: { displayName: '"Temperature at level 9"', value: '(x[9] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_10: { displayName: '"Temperature at level 10"', value: '(x[10] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_11: { displayName: '"Temperature at level 11"', value: '(x[11] - 32768) / 100.0', unit: '"°C"' }
      salinity_at_level_6: { displayName: '"Salinity at level 6"', value: 'x[12] - 100' }
      salinity_at_level_7: { displayName: '"Salinity at level 7"', value: 'x[13] - 100' }
      salinity_at_level_8: { displayName: '"Salinity at level 8"', value: 'x[14] - 100' }
      salinity_at_level_9: { displayName: '"Salinity at level 9"', value: 'x[15] - 100' }
      salinity_at_level_10: { displayName: '"Salinity at level 10"', value: 'x[16] - 100' }
      salinity_at_level_11: { displayName: '"Salinity at level 11"', value: 'x[17] - 100' }
