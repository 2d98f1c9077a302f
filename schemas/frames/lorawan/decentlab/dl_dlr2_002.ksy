# Decentlab DL-DLR2-002.
meta:
  id: dl_dlr2_002
  title: Decentlab DL-DLR2-002
  imports: [decentlab]
  endian: be
seq:
  - { id: head, type: decentlab }
  - { id: sensor, type: sensor, if: head.flags & 1 != 0 }
  - { id: battery, type: 'decentlab::battery', if: head.flags & 2 != 0 }
-fairlead:
  emit: { $merge: [head, sensor, battery] }
types:
  sensor:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 4 }]
    -fairlead-emit:
      pulse_count: { displayName: '"Pulse count"', value: 'x[0]' }
      pulse_interval: { displayName: '"Pulse interval"', value: 'x[1]', unit: '"s"' }
      cumulative_pulse_count: { displayName: '"Cumulative pulse count"', value: 'x[2] + x[3] * 65536' }
