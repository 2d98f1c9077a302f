meta:
  id: reading
  title: A small binary reading, with login and acknowledgement
  endian: be
  encoding: UTF-8
doc: |
  A frame, all numbers big-endian:
    u1   0xFA
    u1   kind: 1 login, 2 reading, 3 heartbeat
    u2   length of the body in bytes
    ...  body
    u2   crc-16/ccitt-false over everything before it
  Login body: u1 length and text of the device's id, u1 length and text of its token.
  Reading body: u1 length and text of the sensor's name, f8 value, u1 length and text of the unit,
  u8 nanoseconds since 1970-01-01.
  The gateway answers FA 06 00 00 and checksum (taken), FA 15 00 00 and checksum (not taken).
seq:
  - contents: [0xfa]
  - id: kind
    type: u1
    enum: kind
    valid:
      in-enum: true
  - id: length
    type: u2
  - id: body
    size: length
    type:
      switch-on: kind
      cases:
        'kind::login': login
        'kind::reading': reading
        'kind::heartbeat': heartbeat
  - id: checksum
    type: u2
enums:
  kind:
    1: login
    2: reading
    3: heartbeat
types:
  short_text:
    seq:
      - id: length
        type: u1
      - id: text
        type: str
        size: length
  login:
    seq:
      - id: device
        type: short_text
      - id: token
        type: short_text
  reading:
    seq:
      - id: sensor
        type: short_text
      - id: value
        type: f8
      - id: unit
        type: short_text
      - id: time
        type: u8
  heartbeat: {}
-fairlead:
  framing:
    start: [0xfa]
    length-field: { offset: 2, size: 2, counts: rest, adjust: 2 }
    checksum: { algorithm: crc-16/ccitt-false }
  max: 1024
  login:
    when: kind == kind::login
    device: body.as<login>.device.text
    secret: body.as<login>.token.text
    accept: [0xfa, 0x06, 0, 0, { checksum: crc-16/ccitt-false }]
    refuse: [0xfa, 0x15, 0, 0, { checksum: crc-16/ccitt-false }]
  heartbeat:
    when: kind == kind::heartbeat
    reply: [0xfa, 0x06, 0, 0, { checksum: crc-16/ccitt-false }]
  path: "/ships/sensors/{device}"
  emit:
    sensor: body.as<reading>.sensor.text
    value: body.as<reading>.value
    unit: body.as<reading>.unit.text
    time: body.as<reading>.time
  ack: [0xfa, 0x06, 0, 0, { checksum: crc-16/ccitt-false }]
  nak: [0xfa, 0x15, 0, 0, { checksum: crc-16/ccitt-false }]
  on-error: nak
