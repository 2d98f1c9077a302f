"""Each thing that a binary frame can be refused for: a nak frame, and the end of the connection for who is not known; a line in
the log, a counter, nothing at the backend that should not be there, and nobody else disturbed. A frame has no room for words."""
# Each lambda is called before its loop goes on.  pylint: disable=cell-var-from-loop
import os
import socket
import struct

import support
from support_refusals import Refusal, World

SCHEMA = os.path.join(support.SOURCE, "schemas", "frames", "reading.ksy")
TAKEN, REFUSED = 6, 0x15

# A listener for each path that a frame's message can be led to. name: (path, status)
PATHS = {
    "unknown": ("/no/such/thing", "not-found"),
    "readable": ("/readable/x", "method-not-allowed"),
    "another": ("/ships/sensors/engine-8", "forbidden"),
    "admin": ("/ships/admin/reset", "forbidden"),
    "gone": ("/gone/x", "bad-backend"),
    "slow": ("/slow/x", "timeout"),
    "resetting": ("/resetting/x", "bad-backend"),
    "garbage": ("/garbage/x", "bad-backend"),
    "picky400": ("/picky/400", "invalid"),
    "picky401": ("/picky/401", "bad-backend"),
    "picky404": ("/picky/404", "not-found"),
    "picky409": ("/picky/409", "conflict"),
    "picky503": ("/picky/503", "unavailable"),
}


def listener(name, more=""):
    return f"  - {{ name: {name}, protocol: binary, bind: tcp://{{address}}:{{port_{name}}}, frame: {SCHEMA}{more} }}\n"


LISTENERS = listener("frames") + listener("small", ", path: /small/x") + \
    "".join(listener(name, f", path: {path}") for name, (path, _) in PATHS.items())


def checksum(data):
    """CRC-16/CCITT-FALSE."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def frame(kind, body):
    head = struct.pack(">BBH", 0xFA, kind, len(body)) + body
    return head + struct.pack(">H", checksum(head))


def text(plain):
    return bytes([len(plain)]) + plain.encode()


def login(device="engine-7", token=support.TOKENS["TOKEN_7"]):
    return frame(1, text(device) + text(token))


def reading(sensor="temperature", unit="Cel"):
    return frame(2, text(sensor) + struct.pack(">d", 81.4) + text(unit) + struct.pack(">Q", support.READING["time"]))


HEARTBEAT = frame(3, b"")
BAD_FRAMES = {
    "a wrong checksum": reading()[:-1] + bytes([reading()[-1] ^ 1]),
    "noise": b"GET / HTTP/1.1\r\n\r\n",
    "an unknown kind": frame(7, b""),
    "a text longer than its body": frame(2, b"\xff" + b"temperature"),
    "a text that is no UTF-8": frame(2, b"\1\xff" + reading()[4 + 12:-2]),
    "a frame over the limit": struct.pack(">BBH", 0xFA, 2, 0xFFFF),
}


class Device:
    """Answers are six bytes each; the second says which."""

    def __init__(self, gateway, name, *first):
        self.socket = socket.create_connection((gateway.address, gateway.port(name)), support.DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for bytes_ in first:
            self.socket.sendall(bytes_)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def answer(self):
        """None: closed."""
        got = b""
        while len(got) < 6:
            try:
                more = self.socket.recv(6 - len(got))
            except ConnectionResetError:
                return None
            if not more:
                return None
            got += more
        return got[1]

    def ask(self, bytes_):
        self.socket.sendall(bytes_)
        return self.answer()


def known(gateway, name):
    device = Device(gateway, name)
    assert device.ask(login()) == TAKEN
    return device


def nak(gateway, name, bytes_):
    """Refused, and the connection goes on."""
    with known(gateway, name) as device:
        assert device.ask(bytes_) == REFUSED
        assert device.ask(HEARTBEAT) == TAKEN
        return Refusal("nak")


def nak_and_close(gateway, bytes_):
    with Device(gateway, "frames", bytes_) as device:
        assert device.answer() == REFUSED
        assert device.answer() is None
        return Refusal("nak, close")


def neighbour(gateway):
    device = known(gateway, "frames")

    def good():
        assert device.ask(reading()) == TAKEN
    return good


def test_every_row():
    with World(LISTENERS) as world:
        good = neighbour(world.gateway)
        for name, (_, status) in PATHS.items():
            world.refused(name, name, status, lambda: nak(world.gateway, name, reading()), good, "binary")
        world.refused("over the endpoint's limit", "small", "too-large",
                      lambda: nak(world.gateway, "small", reading("s" * 255, "u" * 255)), good, "binary")
        assert len(world.resetting.seen) == 1, "a frame that may have been taken was sent again"


def test_frames_that_are_none():
    with World(LISTENERS) as world:
        good = neighbour(world.gateway)
        for name, bytes_ in BAD_FRAMES.items():
            world.refused(name, "frames", "malformed", lambda: nak(world.gateway, "frames", bytes_), good, "binary", True)


def test_who_is_not_known_is_gone():
    rows = {
        "no login": reading(),
        "a guessed token": login(token="guessed"),
        "another's token": login("engine-8"),
        "a device that nobody knows": login("engine-99"),
    }
    with World(LISTENERS) as world:
        good = neighbour(world.gateway)
        for name, bytes_ in rows.items():
            world.refused(name, "frames", "unauthenticated", lambda: nak_and_close(world.gateway, bytes_), good, "binary")
        for secret in (*support.TOKENS.values(), "guessed"):
            assert secret not in world.gateway.log(), secret


if __name__ == "__main__":
    support.main(globals())
