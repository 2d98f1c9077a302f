"""A backend slower than a client's patience: one acknowledgement, one answer, one effect."""
import threading

import support
from support_coap import ACK, CON, JSON, POST, Message, coap_client, connect, listener

PATH = "/ships/sensors/engine-7"
TOKEN = support.TOKENS["TOKEN_7"]
READING = support.READING_TEXT.encode()


class SlowBackend(support.RestBackend):
    """Answers once .go is set."""

    def __init__(self):
        self.go = threading.Event()
        super().__init__(answer=self.wait)

    def wait(self, _seen):
        self.go.wait(support.DEADLINE_S)
        return 200, {"Content-Type": "application/json"}, b'{"ok":true}'


def gateway(backend):
    return support.Gateway(support.fleet(backend.url, listener("token_in_query: accept, ack_delay: 200ms")),
                           environment=support.TOKENS)


def test_the_answer_comes_separately_and_the_effect_once():
    backend = SlowBackend()
    with gateway(backend) as box:
        client = connect(box)
        request = client.request(POST, PATH, READING, token=TOKEN, form=JSON)
        client.send(request.pack())
        client.send(request.pack())  # a copy while it is under way
        first = client.receive()
        assert (first.kind, first.code, first.mid, first.token) == (ACK, "0.00", request.mid, b""), first.pack()
        client.send(request.pack())
        again = client.receive()
        assert (again.kind, again.code, again.mid) == (ACK, "0.00", request.mid)
        backend.go.set()
        answer = client.receive()
        assert (answer.kind, answer.code, answer.token) == (CON, "2.04", request.token)
        client.send(Message(ACK, 0, answer.mid).pack())
        client.send(request.pack())  # and one after the answer
        assert client.receive().kind == ACK
        assert backend.next().json() == support.READING
        # The next request's answer is the next thing heard: nothing else was under way.
        assert client.call(POST, PATH, READING, token=TOKEN, form=JSON).kind == ACK
        backend.next()
        backend.nothing_more()


def test_libcoaps_client_waits_for_it():
    backend = SlowBackend()
    with gateway(backend) as box:
        timer = threading.Timer(0.5, backend.go.set)
        timer.start()
        said = coap_client(box, "post", f"{PATH}?access_token={TOKEN}", "-t", "json", "-e", support.READING_TEXT)
        assert '{"ok":true}' in said, said
        assert backend.next().json() == support.READING
        backend.nothing_more()


def test_a_request_under_way_is_answered_before_the_gateway_ends():
    backend = SlowBackend()
    with gateway(backend) as box:
        client = connect(box)
        request = client.request(POST, PATH, READING, token=TOKEN, form=JSON)
        client.send(request.pack())
        backend.next()
        box.signal(15)
        box.wait_log("stopping")
        backend.go.set()
        answers = [client.receive()]
        if answers[0].code == "0.00":
            answers.append(client.receive())
        assert answers[-1].code == "2.04"


support.main(globals())
