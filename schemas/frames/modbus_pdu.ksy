# Modbus Application Protocol V1.1b3: what requests and answers say, whatever carries them. Imported by modbus_tcp.ksy and
# modbus_rtu.ksy; of no use by itself. Functions 1-6, 15, 16, 22, 23 and 43/14, and the exceptions.
meta:
  id: modbus_pdu
  title: Modbus, the part that all of its carriers share
  endian: be
  bit-endian: le
seq: []

types:
  request:
    doc: Of a member only what its function needs; counts are computed from what is written.
    seq:
      - id: function
        type: u1
        enum: function
        valid:
          in-enum: true
      - id: address
        type: u2
        doc: Counted from 0, as on the wire; registers that a manual calls 40001 are holding registers from 0 on.
        if: function != function::device_identification and function != function::read_write_registers
      - id: quantity
        type: u2
        doc: How many coils or registers.
        if: reads or writes_many
        valid:
          min: 1
          max: 2000
      - id: state
        type: u2
        enum: coil
        if: function == function::write_coil
      - id: value
        type: u2
        if: function == function::write_register
      - id: and_mask
        type: u2
        if: function == function::mask_register
      - id: or_mask
        type: u2
        if: function == function::mask_register
      - id: read_address
        type: u2
        if: function == function::read_write_registers
      - id: read_quantity
        type: u2
        if: function == function::read_write_registers
      - id: write_address
        type: u2
        if: function == function::read_write_registers
      - id: write_quantity
        type: u2
        if: function == function::read_write_registers
      - id: byte_count
        type: u1
        -fairlead-write: 'function == function::write_coils ? (quantity + 7) / 8 : registers.size * 2'
        if: writes_many or function == function::read_write_registers
      - id: coils
        type: b1
        repeat: expr
        repeat-expr: quantity
        if: function == function::write_coils
      - id: registers
        type: u2
        repeat: expr
        repeat-expr: 'function == function::write_registers ? quantity : write_quantity'
        if: function == function::write_registers or function == function::read_write_registers
      - id: mei_type
        type: u1
        valid: 14
        if: function == function::device_identification
      - id: read_code
        type: u1
        enum: identification
        if: function == function::device_identification
      - id: object_id
        type: u1
        enum: object
        if: function == function::device_identification
    instances:
      reads:
        value: function == function::read_coils or function == function::read_discrete_inputs or
          function == function::read_holding_registers or function == function::read_input_registers
      writes_many:
        value: function == function::write_coils or function == function::write_registers

  response:
    seq:
      - id: function_code
        type: u1
        doc: The function, and 0x80 if it was refused.
        valid:
          expr: (_ & 0x7f) >= 1 and (_ & 0x7f) <= 6 or (_ & 0x7f) == 15 or (_ & 0x7f) == 16 or (_ & 0x7f) == 22 or
            (_ & 0x7f) == 23 or (_ & 0x7f) == 43
      - id: exception
        type: u1
        enum: exception
        if: refused
      - id: byte_count
        type: u1
        if: brings_bits or brings_registers
      - id: coils
        type: b1
        repeat: expr
        repeat-expr: byte_count * 8
        doc: Whole bytes of them; those behind what was asked for are 0.
        if: brings_bits
      - id: registers
        type: u2
        repeat: expr
        repeat-expr: byte_count / 2
        if: brings_registers
      - id: address
        type: u2
        if: echoes
      - id: quantity
        type: u2
        if: echoes and (function == function::write_coils or function == function::write_registers)
      - id: state
        type: u2
        enum: coil
        if: echoes and function == function::write_coil
      - id: value
        type: u2
        if: echoes and function == function::write_register
      - id: and_mask
        type: u2
        if: echoes and function == function::mask_register
      - id: or_mask
        type: u2
        if: echoes and function == function::mask_register
      - id: identification
        type: device_identification
        if: not refused and function == function::device_identification
    instances:
      function:
        value: function_code & 0x7f
        enum: function
      refused:
        value: function_code >= 0x80
      brings_bits:
        value: not refused and (function == function::read_coils or function == function::read_discrete_inputs)
      brings_registers:
        value: not refused and (function == function::read_holding_registers or
          function == function::read_input_registers or function == function::read_write_registers)
      echoes:
        value: not refused and (function == function::write_coil or function == function::write_register or
          function == function::write_coils or function == function::write_registers or function == function::mask_register)
      # The same registers, as devices use them that hold more than 16 bits in one value. The first is the more significant
      # one; behind `swapped` the second is.
      signed:
        pos: 2
        type: s2
        repeat: expr
        repeat-expr: byte_count / 2
        if: brings_registers
        -fairlead-omit: true
      longs:
        pos: 2
        type: u4
        repeat: expr
        repeat-expr: byte_count / 4
        if: brings_registers
        -fairlead-omit: true
      signed_longs:
        pos: 2
        type: s4
        repeat: expr
        repeat-expr: byte_count / 4
        if: brings_registers
        -fairlead-omit: true
      floats:
        pos: 2
        type: f4
        repeat: expr
        repeat-expr: byte_count / 4
        if: brings_registers
        -fairlead-omit: true

  device_identification:
    seq:
      - id: mei_type
        type: u1
        valid: 14
      - id: read_code
        type: u1
        enum: identification
      - id: conformity
        type: u1
      - id: more_follows
        type: u1
        doc: 0xff where there is more, to be asked for from next_object on.
      - id: next_object
        type: u1
      - id: count
        type: u1
      - id: objects
        type: object_value
        repeat: expr
        repeat-expr: count

  object_value:
    seq:
      - id: id
        type: u1
        enum: object
      - id: length
        type: u1
      - id: value
        type: str
        encoding: ISO-8859-1
        size: length

enums:
  function:
    1: read_coils
    2: read_discrete_inputs
    3: read_holding_registers
    4: read_input_registers
    5: write_coil
    6: write_register
    15: write_coils
    16: write_registers
    22: mask_register
    23: read_write_registers
    43: device_identification
  coil:
    0: released
    0xff00: set
  exception:
    1: illegal_function
    2: illegal_data_address
    3: illegal_data_value
    4: server_device_failure
    5: acknowledge
    6: server_device_busy
    8: memory_parity_error
    10: gateway_path_unavailable
    11: gateway_target_failed_to_respond
  identification:
    1: basic
    2: regular
    3: extended
    4: one_object
  object:
    0: vendor_name
    1: product_code
    2: revision
    3: vendor_url
    4: product_name
    5: model_name
    6: application_name
