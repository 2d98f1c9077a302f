meta:
  id: adsb_beast
  title: ADS-B and other Mode S messages as a Beast receiver passes them on
  endian: be
  bit-endian: be
  encoding: ASCII
doc: |
  What receivers of aircraft's transponders send, mostly over TCP to port 30005: 1A, a kind, six bytes of a 12 MHz
  clock, one of signal, and the message; each 1A within is sent twice.

    31 Mode A/C, 2 bytes     32 Mode S, 7 bytes     33 Mode S, 14 bytes     34 status of the receiver

  A Mode S message ends in a parity of 24 bits (ICAO Annex 10, volume IV). For DF 17 and 18, ADS-B itself, it is a
  checksum, and what is wrong is refused. For DF 11 a number of the interrogator below 128 is laid over it. For all
  others the aircraft's address is: it can only be taken out, not checked, and "assured" says so.

  Feet, knots, degrees. A position of ADS-B is one of a pair (compact position reporting, "odd" says which), and is
  left as the two fractions of 131072 that the aircraft sends.
doc-ref: https://mode-s.org/1090mhz/
seq:
  - contents: [0x1a]
  - { id: kind, type: u1, enum: kind, valid: { in-enum: true } }
  - { id: ticks, type: b48 }
  - { id: strength, type: u1 }
  - id: short
    type: code
    if: kind == kind::mode_ac
  - id: message
    size-eos: true
    type: mode_s
    if: kind == kind::mode_s_short or kind == kind::mode_s_long
instances:
  seconds:
    doc: Since the receiver was switched on, or since midnight, as it is set.
    value: ticks / 12000000.0
  signal:
    doc: Of the strongest that the receiver can tell.
    value: strength / 255.0
  is_mode_s:
    value: kind != kind::mode_ac
    -fairlead-omit: true
enums:
  kind:
    0x31: mode_ac
    0x32: mode_s_short
    0x33: mode_s_long
    0x34: status
