meta:
  id: teltonika_udp
  title: Teltonika trackers over UDP
  imports: [teltonika_data]
  endian: be
  encoding: ASCII
doc: |
  Each datagram says whose it is: u2 length of what follows, u2 number of the packet, u1 type, u1 number of the data,
  u2 length and digits of the IMEI, and the data as over TCP, without a checksum of their own. The answer names both
  numbers and how many records were taken. Nothing proves it, but the source address.
doc-ref: https://wiki.teltonika-gps.com/view/Teltonika_Data_Sending_Protocols
seq:
  - { id: length, type: u2 }
  - { id: packet, type: u2 }
  - { id: kind, type: u1 }
  - { id: number, type: u1 }
  - { id: imei_length, type: u2 }
  - { id: imei, type: str, size: imei_length, valid: { expr: _.length >= 8 and _.length <= 20 } }
  - { id: data, type: teltonika_data, size-eos: true }
-fairlead:
  framing:
    length-field: { offset: 0, size: 2, counts: rest }
  max: 2048
  device: imei
  path: "/cars/{data.is_positions ? \"positions\" : \"responses\"}/{device}"
  each: data.records
  emit:
    $if: data.is_positions
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
  ack: [0, 5, { u2be: packet }, 1, { u1: number }, { u1: data.count }]
  nak: [0, 5, { u2be: packet }, 1, { u1: number }, 0]
  on-error: resync
