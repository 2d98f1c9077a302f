# Milesight EM300-SLD and EM300-ZLD, temperature, humidity and a leak.
meta:
  id: em300_sld_zld
  title: Milesight EM300-SLD and EM300-ZLD
  imports: [milesight]
  endian: le
seq:
  - { id: records, type: record, repeat: eos }
-fairlead:
  emit: { $merge: records, $gather: [history] }
types:
  record:
    seq:
      - { id: channel, type: u1 }
      - { id: kind, type: u1 }
      - id: body
        type:
          switch-on: channel << 8 | kind
          cases:
            0x0175: milesight::battery
            0x0367: milesight::temperature
            0x0468: milesight::humidity
            0x0500: milesight::leakage
            0x20ce: history
            0xff01: milesight::ipso_version
            0xff09: milesight::hardware_version
            0xff0a: milesight::firmware_version
            0xffff: milesight::tsl_version
            0xff16: milesight::serial_number
            0xff0f: milesight::lorawan_class
            0xfffe: milesight::reset_event
            0xff0b: milesight::device_status
            0xff02: milesight::collection_interval
            0xff03: milesight::report_interval
            0xff10: milesight::reboot
            0xff11: milesight::timestamp
            0xff27: milesight::clear_history
            0xff28: milesight::report_status
            0xff68: milesight::history_enable
            0xff69: milesight::retransmit_enable
            _: milesight::rest
    -fairlead-emit: body
  history:
    seq:
      - { id: timestamp, type: u4 }
      - { id: temperature, type: s2, -fairlead-scale: 0.1 }
      - { id: humidity, type: u1, -fairlead-scale: 0.5 }
      - { id: leakage, type: milesight::leakage }
    -fairlead-emit:
      history: [{ $merge: [{ timestamp: timestamp, temperature: temperature, humidity: humidity }, leakage] }]
