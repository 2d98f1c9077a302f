"""A stream that nobody acknowledges (NMEA 0183) loses nothing of what the gateway received: not when the listener is replaced
by a reload, not when the gateway stops, and not the last message of many in one frame."""
import os
import signal
import time

import support
from support import DEADLINE_S, Gateway, RestBackend, SOURCE, fleet
from support_frames import Device, world

NMEA_KSY = os.path.join(SOURCE, "schemas", "frames", "nmea0183.ksy")
ENDPOINT = """  - { name: nmea, path: "/ships/nmea/{type}", methods: [POST], auth: [none], to: telemetry,
      call: { path: "/v1/nmea/{type}", as: application/json } }
"""
MANY = """
meta: { id: many }
seq: [{ id: items, type: u1, repeat: eos }]
-fairlead:
  framing: { delimiter: "\\n" }
  path: /things/many
  each: items
  emit: { n: _ }
  ack: ["+", { text: _taken }]
"""


def sentence(i):
    text, total = f"HEHDT,{i}.5,T", 0
    for byte in text.encode():
        total ^= byte
    return f"${text}*{total:02X}\r\n".encode()


def configuration(backend, idle):
    listener = (f"  - {{ name: frames, protocol: binary, bind: tcp://{{address}}:{{port_frames}}, frame: {NMEA_KSY}, "
                f"drain: 60s, idle: {idle}s }}\n")
    return fleet(backend.url, listener, extra=ENDPOINT)


def slowly(seen):
    time.sleep(0.002)
    return 200, {}, b""


def test_twenty_reloads_and_a_stop():
    backend = RestBackend(slowly)
    gateway = Gateway(configuration(backend, 600), environment=support.TOKENS)
    sent = []
    with gateway:
        for turn in range(21):
            device = Device(gateway)
            burst = [sentence(turn * 100 + i) for i in range(60)]
            device.send(b"".join(burst))
            sent += burst
            backend.next()
            if turn < 20:
                gateway.write(configuration(backend, 601 + turn))
                gateway.reload()
            else:
                gateway.signal(signal.SIGTERM)
            assert device.ended()
        gateway.process.wait(DEADLINE_S)
    got = [seen.json()["sentence"].encode() + b"\r\n" for seen in backend.seen]
    assert got == sent, f"{len(got)} of {len(sent)}"
    backend.close()


def test_a_frame_of_many_messages_and_what_is_behind_it():
    backend, gateway = world(MANY, slowly, ", drain: 60s")
    with gateway:
        device = Device(gateway)
        device.send(bytes(range(100, 200)) + b"\n" + bytes(range(50, 60)) + b"\n")
        backend.next()
        gateway.signal(signal.SIGTERM)
        device.hears(b"+100+10")
        assert device.ended()
        gateway.process.wait(DEADLINE_S)
    assert [seen.json()["n"] for seen in backend.seen] == [*range(100, 200), *range(50, 60)]
    backend.close()


def test_a_device_that_never_pauses_does_not_keep_the_gateway():
    backend, gateway = world(MANY, None, ", drain: 1s")
    with gateway:
        device = Device(gateway)
        device.send(b"\1\n")
        device.hears(b"+1")
        gateway.signal(signal.SIGTERM)
        try:
            while True:
                device.send(b"\2\n")
                device.hears(b"+1")
        except (AssertionError, ConnectionError):
            pass
        assert gateway.process.wait(DEADLINE_S) == 0
    backend.close()


if __name__ == "__main__":
    support.main(globals())
