"""Connections of the HTTP listener: how long they last, and that answers keep the order of the requests."""
from support import RestBackend, main
from support_http import Client, gateway, get, post

OK = b'{"ok":true}'


def test_a_connection_serves_many_requests():
    backend = RestBackend()
    with gateway(backend) as gate:
        client = Client(gate)
        for i in range(20):
            answer = client.ask(get(f"/open/{i}"))
            assert (answer.status, answer.body) == (200, OK), answer
            assert "connection" not in answer.headers
            assert len(answer.headers["x-request-id"]) == 16
            assert answer.headers["date"].endswith(" GMT")
            assert backend.next().path == f"/open/{i}"
        assert gate.counters("web")["connections"] == 1
        client.close()


def test_pipelined_requests_are_answered_in_order():
    backend = RestBackend(lambda seen: (200, {"Content-Type": "application/json"}, b'"%s"' % seen.path.encode()))
    with gateway(backend) as gate:
        client = Client(gate)
        client.send("".join(get(f"/open/{i}") for i in range(50)) + "\r\n" + post("/open/last", "[1]"))
        for i in range(50):
            assert client.response().body == b'"/open/%d"' % i
        assert client.response().body == b'"/open/last"'
        assert [seen.path for seen in backend.seen] == [f"/open/{i}" for i in range(50)] + ["/open/last"]
        assert backend.seen[-1].body == b"[1]"


def test_bytes_may_come_one_by_one():
    backend = RestBackend()
    with gateway(backend) as gate:
        client = Client(gate)
        client.socket.setsockopt(6, 1, 1)
        chunked = get("/open/b", "Content-Type: application/json", "Transfer-Encoding: chunked", method="POST")
        for byte in post("/open/a", '{"a":1}') + chunked + "3;x=y\r\n[1,\r\n2\r\n2]\r\n0\r\nT: u\r\n\r\n":
            client.send(byte)
        assert client.response().status == 200
        assert client.response().status == 200
        assert backend.next().body == b'{"a":1}'
        assert backend.next().body == b"[1,2]"


def test_the_client_decides_when_it_ends():
    backend = RestBackend()
    with gateway(backend) as gate:
        client = Client(gate)
        answer = client.ask(get("/open/a", "Connection: close") + get("/open/b"))
        assert answer.headers["connection"] == "close", answer
        client.expect_end()
        client = Client(gate)
        answer = client.ask(get("/open/c", version="1.0"))
        assert answer.headers["connection"] == "close", answer
        client.expect_end()
        client = Client(gate)
        for _ in range(2):
            answer = client.ask(get("/open/d", "Connection: keep-alive", version="1.0"))
            assert answer.headers["connection"] == "keep-alive", answer
        assert [seen.path for seen in backend.seen] == ["/open/a", "/open/c", "/open/d", "/open/d"]


def test_who_closed_only_the_sending_side_gets_the_answer():
    backend = RestBackend()
    with gateway(backend) as gate:
        client = Client(gate)
        client.send(get("/open/a") + get("/open/b"))
        client.finish()
        assert client.response().status == 200
        assert client.response().status == 200
        client.expect_end()


def test_the_body_is_invited_when_the_client_waits():
    backend = RestBackend()
    with gateway(backend) as gate:
        client = Client(gate)
        client.send(get("/open/a", "Content-Type: application/json", "Content-Length: 2", "Expect: 100-continue",
                        method="POST"))
        assert client.interim() == 100
        assert client.ask("[]").status == 200
        client.send(get("/open/a", "Content-Length: 70000", "Expect: 100-continue", method="POST"))
        assert client.response().status == 413
        client.expect_end()


def test_head_and_options():
    backend = RestBackend()
    with gateway(backend) as gate:
        client = Client(gate)
        client.send(get("/nowhere", method="HEAD"))
        answer = client.response(head_only=True)
        assert answer.status == 404 and int(answer.headers["content-length"]) > 0, answer
        answer = client.ask(get("/open/a", method="OPTIONS"))
        assert (answer.status, answer.headers["allow"]) == (204, "GET, POST, PUT, DELETE, OPTIONS"), answer
        answer = client.ask(get("*", method="OPTIONS"))
        assert answer.status == 204 and "GET" in answer.headers["allow"], answer
        answer = client.ask(get("/open/a", method="PATCH"))
        assert (answer.status, answer.headers["allow"]) == (405, "GET, POST, PUT, DELETE, OPTIONS"), answer
        assert answer.headers["content-type"] == "application/problem+json"


def test_targets_have_three_forms():
    backend = RestBackend()
    with gateway(backend) as gate:
        client = Client(gate)
        for target in ("/open/%7Ea?x=%20y&z", "http://elsewhere:99/open/%7ea?x=%20y&z"):
            assert client.ask(get(target)).status == 200
            assert backend.next().path.startswith("/open/~a"), backend.seen
        for target in ("open/a", "http://", "http://u@h/open/a", "/open/a#b", "/open/../a", "/open/%2e%2e/a", "/open/%00",
                       "/open/%zz", "*"):
            client = Client(gate)
            answer = client.ask(get(target))
            assert answer.status == 400, (target, answer)
            client.expect_end()
        backend.nothing_more()


def test_large_answers_arrive_whole():
    big = b'"' + b"x" * 300000 + b'"'
    backend = RestBackend(lambda seen: (200, {"Content-Type": "application/json"}, big))
    with gateway(backend) as gate:
        client = Client(gate)
        client.send(get("/open/a") + get("/open/b"))
        for _ in range(2):
            answer = client.response()
            assert answer.status == 200 and answer.body == big


if __name__ == "__main__":
    main(globals())
