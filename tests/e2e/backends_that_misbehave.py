"""What a REST backend may do wrong never reaches another caller, and never leaves one without an answer."""
import socket
import threading

from support import Gateway, TOKENS, curl, fleet, own_address, wait_until

WEB = "  - { name: web, protocol: http, bind: {address}:{port_web} }\n"
ONE = ", connections: 1"
STOLEN = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nstolen"


class RawBackend:
    """A server whose answers are bytes. `behave(path)` gives what is sent for a request: a list of pieces, or None to
    close at once; a piece None closes the connection there."""

    def __init__(self, behave):
        self.behave = behave
        self.paths = []
        self.connections = 0
        self.served_on = {}  # path: the number of its connection
        self.listener = socket.create_server((own_address(), 0))
        address, port = self.listener.getsockname()
        self.url = f"http://{address}:{port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(connection, self.connections), daemon=True).start()

    def serve(self, connection, number):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection, connection.makefile("rb") as lines:
            while True:
                try:
                    request = lines.readline()
                except ConnectionError:
                    return
                if not request:
                    return
                length = 0
                for line in iter(lines.readline, b"\r\n"):
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                lines.read(length)
                path = request.split()[1].decode()
                self.paths.append(path)
                self.served_on[path] = number
                for piece in self.behave(path) or [None]:
                    if piece is None:
                        return
                    try:
                        connection.sendall(piece)
                    except OSError:
                        return

    def close(self):
        self.listener.close()


def good(path):
    body = b'{"path":"%s"}' % path.encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body


BAD = {
    "closes": (None, 502),
    "garbage": ([b"\x00\x01\x02 what is this\r\n\r\n"], 502),
    "truncated": ([b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort", None], 502),
    "truncated-head": ([b"HTTP/1.1 200 OK\r\nContent-Le", None], 502),
    "truncated-chunk": ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", None], 502),
    "two-lengths": ([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", None], 502),
    "length-and-chunks": ([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"], 502),
    "huge-chunk": ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nok\r\n"], 502),
    "large-chunk": ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n"] + [b"y" * 65536] * 40, 502),
    "negative": ([b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok"], 502),
    "interim-forever": ([b"HTTP/1.1 102 Processing\r\nx: yyyyyyyyyyyyyyyy\r\n\r\n" * 5000], 502),
    "huge": ([b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n"], 502),
    "large": ([b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n"], 502),
    "long-head": ([b"HTTP/1.1 200 OK\r\n"] + [b"x-%d: " % i + b"y" * 1000 + b"\r\n" for i in range(60)], 502),
    "many-fields": ([b"HTTP/1.1 200 OK\r\n"] + [b"x-%d: y\r\n" % i for i in range(100)], 502),
    "switches": ([b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"], 502),
    "injects": ([b"HTTP/1.1 404 Not\r\nContent-Length: 0\r\nLocation: a\x01b\r\n\r\n"], None),
    "early": ([b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + STOLEN.replace(b"stolen", b"honest")], 200),
    "overlong": ([b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + STOLEN], 200),
    "no-content": ([b"HTTP/1.1 204 No Content\r\nContent-Length: %d\r\n\r\n" % len(STOLEN), STOLEN], 204),
    "no-content-chunked": ([b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n",
                            b"%x\r\n" % len(STOLEN) + STOLEN + b"\r\n0\r\n\r\n"], 204),
    "reset-content": ([b"HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n"], 204),
    "until-the-end": ([b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nall of it", None], 200),
}


def test_each_wrong_answer_stays_with_its_request():
    def behave(path):
        name = path.rsplit("/", 1)[1]
        return BAD[name][0] if name in BAD else [good(path)]
    backend = RawBackend(behave)
    with Gateway(fleet(backend.url, WEB, backend_extra=ONE), environment=TOKENS) as gateway:
        for i, (name, (_, expected)) in enumerate(BAD.items()):
            status, _, body = curl(gateway.url(f"/open/{name}"))
            assert expected is None or status == expected, (name, status, body)
            # The next ones, on the same connection where there is one, get their own answers.
            for k in range(3):
                status, _, body = curl(gateway.url(f"/open/next-{i}-{k}"))
                assert (status, body) == (200, '{"path":"/open/next-%d-%d"}' % (i, k)), (name, status, body)
        # Nothing that may have had an effect was done twice.
        posted = [path for path in backend.paths if path.rsplit("/", 1)[1] in ("truncated", "garbage")]
        assert len(posted) == 2, posted
    backend.close()


def test_a_body_that_must_not_be_is_nobodys_answer():
    """It comes when the next request is already under way; so there must be none on that connection."""
    def behave(path):
        if path.endswith("/length"):
            return [b"HTTP/1.1 204 No Content\r\nContent-Length: %d\r\n\r\n" % len(STOLEN)]
        if path.endswith("/chunked"):
            return [b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n"]
        return [good(path)]
    backend = RawBackend(behave)
    with Gateway(fleet(backend.url, WEB, backend_extra=ONE), environment=TOKENS) as gateway:
        for name in ("length", "chunked"):
            assert curl(gateway.url(f"/open/{name}"))[0] == 204
            assert curl(gateway.url(f"/open/after-{name}"))[0] == 200
            assert backend.served_on[f"/open/{name}"] != backend.served_on[f"/open/after-{name}"]
        assert curl(gateway.url("/open/again"))[0] == 200
        assert backend.served_on["/open/again"] == backend.served_on["/open/after-chunked"]
    backend.close()


def test_a_post_is_never_made_twice_on_a_connection_that_ends():
    """The backend reads the request and closes without a word, on a connection that had served before."""
    backend = RawBackend(lambda path: None if "lost" in path else [good(path)])
    with Gateway(fleet(backend.url, WEB, backend_extra=ONE), environment=TOKENS) as gateway:
        for i in range(5):
            assert curl(gateway.url(f"/open/{i}"))[0] == 200
            status, _, _ = curl("-X", "POST", "-d", "{}", "-H", "Content-Type: application/json",
                                gateway.url(f"/open/lost-{i}"))
            assert status == 502
        wait_until(lambda: len(backend.paths) >= 10, "all requests")
        assert sorted(backend.paths) == sorted([f"/open/{i}" for i in range(5)] + [f"/open/lost-{i}" for i in range(5)])
    backend.close()


if __name__ == "__main__":
    from support import main
    main(globals())
