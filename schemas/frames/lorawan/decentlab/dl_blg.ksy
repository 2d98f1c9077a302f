# Decentlab DL-BLG.
meta:
  id: dl_blg
  title: Decentlab DL-BLG
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
    instances:
      ratio: { value: '((x[0] + x[1] * 65536) / 8388608.0 - 1) / 2.0' }
      resistance: { value: 1000.0 / ratio - 41000 }
      ln: { value: resistance.fairlead_ln }
    -fairlead-emit:
      voltage_ratio: { displayName: '"Voltage ratio"', value: ratio }
      thermistor_resistance:
        displayName: '"Thermistor resistance"'
        value: resistance
        unit: '"Ω"'
      temperature:
        displayName: '"Temperature"'
        value: 1.0 / (0.0008271111 + 0.000208802 * ln + 0.000000080592 * ln.fairlead_pow(3)) - 273.15
        unit: '"°C"'
