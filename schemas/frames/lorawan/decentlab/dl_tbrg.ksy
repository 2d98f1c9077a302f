# Decentlab DL-TBRG. The constants are those of the device's calibration: put your own there.
meta:
  id: dl_tbrg
  title: Decentlab DL-TBRG
  imports: [decentlab]
  endian: be
seq:
  - { id: head, type: decentlab }
  - { id: sensor, type: sensor, if: head.flags & 1 != 0 }
  - { id: battery, type: 'decentlab::battery', if: head.flags & 2 != 0 }
instances:
  resolution: { value: 0.1 }
-fairlead:
  emit: { $merge: [head, sensor, battery] }
types:
  sensor:
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 4 }]
    -fairlead-emit:
      precipitation: { displayName: '"Precipitation"', value: 'x[0] * _root.resolution', unit: '"mm"' }
      precipitation_interval: { displayName: '"Precipitation interval"', value: 'x[1]', unit: '"s"' }
      cumulative_precipitation: { displayName: '"Cumulative precipitation"', value: '(x[2] + x[3] * 65536) * _root.resolution', unit: '"mm"' }
