# Vutility VoltDrop, a three-phase meter: packets of several kinds.
meta:
  id: voltdrop
  title: Vutility VoltDrop
  endian: be
seq:
  - { id: packet, type: u1 }
  - id: body
    type:
      switch-on: packet
      cases: { 38: consolidated, 39: angles, 40: power_factors, 41: amperage, 42: active_energy, 43: active_energy,
               44: apparent_energy, 45: apparent_energy }
  - { id: end, size-eos: true, valid: '[].as<bytes>' }
-fairlead:
  emit: body
types:
  # A current and, in its own byte, how many 32nds of it the highest one lay above.
  consolidated:
    seq:
      - { id: v, type: u2, repeat: expr, repeat-expr: 3 }
      - { id: phi, type: u1, repeat: expr, repeat-expr: 3 }
      - { id: capacitor, type: u1 }
      - { id: i, type: u2, repeat: expr, repeat-expr: 3 }
      - { id: peak, type: u1, repeat: expr, repeat-expr: 3 }
      - { id: temperature, type: u1 }
    -fairlead-emit:
      $merge:
        - { $each: v, $name: '"voltageL" + (_index + 1).to_s', $value: _ / 64.0 }
        - { $each: phi, $name: '"phaseAngleL" + (_index + 1).to_s', $value: _ * (360.0 / 255.0) }
        - { capacitorVoltage: capacitor * (5.0 / 255.0), temperatureCelsius: temperature * (120.0 / 255.0) - 40.0 }
        - { $each: i, $name: '"currentL" + (_index + 1).to_s', $value: _ / 16.0 }
        - { $each: peak, $name: '"maxCurrentL" + (_index + 1).to_s', $value: '(_ / 32.0 + 1.0) * (i[_index] / 16.0)' }
  angles:
    seq:
      - { id: v, type: u2, repeat: expr, repeat-expr: 3 }
      - { id: phi, type: u1, repeat: expr, repeat-expr: 3 }
      - { id: capacitor, type: u1 }
    -fairlead-emit:
      $merge:
        - { $each: v, $name: '"voltageL" + (_index + 1).to_s', $value: _ / 64.0 }
        - { $each: phi, $name: '"phaseAngleL" + (_index + 1).to_s', $value: _ * (360.0 / 255.0) }
        - { capacitorVoltage: capacitor * (5.0 / 255.0) }
  power_factors:
    seq:
      - { id: v, type: u2, repeat: expr, repeat-expr: 3 }
      - { id: pf, type: s1, repeat: expr, repeat-expr: 3, -fairlead-unit: '%' }
      - { id: capacitor, type: u1 }
    -fairlead-emit:
      $merge:
        - { $each: v, $name: '"voltageL" + (_index + 1).to_s', $value: _ / 64.0 }
        - { $each: pf, $name: '"powerFactorL" + (_index + 1).to_s' }
        - { capacitorVoltage: capacitor * (5.0 / 255.0) }
  amperage:
    seq:
      - { id: i, type: u2, repeat: expr, repeat-expr: 3 }
      - { id: peak, type: u1, repeat: expr, repeat-expr: 3 }
      - { id: temperature, type: u1 }
    -fairlead-emit:
      $merge:
        - { $each: i, $name: '"currentL" + (_index + 1).to_s', $value: _ / 16.0 }
        - { $each: peak, $name: '"maxCurrentL" + (_index + 1).to_s', $value: '(_ / 32.0 + 1.0) * (i[_index] / 16.0)' }
        - { temperatureCelsius: temperature * (120.0 / 255.0) - 40.0 }
  active_energy:
    seq: [{ id: energy, type: s8, -fairlead-unit: Wh }, { id: pf, type: s2 }]
    -fairlead-emit: { activeEnergyAccumulation: energy, averagePowerFactor: pf / 128.0 }
  apparent_energy:
    seq: [{ id: energy, type: u8, -fairlead-unit: VAh }, { id: pf, type: s2 }]
    -fairlead-emit: { apparentEnergyAccumulation: energy, averagePowerFactor: pf / 128.0 }
