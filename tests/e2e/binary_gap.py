"""Frames that nothing ends but a pause of the line, as those of Modbus RTU: over a serial line, over TCP, and over UDP, where the
datagram's end is the pause."""
import os
import socket
import tempfile

import support
from support import DEADLINE_S, Gateway, RestBackend, TOKENS, fleet, wait_until
from support_lines import Port

DESCRIPTION = """meta: { id: rtu, endian: be }
seq:
  - { id: unit, type: u1 }
  - { id: function, type: u1 }
  - { id: rest, size-eos: true }
-fairlead:
  framing: { idle-gap: 50ms, checksum: { algorithm: crc-16/modbus, endian: le } }
  max: 256
  path: "/open/{unit}"
  emit: { function: function, bytes: _io.size }
  on-error: resync
"""


def frame(unit, n):
    """A frame of n bytes in all."""
    body = bytes([unit, 3]) + bytes(range(n - 4))
    crc = 0xffff
    for byte in body:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xa001 if crc & 1 else 0)
    return body + crc.to_bytes(2, "little")


def gateway(backend, bind):
    retry = ", retry: 20ms" if bind.startswith("serial:") else ""
    listener = f'  - {{ name: bus, protocol: binary, bind: "{bind}", frame: rtu.ksy{retry} }}\n'
    return Gateway(fleet(backend.url, listener), files={"rtu.ksy": DESCRIPTION}, environment=TOKENS)


def expect(backend, unit, n):
    seen = backend.next()
    assert (seen.path, seen.json()) == (f"/open/{unit}", {"function": 3, "bytes": n}), seen


def exchange(running, backend, write):
    """Frame by frame, as a master asks; each is whole only when nothing follows it."""
    for unit, n in ((1, 8), (2, 5), (3, 255), (255, 4)):
        write(frame(unit, n))
        expect(backend, unit, n)
    # In two parts with hardly a pause between them it is one frame all the same.
    whole = frame(7, 40)
    write(whole[:11])
    write(whole[11:])
    expect(backend, 7, 40)
    # One that is cut short, and one with a wrong checksum, take nothing with them but themselves.
    for bad in (frame(9, 30)[:-3], frame(9, 30)[:-1] + b"\0\0"):
        before = running.counters("bus")["malformed"]
        write(bad)
        wait_until(lambda: running.counters("bus")["malformed"] == before + 1, "it is malformed")
        write(frame(10, 12))
        expect(backend, 10, 12)
    backend.nothing_more()


def test_a_serial_line():
    backend = RestBackend()
    with tempfile.TemporaryDirectory() as folder:
        port = Port(os.path.join(folder, "ttyS1"))
        with gateway(backend, f"serial://{port.path}?baud=19200&parity=even") as running:
            running.wait_log("line up")
            exchange(running, backend, port.write)
    backend.close()


def test_tcp():
    backend = RestBackend()
    with gateway(backend, "tcp://{address}:{port_bus}") as running:
        with socket.create_connection((running.address, running.port("bus")), DEADLINE_S) as device:
            device.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            exchange(running, backend, device.sendall)
    backend.close()


def test_udp_where_the_end_of_the_datagram_is_the_pause():
    backend = RestBackend()
    with gateway(backend, "udp://{address}:{port_bus}") as running:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            device.connect((running.address, running.port("bus")))
            for unit in range(1, 21):
                device.send(frame(unit, 4 + unit))
            for unit in range(1, 21):
                expect(backend, unit, 4 + unit)
            device.send(frame(30, 20)[:15])
            wait_until(lambda: running.counters("bus")["malformed"] == 1, "it is malformed")
            device.send(frame(30, 20))
            expect(backend, 30, 20)
    backend.close()


if __name__ == "__main__":
    support.main(globals())
