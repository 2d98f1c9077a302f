# Modbus RTU with the gateway as the client (master), over a serial line (serial://) or a converter's TCP port: devices are
# asked, by a backend (protocol: binary) or on a schedule (poll). docs/reference/frame-calls.md.
meta:
  id: modbus_rtu
  title: Modbus RTU, the gateway asks
  endian: be
  imports:
    - modbus_pdu
doc-ref: Modbus over Serial Line V1.02
seq:
  - id: unit
    type: u1
  - id: pdu
    type: modbus_pdu::response
    size: _io.size - 3
  - id: crc
    type: u2le

types:
  request:
    seq:
      - id: unit
        type: u1
        doc: 0 is a broadcast, which no device answers.
      - id: pdu
        type: modbus_pdu::request
      - id: crc
        type: u2le

  # Where an answer ends says its function: a line, and even more a converter, may deliver it in pieces.
  extent:
    seq:
      - id: unit
        type: u1
      - id: pdu
        type: modbus_pdu::response
      - id: crc
        type: u2le

-fairlead:
  framing:
    type: extent
    idle-gap: 50ms
    checksum: { algorithm: crc-16/modbus, endian: le }
  max: 256
  on-error: resync
  concurrent: 8
  call:
    type: request
    timeout: 1s
    quiet: 500ms
    answer:
      when: 'true'
      expected: unit != 0
      match: unit == _request.unit and pdu.function == _request.pdu.function
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
