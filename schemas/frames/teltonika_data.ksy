meta:
  id: teltonika_data
  title: Teltonika records and responses, without what carries them
  endian: be
  encoding: ASCII
doc: |
  Codec number, count, records, the count again: what is the same over TCP and UDP (teltonika.ksy, teltonika_udp.ksy
  import it). Codec 8, 8 Extended, 16 and 7 (the oldest) carry records of position and inputs; 12, 13, 14 and 15 what a
  device answers to a command.
doc-ref: https://wiki.teltonika-gps.com/view/Teltonika_Data_Sending_Protocols
seq:
  - id: codec
    type: u1
    enum: codec
    valid: { in-enum: true }
  - id: count
    type: u1
  - id: records
    type:
      switch-on: codec
      cases:
        'codec::codec7': record_7
        'codec::codec8': record(codec)
        'codec::codec8_extended': record(codec)
        'codec::codec16': record(codec)
        _: response(codec)
    repeat: expr
    repeat-expr: count
  - id: count_again
    type: u1
    valid: count
instances:
  is_positions:
    value: codec != codec::codec12 and codec != codec::codec13 and codec != codec::codec14 and codec != codec::codec15
    -fairlead-omit: true
enums:
  codec:
    0x07: codec7
    0x08: codec8
    0x0c: codec12
    0x0d: codec13
    0x0e: codec14
    0x0f: codec15
    0x10: codec16
    0x8e: codec8_extended
