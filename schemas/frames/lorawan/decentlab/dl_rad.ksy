# Decentlab DL-RAD.
meta:
  id: dl_rad
  title: Decentlab DL-RAD
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
      distance: { displayName: '"Distance"', value: 'x[0]', unit: '"mm"' }
      temperature: { displayName: '"Temperature"', value: '(x[1] - 32768) / 100.0', unit: '"°C"' }
      reliability: { displayName: '"Reliability"', value: '(x[2] - 32768) / 100.0', unit: '"dB"' }
      status: { displayName: '"Status"', value: 'x[3]' }
