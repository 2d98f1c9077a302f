meta:
  id: candump
  title: SAE J1939 and NMEA 2000 in the lines of candump
  imports: [j1939_message]
  encoding: ASCII
doc: |
  CAN frames as text, a line each, as SocketCAN's candump writes them and serves them over TCP:

    (1436509053.249713) can0 09F8010A#FCF8E40A55E3D1F1      candump -L
    (1436509053.249713)  can0  09F8010A   [8]  FC F8 E4 0A 55 E3 D1 F1
    can0  09F8010A   [8]  FC F8 E4 0A 55 E3 D1 F1

  An identifier of eight digits is J1939's or NMEA 2000's: priority, parameter group (PGN), source and, for groups
  below 61440 (F000), a destination. Messages of several frames are put together: NMEA 2000's fast packets by the list
  of groups that are sent so ("is_fast"), and J1939's transport protocol. What a group means stands in
  j1939_message.ksy.
seq:
  - id: words
    type: word(_index)
    repeat: eos
instances:
  timed:
    value: words[0].token.text.substring(0, 1) == "("
    -fairlead-omit: true
  at:
    doc: Where the interface's name stands; the identifier is next.
    value: 'timed ? 1 : 0'
    -fairlead-omit: true
  stamp:
    value: words[0].token.text
    if: timed
    -fairlead-omit: true
  time_us:
    doc: Microseconds since 1970, or since the start, as candump was told.
    value: (stamp.substring(1, stamp.length - 8) + stamp.substring(stamp.length - 7, stamp.length - 1)).to_i
    if: timed
    -fairlead-optional: true
  interface:
    value: words[at].token.text
  digits:
    value: words[at + 1].token.head
    -fairlead-omit: true
  identifier:
    value: digits.to_i(16)
    valid: { max: 0x1fffffff }
  packed:
    doc: As candump -L has it, the data behind a "#".
    value: words[at + 1].token.text.length > digits.length
    -fairlead-omit: true
  count:
    value: 'packed ? 0 : words[at + 2].token.text.substring(1, words[at + 2].token.text.length - 1).to_i'
    -fairlead-omit: true
  hex:
    value: 'packed ? words[at + 1].token.tail : count == 0 ? "" : words[at + 2 + count].joined'
    -fairlead-omit: true
  extended:
    value: digits.length == 8
    -fairlead-omit: true
  priority:
    value: identifier >> 26
    if: extended
  addressed:
    value: (identifier >> 16 & 0xff) < 240
    -fairlead-omit: true
  pgn:
    value: 'addressed ? identifier >> 8 & 0x3ff00 : identifier >> 8 & 0x3ffff'
    if: extended
  destination:
    value: identifier >> 8 & 0xff
    if: extended and addressed
  source:
    value: identifier & 0xff
    if: extended
  first_byte:
    value: hex.substring(0, 2).to_i(16)
    -fairlead-omit: true
  is_fast:
    value: >-
      extended and (pgn >= 130816 or pgn == 126208 or pgn == 126464 or pgn == 126720 or pgn == 126996 or pgn == 126998 or
      pgn == 127233 or pgn == 127237 or pgn == 127489 or pgn >= 127496 and pgn <= 127498 or pgn == 127503 or pgn == 127504 or
      pgn == 127506 or pgn == 127507 or pgn >= 127509 and pgn <= 127514 or pgn == 128275 or pgn == 128520 or
      pgn == 129029 or pgn >= 129038 and pgn <= 129041 or pgn == 129044 or pgn == 129045 or pgn == 129284 or
      pgn == 129285 or pgn == 129301 or pgn == 129302 or pgn == 129538 or pgn >= 129540 and pgn <= 129542 or
      pgn == 129545 or pgn == 129547 or pgn == 129549 or pgn == 129551 or pgn == 129556 or
      pgn >= 129792 and pgn <= 129813 or pgn >= 130052 and pgn <= 130054 or pgn == 130060 or pgn == 130061 or
      pgn >= 130064 and pgn <= 130074 or pgn >= 130320 and pgn <= 130324 or pgn == 130567 or pgn == 130577 or pgn == 130578)
    -fairlead-omit: true
  is_transport:
    doc: The announcement of a longer message (to all, 32, or to one, 16), and its packets.
    value: extended and (pgn == 60416 and (first_byte == 32 or first_byte == 16) or pgn == 60160)
    -fairlead-omit: true
types:
  word:
    doc: What stands between blanks.
    params: [{ id: at, type: u1 }]
    seq:
      - { id: blanks, type: blank, repeat: until, repeat-until: not _.is_blank, -fairlead-omit: true }
      - { id: token, type: token, terminator: 0x20, eos-error: false }
    instances:
      joined:
        doc: All data up to here.
        value: 'at < _root.at + 3 ? "" : _parent.words[at - 1].joined + token.text'
        -fairlead-omit: true
  blank:
    seq:
      - { id: space, size: 1, if: is_blank }
    instances:
      next: { pos: _io.pos, type: u1, if: not _io.eof }
      is_blank: { value: '_io.eof ? false : next == 0x20' }
  token:
    seq:
      - { id: head, type: str, terminator: 0x23, eos-error: false }
      - { id: tail, type: str, size-eos: true }
    instances:
      text: { pos: 0, type: str, size-eos: true }
  plain:
    doc: A message of one frame, or of a fast packet.
    seq:
      - { id: body, size-eos: true, process: fairlead.hex, type: j1939_message(number) }
    instances:
      number: { value: '_root.extended ? _root.pgn : 0' }
  transported:
    doc: The announcement's group, then the data.
    seq:
      - { id: inner, size-eos: true, process: fairlead.hex, type: inner }
    instances:
      number: { value: inner.low | inner.high << 16 }
      body: { value: inner.body }
    types:
      inner:
        seq:
          - { id: low, type: u2le }
          - { id: high, type: u1 }
          - { id: body, type: j1939_message(low | high << 16), size-eos: true }
-fairlead:
  framing:
    - start: ["\r", "\n"]     # an empty line, and the rest of a line's end
      fixed: 1
      discard: true
    - delimiter: ["\r\n", "\n"]
  max: 256
  assemble:
    - when: is_fast
      key: [identifier, 'first_byte >> 5']
      first: 0
      part: first_byte & 31
      length: 2 * hex.substring(2, 4).to_i(16)
      bytes: 'hex.substring(first_byte & 31 == 0 ? 4 : 2, hex.length)'
      max: 446
      type: plain
    - when: is_transport
      key: [source, destination]
      first: 0
      part: 'pgn == 60416 ? 0 : first_byte'
      length: 6 + 2 * hex.substring(2, 4).to_i(16) + 512 * hex.substring(4, 6).to_i(16)
      bytes: 'pgn == 60416 ? hex.substring(10, 16) : hex.substring(2, hex.length)'
      max: 3576
      type: transported
    - when: true
      key: [identifier]
      part: 1
      parts: 1
      bytes: hex
      type: plain
  path: "/can/{extended ? assembled.number.to_s : \"frames\"}"
  emit:
    interface: interface
    time_us: time_us
    identifier: { $if: not extended, $value: identifier }
    priority: priority
    pgn: { $if: extended, $value: assembled.number }
    source: source
    destination: destination
    name: assembled.body.name
    message: assembled.body.message
  on-error: resync
