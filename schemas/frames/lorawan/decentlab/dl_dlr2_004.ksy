# Decentlab DL-DLR2-004. The constants are those of the device's calibration: put your own there.
meta:
  id: dl_dlr2_004
  title: Decentlab DL-DLR2-004
  imports: [decentlab]
  endian: be
seq:
  - { id: head, type: decentlab }
  - { id: sensor, type: sensor, if: head.flags & 1 != 0 }
  - { id: battery, type: 'decentlab::battery', if: head.flags & 2 != 0 }
instances:
  r: { value: 10 }
-fairlead:
  emit: { $merge: [head, sensor, battery] }
types:
  sensor:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 1 }]
    -fairlead-emit:
      current: { displayName: '"Current"', value: '3 * (x[0] - 32768) / 32768.0 / 2.0 / _root.r * 1000', unit: '"mA"' }
