# Decentlab DL-KL66. The constants are those of the device's calibration: put your own there.
meta:
  id: dl_kl66
  title: Decentlab DL-KL66
  imports: [decentlab]
  endian: be
seq:
  - { id: head, type: decentlab }
  - { id: sensor, type: sensor, if: head.flags & 1 != 0 }
  - { id: battery, type: 'decentlab::battery', if: head.flags & 2 != 0 }
instances:
  f0: { value: 15383.72 }
  k: { value: 46.4859 }
-fairlead:
  emit: { $merge: [head, sensor, battery] }
types:
  sensor:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 3 }]
    instances:
      frequency: { value: 'x[0] * 1.0 / x[1] * 32768' }
      load: { value: '(frequency * frequency - _root.f0 * _root.f0) * _root.k / 1000000.0' }
    -fairlead-emit:
      counter_reading: { displayName: '"Counter reading"', value: 'x[0]' }
      measurement_interval: { displayName: '"Measurement interval"', value: 'x[1] / 32768.0' }
      frequency: { displayName: '"Frequency"', value: frequency, unit: '"Hz"' }
      weight:
        displayName: '"Weight"'
        value: load
        unit: '"g"'
      elongation:
        displayName: '"Elongation"'
        value: load * (-1.5) / 1000.0 * 9.8067
        unit: '"µm"'
      strain:
        displayName: '"Strain"'
        value: load * (-1.5) / 1000.0 * 9.8067 / 0.066
        unit: '"µm⋅m⁻¹"'
