"""CoAP over TCP and TLS (RFC 8323), with libcoap's client and with bytes of our own."""
import json
import os
import socket

import support
from support_coap import code, coap_client, stream_pack, stream_parse, GET, POST, URI_PATH

PATH = "/ships/sensors/engine-7"
TOKEN = support.TOKENS["TOKEN_7"]
CSM, PING, PONG, RELEASE, ABORT = code("7.01"), code("7.02"), code("7.03"), code("7.04"), code("7.05")


def gateway(backend, extra="token_in_query: accept"):
    listener = "  - { name: coap, protocol: coap, bind: \"tcp://{address}:{port_coap}\", " + extra + " }"
    return support.Gateway(support.fleet(backend.url, listener), environment=support.TOKENS)


class Connection:
    def __init__(self, box, greet=True):
        self.socket = socket.create_connection((box.address, box.port("coap")), timeout=support.DEADLINE_S)
        self.unread = b""
        assert self.receive().what == CSM
        if greet:
            self.send(CSM)

    def send(self, what, token=b"", options=(), payload=b""):
        self.socket.sendall(stream_pack(what, token, options, payload))

    def receive(self):
        """The next message; None: the gateway has closed."""
        while True:
            message, used = stream_parse(self.unread)
            if message:
                self.unread = self.unread[used:]
                return message
            more = self.socket.recv(65536)
            if not more:
                return None
            self.unread += more


def test_libcoaps_client_posts_a_reading():
    backend = support.RestBackend()
    with gateway(backend) as box:
        said = coap_client(box, "post", f"{PATH}?access_token={TOKEN}", "-t", "json", "-e", support.READING_TEXT,
                           scheme="coap+tcp")
        assert '{"ok":true}' in said, said
        assert backend.next().json() == support.READING
        backend.nothing_more()


def test_large_bodies_need_no_blocks():
    body = json.dumps({"samples": list(range(4000))})
    backend = support.RestBackend(answer=lambda seen: (200, {"Content-Type": "application/json"}, body.encode()))
    with gateway(backend) as box:
        path = os.path.join(box.folder, "body")
        with open(path, "w", encoding="ascii") as out:
            out.write(body)
        said = coap_client(box, "put", "/open/log", "-t", "json", "-f", path, scheme="coap+tcp")
        assert json.loads(said) == json.loads(body), said
        assert backend.next().json() == json.loads(body)
        backend.nothing_more()


def test_one_request_after_another_and_all_at_once():
    backend = support.RestBackend()
    with gateway(backend) as box:
        connection = Connection(box)
        for i in range(100):
            connection.send(POST, i.to_bytes(2, "big"), [(URI_PATH, b"open"), (URI_PATH, b"x"), (12, b"\x32")], b"{}")
        tokens = {connection.receive().token for _ in range(100)}
        assert tokens == {i.to_bytes(2, "big") for i in range(100)}
        for _ in range(100):
            backend.next()
        backend.nothing_more()


def test_signals():
    backend = support.RestBackend()
    with gateway(backend) as box:
        connection = Connection(box)
        connection.send(PING, b"abc")
        pong = connection.receive()
        assert (pong.what, pong.token) == (PONG, b"abc")
        connection.send(RELEASE)
        assert connection.receive() is None
        for what, options in ((CSM, [(9, b"x")]), (PING, [(3, b"")])):
            connection = Connection(box)
            connection.send(what, options=options)
            assert connection.receive().what == ABORT
            assert connection.receive() is None
        connection = Connection(box, greet=False)
        connection.send(GET)
        assert connection.receive().what == ABORT
        assert connection.receive() is None


def test_garbage_is_counted_logged_and_aborted():
    backend = support.RestBackend()
    with gateway(backend) as box:
        for garbage in (b"\x10\x01\xff", b"\x0f\x01", b"\xf0\xff\xff\xff\xff\x01"):
            connection = Connection(box)
            connection.socket.sendall(garbage)
            assert connection.receive().what == ABORT
            assert connection.receive() is None
        assert box.counters("coap")["malformed"] == 3
        support.wait_until(lambda: box.log().count("request malformed") == 3, "three log lines")
        said = coap_client(box, "get", "/open/x", scheme="coap+tcp")
        assert '{"ok":true}' in said, said


def test_it_goes_with_its_connections():
    backend = support.RestBackend()
    with gateway(backend) as box:
        connection = Connection(box)
        connection.send(POST, b"t", [(URI_PATH, b"open"), (URI_PATH, b"x"), (12, b"\x32")], b"{}")
        assert connection.receive().code == "2.04"
        box.stop()
        assert connection.receive().what == RELEASE
        assert connection.receive() is None


support.main(globals())
