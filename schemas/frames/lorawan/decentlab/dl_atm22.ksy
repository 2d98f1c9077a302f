# Decentlab DL-ATM22.
meta:
  id: dl_atm22
  title: Decentlab DL-ATM22
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
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 8 }]
    -fairlead-emit:
      wind_speed: { displayName: '"Wind speed"', value: '(x[0] - 32768) / 100.0', unit: '"m⋅s⁻¹"' }
      wind_direction: { displayName: '"Wind direction"', value: '(x[1] - 32768) / 10.0', unit: '"°"' }
      maximum_wind_speed: { displayName: '"Maximum wind speed"', value: '(x[2] - 32768) / 100.0', unit: '"m⋅s⁻¹"' }
      air_temperature: { displayName: '"Air temperature"', value: '(x[3] - 32768) / 10.0', unit: '"°C"' }
      x_orientation_angle: { displayName: '"X orientation angle"', value: '(x[4] - 32768) / 10.0', unit: '"°"' }
      y_orientation_angle: { displayName: '"Y orientation angle"', value: '(x[5] - 32768) / 10.0', unit: '"°"' }
      north_wind_speed: { displayName: '"North wind speed"', value: '(x[6] - 32768) / 100.0', unit: '"m⋅s⁻¹"' }
      east_wind_speed: { displayName: '"East wind speed"', value: '(x[7] - 32768) / 100.0', unit: '"m⋅s⁻¹"' }
