"""Clients that go away while their request is under way, and listeners that do."""
import threading

from support import RestBackend, main, wait_until
from support_http import Client, gateway, get


class Gate:
    """Holds the backend's answers until it is opened."""

    def __init__(self):
        self.open = threading.Event()

    def __call__(self, seen):
        if "wait" in seen.path:
            self.open.wait(20)
        return 200, {"Content-Type": "application/json"}, b"{}"


def test_the_others_do_not_notice():
    hold = Gate()
    backend = RestBackend(hold)
    with gateway(backend) as gate:
        for _ in range(4):
            client = Client(gate)
            client.send(get("/open/wait") + get("/open/never"))
            backend.next()
            client.reset()
        wait_until(lambda: gate.counters("web").get("answered.cancelled") == 4, "the requests' end")
        hold.open.set()
        assert Client(gate).ask(get("/open/a")).status == 200
        assert "/open/never" not in [seen.path for seen in backend.seen]


def test_who_waits_is_answered_before_the_gateway_stops():
    hold = Gate()
    backend = RestBackend(hold)
    with gateway(backend) as gate:
        idle, waiting = Client(gate), Client(gate)
        assert idle.ask(get("/open/a")).status == 200
        backend.next()
        waiting.send(get("/open/wait") + get("/open/never"))
        backend.next()
        gate.signal(15)
        gate.wait_log("stopping")
        idle.expect_end()
        hold.open.set()
        answer = waiting.response()
        assert answer.status == 200 and answer.headers["connection"] == "close", answer
        waiting.expect_end()
        gate.process.wait(20)
        backend.nothing_more()


def test_a_changed_listener_takes_over_its_address():
    hold = Gate()
    backend = RestBackend(hold)
    with gateway(backend) as gate:
        waiting = Client(gate)
        waiting.send(get("/open/wait"))
        backend.next()
        with open(gate.path, encoding="utf-8") as file:
            gate.write(file.read().replace("name: web, protocol: http,", "name: web, protocol: http, idle: 50s,"))
        gate.reload()
        assert Client(gate).ask(get("/open/a")).status == 200
        hold.open.set()
        assert waiting.response().status == 200
        waiting.expect_end()


if __name__ == "__main__":
    main(globals())
