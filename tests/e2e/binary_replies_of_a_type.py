"""Replies that are frames of the description: lengths and checksums are computed, fields come from the frame that is
answered, from the backend's answer, or are constants where no frame could be read."""
import support
from support_frames import Device, world

DESCRIPTION = """
meta: { id: packet, endian: be, encoding: ASCII }
seq:
  - { contents: [0xaa] }
  - { id: kind, type: u1, enum: kind }
  - { id: length, type: u2 }
  - id: body
    size: length
    type: { switch-on: kind, cases: { 'kind::hello': hello, 'kind::data': data, 'kind::ask': ask, 'kind::taken': taken,
                                      'kind::value': value, 'kind::refused': refused } }
  - { id: checksum, type: u2 }
enums:
  why: { 1: malformed, 2: other }
  kind: { 1: hello, 2: data, 3: ask, 6: taken, 7: value, 21: refused }
types:
  hello: { seq: [{ id: device, type: str, size-eos: true }] }
  data:
    seq:
      - { id: number, type: u2, valid: { max: 999 } }
      - { id: values, type: s2, repeat: eos, -fairlead-scale: 0.1 }
  ask: { seq: [{ id: number, type: u2 }] }
  taken: { seq: [{ id: number, type: u2 }, { id: count, type: u1 }] }
  value: { seq: [{ id: number, type: u2 }, { id: value, type: s2, -fairlead-scale: 0.1 }, { id: name, type: strz }] }
  refused: { seq: [{ id: why, type: u1, enum: why }, { id: text, type: strz }] }
-fairlead:
  framing: { start: [0xaa], length-field: { offset: 2, size: 2, adjust: 2 }, checksum: { algorithm: crc-16/xmodem } }
  heartbeat: { when: 'kind == kind::hello',
               reply: [{ frame: packet, with: { kind: '"taken"', body: { number: 0, count: 0 } } }] }
  messages:
    - when: kind == kind::data
      path: /things/data
      emit: { values: body.as<data>.values }
      reply: [{ frame: packet, with: { kind: 6, body: { number: body.as<data>.number, count: _taken } } }]
    - when: kind == kind::ask
      method: GET
      path: "/things/{body.as<ask>.number}"
      reply: [{ frame: packet, with: { kind: kind::value, body: { number: body.as<ask>.number, value: _reply.value,
                                                                  name: _reply.name } } }]
  nak: [{ frame: packet, with: { kind: 21, body: { why: 1, text: '"no"' } } }]
  on-error: nak
"""


def crc(data):
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021) & 0xFFFF if value & 0x8000 else value << 1 & 0xFFFF
    return value.to_bytes(2, "big")


def packet(kind, body):
    head = bytes([0xAA, kind]) + len(body).to_bytes(2, "big") + body
    return head + crc(head)


NO = packet(21, b"\x01no\x00")


def answer(request):
    if request.path.endswith("/7"):
        return 200, {"Content-Type": "application/json"}, b'{"value": 23.5, "name": "oil"}'
    if request.path.endswith("/8"):
        return 200, {"Content-Type": "application/json"}, b'{"value": 1e9, "name": "oil"}'
    return 404, {}, b""


def test_replies_are_frames():
    backend, gateway = world(DESCRIPTION)
    with gateway:
        device = Device(gateway)
        device.send(packet(1, b"pump"))
        device.hears(packet(6, b"\x00\x00\x00"))
        device.send(packet(2, b"\x00\x09\x00\xeb\xff\x15"))
        device.hears(packet(6, b"\x00\x09\x01"))
        assert backend.next().json() == {"values": [23.5, -23.5]}
        device.close()


def test_the_backends_answer_in_a_frame():
    _, gateway = world(DESCRIPTION, answer=answer)
    with gateway:
        device = Device(gateway)
        device.send(packet(3, b"\x00\x07"))
        device.hears(packet(7, b"\x00\x07" + (235).to_bytes(2, "big") + b"oil\x00"))
        device.send(packet(3, b"\x00\x09"))
        device.hears(NO)
        device.close()


def test_an_answer_that_no_field_holds_is_told():
    _, gateway = world(DESCRIPTION, answer=answer)
    with gateway:
        device = Device(gateway)
        device.send(packet(3, b"\x00\x08"))
        gateway.wait_log("body.value: is 10000000000, which s2 cannot hold")
        device.close()


def test_a_frame_that_could_not_be_read():
    _, gateway = world(DESCRIPTION)
    with gateway:
        device = Device(gateway)
        device.send(packet(2, (1000).to_bytes(2, "big")))
        device.hears(NO)
        device.close()


if __name__ == "__main__":
    support.main(globals())
