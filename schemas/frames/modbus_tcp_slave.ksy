# Modbus/TCP with the gateway as the server (slave): a PLC or a SCADA system reads and writes registers, and a web service
# behind the gateway has them. Functions 3, 4, 6 and 16; all others are refused as illegal functions.
#
#   function 3   GET /modbus/{unit}/holding_registers/{address}/{quantity}   answered {"registers":[…]}
#   function 4   GET /modbus/{unit}/input_registers/{address}/{quantity}     answered {"registers":[…]}
#   function 6   PUT /modbus/{unit}/holding_registers/{address}              {"registers":[value]}
#   function 16  PUT /modbus/{unit}/holding_registers/{address}              {"registers":[…]}
#
# What the service refuses is an exception: 404 illegal data address, 422 and 400 illegal data value, 429 and 503 busy, 504
# gateway target failed to respond, anything else server device failure.
meta:
  id: modbus_tcp_slave
  title: Modbus/TCP, the gateway is asked
  endian: be
seq:
  - id: transaction
    type: u2
  - id: protocol
    type: u2
    valid: 0
  - id: length
    type: u2
    valid:
      min: 2
      max: 254
  - id: unit
    type: u1
  - id: pdu
    size: length - 1
    type: pdu

types:
  # Only what rules ask for is read: a function that is not known is refused, and is not malformed.
  pdu:
    seq:
      - id: function
        type: u1
    instances:
      is_known:
        value: function == 3 or function == 4 or function == 6 or function == 16
      address:
        pos: 1
        type: u2
      quantity:
        pos: 3
        type: u2
      value:
        pos: 3
        type: u2
      byte_count:
        pos: 5
        type: u1
      registers:
        pos: 6
        type: u2
        repeat: expr
        repeat-expr: quantity
      is_sound:
        value: 'not is_known or function == 6 or quantity >= 1 and
          (function == 16 ? quantity <= 123 and byte_count == quantity * 2 : quantity <= 125)'

-fairlead:
  framing: { length-field: { offset: 4, size: 2, counts: rest } }
  max: 260
  on-error: close
  messages:
    - when: pdu.is_sound and pdu.function == 3
      method: GET
      path: "/modbus/{unit}/holding_registers/{pdu.address}/{pdu.quantity}"
      reply: [{ u2be: transaction }, 0, 0, { u2be: 3 + pdu.quantity * 2 }, { u1: unit }, 3, { u1: _reply.registers.size * 2 },
              { each: _reply.registers, of: [{ u2be: _ }] }]
    - when: pdu.is_sound and pdu.function == 4
      method: GET
      path: "/modbus/{unit}/input_registers/{pdu.address}/{pdu.quantity}"
      reply: [{ u2be: transaction }, 0, 0, { u2be: 3 + pdu.quantity * 2 }, { u1: unit }, 4, { u1: _reply.registers.size * 2 },
              { each: _reply.registers, of: [{ u2be: _ }] }]
    - when: pdu.function == 6
      method: PUT
      path: "/modbus/{unit}/holding_registers/{pdu.address}"
      emit: { registers: [pdu.value] }
      reply: [{ u2be: transaction }, 0, 0, { u2be: 6 }, { u1: unit }, 6, { u2be: pdu.address }, { u2be: pdu.value }]
    - when: pdu.is_sound and pdu.function == 16
      method: PUT
      path: "/modbus/{unit}/holding_registers/{pdu.address}"
      emit: { registers: pdu.registers }
      reply: [{ u2be: transaction }, 0, 0, { u2be: 6 }, { u1: unit }, 16, { u2be: pdu.address }, { u2be: pdu.quantity }]
  nak:
    - { u2be: transaction }
    - 0
    - 0
    - { u2be: 3 }
    - { u1: unit }
    - { u1: pdu.function | 0x80 }
    - u1: 'not pdu.is_known ? 1 : not pdu.is_sound ? 3 :
        _status == "not-found" ? 2 : _status == "invalid" or _status == "malformed" ? 3 :
        _status == "too-many" or _status == "unavailable" ? 6 : _status == "timeout" ? 11 : 4'
