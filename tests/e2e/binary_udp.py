"""The raw binary listener over UDP: a datagram is whole, each address is somebody else, nobody is believed by an address; what comes
faster than it can be handed on waits in its order or is dropped and counted."""
import socket
import threading

import support
from support import DEADLINE_S, Gateway, READING, RestBackend, TOKENS, fleet, wait_until
from support_lines import NMEA_KSY, READING_KSY, REFUSED, TAKEN, sent, sentences

NMEA = """  - { name: nmea, protocol: binary, bind: "udp://{address}:{port_udp}", frame: %s }
""" % NMEA_KSY
FRAMES = """  - { name: frames, protocol: binary, bind: "udp://{address}:{port_udp}", frame: %s }
""" % READING_KSY
ENDPOINT = """  - { name: nmea, path: "/ships/nmea/{type}", methods: [POST], auth: [none], to: telemetry,
      call: { path: "/v1/nmea/{type}", as: application/json } }
"""


class Peer:
    def __init__(self, gateway):
        gateway.port("udp", socket.SOCK_DGRAM)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(DEADLINE_S)
        self.socket.connect((gateway.address, gateway.port("udp")))

    def send(self, *datagrams):
        for datagram in datagrams:
            self.socket.send(datagram)

    def answer(self):
        return self.socket.recv(100)[1]


def world(listener=NMEA, answer=None, change=lambda text: text):
    backend = RestBackend(answer)
    return backend, Gateway(change(fleet(backend.url, listener, extra=ENDPOINT)), environment=TOKENS)


def got(backend, n):
    return [backend.next().json()["sentence"].encode() + b"\r\n" for _ in range(n)]


def malformed(gateway, n, name="nmea"):
    wait_until(lambda: gateway.counters(name)["malformed"] == n, f"{n} malformed")


def test_frames_of_one_datagram_and_of_many():
    backend, gateway = world()
    with gateway:
        peer = Peer(gateway)
        stream = sentences(30)
        peer.send(b"".join(stream[:10]), *stream[10:20], b"".join(stream[20:30]))
        assert got(backend, 30) == stream
        assert gateway.counters("nmea")["connections"] == 1
    backend.nothing_more()
    backend.close()


def test_what_is_left_of_a_datagram_never_joins_the_next():
    backend, gateway = world()
    with gateway:
        peer, other = Peer(gateway), Peer(gateway)
        one, two, three = sentences(3)
        peer.send(one + two[:30], two[30:])
        other.send(two[:30])
        peer.send(three)
        assert got(backend, 2) == [one, three]
        malformed(gateway, 3)
        peer.send(b"", b"\r\n", one)
        assert got(backend, 1) == [one]
        malformed(gateway, 3)
        assert gateway.counters("nmea")["connections"] == 2
    backend.nothing_more()
    backend.close()


def test_a_datagram_longer_than_any_frame():
    backend, gateway = world()
    with gateway:
        peer = Peer(gateway)
        peer.send(b"$" + b"x" * 9000 + b"\r\n", sentences(1)[0])
        assert got(backend, 1) == sentences(1)
        assert gateway.counters("nmea")["malformed"] >= 1
    backend.close()


def test_each_address_has_its_login_and_hears_its_answers():
    backend, gateway = world(FRAMES)
    with gateway:
        one, two = Peer(gateway), Peer(gateway)
        one.send(sent("--login", "engine-7", TOKENS["TOKEN_7"]))
        assert one.answer() == TAKEN
        one.send(sent("--reading", "engine-7", "-"))
        assert one.answer() == TAKEN
        seen = backend.next()
        assert seen.json() == READING and seen.headers["x-fairlead-client"] == "engine-7"
        two.send(sent("--reading", "engine-7", "-"))
        assert two.answer() == REFUSED
        two.send(sent("--login", "engine-8", "wrong"))
        assert two.answer() == REFUSED
        two.send(sent("--login", "engine-8", TOKENS["TOKEN_8"]) + sent("--reading", "engine-8", "-"))
        assert [two.answer(), two.answer()] == [TAKEN, TAKEN]
        assert backend.next().headers["x-fairlead-client"] == "engine-8"
    backend.nothing_more()
    backend.close()


def test_what_comes_too_fast_waits_in_its_order_or_is_dropped():
    go_on = threading.Event()

    def answer(_seen):
        assert go_on.wait(DEADLINE_S)
        return 200, {}, b"{}"

    # The backend's own deadline is not what this is about.
    backend, gateway = world(answer=answer, change=lambda text: text.replace("timeout: 3s", "timeout: 30s"))
    with gateway:
        peer, stream = Peer(gateway), sentences(300)
        peer.send(*stream)
        wait_until(lambda: gateway.counters("nmea")["dropped"] >= 300 - 65, "the rest is dropped")
        other = Peer(gateway)
        other.send(sentences(1, first=500)[0])
        go_on.set()
        arrived = got(backend, 66)
        assert [one for one in arrived if one in stream] == stream[:65]
        assert sentences(1, first=500)[0] in arrived
        wait_until(lambda: gateway.counters("nmea")["answered.ok"] == 66, "all are answered")
        assert gateway.counters("nmea")["dropped"] == 300 - 65
        peer.send(stream[299])
        assert got(backend, 1) == stream[299:]
    backend.nothing_more()
    backend.close()


