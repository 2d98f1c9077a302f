"""Frames that nothing but a pause of the line ends: each is delivered though nothing follows it, one that the pause cuts in two is
refused, and what comes after is read as if nothing had been."""
import os
import socket
import tempfile

import support
from support import DEADLINE_S, Gateway, RestBackend, TOKENS
from support_lines import lines

DESCRIPTION = """
meta: { id: paused, endian: be }
seq: [{ id: unit, type: u1 }, { id: function, type: u1 }, { id: value, type: u2 }, { id: sum, type: u2le }]
-fairlead:
  framing: { idle-gap: 20ms, checksum: { algorithm: crc-16/modbus, endian: le } }
  max: 256
  on-error: resync
  emit: { value: value }
"""


def crc(frame):
    """CRC-16/MODBUS, by its definition."""
    register = 0xFFFF
    for byte in frame:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return frame + bytes([register & 255, register >> 8])


def reading(value):
    return crc(bytes([1, 3]) + value.to_bytes(2, "big"))


def test_a_pause_ends_a_frame():
    backend = RestBackend()
    with tempfile.TemporaryDirectory() as folder:
        path, frame = os.path.join(folder, "line.sock"), os.path.join(folder, "paused.ksy")
        with open(frame, "w", encoding="utf-8") as file:
            file.write(DESCRIPTION)
        listener = (f'  - {{ name: line, protocol: binary, bind: "unix://{path}", frame: {frame}, path: "/lines/{{device}}",\n'
                    '      device: engine-7 }\n')
        with Gateway(lines(backend.url, listener), environment=TOKENS) as gateway, socket.socket(socket.AF_UNIX) as device:
            device.settimeout(DEADLINE_S)
            device.connect(path)
            for value in (0x0102, 0xFFFF, 0):
                device.sendall(reading(value))
                assert backend.next().json() == {"value": value}
            for n, part in enumerate((reading(7)[:3], reading(7)[3:], b"noise")):
                device.sendall(part)
                support.wait_until(lambda n=n: gateway.counters("line")["malformed"] == n + 1, "what is no frame")
            device.sendall(reading(8))
            assert backend.next().json() == {"value": 8}
    backend.nothing_more()
    backend.close()


if __name__ == "__main__":
    support.main(globals())
