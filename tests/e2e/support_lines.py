"""Devices of the raw binary listener that are called, or are at the end of a line, and the configuration for them."""
import fcntl
import os
import select
import socket
import struct
import subprocess
import termios
import tty

import support
from support import DEADLINE_S, SOURCE

NMEA_KSY = os.path.join(SOURCE, "schemas", "frames", "nmea0183.ksy")
READING_KSY = os.path.join(SOURCE, "schemas", "frames", "reading.ksy")
TAKEN, REFUSED = 6, 0x15


def sent(*arguments):
    """What the demo's sender would send."""
    sender = os.path.join(SOURCE, "board", "demo", "send-frame")
    return subprocess.run([sender, *arguments], stdout=subprocess.PIPE, check=True, timeout=DEADLINE_S).stdout


def sentence(text):
    total = 0
    for byte in text.encode("latin-1"):
        total ^= byte
    return f"${text}*{total:02X}\r\n".encode("latin-1")


def sentences(n, first=0):
    return [sentence(f"GPGGA,{i:06d},4807.038,N,01131.{i % 1000:03d},E,1,08,0.9,545.4,M,46.9,M,,")
            for i in range(first, first + n)]


def lines(backend_url, listeners, way="line: { method: line }", extra=""):
    """A fleet whose endpoint /lines/{device} takes who is believed by `way`; engine-7 and engine-8 may post as themselves."""
    endpoint = ('  - { name: lines, path: "/lines/{device}", methods: [POST], auth: [line], roles: [on-a-line], to: telemetry,\n'
                '      call: { path: "/v1/lines/{device}", as: application/json } }\n')
    text = support.fleet(backend_url, listeners, endpoint + extra)
    text = text.replace("  token: { method: token }", f"  token: {{ method: token }}\n  {way}")
    text = text.replace("roles:\n", 'roles:\n  on-a-line: { allow: ["POST /lines/{self}"] }\n', 1)
    return text.replace("roles: [ship-sensor],", "roles: [ship-sensor, on-a-line],")


class Server:
    """Where the gateway calls: one connection at a time. `tls`: the context of a server. `path`: a socket of this machine."""

    def __init__(self, address=None, port=0, path=None, tls=None):
        self.tls, self.path = tls, path
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(path)
        else:
            self.socket = socket.socket()
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.socket.bind((address or support.own_address(), port))
            self.address, self.port = self.socket.getsockname()
        self.socket.listen(8)
        self.socket.settimeout(DEADLINE_S)

    @property
    def url(self):
        return f"unix://{self.path}" if self.path else f"{'tls' if self.tls else 'tcp'}://{self.address}:{self.port}"

    def accept(self):
        connection, _ = self.socket.accept()
        connection.settimeout(DEADLINE_S)
        return self.tls.wrap_socket(connection, server_side=True) if self.tls else connection

    def close(self):
        self.socket.close()


def answers(connection, n):
    """The kinds of the next n answers of schemas/frames/reading.ksy: six bytes each."""
    got = b""
    while len(got) < 6 * n:
        more = connection.recv(6 * n - len(got))
        assert more, f"closed after {got!r}"
        got += more
    return [got[6 * i + 1] for i in range(n)]


class Port:
    """A serial port: a pseudo-terminal, of which the gateway has the one end, by the name of a link, and the device the other."""

    def __init__(self, path):
        self.path = path
        self.device, self.port = os.openpty()
        tty.setraw(self.device)
        os.symlink(os.ttyname(self.port), path)

    def write(self, data):
        at = 0
        while at < len(data):
            at += os.write(self.device, data[at:at + 2048])

    def read(self, n):
        got = b""
        while len(got) < n:
            ready, _, _ = select.select([self.device], [], [], DEADLINE_S)
            assert ready, f"only {got!r} came"
            got += os.read(self.device, n - len(got))
        return got

    def unread(self):
        """How many bytes the gateway has not read yet."""
        return struct.unpack("i", fcntl.ioctl(self.port, termios.FIONREAD, bytes(4)))[0]

    def pull(self):
        os.unlink(self.path)
        os.close(self.device)
        os.close(self.port)
