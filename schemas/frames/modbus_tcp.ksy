# Modbus/TCP with the gateway as the client (master): devices are asked, by a backend (protocol: binary) or on a schedule
# (poll), and what they answer is JSON. docs/reference/frame-calls.md has a configuration with it.
meta:
  id: modbus_tcp
  title: Modbus/TCP, the gateway asks
  endian: be
  imports:
    - modbus_pdu
doc-ref: Modbus Messaging on TCP/IP Implementation Guide V1.0b
seq:
  - id: transaction
    type: u2
  - id: protocol
    type: u2
    valid: 0
  - id: length
    type: u2
    valid:
      min: 3
      max: 254
  - id: unit
    type: u1
  - id: pdu
    type: modbus_pdu::response
    size: length - 1

types:
  request:
    seq:
      - id: transaction
        type: u2
      - id: protocol
        type: u2
        valid: 0
      - id: length
        type: u2
      - id: unit
        type: u1
      - id: pdu
        type: modbus_pdu::request
        size: length - 1

-fairlead:
  framing: { length-field: { offset: 4, size: 2, counts: rest } }
  max: 260
  on-error: close
  concurrent: 8
  call:
    type: request
    set: { transaction: _transaction & 0xffff }
    timeout: 1s
    # How many requests a server takes at once is its own (NumberMaxOfServerTransaction of the guide), and some lose what is
    # more than that. `concurrent: 4` is for those that are known to take four.
    concurrent: 1
    answer:
      when: 'true'
      match: transaction == _request.transaction and unit == _request.unit
      error:
        when: pdu.refused
        status: 'pdu.exception == modbus_pdu::exception::illegal_function ? "method-not-allowed" :
          pdu.exception == modbus_pdu::exception::illegal_data_address ? "not-found" :
          pdu.exception == modbus_pdu::exception::illegal_data_value ? "invalid" :
          pdu.exception == modbus_pdu::exception::acknowledge ? "unavailable" :
          pdu.exception == modbus_pdu::exception::server_device_busy ? "unavailable" :
          pdu.exception == modbus_pdu::exception::gateway_path_unavailable ? "unavailable" :
          pdu.exception == modbus_pdu::exception::gateway_target_failed_to_respond ? "timeout" : "bad-backend"'
        text: 'f"Modbus exception {pdu.exception}"'
      emit:
        coils: { $if: pdu.brings_bits, $each: pdu.coils, $value: { $if: _index < _request.pdu.quantity, $value: _ } }
        registers: pdu.registers
        address: pdu.address
        quantity: pdu.quantity
        state: pdu.state
        value: pdu.value
        and_mask: pdu.and_mask
        or_mask: pdu.or_mask
        identification: pdu.identification
