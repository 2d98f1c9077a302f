# Decentlab DL-PHEHT.
meta:
  id: dl_pheht
  title: Decentlab DL-PHEHT
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
      ph: { displayName: '"pH"', value: '(x[2] - 32768) / 100.0' }
      redox: { displayName: '"Redox"', value: '(x[3] - 32768) / 10.0', unit: '"mV"' }
      ph_mv: { displayName: '"pH-mV"', value: '(x[4] - 32768) / 10.0', unit: '"mV"' }
