# Decentlab DL-DLR2-008. The constants are those of the device's calibration: put your own there.
meta:
  id: dl_dlr2_008
  title: Decentlab DL-DLR2-008
  imports: [decentlab]
  endian: be
seq:
  - { id: head, type: decentlab }
  - { id: sensor, type: sensor, if: head.flags & 1 != 0 }
  - { id: battery, type: 'decentlab::battery', if: head.flags & 2 != 0 }
instances:
  r: { value: 2000 }
-fairlead:
  emit: { $merge: [head, sensor, battery] }
types:
  sensor:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 2 }]
    instances:
      ratio: { value: '((x[0] + x[1] * 65536) / 8388608.0 - 1) / 2.0' }
      resistance: { value: ratio * _root.r / (1 - ratio) }
    -fairlead-emit:
      temperature:
        displayName: '"Temperature"'
        value: -244.83 + 2.3419 * resistance + 0.0010664 * (resistance * resistance)
        unit: '"°C"'
