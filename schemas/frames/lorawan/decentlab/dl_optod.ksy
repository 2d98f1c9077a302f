# Decentlab DL-OPTOD.
meta:
  id: dl_optod
  title: Decentlab DL-OPTOD
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
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 5 }]
    -fairlead-emit:
      status: { displayName: '"Status"', value: 'x[0]' }
      temperature: { displayName: '"Temperature"', value: '(x[1] - 32768) / 100.0', unit: '"°C"' }
      oxygen_saturation: { displayName: '"Oxygen saturation"', value: '(x[2] - 32768) / 100.0', unit: '"%"' }
      oxygen_concentration: { displayName: '"Oxygen concentration"', value: '(x[3] - 32768) / 100.0', unit: '"mg⋅L⁻¹"' }
      oxygen_concentration_alt: { displayName: '"Oxygen concentration (alt)"', value: '(x[4] - 32768) / 100.0', unit: '"ppm"' }
