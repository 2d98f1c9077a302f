# What Milesight's sensors have in common: records of channel, type and value, little-endian. A model is a file of its own
# that says which channel is what, and has these as the values; see em300_th.ksy for the shortest. A channel that is
# not known ends the message: how long its value is nobody says.
meta:
  id: milesight
  title: Milesight sensors over LoRaWAN
  endian: le
types:
  # What the device says of itself (channel 0xff).
  ipso_version:
    seq: [{ id: major, type: b4 }, { id: minor, type: b4 }]
    -fairlead-emit: { ipso_version: 'f"v{major}.{minor}"' }
  hardware_version:
    seq: [{ id: major, type: hex }, { id: minor, type: b4 }, { id: reserved, type: b4 }]
    -fairlead-emit: { hardware_version: '"v" + major.text + "." + minor.to_s' }
  firmware_version:
    seq: [{ id: major, type: hex }, { id: minor, type: hex }]
    -fairlead-emit: { firmware_version: '"v" + major.text + "." + minor.text' }
  tsl_version:
    seq: [{ id: major, type: u1 }, { id: minor, type: u1 }]
    -fairlead-emit: { tsl_version: 'f"v{major}.{minor}"' }
  serial_number:
    seq: [{ id: sn, size: 8 }]
    -fairlead-emit: { sn: { $hex: sn } }
  lorawan_class:
    seq: [{ id: lorawan_class, type: u1 }]
    -fairlead-emit:
      lorawan_class: 'lorawan_class <= 3 ? ["Class A", "Class B", "Class C", "Class CtoB"][lorawan_class] : "unknown"'
  reset_event:   { seq: [{ id: reserved, size: 1 }], -fairlead-emit: { reset_event: '"reset"' } }
  device_status: { seq: [{ id: reserved, size: 1 }], -fairlead-emit: { device_status: '"on"' } }
  # A byte as hexadecimal digits, without a leading zero.
  hex:
    seq: [{ id: high, type: b4 }, { id: low, type: b4 }]
    instances:
      digits: { value: '"0123456789abcdef"' }
      text: { value: '(high > 0 ? digits.substring(high, high + 1) : "") + digits.substring(low, low + 1)' }
  # What it measures.
  battery:       { seq: [{ id: battery, type: u1, -fairlead-unit: '%EL' }] }
  temperature:   { seq: [{ id: temperature, type: s2, -fairlead-scale: 0.1, -fairlead-unit: Cel }] }
  humidity:      { seq: [{ id: humidity, type: u1, -fairlead-scale: 0.5, -fairlead-unit: '%RH' }] }
  leakage:
    seq: [{ id: state, type: u1 }]
    -fairlead-emit: { leakage_status: 'state == 0 ? "normal" : state == 1 ? "leak" : "unknown"' }
  # What it answers to commands (channels 0xfe and 0xff).
  collection_interval: { seq: [{ id: collection_interval, type: u2, -fairlead-unit: s }] }
  report_interval:     { seq: [{ id: report_interval, type: u2, -fairlead-unit: s }] }
  timestamp:           { seq: [{ id: timestamp, type: u4, -fairlead-unit: s }] }
  reboot:        { seq: [{ id: reserved, size: 1 }], -fairlead-emit: { reboot: '"yes"' } }
  clear_history: { seq: [{ id: reserved, size: 1 }], -fairlead-emit: { clear_history: '"yes"' } }
  report_status: { seq: [{ id: reserved, size: 1 }], -fairlead-emit: { report_status: '"yes"' } }
  history_enable:
    seq: [{ id: on, type: u1 }]
    -fairlead-emit: { history_enable: 'on == 0 ? "disable" : "enable"' }
  retransmit_enable:
    seq: [{ id: on, type: u1 }]
    -fairlead-emit: { retransmit_enable: 'on == 0 ? "disable" : "enable"' }
  rest:
    seq: [{ id: bytes, size-eos: true }]
    -fairlead-emit: { $if: false }
