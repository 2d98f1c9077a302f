meta:
  id: nmea0183
  title: NMEA 0183 sentences, also AIS in its armour
  encoding: ISO-8859-1
doc: |
  One sentence from "$" or "!" to the end of its line. Only sentences with the right checksum pass; set
  "optional: true" in the checksum to take those that carry none as well.

  Each message has the sentence as it came, its talker and type, and its fields as texts. Common sentences also have
  "data": their fields by name, as numbers (degrees with sign, knots, metres). Fields that the device left empty, or
  filled with what is no number, are left out.
seq:
  - id: start
    type: str
    size: 1
  - id: body
    type: body
    terminator: 0x2a
    eos-error: false
instances:
  raw:
    pos: 0
    type: str
    size-eos: true
types:
  body:
    seq:
      - id: address
        type: str
        terminator: 0x2c
        eos-error: false
      - id: fields
        type: str
        terminator: 0x2c
        eos-error: false
        repeat: eos
    instances:
      proprietary:
        value: address.length > 0 and address.substring(0, 1) == "P"
      split:
        value: 'proprietary ? 1 : address.length > 2 ? 2 : 0'
      talker:
        value: address.substring(0, split)
      type:
        value: address.substring(split, address.length)
      data:
        pos: '_io.size > address.length ? address.length + 1 : address.length'
        type:
          switch-on: type
          cases:
            '"GGA"': gga
            '"RMC"': rmc
            '"GLL"': gll
            '"VTG"': vtg
            '"HDT"': heading
            '"ROT"': rate
            '"DPT"': dpt
            '"DBT"': dbt
            '"MWV"': mwv
            '"MTW"': mtw
            '"VDM"': ais
            '"VDO"': ais
        if: not proprietary
  text:
    doc: A field as it stands.
    seq:
      - id: text
        type: str
        terminator: 0x2c
        eos-error: false
  number:
    doc: A decimal number, or nothing.
    seq:
      - id: digits
        type: decimal
        terminator: 0x2c
        eos-error: false
    instances:
      given:
        value: digits.given
      value:
        value: digits.value
        -fairlead-optional: true
      whole:
        value: digits.value.to_i
        -fairlead-optional: true
  decimal:
    seq:
      - id: whole
        type: str
        terminator: 0x2e
        eos-error: false
      - id: fraction
        type: str
        size-eos: true
    instances:
      given:
        value: 'whole.length + fraction.length > (negative ? 1 : 0)'
      negative:
        value: whole.length > 0 and whole.substring(0, 1) == "-"
      magnitude:
        value: 'whole.length > (negative ? 1 : 0) ? (negative ? -(whole.to_i) : whole.to_i) : 0'
      scale:
        value: >-
          fraction.length == 0 ? 1 : fraction.length == 1 ? 10 : fraction.length == 2 ? 100 :
          fraction.length == 3 ? 1000 : fraction.length == 4 ? 10000 : fraction.length == 5 ? 100000 :
          fraction.length == 6 ? 1000000 : fraction.length == 7 ? 10000000 : 100000000
      parts:
        value: 'fraction.length == 0 ? 0 : fraction.substring(0, fraction.length > 8 ? 8 : fraction.length).to_i'
      value:
        value: '(magnitude * scale + parts) / (scale * 1.0) * (negative ? -1 : 1)'
  position:
    doc: Latitude or longitude as dddmm.mmmm and its hemisphere, in degrees.
    seq:
      - id: angle
        type: number
      - id: hemisphere
        type: text
    instances:
      given:
        value: >-
          angle.given and not angle.digits.negative and (hemisphere.text == "N" or hemisphere.text == "S" or
          hemisphere.text == "E" or hemisphere.text == "W")
      degrees:
        value: (angle.digits.magnitude / 100)
      minutes:
        doc: Scaled to a whole number, so that the one division below is the only rounding.
        value: '(angle.digits.magnitude - degrees * 100) * angle.digits.scale + angle.digits.parts'
      value:
        value: >-
          (degrees * 60 * angle.digits.scale + minutes) / (60.0 * angle.digits.scale) *
          (hemisphere.text == "S" or hemisphere.text == "W" ? -1 : 1)
        -fairlead-optional: true
  gga:
    seq:
      - { id: utc, type: text, -fairlead-omit: true }
      - { id: lat, type: position, -fairlead-omit: true }
      - { id: lon, type: position, -fairlead-omit: true }
      - { id: fix, type: number, -fairlead-omit: true }
      - { id: used, type: number, -fairlead-omit: true }
      - { id: dilution, type: number, -fairlead-omit: true }
      - { id: height, type: number, -fairlead-omit: true }
    instances:
      time: { value: utc.text, if: utc.text.length > 0 }
      latitude: { value: lat.value, if: lat.given }
      longitude: { value: lon.value, if: lon.given }
      quality: { value: fix.whole, if: fix.given }
      satellites: { value: used.whole, if: used.given }
      hdop: { value: dilution.value, if: dilution.given }
      altitude: { value: height.value, if: height.given }
  rmc:
    seq:
      - { id: utc, type: text, -fairlead-omit: true }
      - { id: state, type: text, -fairlead-omit: true }
      - { id: lat, type: position, -fairlead-omit: true }
      - { id: lon, type: position, -fairlead-omit: true }
      - { id: knots, type: number, -fairlead-omit: true }
      - { id: track, type: number, -fairlead-omit: true }
      - { id: day, type: text, -fairlead-omit: true }
    instances:
      time: { value: utc.text, if: utc.text.length > 0 }
      date: { value: day.text, if: day.text.length > 0 }
      valid: { value: state.text == "A" }
      latitude: { value: lat.value, if: lat.given }
      longitude: { value: lon.value, if: lon.given }
      speed_knots: { value: knots.value, if: knots.given }
      course: { value: track.value, if: track.given }
  gll:
    seq:
      - { id: lat, type: position, -fairlead-omit: true }
      - { id: lon, type: position, -fairlead-omit: true }
      - { id: utc, type: text, -fairlead-omit: true }
    instances:
      time: { value: utc.text, if: utc.text.length > 0 }
      latitude: { value: lat.value, if: lat.given }
      longitude: { value: lon.value, if: lon.given }
  vtg:
    seq:
      - { id: track, type: number, -fairlead-omit: true }
      - { id: t, type: text, -fairlead-omit: true }
      - { id: magnetic, type: number, -fairlead-omit: true }
      - { id: m, type: text, -fairlead-omit: true }
      - { id: knots, type: number, -fairlead-omit: true }
    instances:
      course: { value: track.value, if: track.given }
      course_magnetic: { value: magnetic.value, if: magnetic.given }
      speed_knots: { value: knots.value, if: knots.given }
  heading:
    seq:
      - { id: angle, type: number, -fairlead-omit: true }
    instances:
      heading: { value: angle.value, if: angle.given }
  rate:
    seq:
      - { id: turn, type: number, -fairlead-omit: true }
    instances:
      degrees_per_minute: { value: turn.value, if: turn.given }
  dpt:
    seq:
      - { id: below, type: number, -fairlead-omit: true }
      - { id: shift, type: number, -fairlead-omit: true }
    instances:
      depth: { value: below.value, if: below.given }
      offset: { value: shift.value, if: shift.given }
  dbt:
    seq:
      - { id: feet, type: number, -fairlead-omit: true }
      - { id: f, type: text, -fairlead-omit: true }
      - { id: metres, type: number, -fairlead-omit: true }
    instances:
      depth: { value: metres.value, if: metres.given }
  mwv:
    seq:
      - { id: from, type: number, -fairlead-omit: true }
      - { id: against, type: text, -fairlead-omit: true }
      - { id: wind, type: number, -fairlead-omit: true }
      - { id: per, type: text, -fairlead-omit: true }
    instances:
      angle: { value: from.value, if: from.given }
      reference: { value: against.text, if: against.text.length > 0 }
      speed: { value: wind.value, if: wind.given }
      unit: { value: per.text, if: per.text.length > 0 }
  mtw:
    seq:
      - { id: water, type: number, -fairlead-omit: true }
    instances:
      celsius: { value: water.value, if: water.given }
  ais:
    seq:
      - { id: parts, type: number, -fairlead-omit: true }
      - { id: part, type: number, -fairlead-omit: true }
      - { id: sequence, type: text, -fairlead-omit: true }
      - { id: radio, type: text, -fairlead-omit: true }
      - { id: armoured, type: text, -fairlead-omit: true }
    instances:
      fragments: { value: parts.whole, if: parts.given }
      fragment: { value: part.whole, if: part.given }
      message_id: { value: sequence.text, if: sequence.text.length > 0 }
      channel: { value: radio.text, if: radio.text.length > 0 }
      payload: { value: armoured.text, if: armoured.text.length > 0 }
-fairlead:
  framing:
    start: ["$", "!"]
    delimiter: ["\r\n", "\n", "\r"]
    checksum: { algorithm: nmea }
  max: 256
  path: "/ships/nmea/{body.type}"
  emit:
    sentence: raw
    talker: body.talker
    type: body.type
    fields: body.fields
    data: body.data
  on-error: resync
