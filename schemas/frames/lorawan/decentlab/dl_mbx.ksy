# Decentlab DL-MBX.
meta:
  id: dl_mbx
  title: Decentlab DL-MBX
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
    -fairlead-emit:
      distance: { displayName: '"Distance"', value: 'x[0]', unit: '"mm"' }
      number_of_valid_samples: { displayName: '"Number of valid samples"', value: 'x[1]' }
