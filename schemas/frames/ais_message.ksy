meta:
  id: ais_message
  title: An AIS message, as bits
  endian: be
  bit-endian: be
  encoding: ASCII
doc: |
  The messages of the Automatic Identification System (ITU-R M.1371), once their six-bit armour is off: "body" is the
  message by its type. Degrees, knots, metres; what the station marks as not known (181 and 91 degrees, 102.3 knots,
  heading 511, an empty name) is left out. Types that have no structure here give their sender, and the rest as bytes.

  Texts begin at any bit, so they are read apart from the other fields, by the bit where they begin.
seq:
  - { id: kind, type: b6, -fairlead-omit: true }
instances:
  body:
    pos: 0
    type:
      switch-on: kind
      cases:
        1: class_a
        2: class_a
        3: class_a
        4: base_station
        5: static_and_voyage
        6: addressed_binary
        7: acknowledgement
        8: broadcast_binary
        9: aircraft
        10: inquiry
        11: base_station
        12: addressed_text
        13: acknowledgement
        14: broadcast_text
        15: interrogation
        16: assignment
        17: correction
        18: class_b
        19: class_b_extended
        21: aid_to_navigation
        22: channels
        23: group_assignment
        24: static_of_class_b
        25: slot_binary
        26: slot_binary
        27: long_range
        _: other
