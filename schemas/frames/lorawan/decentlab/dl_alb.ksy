# Decentlab DL-ALB.
meta:
  id: dl_alb
  title: Decentlab DL-ALB
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
      incoming_radiation: { displayName: '"Incoming radiation"', value: '(x[0] - 32768) / 10.0', unit: '"W⋅m⁻²"' }
      reflected_radiation: { displayName: '"Reflected radiation"', value: '(x[1] - 32768) / 10.0', unit: '"W⋅m⁻²"' }
      albedo: { displayName: '"albedo"', value: '(((x[0] - 32768) > 0) and ((x[1] - 32768) > 0)) ? (x[1] - 32768) * 1.0 / (x[0] - 32768) : 0' }
