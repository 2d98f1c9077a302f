# Decentlab DL-ISF.
meta:
  id: dl_isf
  title: Decentlab DL-ISF
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
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 16 }]
    -fairlead-emit:
      sap_flow: { displayName: '"Sap flow"', value: '(x[0] * 16 - 50000) / 1000.0', unit: '"l⋅h⁻¹"' }
      heat_velocity_outer: { displayName: '"Heat velocity (outer)"', value: '(x[1] * 16 - 50000) / 1000.0', unit: '"cm⋅h⁻¹"' }
      heat_velocity_inner: { displayName: '"Heat velocity (inner)"', value: '(x[2] * 16 - 50000) / 1000.0', unit: '"cm⋅h⁻¹"' }
      alpha_outer: { displayName: '"Alpha (outer)"', value: '(x[3] * 32 - 1000000) / 100000.0' }
      alpha_inner: { displayName: '"Alpha (inner)"', value: '(x[4] * 32 - 1000000) / 100000.0' }
      beta_outer: { displayName: '"Beta (outer)"', value: '(x[5] * 32 - 1000000) / 100000.0' }
      beta_inner: { displayName: '"Beta (inner)"', value: '(x[6] * 32 - 1000000) / 100000.0' }
      tmax_outer: { displayName: '"Tmax (outer)"', value: '(x[7] * 2) / 1000.0', unit: '"s"' }
      tmax_inner: { displayName: '"Tmax (inner)"', value: '(x[8] * 2) / 1000.0', unit: '"s"' }
      temperature_outer: { displayName: '"Temperature (outer)"', value: '(x[9] - 32768) / 100.0', unit: '"°C"' }
      max_voltage: { displayName: '"Max voltage"', value: '(x[10] - 32768) / 1000.0', unit: '"V"' }
      min_voltage: { displayName: '"Min voltage"', value: '(x[11] - 32768) / 1000.0', unit: '"V"' }
      diagnostic: { displayName: '"Diagnostic"', value: 'x[12] + x[13] * 65536' }
      upstream_tmax_outer: { displayName: '"Upstream Tmax (outer)"', value: '(x[14] * 2) / 1000.0', unit: '"s"' }
      upstream_tmax_inner: { displayName: '"Upstream Tmax (inner)"', value: '(x[15] * 2) / 1000.0', unit: '"s"' }
