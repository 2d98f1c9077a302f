"""Bytes that are no frames: counted each time, logged once per connection and cause, and the stream goes on or ends as the
description says; good frames between them all arrive."""
import random

import support
from support import wait_until
from support_frames import Device, world

DESCRIPTION = """
meta: { id: framed, endian: be, encoding: ASCII }
seq:
  - { id: mark, type: u1 }
  - { id: length, type: u1 }
  - { id: kind, type: u1, valid: { max: 9 } }
  - { id: text, type: str, size: length - 1 }
  - { id: sum, type: u2 }
-fairlead:
  framing: { start: [[0xfa]], length-field: { offset: 1, size: 1, adjust: 2 }, checksum: { algorithm: crc-16/ccitt-false } }
  max: 100
  path: "/things/{kind}"
  emit: { text: text }
  on-error: ON_ERROR
"""


def frame(text, kind=1):
    body = bytes([0xFA, len(text) + 1, kind]) + text
    total = 0xFFFF
    for byte in body:
        total ^= byte << 8
        for _ in range(8):
            total = (total << 1 ^ 0x1021 if total & 0x8000 else total << 1) & 0xFFFF
    return body + total.to_bytes(2, "big")


def test_the_stream_goes_on():
    backend, gateway = world(DESCRIPTION.replace("ON_ERROR", "resync"))
    with gateway:
        device, noise = Device(gateway), random.Random(7)
        sent = []
        for i in range(40):
            good = frame(f"good {i}".encode())
            bad = bytearray(frame(b"a bit is wrong"))
            bad[-1 - i % 2] ^= 1 << i % 8
            garbage = bytes(noise.choice(range(0xF0)) for _ in range(1 + i % 30))
            device.send(garbage + bytes(bad) + good + frame(b"not valid", 10))
            sent.append(f"good {i}")
        assert [backend.next().json()["text"] for _ in sent] == sent
        device.close()
        wait_until(lambda: "117 more frames refused" in gateway.log(), "the sum at the end")
        backend.nothing_more()
        assert gateway.counters("frames")["malformed"] == 120
        # One line a cause.
        for cause in ("begin no frame", "checksum is wrong", "not one that the description allows"):
            assert gateway.log().count(cause) == 1, gateway.log()
        other = Device(gateway)
        other.send(b"noise" + frame(b"last"))
        assert backend.next().json() == {"text": "last"}
        assert gateway.log().count("begin no frame") == 2
    backend.close()


def test_a_frame_that_is_cut_off():
    backend, gateway = world(DESCRIPTION.replace("ON_ERROR", "close"), listener_extra=", frame_timeout: 1s")
    with gateway:
        device = Device(gateway)
        device.send(frame(b"whole") + frame(b"half of it")[:7])
        assert backend.next().json() == {"text": "whole"}
        device.close()
        gateway.wait_log("closed within a frame")
        waiting = Device(gateway)
        waiting.send(frame(b"half of it")[:7])
        assert waiting.ended()
        gateway.wait_log("silent too long within a frame")
        counters = gateway.counters("frames")
        assert (counters["malformed"], counters["expired"]) == (2, 1), counters
        backend.nothing_more()
    backend.close()


def test_a_device_that_reads_no_answers():
    talkative = DESCRIPTION.replace("ON_ERROR", "close") + f"  heartbeat: {{ when: kind == 9, reply: ['{'y' * 50000}'] }}\n"
    backend, gateway = world(talkative)
    with gateway:
        device = Device(gateway)
        try:
            for _ in range(100000):
                device.send(frame(b"hello?", 9))
            raise AssertionError("everything was taken")
        except (ConnectionError, BrokenPipeError):
            pass
        gateway.wait_log("connection lost listener=frames")
        assert "answers" in gateway.log(), gateway.log()
        assert gateway.counters("frames")["failed"] == 1
        backend.nothing_more()
    backend.close()


def test_the_connection_ends_where_the_description_says_so():
    backend, gateway = world(DESCRIPTION.replace("ON_ERROR", "close"))
    with gateway:
        for bad in (b"noise", frame(b"x")[:-1] + b"\0", frame(b"x", 10), b"\xfa\xff"):
            device = Device(gateway)
            device.send(frame(b"before") + bad + frame(b"behind"))
            assert device.ended()
            assert backend.next().json() == {"text": "before"}
        backend.nothing_more()
        assert gateway.counters("frames")["malformed"] == 4
    backend.close()


if __name__ == "__main__":
    support.main(globals())
