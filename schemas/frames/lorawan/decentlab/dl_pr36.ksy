# Decentlab DL-PR36. The constants are those of the device's calibration: put your own there.
meta:
  id: dl_pr36
  title: Decentlab DL-PR36
  imports: [decentlab]
  endian: be
seq:
  - { id: head, type: decentlab }
  - { id: sensor, type: sensor, if: head.flags & 1 != 0 }
  - { id: battery, type: 'decentlab::battery', if: head.flags & 2 != 0 }
instances:
  kp: { value: 8192 }
-fairlead:
  emit: { $merge: [head, sensor, battery] }
types:
  sensor:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 2 }]
    -fairlead-emit:
      pressure: { displayName: '"Pressure"', value: '(x[0] - 32768) * 1.0 / _root.kp', unit: '"bar"' }
      temperature: { displayName: '"Temperature"', value: '(x[1] - 32768) / 256.0', unit: '"°C"' }
