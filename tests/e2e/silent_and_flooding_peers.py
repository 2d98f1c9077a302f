"""Peers that are silent, half gone, deaf or far too many, on every listener at once: each wait has its deadline, each limit is
kept, what they held is given back, and their neighbours' readings arrive all the while."""
# Each lambda is called before its loop goes on.  pylint: disable=cell-var-from-loop
import contextlib
import os
import re
import socket
import threading
import time

import support
import support_coap
import support_mqtt as mqtt
from every_refusal_over_frames import HEARTBEAT, SCHEMA, TAKEN, Device, login, reading
from support_http import Client, post

SHORT = {"web": "head: 700ms, body: 700ms, idle: 700ms", "mqtt": "connect_timeout: 700ms",
         "frames": "login_timeout: 700ms, frame_timeout: 700ms"}
PATH = "/ships/sensors/engine-7"
KNOWN = f"Authorization: Bearer {support.TOKENS['TOKEN_7']}"
TCP = ("web", "mqtt", "frames")

# What a peer says before it falls silent.
BEGINNINGS = {
    "web": [b"", b"GET /open/x HTTP/1.1\r\nHost: ", post("/open/x", "[" * 20000)[:-100].encode()],
    "mqtt": [b"", mqtt.connect()[:9], b"\x10\xff\x7f" + b"x" * 10000],
    "frames": [b"", login()[:7], login()[:-1]],
}


def listeners(settings):
    def more(name):
        return ", " + settings[name] if settings.get(name) else ""
    return f"""  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}"{more("web")} }}
  - {{ name: mqtt, protocol: mqtt, bind: "{{address}}:{{port_mqtt}}"{more("mqtt")} }}
  - {{ name: frames, protocol: binary, bind: "tcp://{{address}}:{{port_frames}}", frame: {SCHEMA}{more("frames")} }}
{support_coap.listener()}"""


@contextlib.contextmanager
def gateway_and_backend(settings, limits="body: 64KiB"):
    """The sanitizer is not to keep freed memory, so that what the process holds can be seen."""
    backend = support.RestBackend()
    text = support.fleet(backend.url, listeners(settings)).replace("body: 64KiB", limits, 1)
    text = text.replace("name: test", "name: test, core_dumps: true", 1)  # without it /proc shows nothing of it
    options = os.environ.get("ASAN_OPTIONS", "detect_leaks=1") + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
    with support.Gateway(text, environment=dict(support.TOKENS, ASAN_OPTIONS=options)) as gateway:
        yield gateway, backend
    backend.close()


def connect(gateway, name, first=b""):
    peer = socket.create_connection((gateway.address, gateway.port(name)), timeout=support.DEADLINE_S)
    peer.sendall(first)
    return peer


def ended(peer):
    """Reads to the end; what came before it."""
    said = b""
    try:
        while True:
            more = peer.recv(65536)
            if not more:
                return said
            said += more
    except ConnectionResetError:
        return said


def held_kib(gateway):
    with open(f"/proc/{gateway.process.pid}/status", encoding="utf-8") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read()).group(1))


def descriptors(gateway):
    return len(os.listdir(f"/proc/{gateway.process.pid}/fd"))


