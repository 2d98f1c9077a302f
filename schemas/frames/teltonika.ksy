meta:
  id: teltonika
  title: Teltonika trackers over TCP
  imports: [teltonika_data]
  endian: be
  encoding: ASCII
doc: |
  A device says its IMEI first (u2 length, digits) and gets 01 or 00. Then it sends frames (four zero bytes, u4 length,
  data, crc): records of codec 8, 8 Extended, 16 or 7, each frame answered with the number of records taken; and what it
  answers to commands (codec 12 to 15), which nobody acknowledges.
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
        type: teltonika_data
      - id: crc
        type: u4
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
  path: "/cars/{avl.data.is_positions ? \"positions\" : \"responses\"}/{device}"
  each: avl.data.records
  emit:
    $if: avl.data.is_positions
    device: device
    time_ms: _.timestamp
    priority: _.priority
    latitude: { $if: _.located, $value: _.gps.latitude }
    longitude: { $if: _.located, $value: _.gps.longitude }
    altitude: { $if: _.located, $value: _.gps.altitude }
    angle: { $if: _.located, $value: _.gps.angle }
    satellites: { $if: _.located, $value: _.gps.satellites }
    speed: { $if: _.located, $value: _.gps.speed }
    io: _.io
    $else:
      device: device
      kind: _.kind
      time_ms: { $if: _.body.timed, $value: _.body.seconds * 1000 }
      imei: _.body.imei
      text: _.body.text
      data: { $if: not _.body.printable, $value: _.body.content }
  ack: [{ bytes: 'avl.data.is_positions ? [0, 0, 0, avl.data.count].as<bytes> : [].as<bytes>' }]
  nak: [{ u4be: 0 }]
  on-error: close
