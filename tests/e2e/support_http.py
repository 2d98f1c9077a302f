"""Raw HTTP/1.1 over sockets, for what no well-behaved client would send."""
import re
import socket
import ssl

from support import DEADLINE_S, TOKENS, Gateway, fleet

LISTENER = '  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}"{} }}'


def gateway(backend, listener="", extra="", **options):
    """A gateway with one HTTP listener, `listener` being further settings of it."""
    return Gateway(fleet(backend.url, LISTENER.format(", " + listener if listener else ""), extra),
                   environment=TOKENS, **options)


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body!r}"


class Client:
    """One connection; reads responses one after the other."""

    def __init__(self, gate, name="web", tls=None):
        self.socket = socket.create_connection((gate.address, gate.port(name)), timeout=DEADLINE_S)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.bytes = b""

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))

    def finish(self):
        """Closes the sending side only."""
        self.socket.shutdown(socket.SHUT_WR)

    def _more(self):
        try:
            data = self.socket.recv(65536)
        except (ConnectionResetError, ssl.SSLEOFError):
            data = b""
        self.bytes += data
        return bool(data)

    def interim(self):
        """The status of an interim (1xx) response."""
        while b"\r\n\r\n" not in self.bytes:
            assert self._more(), f"closed: {self.bytes!r}"
        head, _, self.bytes = self.bytes.partition(b"\r\n\r\n")
        return int(head.split()[1])

    def response(self, head_only=False):
        while b"\r\n\r\n" not in self.bytes:
            assert self._more(), f"closed: {self.bytes!r}"
        head, _, rest = self.bytes.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        assert re.fullmatch(r"HTTP/1\.1 \d{3} .+", lines[0]), lines[0]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        status = int(lines[0].split()[1])
        length = 0 if head_only or status in (204, 304) else int(headers["content-length"])
        self.bytes = rest
        while len(self.bytes) < length:
            assert self._more(), f"closed within a body: {self.bytes!r}"
        body, self.bytes = self.bytes[:length], self.bytes[length:]
        return Response(status, headers, body)

    def ask(self, data):
        self.send(data)
        return self.response()

    def rest(self):
        """All that comes until the connection ends."""
        while self._more():
            pass
        return self.bytes

    def expect_end(self):
        """The gateway has said all, and closed."""
        assert self.rest() == b"", f"more than expected: {self.bytes!r}"

    def close(self):
        self.socket.close()

    def reset(self):
        """Vanishes without a word."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


def get(path, *fields, version="1.1", method="GET"):
    lines = [f"{method} {path} HTTP/{version}", "Host: box", *fields]
    return "\r\n".join(lines) + "\r\n\r\n"


def post(path, body, *fields):
    return get(path, "Content-Type: application/json", f"Content-Length: {len(body)}", *fields, method="POST") + body
