meta:
  id: nmea0183
  title: NMEA 0183 sentences, with or without a TAG block
  imports: [ais_message]
  encoding: ISO-8859-1
doc: |
  One sentence from "$" or "!" to the end of its line. Only sentences with the right checksum pass; set
  "optional: true" in the checksum to take those that carry none as well.

  Each message has the sentence as it came, its talker and type, and its fields as texts. Common sentences also have
  "data": their fields by name, as numbers in the units that the sentence has them in: degrees (south and west
  negative), knots, metres, degrees Celsius; names end in the unit where there could be a doubt. What the device left
  empty, or filled with what is no number, is left out, and so is a status letter that is missing. Times and dates are
  the texts hhmmss.ss and ddmmyy that the device sent.

  A TAG block ("\s:station,c:1120959341*5B\" before the sentence) becomes "tag": its items in order. A sentence behind
  a TAG block whose own checksum is wrong passes without it.

  To add a sentence, add its type below and its line under "cases". f[0] is the first field behind the address; of a
  field, "number" and "integer" are what it says as a number, "word" the text unless it is empty, "angle" degrees out
  of dddmm.mmmm, "sign" +1 or -1 for N and E, S and W, R and L. "-fairlead-optional: true" leaves out what cannot be
  computed.
seq:
  - id: tag_mark
    type: str
    size: 1
    if: tagged
    -fairlead-omit: true
  - id: tag
    type: tag_block
    terminator: 0x5c
    if: tagged
  - id: start
    type: str
    size: 1
  - id: body
    type: body
    terminator: 0x2a
    eos-error: false
instances:
  first:
    pos: 0
    type: u1
    -fairlead-omit: true
  tagged:
    value: first == 0x5c
    -fairlead-omit: true
  tag_bytes:
    pos: 1
    terminator: 0x5c
    if: tagged
    -fairlead-omit: true
  raw:
    pos: 'tagged ? tag_bytes.length + 2 : 0'
    type: str
    size-eos: true
  tags:
    value: tag.items.list
    if: tagged
    -fairlead-omit: true
types:
  tag_block:
    seq:
      - id: items
        type: tag_items
        terminator: 0x2a
  tag_items:
    seq:
      - id: list
        type: tag_item
        terminator: 0x2c
        eos-error: false
        repeat: eos
  tag_item:
    -fairlead-optional: true
    seq:
      - { id: code, type: str, terminator: 0x3a, -fairlead-omit: true }
      - { id: value, type: str, size-eos: true, -fairlead-omit: true }
    instances:
      source: { value: value, if: code == "s" }
      destination: { value: value, if: code == "d" }
      time: { value: value.to_i, if: code == "c" }
      relative_time: { value: value.to_i, if: code == "r" }
      line: { value: value.to_i, if: code == "n" }
      group: { value: value, if: code == "g" }
      text: { value: value, if: code == "t" or code == "i" }
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
        -fairlead-omit: true
      split:
        value: 'proprietary ? 1 : address.length > 2 ? 2 : 0'
        -fairlead-omit: true
      talker:
        value: address.substring(0, split)
      type:
        value: address.substring(split, address.length)
      f:
        doc: The same fields once more, as what they may mean.
        pos: '_io.size > address.length ? address.length + 1 : address.length'
        type: field
        terminator: 0x2c
        eos-error: false
        repeat: eos
        -fairlead-omit: true
      data:
        pos: 0
        type:
          switch-on: 'proprietary ? address : type'
          cases:
            # position, time and satellites
            '"GGA"': gga
            '"RMC"': rmc
            '"GLL"': gll
            '"GNS"': gns
            '"VTG"': vtg
            '"GSA"': gsa
            '"GSV"': gsv
            '"GST"': gst
            '"GBS"': gbs
            '"ZDA"': zda
            '"DTM"': dtm
            # heading, speed and the ship itself
            '"HDT"': heading
            '"HDM"': heading_magnetic
            '"HDG"': hdg
            '"THS"': ths
            '"ROT"': rot
            '"RSA"': rsa
            '"RPM"': rpm
            '"VHW"': vhw
            '"VBW"': vbw
            '"VLW"': vlw
            '"VPW"': vpw
            '"VDR"': vdr
            '"OSD"': osd
            '"ETL"': etl
            # depth, water, wind and weather
            '"DPT"': dpt
            '"DBT"': depth
            '"DBK"': depth
            '"DBS"': depth
            '"MTW"': mtw
            '"MWV"': mwv
            '"MWD"': mwd
            '"VWR"': wind
            '"VWT"': wind
            '"MDA"': mda
            '"XDR"': xdr
            # routes and waypoints
            '"WPL"': wpl
            '"RTE"': rte
            '"BOD"': bod
            '"BWC"': bearing
            '"BWR"': bearing
            '"RMB"': rmb
            '"APB"': apb
            '"XTE"': xte
            '"WCV"': wcv
            '"AAM"': aam
            '"HSC"': hsc
            # targets, calls, alerts and texts
            '"TTM"': ttm
            '"TLL"': tll
            '"DSC"': dsc
            '"DSE"': dse
            '"ALR"': alr
            '"ALF"': alf
            '"ALC"': alc
            '"TXT"': txt
            '"HBT"': hbt
            '"EVE"': eve
            '"VDM"': ais
            '"VDO"': ais
            '"PGRME"': pgrme
            '"PGRMZ"': pgrmz
  field:
    doc: |
      One field. "number" is the one division that a decimal text needs, so that it is the nearest double; the digits
      behind the ninth decimal place are not looked at.
    seq:
      - { id: whole, type: str, terminator: 0x2e, eos-error: false }
      - { id: decimals, type: str, size-eos: true }
    instances:
      text:
        pos: 0
        type: str
        size-eos: true
      word:
        value: text
        valid: { expr: _.length > 0 }
      fraction:
        value: 'decimals.length > 9 ? decimals.substring(0, 9) : decimals'
      digits:
        value: '(whole.length > 0 ? whole + fraction : fraction.length > 0 ? "0" + fraction : "").to_i'
      scale:
        value: '("1" + "000000000".substring(0, fraction.length)).to_i'
      number:
        value: digits / (scale * 1.0)
      integer:
        value: digits / scale
      angle:
        value: '((digits / (100 * scale)) * 60 * scale + digits % (100 * scale)) / (60.0 * scale)'
        valid: { min: 0, max: 180 }
      sign:
        value: >-
          text == "N" or text == "E" or text == "R" ? 1 : text == "S" or text == "W" or text == "L" ? -1 : 0
        valid: { any-of: [1, -1] }
      active:
        doc: A for good, V for not; nothing else is a status.
        value: text == "A"
        valid: { expr: text == "A" or text == "V" }

  # ---- position, time and satellites ----

  gga:
    -fairlead-optional: true
    instances:
      time: { value: '_parent.f[0].word' }
      latitude: { value: '_parent.f[1].angle * _parent.f[2].sign' }
      longitude: { value: '_parent.f[3].angle * _parent.f[4].sign' }
      quality: { value: '_parent.f[5].integer' }
      satellites: { value: '_parent.f[6].integer' }
      hdop: { value: '_parent.f[7].number' }
      altitude: { value: '_parent.f[8].number' }
      geoid_separation: { value: '_parent.f[10].number' }
      correction_age: { value: '_parent.f[12].number' }
      correction_station: { value: '_parent.f[13].word' }
  rmc:
    -fairlead-optional: true
    instances:
      time: { value: '_parent.f[0].word' }
      date: { value: '_parent.f[8].word' }
      valid: { value: '_parent.f[1].text == "A"' }
      latitude: { value: '_parent.f[2].angle * _parent.f[3].sign' }
      longitude: { value: '_parent.f[4].angle * _parent.f[5].sign' }
      speed_knots: { value: '_parent.f[6].number' }
      course: { value: '_parent.f[7].number' }
      variation: { value: '_parent.f[9].number * _parent.f[10].sign' }
      mode: { value: '_parent.f[11].word' }
      navigational_status: { value: '_parent.f[12].word' }
  gll:
    -fairlead-optional: true
    instances:
      time: { value: '_parent.f[4].word' }
      latitude: { value: '_parent.f[0].angle * _parent.f[1].sign' }
      longitude: { value: '_parent.f[2].angle * _parent.f[3].sign' }
      valid: { value: '_parent.f[5].active' }
      mode: { value: '_parent.f[6].word' }
  gns:
    -fairlead-optional: true
    instances:
      time: { value: '_parent.f[0].word' }
      latitude: { value: '_parent.f[1].angle * _parent.f[2].sign' }
      longitude: { value: '_parent.f[3].angle * _parent.f[4].sign' }
      mode: { value: '_parent.f[5].word' }
      satellites: { value: '_parent.f[6].integer' }
      hdop: { value: '_parent.f[7].number' }
      altitude: { value: '_parent.f[8].number' }
      geoid_separation: { value: '_parent.f[9].number' }
      correction_age: { value: '_parent.f[10].number' }
      correction_station: { value: '_parent.f[11].word' }
      navigational_status: { value: '_parent.f[12].word' }
  vtg:
    -fairlead-optional: true
    instances:
      course: { value: '_parent.f[0].number' }
      course_magnetic: { value: '_parent.f[2].number' }
      speed_knots: { value: '_parent.f[4].number' }
      speed_kmh: { value: '_parent.f[6].number' }
      mode: { value: '_parent.f[8].word' }
  gsa:
    -fairlead-optional: true
    instances:
      selection: { value: '_parent.f[0].word' }
      fix: { value: '_parent.f[1].integer' }
      used:
        doc: The satellites' numbers in their twelve places; an empty place is an empty text.
        pos: _parent.address.length + _parent.f[0].text.length + _parent.f[1].text.length + 3
        type: str
        terminator: 0x2c
        eos-error: false
        repeat: expr
        repeat-expr: 12
        if: _parent.f.size > 14
      pdop: { value: '_parent.f[14].number' }
      hdop: { value: '_parent.f[15].number' }
      vdop: { value: '_parent.f[16].number' }
      system: { value: '_parent.f[17].word' }
  gsv:
    -fairlead-optional: true
    instances:
      sentences: { value: '_parent.f[0].integer' }
      sentence: { value: '_parent.f[1].integer' }
      in_view: { value: '_parent.f[2].integer' }
      satellites:
        doc: Four fields each; a last one that stands alone is the signal.
        pos: 0
        type: in_view(3 + 4 * _index)
        repeat: expr
        repeat-expr: '_parent.f.size < 5 ? 0 : (_parent.f.size - 1) / 4'
      signal: { value: '_parent.f[_parent.f.size - 1].word', if: _parent.f.size > 3 and _parent.f.size % 4 == 0 }
  in_view:
    -fairlead-optional: true
    params: [{ id: at, type: u1 }]
    instances:
      satellite: { value: '_parent._parent.f[at].integer' }
      elevation: { value: '_parent._parent.f[at + 1].number' }
      azimuth: { value: '_parent._parent.f[at + 2].number' }
      signal_to_noise: { value: '_parent._parent.f[at + 3].number' }
  gst:
    -fairlead-optional: true
    instances:
      time: { value: '_parent.f[0].word' }
      range_rms: { value: '_parent.f[1].number' }
      semi_major: { value: '_parent.f[2].number' }
      semi_minor: { value: '_parent.f[3].number' }
      orientation: { value: '_parent.f[4].number' }
      latitude_error: { value: '_parent.f[5].number' }
      longitude_error: { value: '_parent.f[6].number' }
      altitude_error: { value: '_parent.f[7].number' }
  gbs:
    -fairlead-optional: true
    instances:
      time: { value: '_parent.f[0].word' }
      latitude_error: { value: '_parent.f[1].number' }
      longitude_error: { value: '_parent.f[2].number' }
      altitude_error: { value: '_parent.f[3].number' }
      failed_satellite: { value: '_parent.f[4].integer' }
      missed_probability: { value: '_parent.f[5].number' }
      bias: { value: '_parent.f[6].number' }
      deviation: { value: '_parent.f[7].number' }
  zda:
    -fairlead-optional: true
    instances:
      time: { value: '_parent.f[0].word' }
      day: { value: '_parent.f[1].integer' }
      month: { value: '_parent.f[2].integer' }
      year: { value: '_parent.f[3].integer' }
      zone_hours: { value: '_parent.f[4].integer' }
      zone_minutes: { value: '_parent.f[5].integer' }
  dtm:
    -fairlead-optional: true
    instances:
      datum: { value: '_parent.f[0].word' }
      subdivision: { value: '_parent.f[1].word' }
      latitude_offset_minutes: { value: '_parent.f[2].number * _parent.f[3].sign' }
      longitude_offset_minutes: { value: '_parent.f[4].number * _parent.f[5].sign' }
      altitude_offset: { value: '_parent.f[6].number' }
      reference: { value: '_parent.f[7].word' }

  # ---- heading, speed and the ship itself ----

  heading:
    -fairlead-optional: true
    instances:
      heading: { value: '_parent.f[0].number' }
  heading_magnetic:
    -fairlead-optional: true
    instances:
      heading_magnetic: { value: '_parent.f[0].number' }
  hdg:
    -fairlead-optional: true
    instances:
      heading_sensor: { value: '_parent.f[0].number' }
      deviation: { value: '_parent.f[1].number * _parent.f[2].sign' }
      variation: { value: '_parent.f[3].number * _parent.f[4].sign' }
  ths:
    -fairlead-optional: true
    instances:
      heading: { value: '_parent.f[0].number' }
      mode: { value: '_parent.f[1].word' }
  rot:
    -fairlead-optional: true
    instances:
      degrees_per_minute: { value: '_parent.f[0].number' }
      valid: { value: '_parent.f[1].active' }
  rsa:
    -fairlead-optional: true
    instances:
      starboard: { value: '_parent.f[0].number' }
      starboard_valid: { value: '_parent.f[1].active' }
      port: { value: '_parent.f[2].number' }
      port_valid: { value: '_parent.f[3].active' }
  rpm:
    -fairlead-optional: true
    instances:
      source: { value: '_parent.f[0].text == "S" ? "shaft" : _parent.f[0].text == "E" ? "engine" : _parent.f[0].word' }
      number: { value: '_parent.f[1].integer' }
      rpm: { value: '_parent.f[2].number' }
      pitch_percent: { value: '_parent.f[3].number' }
      valid: { value: '_parent.f[4].active' }
  vhw:
    -fairlead-optional: true
    instances:
      heading: { value: '_parent.f[0].number' }
      heading_magnetic: { value: '_parent.f[2].number' }
      speed_knots: { value: '_parent.f[4].number' }
      speed_kmh: { value: '_parent.f[6].number' }
  vbw:
    doc: Knots; ahead and to starboard positive.
    -fairlead-optional: true
    instances:
      water_ahead_knots: { value: '_parent.f[0].number' }
      water_across_knots: { value: '_parent.f[1].number' }
      water_valid: { value: '_parent.f[2].active' }
      ground_ahead_knots: { value: '_parent.f[3].number' }
      ground_across_knots: { value: '_parent.f[4].number' }
      ground_valid: { value: '_parent.f[5].active' }
      stern_water_across_knots: { value: '_parent.f[6].number' }
      stern_water_valid: { value: '_parent.f[7].active' }
      stern_ground_across_knots: { value: '_parent.f[8].number' }
      stern_ground_valid: { value: '_parent.f[9].active' }
  vlw:
    -fairlead-optional: true
    instances:
      water_total_miles: { value: '_parent.f[0].number' }
      water_trip_miles: { value: '_parent.f[2].number' }
      ground_total_miles: { value: '_parent.f[4].number' }
      ground_trip_miles: { value: '_parent.f[6].number' }
  vpw:
    doc: Speed parallel to the wind; upwind positive.
    -fairlead-optional: true
    instances:
      speed_knots: { value: '_parent.f[0].number' }
      speed_metres_per_second: { value: '_parent.f[2].number' }
  vdr:
    doc: The current, where it sets and how fast.
    -fairlead-optional: true
    instances:
      set: { value: '_parent.f[0].number' }
      set_magnetic: { value: '_parent.f[2].number' }
      drift_knots: { value: '_parent.f[4].number' }
  osd:
    -fairlead-optional: true
    instances:
      heading: { value: '_parent.f[0].number' }
      heading_valid: { value: '_parent.f[1].active' }
      course: { value: '_parent.f[2].number' }
      course_reference: { value: '_parent.f[3].word' }
      speed: { value: '_parent.f[4].number' }
      speed_reference: { value: '_parent.f[5].word' }
      set: { value: '_parent.f[6].number' }
      drift: { value: '_parent.f[7].number' }
      unit: { value: '_parent.f[8].word' }
  etl:
    -fairlead-optional: true
    instances:
      time: { value: '_parent.f[0].word' }
      kind: { value: '_parent.f[1].text == "O" ? "order" : _parent.f[1].text == "A" ? "answer" : _parent.f[1].word' }
      position: { value: '_parent.f[2].word' }
      sub_position: { value: '_parent.f[3].word' }
      location: { value: '_parent.f[4].word' }
      number: { value: '_parent.f[5].integer' }

  # ---- depth, water, wind and weather ----

  dpt:
    -fairlead-optional: true
    instances:
      depth: { value: '_parent.f[0].number' }
      offset: { value: '_parent.f[1].number' }
      range: { value: '_parent.f[2].number' }
  depth:
    -fairlead-optional: true
    instances:
      depth: { value: '_parent.f[2].number' }
      depth_feet: { value: '_parent.f[0].number' }
      depth_fathoms: { value: '_parent.f[4].number' }
  mtw:
    -fairlead-optional: true
    instances:
      celsius: { value: '_parent.f[0].number' }
  mwv:
    -fairlead-optional: true
    instances:
      angle: { value: '_parent.f[0].number' }
      reference: { value: '_parent.f[1].word' }
      speed: { value: '_parent.f[2].number' }
      unit: { value: '_parent.f[3].word' }
      valid: { value: '_parent.f[4].active' }
  mwd:
    -fairlead-optional: true
    instances:
      direction: { value: '_parent.f[0].number' }
      direction_magnetic: { value: '_parent.f[2].number' }
      speed_knots: { value: '_parent.f[4].number' }
      speed_metres_per_second: { value: '_parent.f[6].number' }
  wind:
    doc: From the bow; to starboard positive.
    -fairlead-optional: true
    instances:
      angle: { value: '_parent.f[0].number * _parent.f[1].sign' }
      speed_knots: { value: '_parent.f[2].number' }
      speed_metres_per_second: { value: '_parent.f[4].number' }
      speed_kmh: { value: '_parent.f[6].number' }
  mda:
    -fairlead-optional: true
    instances:
      pressure_inches: { value: '_parent.f[0].number' }
      pressure_bar: { value: '_parent.f[2].number' }
      air_celsius: { value: '_parent.f[4].number' }
      water_celsius: { value: '_parent.f[6].number' }
      relative_humidity: { value: '_parent.f[8].number' }
      absolute_humidity: { value: '_parent.f[9].number' }
      dew_point_celsius: { value: '_parent.f[10].number' }
      wind_direction: { value: '_parent.f[12].number' }
      wind_direction_magnetic: { value: '_parent.f[14].number' }
      wind_knots: { value: '_parent.f[16].number' }
      wind_metres_per_second: { value: '_parent.f[18].number' }
  xdr:
    instances:
      transducers:
        pos: 0
        type: transducer(4 * _index)
        repeat: expr
        repeat-expr: (_parent.f.size + 1) / 4
  transducer:
    doc: Its kind is a letter (C temperature, A angle, P pressure, H humidity, U voltage, I current, G generic, and so on).
    -fairlead-optional: true
    params: [{ id: at, type: u1 }]
    instances:
      kind: { value: '_parent._parent.f[at].word' }
      value: { value: '_parent._parent.f[at + 1].number' }
      unit: { value: '_parent._parent.f[at + 2].word' }
      name: { value: '_parent._parent.f[at + 3].word' }

  # ---- routes and waypoints ----

  wpl:
    -fairlead-optional: true
    instances:
      latitude: { value: '_parent.f[0].angle * _parent.f[1].sign' }
      longitude: { value: '_parent.f[2].angle * _parent.f[3].sign' }
      waypoint: { value: '_parent.f[4].word' }
  rte:
    -fairlead-optional: true
    instances:
      sentences: { value: '_parent.f[0].integer' }
      sentence: { value: '_parent.f[1].integer' }
      kind: { value: '_parent.f[2].text == "c" ? "complete" : _parent.f[2].text == "w" ? "working" : _parent.f[2].word' }
      route: { value: '_parent.f[3].word' }
      waypoints:
        pos: >-
          _parent.address.length + _parent.f[0].text.length + _parent.f[1].text.length + _parent.f[2].text.length +
          _parent.f[3].text.length + 5
        type: str
        terminator: 0x2c
        eos-error: false
        repeat: eos
        if: _parent.f.size > 4
  bod:
    -fairlead-optional: true
    instances:
      bearing: { value: '_parent.f[0].number' }
      bearing_magnetic: { value: '_parent.f[2].number' }
      destination: { value: '_parent.f[4].word' }
      origin: { value: '_parent.f[5].word' }
  bearing:
    -fairlead-optional: true
    instances:
      time: { value: '_parent.f[0].word' }
      latitude: { value: '_parent.f[1].angle * _parent.f[2].sign' }
      longitude: { value: '_parent.f[3].angle * _parent.f[4].sign' }
      bearing: { value: '_parent.f[5].number' }
      bearing_magnetic: { value: '_parent.f[7].number' }
      distance_miles: { value: '_parent.f[9].number' }
      waypoint: { value: '_parent.f[11].word' }
      mode: { value: '_parent.f[12].word' }
  rmb:
    doc: The cross-track error is where to steer; to starboard positive.
    -fairlead-optional: true
    instances:
      valid: { value: '_parent.f[0].active' }
      cross_track_miles: { value: '_parent.f[1].number * _parent.f[2].sign' }
      origin: { value: '_parent.f[3].word' }
      destination: { value: '_parent.f[4].word' }
      latitude: { value: '_parent.f[5].angle * _parent.f[6].sign' }
      longitude: { value: '_parent.f[7].angle * _parent.f[8].sign' }
      range_miles: { value: '_parent.f[9].number' }
      bearing: { value: '_parent.f[10].number' }
      closing_knots: { value: '_parent.f[11].number' }
      arrived: { value: '_parent.f[12].active' }
      mode: { value: '_parent.f[13].word' }
  apb:
    -fairlead-optional: true
    instances:
      valid: { value: '_parent.f[0].active' }
      cycle_locked: { value: '_parent.f[1].active' }
      cross_track: { value: '_parent.f[2].number * _parent.f[3].sign' }
      unit: { value: '_parent.f[4].word' }
      arrived: { value: '_parent.f[5].active' }
      perpendicular_passed: { value: '_parent.f[6].active' }
      track: { value: '_parent.f[7].number' }
      track_reference: { value: '_parent.f[8].word' }
      destination: { value: '_parent.f[9].word' }
      bearing: { value: '_parent.f[10].number' }
      bearing_reference: { value: '_parent.f[11].word' }
      steer: { value: '_parent.f[12].number' }
      steer_reference: { value: '_parent.f[13].word' }
      mode: { value: '_parent.f[14].word' }
  xte:
    -fairlead-optional: true
    instances:
      valid: { value: '_parent.f[0].active' }
      cycle_locked: { value: '_parent.f[1].active' }
      cross_track: { value: '_parent.f[2].number * _parent.f[3].sign' }
      unit: { value: '_parent.f[4].word' }
      mode: { value: '_parent.f[5].word' }
  wcv:
    -fairlead-optional: true
    instances:
      closing_knots: { value: '_parent.f[0].number' }
      waypoint: { value: '_parent.f[2].word' }
      mode: { value: '_parent.f[3].word' }
  aam:
    -fairlead-optional: true
    instances:
      arrived: { value: '_parent.f[0].active' }
      perpendicular_passed: { value: '_parent.f[1].active' }
      radius: { value: '_parent.f[2].number' }
      unit: { value: '_parent.f[3].word' }
      waypoint: { value: '_parent.f[4].word' }
  hsc:
    -fairlead-optional: true
    instances:
      heading: { value: '_parent.f[0].number' }
      heading_magnetic: { value: '_parent.f[2].number' }

  # ---- targets, calls, alerts and texts ----

  ttm:
    -fairlead-optional: true
    instances:
      target: { value: '_parent.f[0].integer' }
      distance: { value: '_parent.f[1].number' }
      bearing: { value: '_parent.f[2].number' }
      bearing_reference: { value: '_parent.f[3].word' }
      speed: { value: '_parent.f[4].number' }
      course: { value: '_parent.f[5].number' }
      course_reference: { value: '_parent.f[6].word' }
      closest_distance: { value: '_parent.f[7].number' }
      closest_in_minutes: { value: '_parent.f[8].number' }
      unit: { value: '_parent.f[9].word' }
      name: { value: '_parent.f[10].word' }
      status: { value: '_parent.f[11].text == "L" ? "lost" : _parent.f[11].text == "Q" ? "query" : _parent.f[11].text == "T" ? "tracked" : _parent.f[11].word' }
      reference: { value: '_parent.f[12].text == "R"' }
      time: { value: '_parent.f[13].word' }
      acquisition: { value: '_parent.f[14].text == "A" ? "automatic" : _parent.f[14].text == "M" ? "manual" : _parent.f[14].text == "R" ? "reported" : _parent.f[14].word' }
  tll:
    -fairlead-optional: true
    instances:
      target: { value: '_parent.f[0].integer' }
      latitude: { value: '_parent.f[1].angle * _parent.f[2].sign' }
      longitude: { value: '_parent.f[3].angle * _parent.f[4].sign' }
      name: { value: '_parent.f[5].word' }
      time: { value: '_parent.f[6].word' }
      status: { value: '_parent.f[7].text == "L" ? "lost" : _parent.f[7].text == "Q" ? "query" : _parent.f[7].text == "T" ? "tracked" : _parent.f[7].word' }
      reference: { value: '_parent.f[8].text == "R"' }
  dsc:
    doc: The codes are those of ITU-R M.493, the last two digits of each; what they mean hangs on each other.
    -fairlead-optional: true
    instances:
      format: { value: '_parent.f[0].word' }
      address: { value: '_parent.f[1].word' }
      category: { value: '_parent.f[2].word' }
      nature: { value: '_parent.f[3].word' }
      communication: { value: '_parent.f[4].word' }
      position: { value: '_parent.f[5].word' }
      time: { value: '_parent.f[6].word' }
      ship_in_distress: { value: '_parent.f[7].word' }
      distress_nature: { value: '_parent.f[8].word' }
      acknowledgement: { value: '_parent.f[9].word' }
      expanded: { value: '_parent.f[10].text == "E"' }
  dse:
    -fairlead-optional: true
    instances:
      sentences: { value: '_parent.f[0].integer' }
      sentence: { value: '_parent.f[1].integer' }
      kind: { value: '_parent.f[2].text == "Q" ? "query" : _parent.f[2].text == "R" ? "reply" : _parent.f[2].text == "A" ? "automatic" : _parent.f[2].word' }
      mmsi: { value: '_parent.f[3].word' }
      sets:
        pos: 0
        type: expansion(4 + 2 * _index)
        repeat: expr
        repeat-expr: '_parent.f.size > 4 ? (_parent.f.size - 3) / 2 : 0'
  expansion:
    -fairlead-optional: true
    params: [{ id: at, type: u1 }]
    instances:
      code: { value: '_parent._parent.f[at].word' }
      value: { value: '_parent._parent.f[at + 1].word' }
  alr:
    -fairlead-optional: true
    instances:
      time: { value: '_parent.f[0].word' }
      alarm: { value: '_parent.f[1].integer' }
      exceeded: { value: '_parent.f[2].active' }
      acknowledged: { value: '_parent.f[3].active' }
      text: { value: '_parent.f[4].word' }
  alf:
    -fairlead-optional: true
    instances:
      sentences: { value: '_parent.f[0].integer' }
      sentence: { value: '_parent.f[1].integer' }
      sequence: { value: '_parent.f[2].integer' }
      time: { value: '_parent.f[3].word' }
      category: { value: '_parent.f[4].word' }
      priority: { value: '_parent.f[5].word' }
      state: { value: '_parent.f[6].word' }
      manufacturer: { value: '_parent.f[7].word' }
      alert: { value: '_parent.f[8].integer' }
      instance: { value: '_parent.f[9].integer' }
      revision: { value: '_parent.f[10].integer' }
      escalations: { value: '_parent.f[11].integer' }
      text: { value: '_parent.f[12].word' }
  alc:
    -fairlead-optional: true
    instances:
      sentences: { value: '_parent.f[0].integer' }
      sentence: { value: '_parent.f[1].integer' }
      sequence: { value: '_parent.f[2].integer' }
      alerts:
        pos: 0
        type: alert(4 + 4 * _index)
        repeat: expr
        repeat-expr: '_parent.f.size > 4 ? (_parent.f.size - 1) / 4 : 0'
  alert:
    -fairlead-optional: true
    params: [{ id: at, type: u1 }]
    instances:
      manufacturer: { value: '_parent._parent.f[at].word' }
      alert: { value: '_parent._parent.f[at + 1].integer' }
      instance: { value: '_parent._parent.f[at + 2].integer' }
      revision: { value: '_parent._parent.f[at + 3].integer' }
  txt:
    -fairlead-optional: true
    instances:
      sentences: { value: '_parent.f[0].integer' }
      sentence: { value: '_parent.f[1].integer' }
      identifier: { value: '_parent.f[2].integer' }
      text: { value: '_parent.f[3].word' }
  hbt:
    -fairlead-optional: true
    instances:
      interval_seconds: { value: '_parent.f[0].number' }
      good: { value: '_parent.f[1].active' }
      sequence: { value: '_parent.f[2].integer' }
  eve:
    -fairlead-optional: true
    instances:
      time: { value: '_parent.f[0].word' }
      tag: { value: '_parent.f[1].word' }
      text: { value: '_parent.f[2].word' }
  ais:
    doc: |
      The armoured payload as it stands, and what it says where the sentence has all of it; ais.ksy puts several
      sentences together.
    -fairlead-optional: true
    instances:
      fragments: { value: '_parent.f[0].integer' }
      fragment: { value: '_parent.f[1].integer' }
      message_id: { value: '_parent.f[2].word' }
      channel: { value: '_parent.f[3].word' }
      payload: { value: '_parent.f[4].word' }
      fill_bits: { value: '_parent.f[5].integer' }
      unpacked:
        pos: _parent.address.length + _parent.f[0].text.length + _parent.f[1].text.length + _parent.f[2].text.length + _parent.f[3].text.length + 5
        terminator: 0x2c
        eos-error: false
        process: fairlead.unarmour(_parent.f[5].integer)
        type: ais_message
        -fairlead-omit: true
      message: { value: unpacked.body, if: fragments == 1 }
  pgrme:
    doc: Garmin, estimated errors in metres.
    -fairlead-optional: true
    instances:
      horizontal_error: { value: '_parent.f[0].number' }
      vertical_error: { value: '_parent.f[2].number' }
      position_error: { value: '_parent.f[4].number' }
  pgrmz:
    doc: Garmin, altitude in feet.
    -fairlead-optional: true
    instances:
      altitude_feet: { value: '_parent.f[0].number' }
      fix: { value: '_parent.f[2].integer' }
-fairlead:
  framing:
    start: ["$", "!", "\\"]
    delimiter: ["\r\n", "\n", "\r"]
    checksum: { algorithm: nmea }
  max: 256
  path: "/ships/nmea/{body.type}"
  emit:
    sentence: raw
    tag: { $if: tagged, $merge: tags }
    talker: body.talker
    type: body.type
    fields: body.fields
    data: body.data
  on-error: resync
