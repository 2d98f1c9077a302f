meta:
  id: cayenne_lpp
  title: Cayenne Low Power Payload
  endian: be
  encoding: ASCII
doc: |
  A payload of small devices, mostly over LoRaWAN: values of a channel (u1), a type (u1) and data whose size the type
  gives, one behind the other. No framing: it comes as a body, or is cut by whoever carries it.

  The message has a member for each value, named after type and channel: temperature_3. A value of a type that is not
  known has no end, so the payload is malformed there. To add a type, give it a name in the enum and a case.
seq:
  - id: records
    type: record
    repeat: eos
types:
  record:
    seq:
      - { id: channel, type: u1 }
      - { id: kind, type: u1, enum: kind, valid: { in-enum: true } }
      - id: body
        type:
          switch-on: kind
          cases:
            'kind::digital_input': count_1
            'kind::digital_output': count_1
            'kind::analog_input': hundredths
            'kind::analog_output': hundredths
            'kind::generic': count_4
            'kind::illuminance': illuminance
            'kind::presence': count_1
            'kind::temperature': temperature
            'kind::humidity': humidity
            'kind::acceleration': acceleration
            'kind::pressure': pressure
            'kind::voltage': voltage
            'kind::current': current
            'kind::frequency': frequency
            'kind::percentage': percentage
            'kind::altitude': altitude
            'kind::concentration': count_2
            'kind::power': power
            'kind::distance': distance
            'kind::energy': energy
            'kind::direction': direction
            'kind::time': count_4
            'kind::rotation': rotation
            'kind::colour': colour
            'kind::position': position
            'kind::switch': count_1
  count_1: { seq: [{ id: value, type: u1 }], -fairlead-emit: value }
  count_2: { seq: [{ id: value, type: u2 }], -fairlead-emit: value }
  count_4: { seq: [{ id: value, type: u4 }], -fairlead-emit: value }
  hundredths: { seq: [{ id: value, type: s2, -fairlead-scale: 0.01 }], -fairlead-emit: value }
  illuminance: { seq: [{ id: value, type: u2, -fairlead-unit: lx }], -fairlead-emit: value }
  temperature: { seq: [{ id: value, type: s2, -fairlead-scale: 0.1, -fairlead-unit: Cel }], -fairlead-emit: value }
  humidity: { seq: [{ id: value, type: u1, -fairlead-scale: 0.5, -fairlead-unit: '%RH' }], -fairlead-emit: value }
  pressure: { seq: [{ id: value, type: u2, -fairlead-scale: 0.1, -fairlead-unit: hPa }], -fairlead-emit: value }
  voltage: { seq: [{ id: value, type: u2, -fairlead-scale: 0.01, -fairlead-unit: V }], -fairlead-emit: value }
  current: { seq: [{ id: value, type: u2, -fairlead-scale: 0.001, -fairlead-unit: A }], -fairlead-emit: value }
  frequency: { seq: [{ id: value, type: u4, -fairlead-unit: Hz }], -fairlead-emit: value }
  percentage: { seq: [{ id: value, type: u1, -fairlead-unit: '%' }], -fairlead-emit: value }
  altitude: { seq: [{ id: value, type: s2, -fairlead-unit: m }], -fairlead-emit: value }
  power: { seq: [{ id: value, type: u2, -fairlead-unit: W }], -fairlead-emit: value }
  distance: { seq: [{ id: value, type: u4, -fairlead-scale: 0.001, -fairlead-unit: m }], -fairlead-emit: value }
  energy: { seq: [{ id: value, type: u4, -fairlead-scale: 0.001, -fairlead-unit: kWh }], -fairlead-emit: value }
  direction: { seq: [{ id: value, type: u2, -fairlead-unit: deg }], -fairlead-emit: value }
  acceleration:
    seq:
      - { id: x, type: s2, -fairlead-scale: 0.001, -fairlead-unit: g }
      - { id: y, type: s2, -fairlead-scale: 0.001, -fairlead-unit: g }
      - { id: z, type: s2, -fairlead-scale: 0.001, -fairlead-unit: g }
  rotation:
    seq:
      - { id: x, type: s2, -fairlead-scale: 0.01, -fairlead-unit: deg/s }
      - { id: y, type: s2, -fairlead-scale: 0.01, -fairlead-unit: deg/s }
      - { id: z, type: s2, -fairlead-scale: 0.01, -fairlead-unit: deg/s }
  colour:
    seq: [{ id: red, type: u1 }, { id: green, type: u1 }, { id: blue, type: u1 }]
  position:
    seq:
      - { id: latitude_high, type: s1, -fairlead-omit: true }
      - { id: latitude_low, type: u2, -fairlead-omit: true }
      - { id: longitude_high, type: s1, -fairlead-omit: true }
      - { id: longitude_low, type: u2, -fairlead-omit: true }
      - { id: altitude_high, type: s1, -fairlead-omit: true }
      - { id: altitude_low, type: u2, -fairlead-omit: true }
    instances:
      latitude: { value: latitude_high * 65536 + latitude_low, -fairlead-scale: 0.0001, -fairlead-unit: lat }
      longitude: { value: longitude_high * 65536 + longitude_low, -fairlead-scale: 0.0001, -fairlead-unit: lon }
      altitude: { value: altitude_high * 65536 + altitude_low, -fairlead-scale: 0.01, -fairlead-unit: m }
enums:
  kind:
    0: digital_input
    1: digital_output
    2: analog_input
    3: analog_output
    100: generic
    101: illuminance
    102: presence
    103: temperature
    104: humidity
    113: acceleration
    115: pressure
    116: voltage
    117: current
    118: frequency
    120: percentage
    121: altitude
    125: concentration
    128: power
    130: distance
    131: energy
    132: direction
    133: time
    134: rotation
    135: colour
    136: position
    142: switch
-fairlead:
  path: /devices/cayenne
  emit: { $each: records, $name: 'f"{_.kind}_{_.channel}"', $value: _.body }
