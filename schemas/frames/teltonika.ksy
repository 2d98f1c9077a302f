meta:
  id: teltonika
  title: Teltonika Codec 8, 8 Extended and 16 over TCP
  endian: be
  encoding: ASCII
doc: |
  A device says its IMEI first (u2 length, digits) and gets 01 or 00. Then it sends data frames (four zero bytes, u4
  length, codec, records, count, crc), each of which is answered with the number of records taken.
doc-ref: https://wiki.teltonika-gps.com/view/Teltonika_Data_Sending_Protocols
seq:
  - id: ping            # a lone FF keeps the connection open
    type: u1
    if: _io.size == 1
  - id: head
    type: u2
    if: _io.size > 1
  - id: imei
    type: str
    size: head
    if: _io.size > 1 and head != 0
    valid:
      expr: _.length >= 8 and _.length <= 20
  - id: avl
    type: avl
    if: _io.size > 1 and head == 0
types:
  avl:
    seq:
      - contents: [0, 0]
      - id: length
        type: u4
      - id: data
        size: length
        type: data
      - id: crc
        type: u4
  data:
    seq:
      - id: codec
        type: u1
        enum: codec
        valid:
          in-enum: true
      - id: count
        type: u1
      - id: records
        type: record(codec)
        repeat: expr
        repeat-expr: count
      - id: count_again
        type: u1
        valid: count
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
enums:
  codec:
    0x08: codec8
    0x10: codec16
    0x8e: codec8_extended
-fairlead:
  framing:
    - start: [0xff]
      fixed: 1
    - start: [0, 0, 0, 0]
      length-field: { offset: 4, size: 4, counts: rest, adjust: 4 }
      checksum: { algorithm: crc-16/arc, width: 4, from: 8 }
    - length-field: { offset: 0, size: 2, counts: rest }
  max: 8192
  login:
    when: _io.size > 1 and head != 0
    device: imei
    accept: [0x01]
    refuse: [0x00]
  heartbeat:
    when: _io.size == 1
  path: "/cars/positions/{device}"
  each: avl.data.records
  emit:
    device: device
    time_ms: _.as<record>.timestamp
    priority: _.as<record>.priority
    latitude: _.as<record>.gps.latitude
    longitude: _.as<record>.gps.longitude
    altitude: _.as<record>.gps.altitude
    angle: _.as<record>.gps.angle
    satellites: _.as<record>.gps.satellites
    speed: _.as<record>.gps.speed
    io: _.as<record>.io
  ack: [{ u4be: avl.data.count }]
  nak: [{ u4be: 0 }]
  on-error: close
