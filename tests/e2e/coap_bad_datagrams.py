"""Whatever lands on the port: counted, rejected or ignored, and the next reading is answered."""
import random

import support
from support_coap import GET, JSON, POST, RST, Message, connect, listener


def test_garbage_disturbs_nobody():
    backend = support.RestBackend()
    with support.Gateway(support.fleet(backend.url, listener()), environment=support.TOKENS) as box:
        good, bad = connect(box), connect(box)
        chance = random.Random(7)
        for _ in range(400):
            bad.send(bytes(chance.randrange(256) for _ in range(chance.randrange(1, 80))))
        request = good.request(POST, "/open/x", b'{"a":[1,2,3]}', form=JSON).pack()
        for i in range(len(request)):  # each byte damaged once, and each cut
            bad.send(request[:i] + bytes([request[i] ^ 1 << chance.randrange(8)]) + request[i + 1:])
            bad.send(request[:i])
        answer = good.call(GET, "/open/still-here")
        assert answer.code == "2.05"
        assert box.counters("coap")["malformed"] > 300


def test_a_ping_gets_a_reset():
    backend = support.RestBackend()
    with support.Gateway(support.fleet(backend.url, listener()), environment=support.TOKENS) as box:
        client = connect(box)
        client.send(Message(0, 0, 4711).pack())
        answer = client.receive()
        assert (answer.kind, answer.mid, answer.what) == (RST, 4711, 0)


def test_no_refusal_amplifies():
    backend = support.RestBackend()
    with support.Gateway(support.fleet(backend.url, listener()), environment=support.TOKENS) as box:
        client = connect(box)
        for path in ("/", "/x", "/ships/sensors/engine-7"):
            request = client.request(GET, path).pack()
            client.send(request)
            answer = client.socket.recv(65536)
            assert answer[1] >> 5 == 4 and len(answer) <= 3 * len(request), (path, answer)


support.main(globals())
