# Decentlab DL-PYR.
meta:
  id: dl_pyr
  title: Decentlab DL-PYR
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
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 1 }]
    -fairlead-emit:
      total_solar_radiation: { displayName: '"Total solar radiation"', value: '3 * (x[0] / 32768.0 - 1) * 1000 * 5', unit: '"W⋅m⁻²"' }
