"""Bodies larger than a datagram, with libcoap's client: up, down, and over the limit."""
import json
import os

import support
from support_coap import BLOCK1, CON, JSON, PUT, coap_client, connect, listener


def gateway(backend):
    return support.Gateway(support.fleet(backend.url, listener()), environment=support.TOKENS)


def test_a_large_body_arrives_whole():
    backend = support.RestBackend()
    with gateway(backend) as box:
        body = json.dumps({"samples": list(range(4000))})
        path = os.path.join(box.folder, "body")
        with open(path, "w", encoding="ascii") as out:
            out.write(body)
        said = coap_client(box, "put", "/open/log", "-t", "json", "-f", path)
        assert '{"ok":true}' in said, said
        assert backend.next().json() == json.loads(body)
        backend.nothing_more()


def test_a_large_answer_is_fetched_in_blocks():
    body = json.dumps({"samples": list(range(4000))}).encode()
    backend = support.RestBackend(answer=lambda seen: (200, {"Content-Type": "application/json"}, body))
    with gateway(backend) as box:
        said = coap_client(box, "get", "/open/log")
        assert json.loads(said) == json.loads(body)
        backend.next()
        backend.next()  # the first answer was to prove the client's address (Echo)
        backend.nothing_more()  # the later blocks came from the gateway


def test_who_may_not_is_told_at_the_first_block():
    backend = support.RestBackend()
    with gateway(backend) as box:
        for path, expected in (("/no/such/thing", "4.04"), ("/ships/sensors/engine-7", "4.05")):
            answer = connect(box).call(PUT, path, b"1" * 1024, form=JSON, options=[(BLOCK1, b"\x0e")])
            assert answer.code == expected, (path, answer.code)
        backend.nothing_more()


def test_over_the_limit_is_4_13():
    backend = support.RestBackend()
    with gateway(backend) as box:
        path = os.path.join(box.folder, "body")
        with open(path, "wb") as out:
            out.write(b"1" * (65 * 1024))
        said = coap_client(box, "put", "/open/log", "-t", "json", "-f", path)
        assert "4.13" in said, said
        backend.nothing_more()


def test_unfinished_bodies_do_not_pile_up():
    backend = support.RestBackend()
    with gateway(backend) as box:
        for _ in range(600):  # each from a peer of its own
            client = connect(box)
            answer = client.call(PUT, "/open/log", b"1" * 1024, kind=CON, form=JSON, options=[(BLOCK1, b"\x0e")])
            assert answer.code == "2.31", answer.code
            client.socket.close()
        answer = connect(box).call(PUT, "/open/log", b"{}", form=JSON)
        assert answer.code == "2.04"
        backend.next()
        backend.nothing_more()


support.main(globals())
