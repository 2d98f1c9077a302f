"""What receivers and ships have really sent arrives complete, in its order and with nothing added, over TCP, over UDP and over a serial
line."""
import os
import re
import socket
import tempfile

import support
from binary_nmea_replay import has_right_checksum
from support import DEADLINE_S, Gateway, RestBackend, fleet, vectors
from support_lines import NMEA_KSY, Port

LOGS = {"gpsd": ["daemon/furuno_gl_ga.log", "daemon/humminbird-M37.log", "daemon/nmea-fuzzy-cases.log", "daemon/garmin48.log",
                 "daemon/ais-18-27.log", "daemon/ublox8-uniqid-monhw.log", "sample.aivdm"],
        "pyais-nmea": ["ais_test_messages", "messages.ais", "nmea_data_sample.txt"],
        "signalk-logs": ["plaka-first-20000.log"]}
LINES_OF_EACH = 120
ENDPOINT = """  - { name: nmea, path: "/ships/nmea/{ship}", methods: [POST], auth: [none], to: telemetry,
      call: { path: "/v1/nmea/{ship}", as: application/json } }
"""


def recorded():
    """The first lines of each log, with all that stands between the sentences."""
    lines = []
    for folder, names in LOGS.items():
        for name in names:
            with open(os.path.join(vectors(folder), name), "rb") as log:
                lines += [line for line in log.read().splitlines()[:LINES_OF_EACH] if not line.startswith(b"\\")]
    return lines


def sentence_of(line):
    """What of a line is a sentence: some have something before it. Or None."""
    return next((line[found.start():] for found in re.finditer(rb"[$!]", line) if has_right_checksum(line[found.start():])), None)


def replay(bind, send):
    lines, backend = recorded(), RestBackend()
    expected = [sentence_of(line) for line in lines if sentence_of(line)]
    assert len(expected) > 700, len(expected)
    retry = ", retry: 20ms" if bind.startswith("serial:") else ""
    listener = f'  - {{ name: nmea, protocol: binary, bind: "{bind}", frame: {NMEA_KSY}, path: "/ships/nmea/aurora"{retry} }}\n'
    with Gateway(fleet(backend.url, listener, extra=ENDPOINT), environment=support.TOKENS) as gateway:
        send(gateway, backend, lines)
        got = [backend.next().json()["sentence"].encode("latin-1") for _ in expected]
        assert got == expected, next(pair for pair in zip(got, expected) if pair[0] != pair[1])
        assert gateway.counters("nmea")["dropped"] == 0
    backend.nothing_more()
    backend.close()


def test_tcp():
    def send(gateway, _backend, lines):
        with socket.create_connection((gateway.address, gateway.port("nmea")), DEADLINE_S) as device:
            device.sendall(b"\r\n".join(lines) + b"\r\n")
    replay("tcp://{address}:{port_nmea}", send)


def test_a_serial_line():
    with tempfile.TemporaryDirectory() as folder:
        port = Port(os.path.join(folder, "ttyS1"))

        def send(gateway, _backend, lines):
            gateway.wait_log("line up")
            port.write(b"\r\n".join(lines) + b"\r\n")
        replay(f"serial://{port.path}?baud=4800", send)


def test_udp():
    """No faster than the backend takes them: beyond that UDP promises nothing."""
    def send(gateway, backend, lines):
        sent = 0
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            device.connect((gateway.address, gateway.port("nmea")))
            for at, line in enumerate(lines):
                device.send(line + b"\r\n")
                sent += sentence_of(line) is not None
                if at % 16 == 15:
                    support.wait_until(lambda: len(backend.seen) >= sent, "what was sent arrives")
    replay("udp://{address}:{port_nmea}", send)


if __name__ == "__main__":
    support.main(globals())