types:
  class_a:
    doc: Types 1 to 3, the position of a class A station.
    -fairlead-optional: true
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { id: state, type: b4, -fairlead-omit: true }
      - { id: turn, type: b8, -fairlead-omit: true }
      - { id: sog, type: b10, -fairlead-omit: true }
      - { id: accurate, type: b1 }
      - { id: lon, type: b28, -fairlead-omit: true }
      - { id: lat, type: b27, -fairlead-omit: true }
      - { id: cog, type: b12, -fairlead-omit: true }
      - { id: bow, type: b9, -fairlead-omit: true }
      - { id: at, type: b6, -fairlead-omit: true }
      - { id: special, type: b2, -fairlead-omit: true }
      - { type: b3 }
      - { id: raim, type: b1 }
      - { id: radio, type: b19 }
    instances:
      status: { value: state, enum: status, if: state < 15 }
      turn_signed: { value: '(turn ^ 128) - 128', -fairlead-omit: true }
      degrees_per_minute:
        doc: What the station sends is the root of it, times 4.733.
        value: 'turn_signed * (turn_signed < 0 ? -turn_signed : turn_signed) / 22.401289'
        if: turn_signed > -127 and turn_signed < 127
      turning:
        doc: More than 5 degrees in 30 seconds, without a turn indicator to say how much.
        value: 'turn_signed == 127 ? "right" : "left"'
        if: turn_signed == 127 or turn_signed == -127
      speed_knots: { value: sog / 10.0, valid: { max: 102.2 } }
      longitude: { value: '((lon ^ 0x8000000) - 0x8000000) / 600000.0', valid: { min: -180, max: 180 } }
      latitude: { value: '((lat ^ 0x4000000) - 0x4000000) / 600000.0', valid: { min: -90, max: 90 } }
      course: { value: cog / 10.0, valid: { max: 359.9 } }
      heading: { value: bow, valid: { max: 359 } }
      second: { value: at, valid: { max: 59 } }
      manoeuvre: { value: special == 2, valid: { expr: special == 1 or special == 2 } }
  base_station:
    doc: Type 4, and 11 in answer to an inquiry.
    -fairlead-optional: true
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { id: year, type: b14, -fairlead-omit: true }
      - { id: month, type: b4, -fairlead-omit: true }
      - { id: day, type: b5, -fairlead-omit: true }
      - { id: hour, type: b5, -fairlead-omit: true }
      - { id: minute, type: b6, -fairlead-omit: true }
      - { id: second, type: b6, -fairlead-omit: true }
      - { id: accurate, type: b1 }
      - { id: lon, type: b28, -fairlead-omit: true }
      - { id: lat, type: b27, -fairlead-omit: true }
      - { id: fixed_by, type: b4, -fairlead-omit: true }
      - { type: b10 }
      - { id: raim, type: b1 }
      - { id: radio, type: b19 }
    instances:
      time:
        value: >-
          f"{(10000 + year).to_s.substring(1, 5)}-{(100 + month).to_s.substring(1, 3)}-{(100 + day).to_s.substring(1, 3)}T{(100 + hour).to_s.substring(1, 3)}:{(100 + minute).to_s.substring(1, 3)}:{(100 + second).to_s.substring(1, 3)}Z"
        valid:
          expr: >-
            year > 0 and year < 10000 and month > 0 and month < 13 and day > 0 and hour < 24 and minute < 60 and
            second < 60
      longitude: { value: '((lon ^ 0x8000000) - 0x8000000) / 600000.0', valid: { min: -180, max: 180 } }
      latitude: { value: '((lat ^ 0x4000000) - 0x4000000) / 600000.0', valid: { min: -90, max: 90 } }
      epfd: { value: fixed_by, enum: epfd, if: fixed_by > 0 }
  static_and_voyage:
    doc: Type 5, what a class A station is and where it goes.
    -fairlead-optional: true
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { id: ais_version, type: b2 }
      - { id: imo_number, type: b30, -fairlead-omit: true }
      - { type: b42 }
      - { type: b60 }
      - { type: b60 }
      - { id: ship, type: b8, -fairlead-omit: true }
      - { id: to_bow, type: b9 }
      - { id: to_stern, type: b9 }
      - { id: to_port, type: b6 }
      - { id: to_starboard, type: b6 }
      - { id: fixed_by, type: b4, -fairlead-omit: true }
      - { id: month, type: b4, -fairlead-omit: true }
      - { id: day, type: b5, -fairlead-omit: true }
      - { id: hour, type: b5, -fairlead-omit: true }
      - { id: minute, type: b6, -fairlead-omit: true }
      - { id: depth, type: b8, -fairlead-omit: true }
    instances:
      imo: { value: imo_number, valid: { min: 1 } }
      callsign_text: { pos: 0, size-eos: true, process: 'fairlead.sixbit_text(70, 7)', type: str, -fairlead-omit: true }
      name_text: { pos: 0, size-eos: true, process: 'fairlead.sixbit_text(112, 20)', type: str, -fairlead-omit: true }
      destination_text: { pos: 0, size-eos: true, process: 'fairlead.sixbit_text(302, 20)', type: str, -fairlead-omit: true }
      callsign: { value: callsign_text, valid: { expr: _.length > 0 } }
      name: { value: name_text, valid: { expr: _.length > 0 } }
      ship_type: { value: ship, valid: { min: 1 } }
      ship_group: { value: 'ship >= 30 and ship < 40 or ship >= 50 and ship < 60 ? ship : ship / 10 * 10', enum: ship, if: ship >= 20 and ship < 100 }
      epfd: { value: fixed_by, enum: epfd, if: fixed_by > 0 }
      eta_month: { value: month, valid: { min: 1, max: 12 } }
      eta_day: { value: day, valid: { min: 1 } }
      eta_hour: { value: hour, valid: { max: 23 } }
      eta_minute: { value: minute, valid: { max: 59 } }
      draught: { value: depth / 10.0, valid: { min: 0.1 } }
      destination: { value: destination_text, valid: { expr: _.length > 0 } }
  addressed_binary:
    doc: Type 6; what the data mean is said by the area code and the number of the application.
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { id: sequence, type: b2 }
      - { id: destination_mmsi, type: b30 }
      - { id: retransmitted, type: b1 }
      - { type: b1 }
      - { id: area, type: b10 }
      - { id: application, type: b6 }
      - { id: data, size-eos: true }
  broadcast_binary:
    doc: Type 8.
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { type: b2 }
      - { id: area, type: b10 }
      - { id: application, type: b6 }
      - { id: data, size-eos: true }
  acknowledgement:
    doc: Type 7 for binary messages, 13 for texts.
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { type: b2 }
      - id: acknowledged
        type: acknowledged
        repeat: expr
        repeat-expr: '(_io.size - 5) / 4 > 4 ? 4 : (_io.size - 5) / 4'
    types:
      acknowledged:
        seq:
          - { id: mmsi, type: b30 }
          - { id: sequence, type: b2 }
  aircraft:
    doc: Type 9, an aircraft in search and rescue.
    -fairlead-optional: true
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { id: height, type: b12, -fairlead-omit: true }
      - { id: sog, type: b10, -fairlead-omit: true }
      - { id: accurate, type: b1 }
      - { id: lon, type: b28, -fairlead-omit: true }
      - { id: lat, type: b27, -fairlead-omit: true }
      - { id: cog, type: b12, -fairlead-omit: true }
      - { id: at, type: b6, -fairlead-omit: true }
      - { type: b8 }
      - { id: dte, type: b1, -fairlead-omit: true }
      - { type: b3 }
      - { id: assigned, type: b1 }
      - { id: raim, type: b1 }
      - { id: radio, type: b20 }
    instances:
      altitude: { value: height, valid: { max: 4094 } }
      speed_knots: { value: sog, valid: { max: 1022 } }
      longitude: { value: '((lon ^ 0x8000000) - 0x8000000) / 600000.0', valid: { min: -180, max: 180 } }
      latitude: { value: '((lat ^ 0x4000000) - 0x4000000) / 600000.0', valid: { min: -90, max: 90 } }
      course: { value: cog / 10.0, valid: { max: 359.9 } }
      second: { value: at, valid: { max: 59 } }
  inquiry:
    doc: Type 10, which asks for the time.
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { type: b2 }
      - { id: destination_mmsi, type: b30 }
  addressed_text:
    doc: Type 12, a text about safety for one station.
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { id: sequence, type: b2 }
      - { id: destination_mmsi, type: b30 }
      - { id: retransmitted, type: b1 }
    instances:
      text: { pos: 0, size-eos: true, process: 'fairlead.sixbit_text(72, 156)', type: str }
  broadcast_text:
    doc: Type 14, a text about safety for all.
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
    instances:
      text: { pos: 0, size-eos: true, process: 'fairlead.sixbit_text(40, 161)', type: str }
  interrogation:
    doc: Type 15, which asks one or two stations for messages.
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { type: b2 }
      - { id: mmsi_1, type: b30 }
      - { id: type_1_1, type: b6 }
      - { id: slot_1_1, type: b12 }
      - { type: b2, if: _io.size >= 14 }
      - { id: type_1_2, type: b6, if: _io.size >= 14 }
      - { id: slot_1_2, type: b12, if: _io.size >= 14 }
      - { type: b2, if: _io.size >= 20 }
      - { id: mmsi_2, type: b30, if: _io.size >= 20 }
      - { id: type_2_1, type: b6, if: _io.size >= 20 }
      - { id: slot_2_1, type: b12, if: _io.size >= 20 }
  assignment:
    doc: Type 16, which tells one or two stations when to send.
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { type: b2 }
      - { id: mmsi_1, type: b30 }
      - { id: offset_1, type: b12 }
      - { id: increment_1, type: b10 }
      - { id: mmsi_2, type: b30, if: _io.size >= 18 }
      - { id: offset_2, type: b12, if: _io.size >= 18 }
      - { id: increment_2, type: b10, if: _io.size >= 18 }
  correction:
    doc: Type 17, corrections for satellite receivers, which stay bytes.
    -fairlead-optional: true
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { type: b2 }
      - { id: lon, type: b18, -fairlead-omit: true }
      - { id: lat, type: b17, -fairlead-omit: true }
      - { type: b5 }
      - { id: data, size-eos: true }
    instances:
      longitude: { value: '((lon ^ 0x20000) - 0x20000) / 600.0', valid: { min: -180, max: 180 } }
      latitude: { value: '((lat ^ 0x10000) - 0x10000) / 600.0', valid: { min: -90, max: 90 } }
  class_b:
    doc: Type 18, the position of a class B station.
    -fairlead-optional: true
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { type: b8 }
      - { id: sog, type: b10, -fairlead-omit: true }
      - { id: accurate, type: b1 }
      - { id: lon, type: b28, -fairlead-omit: true }
      - { id: lat, type: b27, -fairlead-omit: true }
      - { id: cog, type: b12, -fairlead-omit: true }
      - { id: bow, type: b9, -fairlead-omit: true }
      - { id: at, type: b6, -fairlead-omit: true }
      - { type: b2 }
      - { id: carrier_sense, type: b1 }
      - { id: display, type: b1 }
      - { id: dsc, type: b1 }
      - { id: band, type: b1 }
      - { id: accepts_channels, type: b1 }
      - { id: assigned, type: b1 }
      - { id: raim, type: b1 }
      - { id: radio, type: b20 }
    instances:
      speed_knots: { value: sog / 10.0, valid: { max: 102.2 } }
      longitude: { value: '((lon ^ 0x8000000) - 0x8000000) / 600000.0', valid: { min: -180, max: 180 } }
      latitude: { value: '((lat ^ 0x4000000) - 0x4000000) / 600000.0', valid: { min: -90, max: 90 } }
      course: { value: cog / 10.0, valid: { max: 359.9 } }
      heading: { value: bow, valid: { max: 359 } }
      second: { value: at, valid: { max: 59 } }
  class_b_extended:
    doc: Type 19, position and ship of a class B station.
    -fairlead-optional: true
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { type: b8 }
      - { id: sog, type: b10, -fairlead-omit: true }
      - { id: accurate, type: b1 }
      - { id: lon, type: b28, -fairlead-omit: true }
      - { id: lat, type: b27, -fairlead-omit: true }
      - { id: cog, type: b12, -fairlead-omit: true }
      - { id: bow, type: b9, -fairlead-omit: true }
      - { id: at, type: b6, -fairlead-omit: true }
      - { type: b4 }
      - { type: b60 }
      - { type: b60 }
      - { id: ship, type: b8, -fairlead-omit: true }
      - { id: to_bow, type: b9 }
      - { id: to_stern, type: b9 }
      - { id: to_port, type: b6 }
      - { id: to_starboard, type: b6 }
      - { id: fixed_by, type: b4, -fairlead-omit: true }
      - { id: raim, type: b1 }
      - { id: dte, type: b1, -fairlead-omit: true }
      - { id: assigned, type: b1 }
    instances:
      name_text: { pos: 0, size-eos: true, process: 'fairlead.sixbit_text(143, 20)', type: str, -fairlead-omit: true }
      name: { value: name_text, valid: { expr: _.length > 0 } }
      speed_knots: { value: sog / 10.0, valid: { max: 102.2 } }
      longitude: { value: '((lon ^ 0x8000000) - 0x8000000) / 600000.0', valid: { min: -180, max: 180 } }
      latitude: { value: '((lat ^ 0x4000000) - 0x4000000) / 600000.0', valid: { min: -90, max: 90 } }
      course: { value: cog / 10.0, valid: { max: 359.9 } }
      heading: { value: bow, valid: { max: 359 } }
      second: { value: at, valid: { max: 59 } }
      ship_type: { value: ship, valid: { min: 1 } }
      ship_group: { value: 'ship >= 30 and ship < 40 or ship >= 50 and ship < 60 ? ship : ship / 10 * 10', enum: ship, if: ship >= 20 and ship < 100 }
      epfd: { value: fixed_by, enum: epfd, if: fixed_by > 0 }
  aid_to_navigation:
    doc: Type 21, a buoy, a beacon, or one that is only announced.
    -fairlead-optional: true
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { id: aid, type: b5, -fairlead-omit: true }
      - { type: b60 }
      - { type: b60 }
      - { id: accurate, type: b1 }
      - { id: lon, type: b28, -fairlead-omit: true }
      - { id: lat, type: b27, -fairlead-omit: true }
      - { id: to_bow, type: b9 }
      - { id: to_stern, type: b9 }
      - { id: to_port, type: b6 }
      - { id: to_starboard, type: b6 }
      - { id: fixed_by, type: b4, -fairlead-omit: true }
      - { id: at, type: b6, -fairlead-omit: true }
      - { id: off, type: b1, -fairlead-omit: true }
      - { type: b8 }
      - { id: raim, type: b1 }
      - { id: virtual, type: b1 }
      - { id: assigned, type: b1 }
    instances:
      name_text: { pos: 0, size-eos: true, process: 'fairlead.sixbit_text(43, 20)', type: str, -fairlead-omit: true }
      more_text: { pos: 0, size-eos: true, process: 'fairlead.sixbit_text(272, 14)', type: str, -fairlead-omit: true }
      aid_type: { value: aid, valid: { min: 1 } }
      name: { value: name_text + more_text, valid: { expr: _.length > 0 } }
      longitude: { value: '((lon ^ 0x8000000) - 0x8000000) / 600000.0', valid: { min: -180, max: 180 } }
      latitude: { value: '((lat ^ 0x4000000) - 0x4000000) / 600000.0', valid: { min: -90, max: 90 } }
      epfd: { value: fixed_by, enum: epfd, if: fixed_by > 0 }
      second: { value: at, valid: { max: 59 } }
      off_position:
        doc: Only when the aid has looked, which the second tells.
        value: off
        if: at < 60
  channels:
    doc: Type 22, which channels to use in an area, or (addressed) for one or two stations.
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { type: b2 }
      - { id: channel_a, type: b12 }
      - { id: channel_b, type: b12 }
      - { id: mode, type: b4 }
      - { id: low_power, type: b1 }
      - { id: first, type: b35, -fairlead-omit: true }
      - { id: second, type: b35, -fairlead-omit: true }
      - { id: addressed, type: b1 }
      - { id: band_a, type: b1 }
      - { id: band_b, type: b1 }
      - { id: zone, type: b3 }
    instances:
      mmsi_1: { value: first >> 5, if: addressed }
      mmsi_2: { value: second >> 5, if: addressed }
      northeast_longitude: { value: '(((first >> 17) ^ 0x20000) - 0x20000) / 600.0', if: not addressed }
      northeast_latitude: { value: '(((first & 0x1ffff) ^ 0x10000) - 0x10000) / 600.0', if: not addressed }
      southwest_longitude: { value: '(((second >> 17) ^ 0x20000) - 0x20000) / 600.0', if: not addressed }
      southwest_latitude: { value: '(((second & 0x1ffff) ^ 0x10000) - 0x10000) / 600.0', if: not addressed }
  group_assignment:
    doc: Type 23, how often the stations of an area send.
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { type: b2 }
      - { id: ne_lon, type: b18, -fairlead-omit: true }
      - { id: ne_lat, type: b17, -fairlead-omit: true }
      - { id: sw_lon, type: b18, -fairlead-omit: true }
      - { id: sw_lat, type: b17, -fairlead-omit: true }
      - { id: station_type, type: b4 }
      - { id: ship_type, type: b8 }
      - { type: b22 }
      - { id: mode, type: b2 }
      - { id: interval, type: b4 }
      - { id: quiet_minutes, type: b4 }
    instances:
      northeast_longitude: { value: '((ne_lon ^ 0x20000) - 0x20000) / 600.0' }
      northeast_latitude: { value: '((ne_lat ^ 0x10000) - 0x10000) / 600.0' }
      southwest_longitude: { value: '((sw_lon ^ 0x20000) - 0x20000) / 600.0' }
      southwest_latitude: { value: '((sw_lat ^ 0x10000) - 0x10000) / 600.0' }
  static_of_class_b:
    doc: Type 24, in two parts, A and B. An auxiliary craft (its MMSI begins with 98) names its mother ship.
    -fairlead-optional: true
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { id: half, type: b2, enum: half }
      - { id: ship, type: b8, if: 'half == half::b', -fairlead-omit: true }
      - { type: b18, if: 'half == half::b' }
      - { id: model, type: b4, if: 'half == half::b' }
      - { id: serial, type: b20, if: 'half == half::b' }
      - { type: b42, if: 'half == half::b' }
      - { id: hull, type: b30, if: 'half == half::b', -fairlead-omit: true }
    instances:
      name_text: { pos: 0, size-eos: true, process: 'fairlead.sixbit_text(40, 20)', type: str, -fairlead-omit: true }
      vendor_text: { pos: 0, size-eos: true, process: 'fairlead.sixbit_text(48, 3)', type: str, -fairlead-omit: true }
      callsign_text: { pos: 0, size-eos: true, process: 'fairlead.sixbit_text(90, 7)', type: str, -fairlead-omit: true }
      name: { value: name_text, valid: { expr: _.length > 0 }, if: 'half == half::a' }
      ship_type: { value: ship, valid: { min: 1 } }
      ship_group: { value: 'ship >= 30 and ship < 40 or ship >= 50 and ship < 60 ? ship : ship / 10 * 10', enum: ship, if: ship >= 20 and ship < 100 }
      vendor: { value: vendor_text, valid: { expr: _.length > 0 }, if: 'half == half::b' }
      callsign: { value: callsign_text, valid: { expr: _.length > 0 }, if: 'half == half::b' }
      auxiliary: { value: mmsi / 10000000 == 98, -fairlead-omit: true }
      mother_ship_mmsi: { value: hull, if: 'half == half::b and auxiliary' }
      to_bow: { value: hull >> 21, if: 'half == half::b and not auxiliary' }
      to_stern: { value: hull >> 12 & 0x1ff, if: 'half == half::b and not auxiliary' }
      to_port: { value: hull >> 6 & 0x3f, if: 'half == half::b and not auxiliary' }
      to_starboard: { value: hull & 0x3f, if: 'half == half::b and not auxiliary' }
  long_range:
    doc: Type 27, a position in short, for satellites.
    -fairlead-optional: true
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { id: accurate, type: b1 }
      - { id: raim, type: b1 }
      - { id: state, type: b4, -fairlead-omit: true }
      - { id: lon, type: b18, -fairlead-omit: true }
      - { id: lat, type: b17, -fairlead-omit: true }
      - { id: sog, type: b6, -fairlead-omit: true }
      - { id: cog, type: b9, -fairlead-omit: true }
      - { id: stale, type: b1 }
    instances:
      status: { value: state, enum: status, if: state < 15 }
      longitude: { value: '((lon ^ 0x20000) - 0x20000) / 600.0', valid: { min: -180, max: 180 } }
      latitude: { value: '((lat ^ 0x10000) - 0x10000) / 600.0', valid: { min: -90, max: 90 } }
      speed_knots: { value: sog, valid: { max: 62 } }
      course: { value: cog, valid: { max: 359 } }
  slot_binary:
    doc: Types 25 and 26; the data behind an addressee begin within a byte and are left out.
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { id: addressed, type: b1 }
      - { id: structured, type: b1 }
      - { id: destination_mmsi, type: b30, if: addressed }
      - { id: data, size-eos: true, if: not addressed }
  other:
    seq:
      - { id: type, type: b6 }
      - { id: repeat, type: b2 }
      - { id: mmsi, type: b30 }
      - { type: b2 }
      - { id: data, size-eos: true }
enums:
  half:
    0: a
    1: b
  status:
    0: under_way_using_engine
    1: at_anchor
    2: not_under_command
    3: restricted_manoeuvrability
    4: constrained_by_draught
    5: moored
    6: aground
    7: fishing
    8: under_way_sailing
    11: towing_astern
    12: pushing_ahead
    14: search_and_rescue_transmitter
  epfd:
    1: gps
    2: glonass
    3: gps_and_glonass
    4: loran_c
    5: chayka
    6: integrated
    7: surveyed
    8: galileo
    15: internal
  ship:
    20: wing_in_ground
    30: fishing
    31: towing
    32: towing_large
    33: dredging
    34: diving
    35: military
    36: sailing
    37: pleasure
    40: high_speed
    50: pilot
    51: search_and_rescue
    52: tug
    53: port_tender
    54: anti_pollution
    55: law_enforcement
    58: medical
    59: not_in_conflict
    60: passenger
    70: cargo
    80: tanker
    90: other