types:
  code:
    doc: The answer to Mode A (an identity) or C (a height); nothing in it says which.
    seq: [{ id: digits, type: u2 }]
    instances:
      squawk:
        value: f"{digits >> 12 & 7}{digits >> 8 & 7}{digits >> 4 & 7}{digits & 7}"
  mode_s:
    doc: The format (5 bits) says what stands in the other 27 or 83.
    seq:
      - { id: bits, type: b5, -fairlead-omit: true }
    instances:
      format: { value: 'bits >= 24 ? 24 : bits' }
      data_bytes: { value: _io.size - 3, -fairlead-omit: true }
      computed: { pos: 0, size: data_bytes, process: 'fairlead.checksum("crc-24/mode-s")', type: number_24, -fairlead-omit: true }
      received: { pos: data_bytes, type: number_24, -fairlead-omit: true }
      overlay: { value: computed.n ^ received.n, -fairlead-omit: true }
      announced:
        doc: Where the message says itself whose it is.
        value: format == 11 or format == 17 or format == 18
        -fairlead-omit: true
      own_address: { pos: 1, type: number_24, -fairlead-omit: true }
      number: { value: 'announced ? own_address.n : overlay', -fairlead-omit: true }
      address:
        value: >-
          "0123456789abcdef".substring(number >> 20, (number >> 20) + 1) +
          "0123456789abcdef".substring(number >> 16 & 15, (number >> 16 & 15) + 1) +
          "0123456789abcdef".substring(number >> 12 & 15, (number >> 12 & 15) + 1) +
          "0123456789abcdef".substring(number >> 8 & 15, (number >> 8 & 15) + 1) +
          "0123456789abcdef".substring(number >> 4 & 15, (number >> 4 & 15) + 1) +
          "0123456789abcdef".substring(number & 15, (number & 15) + 1)
        valid: { expr: format == 11 and overlay < 128 or format != 11 and not announced or overlay == 0 }
      assured: { value: announced }
      interrogator: { value: overlay, if: format == 11 }
      body:
        pos: 0
        type:
          switch-on: bits
          cases:
            0: surveillance
            4: surveillance
            5: surveillance
            11: all_call
            16: surveillance
            17: extended
            18: extended
            20: surveillance
            21: surveillance
  number_24:
    seq: [{ id: n, type: b24 }]

  # ---- DF 0, 4, 5, 16, 20, 21 ----

  surveillance:
    doc: DF 0 and 16 between aircraft, 4 and 20 with the height, 5 and 21 with the identity; 16, 20 and 21 carry 56 bits more.
    -fairlead-optional: true
    seq:
      - { id: format, type: b5, -fairlead-omit: true }
      - { id: state, type: b3, -fairlead-omit: true }
      - { type: b11 }
      - { id: field, type: b13, -fairlead-omit: true }
      - { id: data, size: 7, if: format >= 16 }
    instances:
      between_aircraft: { value: format == 0 or format == 16, -fairlead-omit: true }
      identity: { value: format == 5 or format == 21, -fairlead-omit: true }
      on_ground:
        doc: Where the message knows; DF 0 and 16 by their first bit.
        value: 'between_aircraft ? state >= 4 : state == 1 or state == 3'
        if: between_aircraft or state < 4
      alert: { value: state >= 2 and state <= 4, if: not between_aircraft and state < 6 }
      special_identification: { value: state == 4 or state == 5, if: not between_aircraft and state < 6 }
      decoded: { pos: 0, type: height(field), -fairlead-omit: true }
      altitude_feet: { value: decoded.feet, if: not identity }
      squawk: { value: decoded.squawk, if: identity }
  height:
    doc: |
      Thirteen bits, C1 A1 C2 A2 C4 A4 M B1 Q B2 D2 B4 D4. With Q a number of 25-foot steps; without it a height in
      hundreds of feet as older transponders code it, five hundreds and hundreds each in a reflected code of their own;
      with M metres, which nobody sends. As an identity, four octal digits A, B, C, D.
    params: [{ id: code, type: u2 }]
    instances:
      a: { value: (code >> 11 & 1) + (code >> 9 & 1) * 2 + (code >> 7 & 1) * 4 }
      b: { value: (code >> 5 & 1) + (code >> 3 & 1) * 2 + (code >> 1 & 1) * 4 }
      c: { value: (code >> 12 & 1) + (code >> 10 & 1) * 2 + (code >> 8 & 1) * 4 }
      d: { value: (code >> 4 & 1) + (code >> 2 & 1) * 2 + (code & 1) * 4 }
      squawk: { value: 'f"{a}{b}{c}{d}"' }
      five_hundreds:
        value: >-
          (code >> 2 & 1) * 255 ^ (code & 1) * 127 ^ (code >> 11 & 1) * 63 ^ (code >> 9 & 1) * 31 ^
          (code >> 7 & 1) * 15 ^ (code >> 5 & 1) * 7 ^ (code >> 3 & 1) * 3 ^ (code >> 1 & 1)
      coded_hundreds: { value: '(code >> 12 & 1) * 7 ^ (code >> 10 & 1) * 3 ^ (code >> 8 & 1)' }
      hundreds: { value: 'coded_hundreds == 7 ? 5 : coded_hundreds == 5 ? 7 : coded_hundreds', valid: { min: 1, max: 5 } }
      feet:
        value: >-
          (code & 0x10) != 0 ? 25 * ((code & 0x1f80) >> 2 | (code & 0x20) >> 1 | code & 15) - 1000 :
          (five_hundreds * 5 + (five_hundreds % 2 == 1 ? 6 - hundreds : hundreds) - 13) * 100
        valid: { expr: code != 0 and (code & 0x40) == 0 }

  # ---- DF 11 ----

  all_call:
    seq:
      - { id: format, type: b5, -fairlead-omit: true }
      - { id: capability, type: b3 }

  # ---- DF 17 and 18: ADS-B ----

  extended:
    seq:
      - { id: format, type: b5, -fairlead-omit: true }
      - { id: capability, type: b3 }
      - { id: address, type: b24, -fairlead-omit: true }
      - id: report
        size: 7
        type: report
    -fairlead-emit: { $merge: [{ capability: capability, type: report.type }, report.content] }
  report:
    seq:
      - { id: type, type: b5 }
    instances:
      content:
        pos: 0
        type:
          switch-on: >-
            type >= 1 and type <= 4 ? 1 : type >= 5 and type <= 8 ? 2 : type >= 9 and type <= 18 or type >= 20 and type <= 22 ? 3 :
            type == 19 ? 4 : type == 28 ? 5 : type == 31 ? 6 : 0
          cases:
            1: identification
            2: surface
            3: airborne
            4: velocity
            5: emergency
            6: operation
  identification:
    -fairlead-optional: true
    seq:
      - { id: set, type: b5, -fairlead-omit: true }
      - { id: size, type: b3, -fairlead-omit: true }
    instances:
      category:
        doc: A1 (light) to A7 (rotorcraft), B and C for gliders, vehicles and the like.
        value: '"DCBA".substring(set - 1, set) + size.to_s'
        if: size > 0
      callsign_text: { pos: 0, size-eos: true, process: 'fairlead.sixbit_text(8, 8)', type: str, -fairlead-omit: true }
      callsign: { value: callsign_text, valid: { expr: _.length > 0 } }
  surface:
    -fairlead-optional: true
    seq:
      - { type: b5 }
      - { id: movement, type: b7, -fairlead-omit: true }
      - { id: has_track, type: b1, -fairlead-omit: true }
      - { id: track, type: b7, -fairlead-omit: true }
      - { type: b1 }
      - { id: odd, type: b1, -fairlead-omit: true }
      - { id: latitude, type: b17, -fairlead-omit: true }
      - { id: longitude, type: b17, -fairlead-omit: true }
    instances:
      on_ground: { value: true }
      speed_knots:
        doc: Ever larger steps; the largest is 175 knots or more.
        value: >-
          movement == 1 ? 0 : movement < 9 ? 0.125 * (movement - 1) : movement < 13 ? 1 + (movement - 9) * 0.25 :
          movement < 39 ? 2 + (movement - 13) * 0.5 : movement < 94 ? movement - 24 : movement < 109 ? 70 + (movement - 94) * 2 :
          movement < 124 ? 100 + (movement - 109) * 5 : 175
        if: movement > 0 and movement < 125
      heading: { value: track * 360 / 128.0, if: has_track }
      position: { pos: 0, type: 'compact(odd, latitude, longitude)' }
  airborne:
    -fairlead-optional: true
    seq:
      - { id: type, type: b5, -fairlead-omit: true }
      - { id: status, type: b2, -fairlead-omit: true }
      - { type: b1 }
      - { id: height, type: b12, -fairlead-omit: true }
      - { type: b1 }
      - { id: odd, type: b1, -fairlead-omit: true }
      - { id: latitude, type: b17, -fairlead-omit: true }
      - { id: longitude, type: b17, -fairlead-omit: true }
    instances:
      on_ground: { value: false }
      alert: { value: status == 1 or status == 2 }
      special_identification: { value: status == 3 }
      decoded: { pos: 0, type: 'height((height & 0xfc0) << 1 | height & 0x3f)', -fairlead-omit: true }
      altitude_feet: { value: decoded.feet, if: type < 20 }
      altitude_metres:
        doc: Above the ellipsoid, by satellites.
        value: height
        if: type > 19 and height > 0
      position: { pos: 0, type: 'compact(odd, latitude, longitude)' }
  compact:
    params: [{ id: is_odd, type: bool }, { id: lat, type: u4 }, { id: lon, type: u4 }]
    instances:
      odd: { value: is_odd }
      latitude: { value: lat }
      longitude: { value: lon }
  velocity:
    doc: Over ground by its two components (1, 2), or through the air (3, 4); 2 and 4 count four times as fast.
    -fairlead-optional: true
    seq:
      - { type: b5 }
      - { id: subtype, type: b3, valid: { min: 1, max: 4 } }
      - { type: b5 }
      - { id: first_sign, type: b1, -fairlead-omit: true }
      - { id: first, type: b10, -fairlead-omit: true }
      - { id: second_sign, type: b1, -fairlead-omit: true }
      - { id: second, type: b10, -fairlead-omit: true }
      - { id: barometric, type: b1, -fairlead-omit: true }
      - { id: rate_sign, type: b1, -fairlead-omit: true }
      - { id: rate, type: b9, -fairlead-omit: true }
      - { type: b2 }
      - { id: difference_sign, type: b1, -fairlead-omit: true }
      - { id: difference, type: b7, -fairlead-omit: true }
    instances:
      step: { value: 'subtype == 2 or subtype == 4 ? 4 : 1', -fairlead-omit: true }
      east_knots: { value: '(first - 1) * step * (first_sign ? -1 : 1)', if: subtype < 3 and first > 0 }
      north_knots: { value: '(second - 1) * step * (second_sign ? -1 : 1)', if: subtype < 3 and second > 0 }
      heading: { value: first * 360 / 1024.0, if: subtype > 2 and first_sign }
      indicated_airspeed_knots: { value: (second - 1) * step, if: subtype > 2 and second > 0 and not second_sign }
      true_airspeed_knots: { value: (second - 1) * step, if: subtype > 2 and second > 0 and second_sign }
      climb_feet_per_minute: { value: '(rate - 1) * 64 * (rate_sign ? -1 : 1)', if: rate > 0 }
      climb_source: { value: 'barometric ? "barometer" : "satellites"', if: rate > 0 }
      satellites_above_barometer_feet: { value: '(difference - 1) * 25 * (difference_sign ? -1 : 1)', if: difference > 0 }
  emergency:
    -fairlead-optional: true
    seq:
      - { type: b5 }
      - { id: subtype, type: b3 }
      - { id: state, type: b3, -fairlead-omit: true }
      - { id: identity, type: b13, -fairlead-omit: true }
    instances:
      emergency: { value: state, enum: emergency, if: subtype == 1 }
      decoded: { pos: 0, type: height(identity), -fairlead-omit: true }
      squawk: { value: decoded.squawk, if: subtype == 1 }
    enums:
      emergency:
        0: none
        1: general
        2: medical
        3: minimum_fuel
        4: no_communications
        5: unlawful_interference
        6: downed
  operation:
    seq:
      - { type: b5 }
      - { id: subtype, type: b3 }
      - { id: capability_class, type: b16 }
      - { id: operational_mode, type: b16 }
      - { id: version, type: b3 }
-fairlead:
  framing:
    - start: [[0x1a, 0x31]]
      fixed: 11
      escape: { byte: 0x1a, double: true }
    - start: [[0x1a, 0x32]]
      fixed: 16
      escape: { byte: 0x1a, double: true }
    - start: [[0x1a, 0x33], [0x1a, 0x34]]
      fixed: 23
      escape: { byte: 0x1a, double: true }
  max: 64
  heartbeat:
    when: kind == kind::status
  path: "/airplanes/{is_mode_s ? message.address : \"mode_ac\"}"
  emit:
    $if: is_mode_s
    address: message.address
    assured: message.assured
    format: message.format
    interrogator: message.interrogator
    message: message.body
    seconds: seconds
    signal: signal
    $else:
      squawk: short.squawk
      seconds: seconds
      signal: signal
  on-error: resync
