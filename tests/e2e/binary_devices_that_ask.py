"""A device that asks gets the backend's answer in its own bytes: frames choose method and path by rules, replies are made of
what the backend answered, and a refusal says why in the protocol's own numbers. A Modbus master, as python3-pymodbus is
one, reads and writes registers of a REST service."""
import json
import threading

import support
from pymodbus.client import ModbusTcpClient
from support import DEADLINE_S
from support_frames import Device, world

KIOSK = """
meta: { id: kiosk, encoding: ASCII }
seq:
  - { id: word, type: str, terminator: 0x20, eos-error: false }
  - { id: rest, type: str, size-eos: true }
-fairlead:
  framing: { delimiter: "\\n" }
  ack: ["+", { text: _taken }, "\\n"]
  nak: ["-", { text: _status }, " ", { text: _taken }, "\\n"]
  on-error: nak
  messages:
    - { when: word == "get", method: GET, path: "/things/{rest}",
        reply: ["=", { text: _reply.name }, ":", { each: _reply.values, of: [" ", { text: _ }] }, "\\n"] }
    - { when: word == "put", method: PUT, path: "/things/a", emit: { say: rest } }
    - { when: word == "patch", method: PATCH, path: "/things/a", emit: rest }
    - { when: word == "delete", method: DELETE, path: "/things/{rest}", nak: ["no\\n"] }
    - { when: word == "all", path: "/things/each", each: rest.to_b, emit: { n: _ } }
  otherwise: refuse
""".replace("rest.to_b", "'[rest.length, rest.length + 1, rest.length + 2]'")

MODBUS = """
meta: { id: modbus_served, endian: be }
doc: What a Modbus/TCP master asks of us; registers 0 to 99.
seq:
  - { id: transaction, type: u2 }
  - { id: protocol, type: u2, valid: 0 }
  - { id: length, type: u2 }
  - { id: unit, type: u1 }
  - { id: function, type: u1 }
  - id: body
    size-eos: true
    type: { switch-on: function, cases: { 3: read, 6: write } }
types:
  read: { seq: [{ id: from, type: u2 }, { id: count, type: u2 }] }
  write: { seq: [{ id: at, type: u2 }, { id: value, type: u2 }] }
-fairlead:
  framing: { length-field: { offset: 4, size: 2 } }
  max: 260
  nak: [{ u2be: transaction }, 0, 0, 0, 3, { u1: unit }, { u1: function | 128 },
    { u1: '_status == "not-found" ? 2 : _status == "invalid" or _status == "malformed" ? 3 : 4' }]
  on-error: nak
  messages:
    - when: function == 3
      method: GET
      path: "/things/{unit}-{body.as<read>.from}-{body.as<read>.count}"
      reply:
        - { u2be: transaction }
        - { u2be: 0 }
        - { u2be: 3 + 2 * _reply.size }
        - { u1: unit }
        - { u1: function }
        - { u1: 2 * _reply.size }
        - { each: _reply, of: [{ u2be: _ }] }
    - when: function == 6
      method: PUT
      path: "/things/{unit}-{body.as<write>.at}"
      emit: { value: body.as<write>.value }
      reply: [{ u2be: transaction }, 0, 0, 0, 6, { u1: unit }, 6, { u2be: body.as<write>.at }, { u2be: body.as<write>.value }]
"""


def answering(answers):
    def answer(seen):
        status, body = answers(seen)
        return status, {"Content-Type": "application/json"}, json.dumps(body).encode()
    return answer


def test_rules_choose_and_replies_carry_the_answer():
    def answers(seen):
        if seen.path == "/v1/nobody":
            return 404, {}
        if seen.path == "/v1/odd":
            return 200, {"name": 5}
        if seen.path == "/v1/each" and seen.json() == {"n": 3}:
            return 422, {}
        return 200, {"name": "valve", "values": [3, 4.5, "x", True]}
    backend, gateway = world(KIOSK, answering(answers))
    with gateway:
        device = Device(gateway)
        for said, heard, method, path, body in [
                ("get one", "=valve: 3 4.5 x true", "GET", "/v1/one", b""),
                ("put hello", "+1", "PUT", "/v1/a", b'{"say":"hello"}'),
                ("patch it", "+1", "PATCH", "/v1/a", b'"it"'),
                ("delete one", "+1", "DELETE", "/v1/one", b""),
                ("get nobody", "-not-found 0", "GET", "/v1/nobody", b""),
                ("delete nobody", "no", "DELETE", "/v1/nobody", b""),
                # What cannot be made of an answer is not made up.
                ("get odd", "-bad-backend 1", "GET", "/v1/odd", b"")]:
            device.send(said.encode() + b"\n")
            device.hears(heard.encode() + b"\n")
            seen = backend.next()
            assert (seen.method, seen.path, seen.body) == (method, path, body), seen
        device.send(b"all abcde\n")
        device.hears(b"+3\n")
        device.send(b"all ab\n")
        device.hears(b"-invalid 1\n")
        assert [backend.next().json()["n"] for _ in range(5)] == [5, 6, 7, 2, 3]
        device.send(b"dance now\n")
        device.hears(b"-not-found 0\n")
        backend.nothing_more()
        gateway.wait_log("none of the description's messages")
        assert gateway.log().count("no reply can be made") == 1
    backend.close()


def test_frames_that_no_rule_is_for_can_be_ignored():
    backend, gateway = world(KIOSK.replace("otherwise: refuse", "otherwise: ignore"),
                             answering(lambda seen: (200, {})))
    with gateway:
        device = Device(gateway)
        device.send(b"dance now\nput it\n")
        device.hears(b"+0\n+1\n")
        assert backend.next().json() == {"say": "it"}
        backend.nothing_more()
        assert gateway.counters("frames")["malformed"] == 0
    backend.close()


def test_a_modbus_master_reads_and_writes_a_rest_service():
    registers, lock = {i: 1000 + i for i in range(100)}, threading.Lock()

    def answers(seen):
        numbers = [int(n) for n in seen.path.rsplit("/", 1)[1].split("-")]
        with lock:
            if seen.method == "PUT":
                registers[numbers[1]] = seen.json()["value"]
                return 200, {}
            if numbers[1] + numbers[2] > 100:
                return 404, {}
            if numbers[0] == 9:
                return 500, {}
            return 200, [registers[i] for i in range(numbers[1], numbers[1] + numbers[2])]
    backend, gateway = world(MODBUS, answering(answers))
    with gateway:
        master = ModbusTcpClient(gateway.address, port=gateway.port("frames"), timeout=DEADLINE_S)
        assert master.connect()
        assert master.read_holding_registers(3, count=5, slave=1).registers == [1003, 1004, 1005, 1006, 1007]
        written = master.write_register(4, 65535, slave=1)
        value = written.value if hasattr(written, "value") else written.registers[0]  # versions of the client
        assert not written.isError() and (written.address, value) == (4, 65535)
        assert master.read_holding_registers(4, count=1, slave=1).registers == [65535]
        assert len(master.read_holding_registers(0, count=100, slave=1).registers) == 100
        assert master.read_holding_registers(90, count=20, slave=1).exception_code == 2
        assert master.read_holding_registers(0, count=1, slave=9).exception_code == 4
        registers[7] = 65536
        assert master.read_holding_registers(7, count=1, slave=1).exception_code == 4
        master.close()
    backend.close()


if __name__ == "__main__":
    support.main(globals())
