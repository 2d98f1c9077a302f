"""MQTT by hand: packets as bytes, and a client on a raw socket that says when the other side closed."""
import socket
import struct

import support


def variable(number):
    out = b""
    while True:
        number, rest = number >> 7, number & 0x7F
        out += bytes([rest | (0x80 if number else 0)])
        if not number:
            return out


def text(value):
    value = value if isinstance(value, bytes) else value.encode()
    return struct.pack(">H", len(value)) + value


def packet(first, body=b""):
    return bytes([first]) + variable(len(body)) + body


def connect(version=4, client="test", user=None, password=None, clean=True, keep_alive=60, properties=b"", will=None,
            will_properties=b""):
    """`will`: (topic, payload)."""
    flags = (2 if clean else 0) | (0x80 if user is not None else 0) | (0x40 if password is not None else 0)
    body = text("MQTT") + bytes([version, flags | (4 if will else 0)]) + struct.pack(">H", keep_alive)
    if version == 5:
        body += variable(len(properties)) + properties
    body += text(client)
    if will:
        body += (variable(len(will_properties)) + will_properties if version == 5 else b"") + text(will[0]) + text(will[1])
    for part in (user, password):
        body += text(part) if part is not None else b""
    return packet(0x10, body)


def publish(topic, payload, qos=0, identifier=1, version=4, properties=b"", dup=False, retain=False):
    body = text(topic) + (struct.pack(">H", identifier) if qos else b"")
    if version == 5:
        body += variable(len(properties)) + properties
    payload = payload if isinstance(payload, bytes) else payload.encode()
    return packet(0x30 | qos << 1 | (8 if dup else 0) | (1 if retain else 0), body + payload)


def subscribe(topic, identifier=1, qos=0, version=4):
    return packet(0x82, struct.pack(">H", identifier) + (b"\0" if version == 5 else b"") + text(topic) + bytes([qos]))


PINGREQ, PINGRESP, DISCONNECT = packet(0xC0), packet(0xD0), packet(0xE0)


class Client:
    """A raw connection. next() gives whole packets, None once the other side has closed."""

    def __init__(self, address, port, *first):
        self.socket = socket.create_connection((address, port), timeout=support.DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = b""
        for bytes_ in first:
            self.send(bytes_)

    def send(self, bytes_):
        """False: the other side has closed already."""
        try:
            self.socket.sendall(bytes_)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def _cut(self):
        for end in range(2, min(len(self.input), 5) + 1):
            if self.input[end - 1] & 0x80:
                continue
            length = sum((byte & 0x7F) << (7 * i) for i, byte in enumerate(self.input[1:end]))
            if len(self.input) < end + length:
                return None
            found, self.input = self.input[:end + length], self.input[end + length:]
            return found
        return None

    def next(self):
        while True:
            found = self._cut()
            if found:
                return found
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                return None
            if not more:
                return None
            self.input += more

    def all(self):
        """Everything up to the close."""
        return list(iter(self.next, None))

    def expect(self, bytes_):
        got = self.next()
        assert got == bytes_, f"{got and got.hex()} came, not {bytes_.hex()}"

    def alive(self):
        """What comes before the answer to a PINGREQ; None when the connection is closed."""
        if not self.send(PINGREQ):
            return None
        before = []
        while True:
            got = self.next()
            if got is None or got == PINGRESP:
                return before if got else None
            before.append(got)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