class Neighbours:
    """One good client of each protocol, whose readings must arrive whatever the others do."""

    def __init__(self, gateway, backend):
        self.backend = backend
        self.coap = support_coap.connect(gateway)
        self.mqtt = mqtt.Client(gateway.address, gateway.port("mqtt"),
                                mqtt.connect(client="neighbour", user="engine-7", password=support.TOKENS["TOKEN_7"]))
        self.mqtt.expect(b"\x20\x02\0\0")
        self.frames = Device(gateway, "frames", login())
        assert self.frames.answer() == TAKEN
        self.gateway = gateway

    def speak(self):
        text = support.READING_TEXT
        web = Client(self.gateway)
        answer = web.ask(post(PATH, text, KNOWN))
        web.close()
        assert answer.status == 200, answer
        assert self.speak_coap(text).code == "2.04"
        self.mqtt.send(mqtt.publish(PATH[1:], text, qos=1))
        self.mqtt.expect(b"\x40\x02\0\x01")
        assert self.frames.ask(reading()) == TAKEN
        for _ in range(4):
            assert self.backend.next().json() == support.READING
        self.backend.nothing_more()


    def speak_coap(self, text):
        """Sent again until it is answered, as RFC 7252 section 4.2 has it: a flood may wash a datagram away."""
        request = self.coap.request(support_coap.POST, PATH, text.encode(), token=support.TOKENS["TOKEN_7"],
                                    form=support_coap.JSON)
        self.coap.socket.settimeout(1)
        for _ in range(support.DEADLINE_S):
            self.coap.send(request.pack())
            with contextlib.suppress(TimeoutError):
                while True:
                    answer = self.coap.receive()
                    if answer.token == request.token:
                        return answer
        raise AssertionError("CoAP is not answered")


def test_the_deadlines_that_hold_without_settings():
    """Headers 10 s, CONNECT 5 s; whoever misses them is closed, and counted."""
    with gateway_and_backend({}) as (gateway, backend):
        neighbours, begun = Neighbours(gateway, backend), time.monotonic()
        peers = {(name, first): connect(gateway, name, first) for name in ("web", "mqtt") for first in BEGINNINGS[name][:2]}
        after = {}

        def wait(key):
            after[key] = (ended(peers[key]), time.monotonic() - begun)
        waiting = [threading.Thread(target=wait, args=(key,)) for key in peers]
        for thread in waiting:
            thread.start()
        while any(thread.is_alive() for thread in waiting):
            neighbours.speak()
            time.sleep(0.2)
        for (name, first), (said, seconds) in after.items():
            due = {"web": 10, "mqtt": 5}[name]
            assert seconds > due - 0.5, (name, first, seconds)  # not earlier; and not never, which ended() would say
            assert said.startswith(b"HTTP/1.1 408 ") if name == "web" and first else said == b"", (name, first, said)
        for name in ("web", "mqtt"):
            assert gateway.counters(name)["expired"] == 2, gateway.counters(name)


def test_connections_opened_and_abandoned():
    """200 on each listener, round after round: closed by their deadline, counted, and nothing of them is kept."""
    with gateway_and_backend(SHORT) as (gateway, backend):
        neighbours = Neighbours(gateway, backend)
        neighbours.speak()
        before, kib = descriptors(gateway), 0
        for turn in range(1, 5):
            silent = [connect(gateway, name, BEGINNINGS[name][n % 3]) for name in TCP for n in range(200)]
            gone = [connect(gateway, name, BEGINNINGS[name][n % 3]) for name in TCP for n in range(200)]
            for peer in gone:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                peer.close()
            neighbours.speak()
            for peer in silent:
                ended(peer)
                peer.close()
            support.wait_until(lambda: descriptors(gateway) <= before, "the descriptors of those that have gone")
            for name in TCP:
                counters = gateway.counters(name)
                assert counters["expired"] == 200 * turn, (name, turn, counters)
                assert counters["connections"] >= 400 * turn, (name, turn, counters)
            neighbours.speak()
            kib = kib or held_kib(gateway)
        assert held_kib(gateway) < kib + 8 * 1024, (kib, held_kib(gateway))


def test_more_connections_than_the_limit():
    with gateway_and_backend({}, "body: 64KiB, connections: 5") as (gateway, backend):
        neighbours = Neighbours(gateway, backend)
        for name in ("mqtt", "frames"):
            crowd = [connect(gateway, name) for _ in range(4)]
            for _ in range(3):
                assert ended(connect(gateway, name)) == b""
            assert gateway.counters(name)["refused"] == 3, gateway.counters(name)
            neighbours.speak()
            crowd.pop().close()

            def place(first=mqtt.connect(client="late") if name == "mqtt" else login(), name=name):
                try:
                    with connect(gateway, name, first) as peer:
                        return peer.recv(1) != b""
                except ConnectionError:
                    return False
            support.wait_until(place, "a place for another")
            for peer in crowd:
                peer.close()