def test_the_peer_that_was_silent_for_longest_makes_room():
    backend, gateway = world(FRAMES, change=lambda text: text.replace("body: 64KiB", "body: 64KiB, connections: 2"))
    with gateway:
        peers = [Peer(gateway) for _ in range(3)]
        login, reading = sent("--login", "engine-7", TOKENS["TOKEN_7"]), sent("--reading", "engine-7", "-")
        for peer in peers[:2]:
            peer.send(login)
            assert peer.answer() == TAKEN
        # The first one speaks again, so that it is the second that has to go.
        peers[0].send(reading)
        assert peers[0].answer() == TAKEN
        peers[2].send(login)
        assert peers[2].answer() == TAKEN
        peers[0].send(reading)
        assert peers[0].answer() == TAKEN
        peers[1].send(reading)
        assert peers[1].answer() == REFUSED
    backend.close()


def test_an_address_proves_nothing():
    def change(text):
        text = text.replace("  token: { method: token }",
                            "  token: { method: token }\n  lan: { method: address, allow: [127.0.0.0/8], as: engine-7 }")
        return text.replace("auth: [none]", "auth: [lan]")
    backend, gateway = world(change=change)
    with gateway:
        Peer(gateway).send(sentences(1)[0])
        wait_until(lambda: gateway.counters("nmea")["answered.unauthenticated"] == 1, "it is refused")
    backend.nothing_more()
    backend.close()


def test_a_description_without_framing_takes_the_datagram():
    description = """meta: { id: whole, endian: be }
seq: [{ id: number, type: u2 }, { id: text, type: str, encoding: ASCII, size-eos: true }]
-fairlead: { max: 100, path: "/open/{number}", on-error: resync }
"""
    backend = RestBackend()
    listener = '  - { name: whole, protocol: binary, bind: "udp://{address}:{port_udp}", frame: whole.ksy }\n'
    with Gateway(fleet(backend.url, listener), files={"whole.ksy": description}, environment=TOKENS) as gateway:
        peer = Peer(gateway)
        peer.send(b"\x00\x07seven", b"\x00", b"x" * 101, b"\x00\x08" + b"e" * 98)
        assert backend.next().json() == {"number": 7, "text": "seven"}
        assert backend.next().json() == {"number": 8, "text": "e" * 98}
        malformed(gateway, 2, "whole")
    backend.nothing_more()
    backend.close()


def test_a_listener_that_is_replaced_forgets_its_peers():
    backend, gateway = world(FRAMES)
    with gateway:
        peer = Peer(gateway)
        peer.send(sent("--login", "engine-7", TOKENS["TOKEN_7"]))
        assert peer.answer() == TAKEN
        with open(gateway.path, encoding="utf-8") as file:
            text = file.read()
        gateway.write(text.replace("reading.ksy }", "reading.ksy, idle: 9m }"))
        gateway.reload()
        peer.send(sent("--reading", "engine-7", "-"))
        assert peer.answer() == REFUSED
        peer.send(sent("--login", "engine-7", TOKENS["TOKEN_7"]), sent("--reading", "engine-7", "-"))
        assert [peer.answer(), peer.answer()] == [TAKEN, TAKEN]
        assert backend.next().json() == READING
    backend.close()


def test_a_peer_that_is_silent_for_too_long_is_forgotten():
    backend, gateway = world(FRAMES.replace(".ksy }", ".ksy, idle: 50ms }"))
    with gateway:
        peer = Peer(gateway)
        peer.send(sent("--login", "engine-7", TOKENS["TOKEN_7"]))
        assert peer.answer() == TAKEN
        wait_until(lambda: gateway.counters("frames")["expired"] == 1, "it is forgotten")
        peer.send(sent("--reading", "engine-7", "-"))
        assert peer.answer() == REFUSED
    backend.nothing_more()
    backend.close()


def test_peers_by_the_hundred_do_not_fill_the_log():
    backend, gateway = world(NMEA.replace(", frame:", ", idle: 1s, frame:"))
    with gateway:
        for _ in range(400):
            peer = Peer(gateway)
            peer.send(b"noise", b"no frame")
            peer.socket.close()
        wait_until(lambda: 0 < gateway.counters("nmea")["connections"] == gateway.counters("nmea")["expired"], "all are forgotten")
        seconds = {}
        for line in gateway.log().split("\n"):
            if " peer=" in line:
                seconds[line[:19]] = seconds.get(line[:19], 0) + 1
        # Fifty in a second of the gateway's, which may begin in the middle of the clock's.
        assert seconds and max(seconds.values()) <= 100, seconds
        gateway.wait_log("more refusals in the last second")
    backend.close()


def test_frames_under_way_are_answered_before_it_stops():
    started, go_on = threading.Event(), threading.Event()

    def answer(_seen):
        started.set()
        assert go_on.wait(DEADLINE_S)
        return 200, {}, b"{}"

    backend, gateway = world(FRAMES, answer)
    with gateway:
        peer = Peer(gateway)
        peer.send(sent("--login", "engine-7", TOKENS["TOKEN_7"]))
        assert peer.answer() == TAKEN
        peer.send(sent("--reading", "engine-7", "-"))
        assert started.wait(DEADLINE_S)
        gateway.signal(15)
        gateway.wait_log("stopping:")
        go_on.set()
        assert peer.answer() == TAKEN
    backend.close()


if __name__ == "__main__":
    support.main(globals())
