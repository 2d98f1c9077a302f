# Dragino LT-22222-L and LT-33222-L, inputs and outputs (port 2). The last byte says in which mode the first eight are.
meta:
  id: lt_22222_l
  title: Dragino LT-22222-L and LT-33222-L
  endian: be
seq:
  - { id: readings, size: 8 }
  - { id: relay1, type: b1 }
  - { id: relay2, type: b1 }
  - { id: first_or_input3, type: b1 }
  - { id: input2, type: b1 }
  - { id: input1, type: b1 }
  - { id: output3_low, type: b1 }
  - { id: output2_low, type: b1 }
  - { id: output1_low, type: b1 }
  - { id: triggers, type: u1 }
  - { id: hardware, type: b2 }
  - { id: mode, type: b6 }
instances:
  inputs:
    pos: 0
    size: 8
    type: { switch-on: mode, cases: { 1: voltages, 2: counts, 3: count_and_currents, 4: counts, 5: mixed, 6: flags } }
-fairlead:
  emit:
    $merge:
      - $if: hardware == 0
        Hardware_mode: '"LT33222"'
        DO3_status: 'output3_low ? "L" : "H"'
        DI3_status: { $if: mode == 1, $value: 'first_or_input3 ? "H" : "L"' }
      - { $if: hardware == 1, Hardware_mode: '"LT22222"' }
      - $if: mode != 6
        DO1_status: 'output1_low ? "L" : "H"'
        DO2_status: 'output2_low ? "L" : "H"'
        RO1_status: 'relay1 ? "ON" : "OFF"'
        RO2_status: 'relay2 ? "ON" : "OFF"'
        First_status: { $if: mode != 1, $value: 'first_or_input3 ? "Yes" : "No"' }
      - { $if: mode == 1, DI1_status: 'input1 ? "H" : "L"', DI2_status: 'input2 ? "H" : "L"' }
      - { $if: mode == 6, Work_mode: '"Trigger mode"', Mode_status: 'triggers != 0 ? "True" : "False"' }
      - inputs
types:
  voltages:
    seq:
      - { id: v, type: s2, repeat: expr, repeat-expr: 2, -fairlead-scale: 0.001, -fairlead-unit: V }
      - { id: i, type: s2, repeat: expr, repeat-expr: 2, -fairlead-scale: 0.001, -fairlead-unit: mA }
    -fairlead-emit: { Work_mode: '"2ACI+2AVI"', AVI1_V: 'v[0]', AVI2_V: 'v[1]', ACI1_mA: 'i[0]', ACI2_mA: 'i[1]' }
  counts:
    seq: [{ id: first, type: u4 }, { id: second, type: u4 }]
    -fairlead-emit:
      Count1_times: first
      Work_mode: '_root.mode == 2 ? "Count mode 1" : "Count mode 2"'
      Count2_times: { $if: _root.mode == 2, $value: second }
      Acount_times: { $if: _root.mode == 4, $value: second }
  count_and_currents:
    seq:
      - { id: count, type: u4 }
      - { id: i, type: s2, repeat: expr, repeat-expr: 2, -fairlead-scale: 0.001, -fairlead-unit: mA }
    -fairlead-emit: { Count1_times: count, Work_mode: '"2ACI+1Count"', ACI1_mA: 'i[0]', ACI2_mA: 'i[1]' }
  mixed:
    seq:
      - { id: v, type: s2, repeat: expr, repeat-expr: 2, -fairlead-scale: 0.001, -fairlead-unit: V }
      - { id: i, type: s2, -fairlead-scale: 0.001, -fairlead-unit: mA }
      - { id: count, type: u2 }
    -fairlead-emit: { Work_mode: '" 1ACI+2AVI+1Count"', AVI1_V: 'v[0]', AVI2_V: 'v[1]', ACI1_mA: i, Count1_times: count }
  flags:
    seq: [{ id: bits, type: b1, repeat: expr, repeat-expr: 24 }]
    instances:
      names:
        value: '["AV1L_flag", "AV1H_flag", "AV2L_flag", "AV2H_flag", "AC1L_flag", "AC1H_flag", "AC2L_flag", "AC2H_flag",
                 "AV1L_status", "AV1H_status", "AV2L_status", "AV2H_status", "AC1L_status", "AC1H_status", "AC2L_status",
                 "AC2H_status", "", "", "", "", "DI2_status", "DI2_flag", "DI1_status", "DI1_flag"]'
    -fairlead-emit: { $each: bits, $name: 'names[_index]', $value: { $if: _index < 16 or _index > 19, $value: '_ ? "True" : "False"' } }