def test_bodies_that_never_end_share_the_memory_that_there_is():
    """They may hold what `memory` says, all together; whoever comes then is told so, and the next one after them is served."""
    with gateway_and_backend({"web": "body: 1500ms"}, "body: 1MiB, memory: 16MiB") as (gateway, backend):
        Neighbours(gateway, backend).speak()
        kib = held_kib(gateway)
        peers = []
        head = "POST /open/x HTTP/1.1\r\nHost: box\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n"
        for _ in range(60):
            peer = connect(gateway, "web")
            with contextlib.suppress(ConnectionError):
                peer.sendall(head.encode() + b"[" * 900000)
            peers.append(peer)
        most = max(held_kib(gateway) for _ in range(10))
        assert most < kib + 32 * 1024, (kib, most)
        said = [ended(peer)[:12] for peer in peers]
        assert set(said) <= {b"HTTP/1.1 408", b"HTTP/1.1 413", b"HTTP/1.1 503", b""}, set(said)
        assert b"HTTP/1.1 408" in said and said.count(b"HTTP/1.1 408") < 40, said
        Neighbours(gateway, backend).speak()


def test_who_never_reads_is_cut_off():
    rows = {"mqtt": (mqtt.connect(client="deaf"), mqtt.PINGREQ * 200000), "frames": (login(), HEARTBEAT * 40000)}
    with gateway_and_backend({}) as (gateway, backend):
        neighbours = Neighbours(gateway, backend)
        for name, (first, more) in rows.items():
            peer = socket.socket()
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.settimeout(0.5)
            peer.connect((gateway.address, gateway.port(name)))
            peer.sendall(first)
            end = time.monotonic() + support.DEADLINE_S
            try:
                while time.monotonic() < end:
                    with contextlib.suppress(TimeoutError):
                        peer.sendall(more)
                    if gateway.counters(name)["failed"]:
                        break
            except ConnectionError:
                pass
            support.wait_until(lambda: gateway.counters(name)["failed"] == 1, f"{name}: the deaf one's end")
            peer.close()
            neighbours.speak()


def test_a_flood_of_nonsense_disturbs_nobody():
    """Attackers on each listener; the log says how much there was, and does not say it all."""
    with gateway_and_backend(SHORT) as (gateway, backend):
        neighbours, done = Neighbours(gateway, backend), threading.Event()

        def flood(name):
            while not done.is_set():
                with contextlib.suppress(OSError), connect(gateway, name, b"\x00nonsense\r\n" * 100) as peer:
                    peer.settimeout(1)
                    peer.recv(65536)

        def flood_datagrams():
            peer = support_coap.connect(gateway)
            while not done.is_set():
                with contextlib.suppress(OSError):
                    for _ in range(50):
                        peer.send(b"\x4fnonsense")
                time.sleep(0.01)
        attackers = [threading.Thread(target=flood, args=(name,)) for name in TCP for _ in range(4)]
        attackers.append(threading.Thread(target=flood_datagrams))
        for attacker in attackers:
            attacker.start()
        begun = time.monotonic()
        try:
            for _ in range(20):
                neighbours.speak()
            while time.monotonic() < begun + 2.2:
                neighbours.speak()
        finally:
            done.set()
            for attacker in attackers:
                attacker.join()
        seconds = time.monotonic() - begun
        for name in (*TCP, "coap"):
            counters = gateway.counters(name)
            assert counters["malformed"] > 100, (name, counters)
            lines = sum(" request malformed id=" in line and f"listener={name} " in line for line in gateway.lines)
            assert 50 <= lines <= 51 * (seconds + 2), (name, lines, seconds)
            assert re.search(rf"listener={name} \d+ more refusals in the last second", gateway.log()), name
        neighbours.speak()


if __name__ == "__main__":
    support.main(globals())
