meta:
  id: ais
  title: AIS messages in NMEA 0183 sentences, among others
  imports: [nmea0183, ais_message]
doc: |
  What a receiver of the Automatic Identification System sends: VDM and VDO sentences, whose payloads, put together
  where a message takes several, become one message each, to the path of the ship that sent it. Other sentences of the
  same stream pass as nmea0183.ksy has them.
seq:
  - id: nmea
    type: nmea0183
    size-eos: true
instances:
  is_ais:
    value: '(nmea.body.type == "VDM" or nmea.body.type == "VDO") and nmea.body.f.size > 4 and nmea.body.f[4].text.length > 0'
  fill:
    value: 'nmea.body.f.size > 5 ? nmea.body.f[5].integer : 0'
    if: is_ais
  sentence:
    value: nmea.raw
    if: not is_ais
  fields:
    value: nmea.body.fields
    if: not is_ais
  data:
    value: nmea.body.data
    if: not is_ais
  channel:
    value: nmea.body.f[3].word
    if: is_ais
    -fairlead-optional: true
types:
  armoured:
    seq:
      - id: message
        size-eos: true
        process: fairlead.unarmour(_root.fill)
        type: ais_message
-fairlead:
  framing:
    start: ["$", "!", "\\"]
    delimiter: ["\r\n", "\n", "\r"]
    checksum: { algorithm: nmea }
  max: 256
  assemble:
    when: is_ais
    key:
      - nmea.body.address
      - nmea.body.fields[2]
      - nmea.body.fields[3]
      - nmea.body.fields[0]
    part: nmea.body.f[1].integer
    parts: nmea.body.f[0].integer
    bytes: nmea.body.f[4].text
    type: armoured
  path: "/ships/{is_ais ? \"ais\" : \"nmea\"}/{is_ais ? assembled.message.body.mmsi.to_s : nmea.body.type}"
  emit:
    talker: nmea.body.talker
    type: nmea.body.type
    tag: { $if: nmea.tagged, $merge: nmea.tags }
    channel: channel
    message: { $if: is_ais, $value: assembled.message.body }
    sentence: sentence
    fields: fields
    data: data
  on-error: resync
