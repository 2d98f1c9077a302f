# MClimate HT sensor, temperature and humidity: the keepalive. Answers to commands stand before it and are left as bytes.
meta:
  id: ht_sensor
  title: MClimate HT sensor
  endian: be
seq:
  - { id: answers, size: _io.size - 7 }
  - { id: reason, contents: [1] }
  - { id: temperature, type: u2, -fairlead-scale: 0.1, -fairlead-offset: -40, -fairlead-unit: Cel }
  - { id: humidity, type: u1 }
  - { id: battery, type: b4, -fairlead-scale: 0.1, -fairlead-offset: 2, -fairlead-unit: V }
  - { id: reserved, type: b4 }
  - { id: more, type: b5 }
  - { id: disconnected, type: b1 }
  - { id: external, type: b10, -fairlead-scale: 0.1, -fairlead-unit: Cel }
-fairlead:
  emit:
    sensorTemperature: temperature
    relativeHumidity: { $value: humidity * 100 / 256.0, $round: 2 }
    batteryVoltage: battery
    thermistorProperlyConnected: not disconnected
    extThermistorTemperature: { $if: disconnected, $literal: 0, $else: external }
    answers: { $if: answers.size > 0, $value: answers }
