# Dragino LHT65N, temperature and humidity with an external sensor: the readings (port 2) and the device's state (port 5).
# Readings that were stored while there was no network, and those that are polled, are left as bytes.
meta:
  id: lht65n
  title: Dragino LHT65N
  endian: be
params:
  - { id: f_port, type: u1 }
seq:
  - { id: state, type: state, if: f_port == 5 }
  - { id: reading, type: reading, if: f_port == 2 }
  - { id: bytes, size-eos: true }
-fairlead:
  emit: { $merge: [{ $if: f_port == 5, $merge: [state] }, { $if: f_port == 2, $merge: [reading] },
                   { $if: f_port != 2 and f_port != 5, bytes: bytes }] }
types:
  state:
    seq:
      - { id: model, type: u1 }
      - { id: firmware, type: u2 }
      - { id: band, type: u1, enum: band }
      - { id: sub_band, type: u1 }
      - { id: battery, type: u2, -fairlead-scale: 0.001, -fairlead-unit: V }
    -fairlead-emit:
      SENSOR_MODEL: { $if: model == 0x0b or model == 0x1a, $value: 'model == 0x0b ? "LHT65N" : "LHT65N-PIR"' }
      FIRMWARE_VERSION: 'f"{firmware >> 8 & 15}.{firmware >> 4 & 15}.{firmware & 15}"'
      FREQUENCY_BAND: { $if: band.to_i >= 1 and band.to_i <= 14, $value: band }
      SUB_BAND: { $if: sub_band == 0xff, $value: '"NULL"', $else: sub_band }
      BAT: battery
  reading:
    seq:
      - { id: battery_status, type: b2 }
      - { id: battery, type: b14, -fairlead-scale: 0.001, -fairlead-unit: V }
      - { id: temperature, type: s2, -fairlead-scale: 0.01, -fairlead-unit: Cel }
      - { id: status, type: b4 }
      - { id: humidity, type: b12, -fairlead-scale: 0.1, -fairlead-unit: '%RH' }
      - { id: no_connection, type: b1 }
      - { id: polled, type: b1 }
      - { id: reserved, type: b2 }
      - { id: kind, type: b4 }
      - id: external
        if: not (no_connection or polled)
        type:
          switch-on: kind
          cases: { 0: none, 1: ds18b20, 2: tmp117, 4: interrupt, 5: illumination, 6: voltage, 7: count, 8: long_count,
                   9: timestamp, 11: sht31, 14: long_count }
      - { id: rest, size-eos: true }
    instances:
      first: { pos: 0, type: s2, -fairlead-scale: 0.01 }
    -fairlead-emit:
      $if: no_connection or polled
      bytes: rest
      $else:
        $merge:
          - { $if: kind == 9, TempC_DS: first, Bat_status: status >> 2, $else: { BatV: battery, Bat_status: battery_status } }
          - { $if: kind != 15, TempC_SHT: temperature, Hum_SHT: humidity }
          - external
  none:
    -fairlead-emit: { Ext_sensor: '"No external sensor"' }
  ds18b20:
    seq: [{ id: t, type: s2, -fairlead-scale: 0.01, -fairlead-unit: Cel }]
    -fairlead-emit: { Ext_sensor: '"Temperature Sensor"', TempC_DS: t }
  tmp117:
    seq: [{ id: t, type: s2, -fairlead-scale: 0.01, -fairlead-unit: Cel }]
    -fairlead-emit: { Ext_sensor: '"Temperature Sensor"', TempC_TMP117: t }
  interrupt:
    seq: [{ id: level, type: u1 }, { id: status, type: u1 }, { id: times, type: b24 }, { id: duration, type: b24 }]
    -fairlead-emit: { Work_mode: '"Interrupt Sensor send"', Exti_pin_level: 'level != 0 ? "High" : "Low"',
                      Exti_status: 'status != 0 ? "True" : "False"', Exit_count: times, Exit_duration: duration }
  illumination:
    seq: [{ id: lux, type: u2, -fairlead-unit: lx }]
    -fairlead-emit: { Work_mode: '"Illumination Sensor"', ILL_lx: lux }
  voltage:
    seq: [{ id: v, type: u2, -fairlead-scale: 0.001, -fairlead-unit: V }]
    -fairlead-emit: { Work_mode: '"ADC Sensor"', ADC_V: v }
  count:
    seq: [{ id: n, type: u2 }]
    -fairlead-emit: { Work_mode: '"Interrupt Sensor count"', Exit_count: n }
  long_count:
    seq: [{ id: n, type: u4 }]
    -fairlead-emit: { Work_mode: '"Interrupt Sensor count"', Exit_count: n }
  timestamp:
    seq: [{ id: at, type: u4, -fairlead-unit: s }]
    -fairlead-emit: { Work_mode: '"DS18B20 & timestamp"', Systimestamp: at }
  sht31:
    seq:
      - { id: t, type: s2, -fairlead-scale: 0.01, -fairlead-unit: Cel }
      - { id: rh, type: u2, -fairlead-scale: 0.1, -fairlead-unit: '%RH' }
    -fairlead-emit: { Work_mode: '"SHT31 Sensor"', Ext_TempC_SHT: t, Ext_Hum_SHT: rh }
enums:
  band: { 1: EU868, 2: US915, 3: IN865, 4: AU915, 5: KZ865, 6: RU864, 7: AS923, 8: AS923_1, 9: AS923_2, 10: AS923_3,
          11: CN470, 12: EU433, 13: KR920, 14: MA869 }
