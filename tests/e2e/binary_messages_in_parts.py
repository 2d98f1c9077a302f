"""A message of several frames arrives whole or not at all: parts of two messages are never mixed, what is lost is counted
and said once a connection, and the answer to the last part is the answer to the message."""
import itertools
import random

import support
from support import wait_until
from support_frames import Device, world

DESCRIPTION = """
meta: { id: parts, encoding: ASCII }
seq:
  - { id: start, type: str, size: 1 }
  - { id: ship, type: str, terminator: 0x2c }
  - { id: part, type: str, terminator: 0x2c }
  - { id: parts, type: str, terminator: 0x2c }
  - { id: piece, type: str, size-eos: true }
types:
  whole:
    seq:
      - { id: name, type: str, terminator: 0x2f }
      - { id: number, type: str, size-eos: true }
-fairlead:
  framing: { start: ["P", "M"], delimiter: "\\n" }
  assemble:
    when: start == "P"
    key: [ship, parts]
    part: part.to_i
    parts: parts.to_i
    bytes: piece
    type: whole
    max: 100
    timeout: 60s
  path: "/things/{ship}"
  emit: { whole: assembled, alone: 'start == "M" ? piece : ""' }
  on-error: resync
"""
ACKNOWLEDGED = DESCRIPTION.replace("on-error: resync", 'on-error: nak\n  ack: ["+", { text: part }]\n  nak: ["-"]')


def parts_of(ship, text, n):
    size = (len(text) + n - 1) // n
    return [f"P{ship},{i + 1},{n},{text[i * size:(i + 1) * size]}\n".encode() for i in range(n)]


def test_messages_of_many_ships_at_once():
    backend, gateway = world(DESCRIPTION)
    with gateway:
        device = Device(gateway)
        expected, streams = {}, []
        for i in range(12):
            ship, text = f"ship-{i}", f"name of {i}/{i * 7}"
            expected[f"/v1/{ship}"] = {"whole": {"name": f"name of {i}", "number": str(i * 7)}, "alone": ""}
            streams.append(parts_of(ship, text, 1 + i % 4))
        order = [i for i, stream in enumerate(streams) for _ in stream]
        random.shuffle(order)
        sources = [iter(stream) for stream in streams]
        device.send(b"".join(next(sources[i]) for i in order))
        device.send(b"Mlast,0,0,a frame by itself\n")
        while expected:
            seen = backend.next()
            assert seen.json() == expected.pop(seen.path), seen
        assert backend.next().json() == {"alone": "a frame by itself"}
        backend.nothing_more()
        assert gateway.counters("frames")["incomplete"] == 0
    backend.close()


def test_lost_parts_cost_their_message_and_no_other():
    backend, gateway = world(DESCRIPTION)
    with gateway:
        device = Device(gateway)
        for i in range(5):
            first, second, third = parts_of("a", f"lost {i}/{i}", 3)
            device.send(first + third)
        first, second, third = parts_of("a", "kept/1", 3)
        device.send(first + first + second + second + third)
        assert backend.next().json() == {"whole": {"name": "kept", "number": "1"}, "alone": ""}
        device.send(b"Pb,1,2,half a message")
        device.send(b"\nMc,0,0,the end\n")
        assert backend.next().json() == {"alone": "the end"}
        device.close()
        backend.nothing_more()
        wait_until(lambda: gateway.counters("frames")["incomplete"] == 6, "five lost, and one that was never whole")
        assert gateway.log().count("the rest is missing") == 1, gateway.log()
        assert gateway.counters("frames")["malformed"] == 5
    backend.close()


def test_the_answer_to_the_last_part_is_the_answer_to_the_message():
    answers = itertools.chain([503], itertools.repeat(200))
    backend, gateway = world(ACKNOWLEDGED, lambda seen: (next(answers), {}, b""))
    with gateway:
        device = Device(gateway)
        for expected in (b"-", b"+3"):
            for part, answer in zip(parts_of("a", "name/5", 3), (b"+1", b"+2", expected)):
                device.send(part)
                device.hears(answer)
            assert backend.next().json()["whole"] == {"name": "name", "number": "5"}
        device.send(b"Pa,3,3,nothing before\n")
        device.hears(b"-")
        device.send(b"Pa,1,1,no slash in it\n")
        device.hears(b"-")
        gateway.wait_log("assembled.name")
        backend.nothing_more()
    backend.close()


if __name__ == "__main__":
    support.main(globals())
