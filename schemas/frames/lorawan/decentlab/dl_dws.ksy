# Decentlab DL-DWS. The constants are those of the device's calibration: put your own there.
meta:
  id: dl_dws
  title: Decentlab DL-DWS
  imports: [decentlab]
  endian: be
seq:
  - { id: head, type: decentlab }
  - { id: sensor, type: sensor, if: head.flags & 1 != 0 }
  - { id: battery, type: 'decentlab::battery', if: head.flags & 2 != 0 }
instances:
  f02: { value: 232263168 }
  s: { value: 0.000302459 }
  m0: { value: 1370 }
-fairlead:
  emit: { $merge: [head, sensor, battery] }
types:
  sensor:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 3 }]
    instances:
      frequency: { value: 'x[0] * 1.0 / x[1] * 32768' }
    -fairlead-emit:
      frequency: { displayName: '"Frequency"', value: frequency, unit: '"Hz"' }
      weight: { displayName: '"Weight"', value: (frequency * frequency - _root.f02) * _root.s + _root.m0, unit: '"g"' }
