# All ELSYS sensors (ERS, ELT, EMS …): records of a kind and a value, in any order. A kind that is not known ends the
# message: how long its value is nobody says.
meta:
  id: elsys
  title: ELSYS sensors over LoRaWAN
  endian: be
seq:
  - { id: records, type: record, repeat: eos }
types:
  record:
    seq:
      - { id: kind, type: u1 }
      - id: body
        type:
          switch-on: kind
          cases:
            0x01: temperature
            0x02: humidity
            0x03: acceleration
            0x04: light
            0x05: motion
            0x06: co2
            0x07: vdd
            0x08: analog1
            0x09: position
            0x0a: pulse1
            0x0b: pulse1_absolute
            0x0c: external_temperature
            0x0d: digital
            0x0e: distance
            0x0f: acceleration_motion
            0x10: infrared
            0x11: occupancy
            0x12: waterleak
            0x13: grideye
            0x14: pressure
            0x15: sound
            0x16: pulse2
            0x17: pulse2_absolute
            0x18: analog2
            0x19: external_temperature2
            0x1a: digital2
            0x1b: analog_uv
            _: rest
    -fairlead-emit: body
  temperature:          { seq: [{ id: temperature, type: s2, -fairlead-scale: 0.1, -fairlead-unit: Cel }] }
  humidity:             { seq: [{ id: humidity, type: u1, -fairlead-unit: '%RH' }] }
  acceleration:         { seq: [{ id: x, type: s1 }, { id: y, type: s1 }, { id: z, type: s1 }] }
  light:                { seq: [{ id: light, type: u2, -fairlead-unit: lx }] }
  motion:               { seq: [{ id: motion, type: u1 }] }
  co2:                  { seq: [{ id: co2, type: u2, -fairlead-unit: ppm }] }
  vdd:                  { seq: [{ id: vdd, type: u2, -fairlead-unit: mV }] }
  analog1:              { seq: [{ id: analog1, type: u2, -fairlead-unit: mV }] }
  position:             { seq: [{ id: lat, type: b24 }, { id: long, type: b24 }] }
  pulse1:               { seq: [{ id: pulse1, type: u2 }] }
  pulse1_absolute:      { seq: [{ id: pulse, type: s4, -fairlead-name: pulseAbs }] }
  external_temperature:
    seq: [{ id: t, type: s2, -fairlead-scale: 0.1, -fairlead-unit: Cel, -fairlead-name: externalTemperature }]
  digital:              { seq: [{ id: digital, type: u1 }] }
  distance:             { seq: [{ id: distance, type: u2, -fairlead-unit: mm }] }
  acceleration_motion:  { seq: [{ id: n, type: u1, -fairlead-name: accMotion }] }
  infrared:
    seq:
      - { id: internal, type: s2, -fairlead-scale: 0.1, -fairlead-unit: Cel, -fairlead-name: irInternalTemperature }
      - { id: external, type: s2, -fairlead-scale: 0.1, -fairlead-unit: Cel, -fairlead-name: irExternalTemperature }
  occupancy:            { seq: [{ id: occupancy, type: u1 }] }
  waterleak:            { seq: [{ id: waterleak, type: u1 }] }
  grideye:
    seq: [{ id: reference, type: u1 }, { id: pixels, type: u1, repeat: expr, repeat-expr: 64 }]
    -fairlead-emit: { grideye: { $each: pixels, $value: { $value: _ + 10 * reference, $scale: 0.1 } } }
  pressure:             { seq: [{ id: pressure, type: s4, -fairlead-scale: 0.001, -fairlead-unit: hPa }] }
  sound:
    seq: [{ id: peak, type: u1, -fairlead-name: soundPeak }, { id: average, type: u1, -fairlead-name: soundAvg }]
  pulse2:               { seq: [{ id: pulse2, type: u2 }] }
  pulse2_absolute:      { seq: [{ id: pulse, type: s4, -fairlead-name: pulseAbs2 }] }
  analog2:              { seq: [{ id: analog2, type: u2, -fairlead-unit: mV }] }
  external_temperature2:
    seq: [{ id: t, type: s2, -fairlead-scale: 0.1, -fairlead-unit: Cel, -fairlead-name: externalTemperature2 }]
  digital2:             { seq: [{ id: digital2, type: u1 }] }
  analog_uv:            { seq: [{ id: uv, type: s4, -fairlead-name: analogUv }] }
  rest:
    seq: [{ id: bytes, size-eos: true }]
    -fairlead-emit: { $if: false }
-fairlead:
  emit: { $merge: records }
