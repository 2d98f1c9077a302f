# MClimate Vicki, a radiator valve: the keepalive, the last nine bytes. Answers to commands stand before it and are left as bytes.
meta:
  id: vicki
  title: MClimate Vicki
  endian: be
seq:
  - { id: answers, size: _io.size - 9 }
  - { id: reason, type: u1, valid: { any-of: [0x01, 0x81] } }
  - { id: target, type: u1, -fairlead-unit: Cel }
  - { id: temperature, type: u1 }
  - { id: humidity, type: u1 }
  - { id: position_low, type: u1 }
  - { id: range_low, type: u1 }
  - { id: position_high, type: b4 }
  - { id: range_high, type: b4 }
  - { id: battery, type: b4, -fairlead-scale: 0.1, -fairlead-offset: 2, -fairlead-unit: V }
  - { id: open_window, type: b1 }
  - { id: high_consumption, type: b1 }
  - { id: low_consumption, type: b1 }
  - { id: broken_sensor, type: b1 }
  - { id: child_lock, type: b1 }
  - { id: calibration_failed, type: b1 }
  - { id: backplate, type: b1 }
  - { id: online, type: b1 }
  - { id: anti_freeze, type: b1 }
  - { id: reserved, type: b3 }
instances:
  position: { value: position_high << 8 | position_low }
  range: { value: range_high << 8 | range_low }
-fairlead:
  emit:
    reason: 'reason == 1 ? 1 : 81'
    targetTemperature: target
    sensorTemperature: { $value: 'reason == 1 ? temperature * 165 / 256.0 - 40 : (temperature - 28.33333) / 5.66666', $round: 2 }
    relativeHumidity: { $value: humidity * 100 / 256.0, $round: 2 }
    motorRange: range
    motorPosition: position
    batteryVoltage: battery
    openWindow: open_window
    highMotorConsumption: high_consumption
    lowMotorConsumption: low_consumption
    brokenSensor: broken_sensor
    childLock: child_lock
    calibrationFailed: calibration_failed
    attachedBackplate: backplate
    perceiveAsOnline: online
    antiFreezeProtection: anti_freeze
    valveOpenness: { $if: range != 0, $value: { $value: (1 - 1.0 * position / range) * 100, $round: 0 }, $else: { $literal: 0 } }
    targetTemperatureFloat: target
    answers: { $if: answers.size > 0, $value: answers }
