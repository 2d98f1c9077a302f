# Decentlab DL-TP.
meta:
  id: dl_tp
  title: Decentlab DL-TP
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
      temperature_at_level_0: { displayName: '"Temperature at level 0"', value: '(x[0] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_1: { displayName: '"Temperature at level 1"', value: '(x[1] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_2: { displayName: '"Temperature at level 2"', value: '(x[2] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_3: { displayName: '"Temperature at level 3"', value: '(x[3] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_4: { displayName: '"Temperature at level 4"', value: '(x[4] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_5: { displayName: '"Temperature at level 5"', value: '(x[5] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_6: { displayName: '"Temperature at level 6"', value: '(x[6] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_7: { displayName: '"Temperature at level 7"', value: '(x[7] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_8: { displayName: '"Temperature at level 8"', value: '(x[8] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_9: { displayName: '"Temperature at level 9"', value: '(x[9] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_10: { displayName: '"Temperature at level 10"', value: '(x[10] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_11: { displayName: '"Temperature at level 11"', value: '(x[11] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_12: { displayName: '"Temperature at level 12"', value: '(x[12] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_13: { displayName: '"Temperature at level 13"', value: '(x[13] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_14: { displayName: '"Temperature at level 14"', value: '(x[14] - 32768) / 100.0', unit: '"°C"' }
      temperature_at_level_15: { displayName: '"Temperature at level 15"', value: '(x[15] - 32768) / 100.0', unit: '"°C"' }
