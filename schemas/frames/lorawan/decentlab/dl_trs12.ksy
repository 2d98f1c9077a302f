# Decentlab DL-TRS12.
meta:
  id: dl_trs12
  title: Decentlab DL-TRS12
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
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 3 }]
    instances:
      counts: { value: 'x[0] / 10.0' }
      root: { value: 0.000000002887 * counts.fairlead_pow(3) - 0.0000208 * (counts * counts) + 0.05276 * counts - 43.39 }
    -fairlead-emit:
      dielectric_permittivity:
        displayName: '"Dielectric permittivity"'
        value: root * root
      volumetric_water_content: { displayName: '"Volumetric water content"', value: 'x[0] / 10.0 * 0.0003879 - 0.6956', unit: '"m³⋅m⁻³"' }
      soil_temperature: { displayName: '"Soil temperature"', value: '(x[1] - 32768) / 10.0', unit: '"°C"' }
      electrical_conductivity: { displayName: '"Electrical conductivity"', value: 'x[2]', unit: '"µS⋅cm⁻¹"' }
