# Decentlab DL-ITST.
meta:
  id: dl_itst
  title: Decentlab DL-ITST
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
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 2 }]
    -fairlead-emit:
      temperature_target: { displayName: '"Temperature target"', value: '(x[0] - 1000) / 10.0', unit: '"°C"' }
      temperature_head: { displayName: '"Temperature head"', value: '(x[1] - 1000) / 10.0', unit: '"°C"' }
