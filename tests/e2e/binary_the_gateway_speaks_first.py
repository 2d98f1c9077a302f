"""What the gateway says by itself: a greeting, heartbeats; and who does not answer them, or is silent for longer than the
description lets it, is disconnected, counted and logged."""
import support
from support import wait_until
from support_frames import Device, world

DESCRIPTION = """
meta: { id: speaks, encoding: ASCII }
seq: [{ id: word, type: str, size-eos: true }]
-fairlead:
  framing: { delimiter: "\\n" }
  greet: ["hello", 10, { checksum: crc-16/modbus }]
  path: "/things/{word}"
  ack: ["+"]
"""
BEATS = DESCRIPTION + """
  heartbeat: { every: 200ms, send: ["?"], when: word == "!", reply: ["."], timeout: 1s }
"""
AFTER_LOGIN = BEATS + """
  login: { when: word == "engine-7", device: word, secret: '"secret-of-" + word', accept: ["in"] }
"""
SILENCE = DESCRIPTION + """
  timeout: 1s
"""


def test_a_greeting_and_heartbeats():
    backend, gateway = world(BEATS)
    with gateway:
        device = Device(gateway)
        device.hears(greeting())
        device.hears(b"?")
        device.send(b"!\n")
        heard = device.socket.recv(1)
        while heard == b"?":
            device.send(b"!\n")
            heard = device.socket.recv(1)
        assert heard == b"."
        # It answers no more: some heartbeats later it is disconnected.
        while device.socket.recv(100):
            pass
        gateway.wait_log("without an answer to the heartbeat")
        assert gateway.counters("frames")["expired"] == 1
        backend.nothing_more()
    backend.close()


def greeting():
    total = 0xFFFF
    for byte in b"hello\n":
        total ^= byte
        for _ in range(8):
            total = total >> 1 ^ 0xA001 if total & 1 else total >> 1
    return b"hello\n" + total.to_bytes(2, "big")


def test_no_heartbeat_before_the_login():
    backend, gateway = world(AFTER_LOGIN, listener_extra=", login_timeout: 1s")
    with gateway:
        nobody = Device(gateway)
        nobody.hears(greeting())
        assert nobody.ended()
        gateway.wait_log("without its login too long")
        device = Device(gateway)
        device.hears(greeting())
        device.send(b"engine-7\n")
        device.hears(b"in?")
    backend.close()


def test_silence_is_as_long_as_the_description_says():
    backend, gateway = world(SILENCE)
    with gateway:
        device = Device(gateway)
        device.hears(greeting())
        device.send(b"one\n")
        device.hears(b"+")
        assert device.ended()
        gateway.wait_log("silent too long")
        assert backend.next().path == "/v1/one"
    backend.close()


def test_the_listeners_own_word_counts_more():
    backend, gateway = world(SILENCE.replace("1s", "1h"), listener_extra=", idle: 1s")
    with gateway:
        device = Device(gateway)
        device.hears(greeting())
        assert device.ended()
        wait_until(lambda: "silent too long" in gateway.log(), "the line in the log")
    backend.close()


if __name__ == "__main__":
    support.main(globals())
