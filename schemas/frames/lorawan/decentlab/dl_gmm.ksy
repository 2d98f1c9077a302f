# Decentlab DL-GMM.
meta:
  id: dl_gmm
  title: Decentlab DL-GMM
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
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 7 }]
    -fairlead-emit:
      photosynthetically_active_radiation:
        displayName: '"Photosynthetically active radiation"'
        value: '(x[0] - 32768) / 10.0'
        unit: '"µmol⋅m⁻²⋅s⁻¹"'
      air_temperature: { displayName: '"Air temperature"', value: '(x[1] - 32768) / 100.0', unit: '"°C"' }
      air_humidity: { displayName: '"Air humidity"', value: '(x[2] - 32768) / 10.0', unit: '"%"' }
      co2_concentration: { displayName: '"CO2 concentration"', value: '(x[3] - 32768) / 1.0', unit: '"ppm"' }
      atmospheric_pressure: { displayName: '"Atmospheric pressure"', value: '(x[4] - 32768) / 100.0', unit: '"kPa"' }
      vapor_pressure_deficit: { displayName: '"Vapor pressure deficit"', value: '(x[5] - 32768) / 100.0', unit: '"kPa"' }
      dew_point: { displayName: '"Dew point"', value: '(x[6] - 32768) / 100.0', unit: '"°C"' }