types:
  record:
    params:
      - id: codec
        type: u1
        enum: codec
    seq:
      - id: timestamp
        type: u8
      - id: priority
        type: u1
      - id: gps
        type: gps
      - id: io
        type:
          switch-on: codec
          cases:
            'codec::codec8': io8
            'codec::codec16': io16
            'codec::codec8_extended': io8_extended
    instances:
      located:
        value: true
        -fairlead-omit: true
  gps:
    seq:
      - id: longitude_raw
        type: s4
      - id: latitude_raw
        type: s4
      - id: altitude
        type: s2
      - id: angle
        type: u2
      - id: satellites
        type: u1
      - id: speed
        type: u2
    instances:
      longitude:
        value: longitude_raw / 10000000.0
      latitude:
        value: latitude_raw / 10000000.0
  io8:
    seq:
      - id: event
        type: u1
      - { id: total, type: u1, -fairlead-omit: true, -fairlead-write: n1 + n2 + n4 + n8 }
      - { id: n1, type: u1, -fairlead-omit: true }
      - id: one
        type: io8_u1
        repeat: expr
        repeat-expr: n1
      - { id: n2, type: u1, -fairlead-omit: true }
      - id: two
        type: io8_u2
        repeat: expr
        repeat-expr: n2
      - { id: n4, type: u1, -fairlead-omit: true }
      - id: four
        type: io8_u4
        repeat: expr
        repeat-expr: n4
      - { id: n8, type: u1, -fairlead-omit: true }
      - id: eight
        type: io8_u8
        repeat: expr
        repeat-expr: n8
  io8_u1:
    seq: [{ id: id, type: u1 }, { id: value, type: u1 }]
  io8_u2:
    seq: [{ id: id, type: u1 }, { id: value, type: u2 }]
  io8_u4:
    seq: [{ id: id, type: u1 }, { id: value, type: u4 }]
  io8_u8:
    seq: [{ id: id, type: u1 }, { id: value, type: u8 }]
  io16:
    seq:
      - id: event
        type: u2
      - id: generation
        type: u1
      - { id: total, type: u1, -fairlead-omit: true, -fairlead-write: n1 + n2 + n4 + n8 }
      - { id: n1, type: u1, -fairlead-omit: true }
      - id: one
        type: io8e_u1
        repeat: expr
        repeat-expr: n1
      - { id: n2, type: u1, -fairlead-omit: true }
      - id: two
        type: io8e_u2
        repeat: expr
        repeat-expr: n2
      - { id: n4, type: u1, -fairlead-omit: true }
      - id: four
        type: io8e_u4
        repeat: expr
        repeat-expr: n4
      - { id: n8, type: u1, -fairlead-omit: true }
      - id: eight
        type: io8e_u8
        repeat: expr
        repeat-expr: n8
  io8_extended:
    seq:
      - id: event
        type: u2
      - { id: total, type: u2, -fairlead-omit: true, -fairlead-write: n1 + n2 + n4 + n8 + nx }
      - { id: n1, type: u2, -fairlead-omit: true }
      - id: one
        type: io8e_u1
        repeat: expr
        repeat-expr: n1
      - { id: n2, type: u2, -fairlead-omit: true }
      - id: two
        type: io8e_u2
        repeat: expr
        repeat-expr: n2
      - { id: n4, type: u2, -fairlead-omit: true }
      - id: four
        type: io8e_u4
        repeat: expr
        repeat-expr: n4
      - { id: n8, type: u2, -fairlead-omit: true }
      - id: eight
        type: io8e_u8
        repeat: expr
        repeat-expr: n8
      - { id: nx, type: u2, -fairlead-omit: true }
      - id: variable
        type: io8e_x
        repeat: expr
        repeat-expr: nx
  io8e_u1:
    seq: [{ id: id, type: u2 }, { id: value, type: u1 }]
  io8e_u2:
    seq: [{ id: id, type: u2 }, { id: value, type: u2 }]
  io8e_u4:
    seq: [{ id: id, type: u2 }, { id: value, type: u4 }]
  io8e_u8:
    seq: [{ id: id, type: u2 }, { id: value, type: u8 }]
  io8e_x:
    seq: [{ id: id, type: u2 }, { id: length, type: u2 }, { id: value, size: length }]

  # ---- codec 7 ----

  record_7:
    doc: Masks say what is there. Seconds count from 2007-01-01; the two bits above them are the priority.
    seq:
      - { id: stamp, type: u4 }
      - { id: mask, type: u1 }
      - { id: gps, type: gps_7, if: located }
      - { id: io, type: io_7(mask) }
    instances:
      located: { value: mask & 1 != 0, -fairlead-omit: true }
      timestamp: { value: '((stamp & 0x3fffffff) + 1167609600) * 1000' }
      priority: { value: stamp >> 30 }
  gps_7:
    seq:
      - { id: mask, type: u1 }
      - { id: latitude, type: f4, if: mask & 1 != 0 }
      - { id: longitude, type: f4, if: mask & 1 != 0 }
      - { id: altitude, type: s2, if: mask & 2 != 0 }
      - { id: angle_raw, type: u1, if: mask & 4 != 0 }
      - { id: speed, type: u1, if: mask & 8 != 0 }
      - { id: satellites, type: u1, if: mask & 16 != 0 }
      - { id: area, type: u2, if: mask & 32 != 0 }
      - { id: cell, type: u2, if: mask & 32 != 0 }
      - { id: signal, type: u1, if: mask & 64 != 0 }
      - { id: operator, type: u4, if: mask & 128 != 0 }
    instances:
      angle: { value: angle_raw * 360 / 256.0, if: mask & 4 != 0 }
  io_7:
    params: [{ id: mask, type: u1 }]
    seq:
      - { id: n1, type: u1, if: mask & 2 != 0, -fairlead-omit: true }
      - { id: one, type: io8_u1, repeat: expr, repeat-expr: n1, if: mask & 2 != 0 }
      - { id: n2, type: u1, if: mask & 4 != 0, -fairlead-omit: true }
      - { id: two, type: io8_u2, repeat: expr, repeat-expr: n2, if: mask & 4 != 0 }
      - { id: n4, type: u1, if: mask & 8 != 0, -fairlead-omit: true }
      - { id: four, type: io8_u4, repeat: expr, repeat-expr: n4, if: mask & 8 != 0 }

  # ---- codec 12 to 15 ----

  response:
    doc: |
      5 is a command, 6 an answer, 11 (in codec 15) a message of the device's own serial port; others belong to cameras.
      Codec 13 and 15 say when, 14 and 15 whose. What is printable is a text, all else stays bytes.
    params:
      - id: codec
        type: u1
        enum: codec
    seq:
      - { id: kind, type: u1 }
      - { id: length, type: u4 }
      - { id: body, size: length, type: response_body(codec) }
  response_body:
    params:
      - id: codec
        type: u1
        enum: codec
    seq:
      - { id: seconds, type: u4, if: timed }
      - { id: imei_digits, type: digits, if: named }
      - { id: content, size-eos: true }
    instances:
      timed: { value: codec == codec::codec13 or codec == codec::codec15, -fairlead-omit: true }
      named: { value: codec == codec::codec14 or codec == codec::codec15, -fairlead-omit: true }
      imei: { value: imei_digits.pairs.last.sum.to_s, if: named }
      printable: { value: content.length > 0 and content.min >= 9 and content.max < 127, -fairlead-omit: true }
      text: { value: content.to_s("ASCII"), if: printable }
  digits:
    doc: Two decimal digits a byte.
    seq:
      - { id: pairs, type: pair(_index), repeat: expr, repeat-expr: 8 }
    types:
      pair:
        params: [{ id: at, type: u1 }]
        seq: [{ id: byte, type: u1 }]
        instances:
          sum: { value: '(byte >> 4) * 10 + (byte & 15) + (at > 0 ? 100 * _parent.pairs[at - 1].sum : 0)' }
