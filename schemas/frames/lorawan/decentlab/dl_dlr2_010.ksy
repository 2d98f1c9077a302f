# Decentlab DL-DLR2-010.
meta:
  id: dl_dlr2_010
  title: Decentlab DL-DLR2-010
  imports: [decentlab]
  endian: be
seq:
  - { id: head, type: decentlab }
  - { id: sensor0, type: sensor0, if: head.flags & 1 != 0 }
  - { id: sensor1, type: sensor1, if: head.flags & 2 != 0 }
  - { id: battery, type: 'decentlab::battery', if: head.flags & 4 != 0 }
-fairlead:
  emit: { $merge: [head, sensor0, sensor1, battery] }
types:
  sensor0:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 4 }]
    -fairlead-emit:
      ch0_pulse_count: { displayName: '"CH0: Pulse count"', value: 'x[0]' }
      ch0_pulse_interval: { displayName: '"CH0: Pulse interval"', value: 'x[1]', unit: '"s"' }
      ch0_cumulative_pulse_count: { displayName: '"CH0: Cumulative pulse count"', value: 'x[2] + x[3] * 65536' }
  sensor1:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 4 }]
    -fairlead-emit:
      ch1_pulse_count: { displayName: '"CH1: Pulse count"', value: 'x[0]' }
      ch1_pulse_interval: { displayName: '"CH1: Pulse interval"', value: 'x[1]', unit: '"s"' }
      ch1_cumulative_pulse_count: { displayName: '"CH1: Cumulative pulse count"', value: 'x[2] + x[3] * 65536' }
