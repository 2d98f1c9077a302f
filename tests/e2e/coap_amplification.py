"""Nobody is sent more than three times what was sent in his name over plain UDP, as long as he has not proved to be at
his address: by Echo (RFC 9175), or by a secret."""
import json

import support
import support_npm
from support_coap import BLOCK2, GET, POST, Message, coap_client, connect, listener

ECHO = 252
TOKEN = support.TOKENS["TOKEN_7"]


def gateway(backend):
    return support.Gateway(support.fleet(backend.url, listener()), environment=support.TOKENS)


def backend_with(size):
    body = json.dumps({"text": "x" * (size - 12)}).encode()
    return body, support.RestBackend(answer=lambda seen: (200, {"Content-Type": "application/json"}, body))


def exchange(client, *arguments, **options):
    """An answer, and by how much it is longer than its question."""
    request = client.request(*arguments, **options)
    client.send(request.pack())
    data = client.socket.recv(65536)
    return Message.parse(data), len(data) / len(request.pack())



def test_answers_stay_small():
    for size in (20, 60, 190, 900, 1024, 1025, 5000, 60000):
        for what in (GET, POST):
            _, backend = backend_with(size)
            with gateway(backend) as box:
                client = connect(box)
                for path in ("/open/x", "/open/a-rather-longer-name-of-a-thing"):
                    answer, factor = exchange(client, what, path)
                    assert factor <= 3, (size, what, factor)
                    assert answer.code in ("2.05", "2.04", "4.01"), answer.code
                    backend.next()


def test_echo_opens_the_way():
    body, backend = backend_with(900)
    with gateway(backend) as box:
        client = connect(box)
        answer, _ = exchange(client, GET, "/open/a-rather-longer-name-of-a-thing")
        assert answer.code == "2.05" and len(answer.payload) < 900
        stranger, _ = exchange(connect(box), GET, "/open/x", options=[(ECHO, answer.option(ECHO))])
        assert len(stranger.payload) < 900  # it was given to somebody else
        for options in ([(ECHO, answer.option(ECHO))], []):
            whole, _ = exchange(client, GET, "/open/x", options=options)
            assert whole.payload == body


def test_real_clients_get_everything():
    for size in (190, 900, 20000):
        body, backend = backend_with(size)
        with gateway(backend) as box:
            for arguments in ((), ("-N",), ("-b", "64")):
                said = coap_client(box, "get", "/open/x", *arguments)
                assert json.loads(said) == json.loads(body), (size, arguments, said)


def test_a_client_without_echo_gets_what_is_not_too_large():
    support_npm.ready()
    body, backend = backend_with(900)
    with gateway(backend) as box:
        with support_npm.Script("coap.js", host=box.address, port=box.port("coap"),
                                requests=[{"path": "/open/x"}, {"path": "/open/x", "method": "POST", "payload": "{}",
                                                                "options": {"Content-Format": "application/json"}}]) as client:
            for i in range(2):
                said = client.wait(lambda thing, i=i: thing.get("index") == i, f"answer {i}")
                assert said.get("payload") == body.decode(), said
        backend.next()
        backend.next()
        backend.nothing_more()


def test_a_caller_with_a_token_is_no_stranger():
    body, backend = backend_with(900)
    with gateway(backend) as box:
        answer = connect(box).call(GET, "/ships/sensors/engine-7", token=TOKEN)
        assert answer.payload == body and answer.option(BLOCK2) is None
        answer, factor = exchange(connect(box), GET, "/ships/sensors/engine-7", token="wrong")
        assert answer.code == "4.01" and factor <= 3


support.main(globals())
