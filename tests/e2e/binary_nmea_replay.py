"""An NMEA 0183 log replayed over TCP arrives complete and in order, however it is cut, and only what carries the right
checksum."""
import os
import re
import socket

import support
from support import DEADLINE_S, Gateway, RestBackend, SOURCE, fleet, vectors

NMEA_KSY = os.path.join(SOURCE, "schemas", "frames", "nmea0183.ksy")
LISTENERS = f"""  - {{ name: nmea, protocol: binary, bind: tcp://{{address}}:{{port_nmea}}, frame: {NMEA_KSY} }}
"""
ENDPOINT = """  - { name: nmea, path: "/ships/nmea/{type}", methods: [POST], auth: [none], to: telemetry,
      call: { path: "/v1/nmea/{type}", as: application/json } }
"""


def sentence(text):
    total = 0
    for byte in text.encode("latin-1"):
        total ^= byte
    return f"${text}*{total:02X}".encode("latin-1")


def has_right_checksum(line):
    """Worked out apart from the gateway's code."""
    found = re.fullmatch(rb"[$!]([^*]*)\*([0-9A-Fa-f]{2})", line)
    if not found:
        return False
    total = 0
    for byte in found[1]:
        total ^= byte
    return total == int(found[2], 16)


def replay(gateway, stream, step):
    with socket.create_connection((gateway.address, gateway.port("nmea")), DEADLINE_S) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(0, len(stream), step):
            connection.sendall(stream[at:at + step])


def check(stream, expected, step):
    backend = RestBackend()
    with Gateway(fleet(backend.url, LISTENERS, extra=ENDPOINT), environment=support.TOKENS) as gateway:
        replay(gateway, stream, step)
        got = [backend.next().json()["sentence"].encode("latin-1") for _ in expected]
        assert got == expected, next(pair for pair in zip(got, expected) if pair[0] != pair[1])
    backend.nothing_more()
    backend.close()


OWN = [sentence(f"GPGGA,12{i:02d}19,4807.038,N,01131.{i:03d},E,1,08,0.9,545.4,M,46.9,M,,") for i in range(60)]


def test_own_sentences_at_one_byte_a_write():
    stream = b"\r\n".join(OWN[:30] + [b"$GPGGA,bad*00", b"noise \xff\x00 between"] + OWN[30:]) + b"\r\n"
    check(stream, OWN, 1)


def test_own_sentences_in_one_piece():
    check(b"\n".join(OWN) + b"\n", OWN, 1 << 20)


def test_a_listener_replaced_within_a_sentence():
    backend = RestBackend()
    before = fleet(backend.url, LISTENERS, extra=ENDPOINT)
    with Gateway(before, environment=support.TOKENS) as gateway:
        with socket.create_connection((gateway.address, gateway.port("nmea")), DEADLINE_S) as connection:
            connection.sendall(OWN[0] + b"\r\n" + OWN[1][:20])
            assert backend.next().json()["sentence"].encode() == OWN[0]
            gateway.write(before.replace("nmea0183.ksy }", "nmea0183.ksy, idle: 9m }"))
            gateway.reload()
            assert connection.recv(1) == b""
        replay(gateway, OWN[2] + b"\r\n", 1000)
        assert backend.next().json()["sentence"].encode() == OWN[2]
    backend.close()


def test_a_position_is_decoded():
    backend = RestBackend()
    with Gateway(fleet(backend.url, LISTENERS, extra=ENDPOINT), environment=support.TOKENS) as gateway:
        replay(gateway, OWN[7] + b"\r\n", 1000)
        seen = backend.next()
        assert seen.path == "/v1/nmea/GGA", seen
        message = seen.json()
        assert (message["talker"], message["type"]) == ("GP", "GGA")
        assert abs(message["data"]["latitude"] - 48.1173) < 1e-9, message
        assert abs(message["data"]["longitude"] - (11 + 31.007 / 60)) < 1e-9, message
        assert message["data"]["satellites"] == 8 and message["data"]["altitude"] == 545.4
    backend.close()


def test_a_real_log_in_one_piece_and_in_small_ones():
    folder = vectors("signalk-logs")
    name = next(name for name in sorted(os.listdir(folder)) if name.endswith(".log"))
    with open(os.path.join(folder, name), "rb") as log:
        lines = log.read().splitlines()[:3000]
    stream = b"\r\n".join(lines) + b"\r\n"
    expected = [line for line in lines if has_right_checksum(line)]
    assert expected
    check(stream, expected, 1 << 20)
    start = stream[:30000]
    check(start, [line for line in start.split(b"\r\n")[:-1] if has_right_checksum(line)], 1)


if __name__ == "__main__":
    support.main(globals())
