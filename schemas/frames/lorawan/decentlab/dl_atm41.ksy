# Decentlab DL-ATM41.
meta:
  id: dl_atm41
  title: Decentlab DL-ATM41
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
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 17 }]
    -fairlead-emit:
      solar_radiation: { displayName: '"Solar radiation"', value: 'x[0] - 32768', unit: '"W⋅m⁻²"' }
      precipitation: { displayName: '"Precipitation"', value: '(x[1] - 32768) / 1000.0', unit: '"mm"' }
      lightning_strike_count: { displayName: '"Lightning strike count"', value: 'x[2] - 32768' }
      lightning_average_distance: { displayName: '"Lightning average distance"', value: 'x[3] - 32768', unit: '"km"' }
      wind_speed: { displayName: '"Wind speed"', value: '(x[4] - 32768) / 100.0', unit: '"m⋅s⁻¹"' }
      wind_direction: { displayName: '"Wind direction"', value: '(x[5] - 32768) / 10.0', unit: '"°"' }
      maximum_wind_speed: { displayName: '"Maximum wind speed"', value: '(x[6] - 32768) / 100.0', unit: '"m⋅s⁻¹"' }
      air_temperature: { displayName: '"Air temperature"', value: '(x[7] - 32768) / 10.0', unit: '"°C"' }
      vapor_pressure: { displayName: '"Vapor pressure"', value: '(x[8] - 32768) / 100.0', unit: '"kPa"' }
      atmospheric_pressure: { displayName: '"Atmospheric pressure"', value: '(x[9] - 32768) / 100.0', unit: '"kPa"' }
      relative_humidity: { displayName: '"Relative humidity"', value: '(x[10] - 32768) / 10.0', unit: '"%"' }
      sensor_temperature_internal: { displayName: '"Sensor temperature (internal)"', value: '(x[11] - 32768) / 10.0', unit: '"°C"' }
      x_orientation_angle: { displayName: '"X orientation angle"', value: '(x[12] - 32768) / 10.0', unit: '"°"' }
      y_orientation_angle: { displayName: '"Y orientation angle"', value: '(x[13] - 32768) / 10.0', unit: '"°"' }
      compass_heading: { displayName: '"Compass heading"', value: 'x[14] - 32768', unit: '"°"' }
      north_wind_speed: { displayName: '"North wind speed"', value: '(x[15] - 32768) / 100.0', unit: '"m⋅s⁻¹"' }
      east_wind_speed: { displayName: '"East wind speed"', value: '(x[16] - 32768) / 100.0', unit: '"m⋅s⁻¹"' }
