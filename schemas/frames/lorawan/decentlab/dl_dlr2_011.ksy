# Decentlab DL-DLR2-011.
meta:
  id: dl_dlr2_011
  title: Decentlab DL-DLR2-011
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
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 1 }]
    -fairlead-emit:
      ch0_input: { displayName: '"CH0: Input"', value: 'x[0]' }
  sensor1:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 1 }]
    -fairlead-emit:
      ch1_input: { displayName: '"CH1: Input"', value: 'x[0]' }
