# Decentlab DL-PR26. The constants are those of the device's calibration: put your own there.
meta:
  id: dl_pr26
  title: Decentlab DL-PR26
  imports: [decentlab]
  endian: be
seq:
  - { id: head, type: decentlab }
  - { id: sensor, type: sensor, if: head.flags & 1 != 0 }
  - { id: battery, type: 'decentlab::battery', if: head.flags & 2 != 0 }
instances:
  pmin: { value: 0 }
  pmax: { value: 1 }
-fairlead:
  emit: { $merge: [head, sensor, battery] }
types:
  sensor:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 2 }]
    -fairlead-emit:
      pressure: { displayName: '"Pressure"', value: '(x[0] - 16384) / 32768.0 * (_root.pmax - _root.pmin) + _root.pmin', unit: '"bar"' }
      temperature: { displayName: '"Temperature"', value: '(x[1] - 384) * 0.003125 - 50', unit: '"°C"' }
