# Dragino LDS02 (door) and LWL02 (water leak): the same ten bytes, which say what they are about.
meta:
  id: lds02
  title: Dragino LDS02 and LWL02
  endian: be
seq:
  - { id: door_open, type: b1 }
  - { id: water_leak, type: b1 }
  - { id: battery, type: b14, -fairlead-scale: 0.001, -fairlead-unit: V }
  - { id: mode, type: u1 }
  - { id: times, type: b24, if: mode <= 3 }
  - { id: duration, type: b24, -fairlead-unit: min, if: mode <= 3 }
  - { id: reserved, type: b7, if: mode <= 3 }
  - { id: alarm, type: b1, if: mode <= 3 }
  - { id: rest, size-eos: true }
-fairlead-emit:
  $merge:
    - { Node_type: 'mode == 1 ? "LDS02" : "LWL02"', BAT_V: battery, MOD: mode }
    - { $if: mode == 1, DOOR_OPEN_STATUS: door_open.to_i, DOOR_OPEN_TIMES: times, LAST_DOOR_OPEN_DURATION: duration,
        ALARM: alarm.to_i }
    - { $if: mode == 2, WATER_LEAK_STATUS: water_leak.to_i, WATER_LEAK_TIMES: times, LAST_WATER_LEAK_DURATION: duration }
    - { $if: mode == 3, DOOR_OPEN_STATUS: door_open.to_i, WATER_LEAK_STATUS: water_leak.to_i, ALARM: alarm.to_i }
