# A place to start from: records of tag, length and value behind a length of their own.
#
#   00 0b | 01 04 41 a2 66 66 | 02 03 43 65 6c
#   ----- | tag 1, 4 bytes    | tag 2, 3 bytes
#
# Copy this file, rename the tags, and look at what a frame of your device means with
#   fairlead frame decode my-device.ksy 000b010441a26666020343656c
meta:
  id: tlv
  title: Tag, length, value
  endian: be          # u2, u4, f4 ... without le or be are big-endian
  encoding: UTF-8     # texts without an encoding of their own
seq:
  - id: length        # of all that follows
    type: u2
  - id: records
    type: record
    repeat: eos
types:
  record:
    seq:
      - id: tag
        type: u1
        enum: tag
      - id: length
        type: u1
      - id: value
        size: length  # a record of a tag not named below stays bytes
        type:
          switch-on: tag
          cases:
            'tag::temperature': real
            'tag::unit': text
            'tag::counter': whole
  real:
    seq:
      - id: number
        type: f4
  whole:
    seq:
      - id: number
        type: u4
  text:
    seq:
      - id: text
        type: str
        size-eos: true
enums:
  tag:
    1: temperature
    2: unit
    3: counter
-fairlead:
  framing:
    length-field: { offset: 0, size: 2, counts: rest }
    # checksum: { algorithm: crc-16/modbus, endian: le }  # the frame's last two bytes, over all before them
  max: 512
  path: /devices/tlv
  emit: records       # instead of the whole frame; "each: records" makes one message of each
  # ack: [0x06]       # what the device gets when its frame is safe
  # nak: [0x15]       # and when it was refused
  on-error: close     # or resync: look for the next frame; or nak
