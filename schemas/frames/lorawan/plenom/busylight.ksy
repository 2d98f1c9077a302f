# Plenom Busylight, a status light: what it tells of itself.
meta:
  id: busylight
  title: Plenom Busylight
  endian: le
seq:
  - { id: rssi, type: s4, -fairlead-name: RSSI }
  - { id: snr, type: s4, -fairlead-name: SNR }
  - { id: messages_received, type: s4 }
  - { id: messages_send, type: s4 }
  - { id: lastcolor_red, type: u1 }
  - { id: lastcolor_blue, type: u1 }
  - { id: lastcolor_green, type: u1 }
  - { id: lastcolor_ontime, type: u1 }
  - { id: lastcolor_offtime, type: u1 }
  - { id: sw_rev, type: u1 }
  - { id: hw_rev, type: u1 }
  - { id: adr_state, type: u1 }
# The light as a command (port 15): fairlead frame encode busylight.ksy --type light '{"red":255,"blue":0,"green":0,"ontime":255}'
types:
  light:
    seq:
      - { id: red, type: u1 }
      - { id: blue, type: u1 }
      - { id: green, type: u1 }
      - { id: ontime, type: u1, -fairlead-write: 255 }
      - { id: offtime, type: u1, -fairlead-write: 0 }
