# Decentlab DL-DS18.
meta:
  id: dl_ds18
  title: Decentlab DL-DS18
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
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 1 }]
    -fairlead-emit:
      temperature: { displayName: '"Temperature"', value: '(x[0] - 32768) / 16.0', unit: '"°C"' }
