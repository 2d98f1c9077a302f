# Decentlab DL-ZN2.
meta:
  id: dl_zn2
  title: Decentlab DL-ZN2
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
    seq: [{ id: x, type: u2, repeat: expr, repeat-expr: 4 }]
    -fairlead-emit:
      dendrometer_a_position: { displayName: '"Dendrometer A Position"', value: '((x[0] + x[1] * 65536) / 8388608.0 - 1) * 20000', unit: '"µm"' }
      dendrometer_b_position:
        displayName: '"Dendrometer B Position"'
        value: '((x[0] + x[1] * 65536) / 8388608.0 - (x[2] + x[3] * 65536) / 8388608.0) * 20000'
        unit: '"µm"'
