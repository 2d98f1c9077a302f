# Decentlab DL-PR36CTD. The constants are those of the device's calibration: put your own there.
meta:
  id: dl_pr36ctd
  title: Decentlab DL-PR36CTD
  imports: [decentlab]
  endian: be
seq:
  - { id: head, type: decentlab }
  - { id: sensor, type: sensor, if: head.flags & 1 != 0 }
  - { id: battery, type: 'decentlab::battery', if: head.flags & 2 != 0 }
instances:
  kp: { value: 8192 }
  kec: { value: 1024 }
-fairlead:
  emit: { $merge: [head, sensor, battery] }
types:
  sensor:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 4 }]
    -fairlead-emit:
      pressure: { displayName: '"Pressure"', value: '(x[0] - 32768) * 1.0 / _root.kp', unit: '"bar"' }
      temperature_electronics: { displayName: '"Temperature (electronics)"', value: '(x[1] - 32768) / 256.0', unit: '"°C"' }
      temperature_pt1000: { displayName: '"Temperature (PT1000)"', value: '(x[2] - 32768) / 256.0', unit: '"°C"' }
      electrical_conductivity: { displayName: '"Electrical conductivity"', value: '(x[3] - 32768) * 1.0 / _root.kec', unit: '"mS⋅cm⁻¹"' }
