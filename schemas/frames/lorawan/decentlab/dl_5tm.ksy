# Decentlab DL-5TM.
meta:
  id: dl_5tm
  title: Decentlab DL-5TM
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
      permittivity: { value: 'x[0] / 50.0' }
    -fairlead-emit:
      dielectric_permittivity: { displayName: '"Dielectric permittivity"', value: permittivity }
      volumetric_water_content:
        displayName: '"Volumetric water content"'
        value: 0.0000043 * permittivity.fairlead_pow(3) - 0.00055 * (permittivity * permittivity) + 0.0292 * permittivity - 0.053
        unit: '"m³⋅m⁻³"'
      soil_temperature: { displayName: '"Soil temperature"', value: '(x[1] - 400) / 10.0', unit: '"°C"' }
