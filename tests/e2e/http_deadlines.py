"""Peers that are slow, silent, or too many: each wait has an end, each limit is kept, and nobody else notices."""
import socket
import time

from support import RestBackend, main, wait_until
from support_http import Client, gateway, get, post

SHORT = "head: 300ms, body: 300ms, body_rate: 1MiB, idle: 300ms"


def test_who_says_nothing_is_closed():
    backend = RestBackend()
    with gateway(backend, SHORT) as gate:
        Client(gate).expect_end()
        assert gate.counters("web")["expired"] == 1
        client = Client(gate)
        assert client.ask(get("/open/a")).status == 200
        client.expect_end()


def test_a_header_that_does_not_end_gets_408():
    backend = RestBackend()
    with gateway(backend, "head: 300ms") as gate:
        client = Client(gate)
        client.send("GET /open/a HTTP/1.1\r\nHost: box\r\nX: ")
        answer = client.response()
        assert answer.status == 408 and answer.headers["connection"] == "close", answer
        client.expect_end()
        assert gate.counters("web")["expired"] == 1
        assert Client(gate).ask(get("/open/b")).status == 200
        assert backend.next().path == "/open/b"


def test_a_header_dripping_in_does_not_move_its_deadline():
    backend = RestBackend()
    with gateway(backend, "head: 300ms") as gate:
        client = Client(gate)
        client.send("GET /open/a HTTP/1.1\r\nHost: box\r\n")
        client.socket.settimeout(0.05)
        begin = time.monotonic()
        data = b""
        while not data and time.monotonic() < begin + 20:
            client.send("X: y\r\n")
            try:
                data = client.socket.recv(4096)
            except TimeoutError:
                pass
        assert data.startswith(b"HTTP/1.1 408 "), data
        backend.nothing_more()


def test_a_body_that_pauses_or_crawls_gets_408():
    backend = RestBackend()
    with gateway(backend, "body: 300ms, body_rate: 1MiB") as gate:
        client = Client(gate)
        client.send(post("/open/a", "[1234567890]")[:-4])
        assert client.response().status == 408
        client.expect_end()
        client = Client(gate)
        client.send(get("/open/a", "Transfer-Encoding: chunked", method="POST"))
        client.socket.settimeout(0.05)
        data = b""
        begin = time.monotonic()
        while not data and time.monotonic() < begin + 20:
            client.send("1\r\n1\r\n")
            try:
                data = client.socket.recv(4096)
            except TimeoutError:
                pass
        assert data.startswith(b"HTTP/1.1 408 "), data
        backend.nothing_more()


def test_an_answer_that_nobody_reads_is_given_up():
    big = b'"' + b"x" * 300000 + b'"'
    backend = RestBackend(lambda seen: (200, {"Content-Type": "application/json"}, big))
    with gateway(backend, "body: 300ms") as gate:
        client = Client(gate)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.send(get("/open/a") * 60)
        wait_until(lambda: gate.counters("web")["expired"] == 1, "the reader's deadline")
        assert Client(gate).ask(get("/nowhere")).status == 404


def test_a_flood_of_header_gets_431_or_414():
    backend = RestBackend()
    with gateway(backend) as gate:
        for data, status in ((get("/open/a", *["X: y"] * 200), 431), (get("/open/a", "X: " + "y" * 40000), 431),
                             (get("/open/" + "a" * 9000), 414)):
            client = Client(gate)
            assert client.ask(data).status == status
            client.expect_end()
        client = Client(gate)
        try:
            for _ in range(1000):
                client.send("X" * 65536)
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert Client(gate).ask(get("/open/b")).status == 200
        assert [seen.path for seen in backend.seen] == ["/open/b"]


def test_a_body_over_the_limit_gets_413():
    backend = RestBackend()
    with gateway(backend) as gate:
        assert Client(gate).ask(post("/open/a", '"' + "x" * (65536 - 2) + '"')).status == 200
        client = Client(gate)
        assert client.ask(post("/open/a", '"' + "x" * (65536 - 1) + '"')).status == 413
        client.expect_end()
        chunked = get("/open/a", "Content-Type: application/json", "Transfer-Encoding: chunked", method="POST")
        halves = '8000\r\n"' + "x" * 32767 + "\r\n8000\r\n" + "x" * 32767 + '"\r\n'
        assert Client(gate).ask(chunked + halves + "0\r\n\r\n").status == 200
        client = Client(gate)
        assert client.ask(chunked + halves + "1\r\n \r\n").status == 413
        client.expect_end()
        assert [len(seen.body) for seen in backend.seen] == [65536, 65536]


def test_too_many_connections_are_turned_away():
    backend = RestBackend()
    with gateway(backend) as gate:
        gate_limits = "limits: { body: 64KiB }", "limits: { body: 64KiB, connections: 3 }"
        with open(gate.path, encoding="utf-8") as file:
            gate.write(file.read().replace(*gate_limits))
        gate.reload()
        clients = [Client(gate) for _ in range(3)]
        for client in clients:
            assert client.ask(get("/open/a")).status == 200
        fourth = Client(gate)
        assert fourth.response().status == 503
        fourth.expect_end()
        assert gate.counters("web")["refused"] == 1
        clients[0].close()

        def again():
            client = Client(gate)
            try:
                return client.ask(get("/open/a")).status == 200
            except (AssertionError, ConnectionError):
                return False
        wait_until(again, "a place")


if __name__ == "__main__":
    main(globals())
