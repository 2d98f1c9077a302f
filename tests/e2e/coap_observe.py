"""Observing last values (RFC 7641): with libcoap's client over UDP and TCP, the npm package, and message by message."""
import socket
import struct
import subprocess
import threading

import support
import support_npm
from support_coap import ACK, CON, GET, NON, RST, Message, connect, listener, number

OBSERVE, ECHO = 6, 252
TOKEN = support.TOKENS["TOKEN_7"]
ENDPOINTS = """
  - { name: values, path: "/values/{thing}", methods: [GET, POST, DELETE], auth: [token], keep: last }
  - { name: board, path: "/board/{thing}", methods: [GET, POST], auth: [none], keep: last }
"""


def gateway(extra="token_in_query: accept", tcp=False):
    web = '  - { name: web, protocol: http, bind: "{address}:{port_web}" }\n'
    coap = listener(extra)
    config = support.fleet("http://127.0.0.1:9", web + (coap.replace('bind: "', 'bind: "tcp://') if tcp else coap), ENDPOINTS)
    config = config.replace('gateway: { name: test,', 'gateway: { name: test, state: state,')
    config = config.replace('"POST /ships/sensors/{self}"', '"* /values/*", "POST /ships/sensors/{self}"')
    return support.Gateway(config, environment=support.TOKENS)


def put(box, path, text):
    status, _, said = support.curl("-H", f"Authorization: Bearer {TOKEN}", "--json", text, box.url(path))
    assert status in (200, 201, 204), (status, said)


class Watching:
    """coap-client as an observer."""

    def __init__(self, box, path, *arguments, scheme="coap"):
        uri = f"{scheme}://{box.address}:{box.port('coap')}{path}"
        self.said = []
        self.process = subprocess.Popen(["coap-client-openssl", "-w", "-s", "60", *arguments, uri], text=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        threading.Thread(target=lambda: self.said.extend(iter(self.process.stdout.readline, "")), daemon=True).start()

    def hears(self, text):
        support.wait_until(lambda: any(text in line for line in self.said), f"{text}; heard: {self.said}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def watch(box, path, *arguments, **options):
    put(box, path.partition("?")[0], '{"value":1}')
    with Watching(box, path, *arguments, **options) as client:
        client.hears('{"value":1}')
        for i in range(2, 8):
            put(box, path.partition("?")[0], f'{{"value":{i}}}')
            client.hears(f'{{"value":{i}}}')


def test_libcoaps_client_hears_each_value():
    with gateway() as box:
        watch(box, f"/values/a?access_token={TOKEN}")
        watch(box, f"/values/b?access_token={TOKEN}", "-N")


def test_without_a_token_it_proves_its_address():
    with gateway() as box:
        watch(box, "/board/a")


def test_over_tcp():
    with gateway(tcp=True) as box:
        watch(box, f"/values/a?access_token={TOKEN}", scheme="coap+tcp")


def test_a_large_value_comes_in_blocks():
    with gateway() as box:
        put(box, "/values/a", '{"value":"small"}')
        with Watching(box, f"/values/a?access_token={TOKEN}") as client:
            client.hears("small")
            text = "x" * 3000
            put(box, "/values/a", f'{{"value":"{text}"}}')
            client.hears(text)


def test_the_npm_client_hears_each_value():
    support_npm.ready()
    with gateway() as box:
        for path, query in (("/values/a", f"access_token={TOKEN}"), ("/board/a", None)):
            put(box, path, '{"value":1}')
            with support_npm.Script("coap.js", host=box.address, port=box.port("coap"),
                                    requests=[{"path": path, "query": query, "observe": True}]) as client:
                assert client.event("response")["payload"] == '{"value":1}'
                for i in range(2, 6):
                    put(box, path, f'{{"value":{i}}}')
                    client.wait(lambda thing, i=i: thing.get("payload") == f'{{"value":{i}}}', f"value {i}")


def observe(client, path, **options):
    return client.call(GET, path, options=[(OBSERVE, b"")], **options)


def test_reset_and_deregistration_end_it():
    with gateway() as box:
        put(box, "/values/a", "1")
        client = connect(box)
        assert observe(client, "/values/a", token=TOKEN).option(OBSERVE) is not None
        put(box, "/values/a", "2")
        message = client.receive()
        assert (message.kind, message.payload) == (CON, b"2")
        client.send(Message(RST, 0, message.mid).pack())
        # Whoever rejected it hears no more: the next thing that comes is the answer to a request.
        put(box, "/values/a", "3")
        assert client.call(GET, "/values/a", token=TOKEN).payload == b"3"

        request = client.request(GET, "/values/a", token=TOKEN, options=[(OBSERVE, b"")])
        client.send(request.pack())
        assert client.receive().option(OBSERVE) is not None
        stop = client.request(GET, "/values/a", token=TOKEN, options=[(OBSERVE, b"\x01")])
        stop.token = request.token
        client.send(stop.pack())
        assert client.receive().option(OBSERVE) is None
        put(box, "/values/a", "4")
        assert client.call(GET, "/values/a", token=TOKEN).payload == b"4"


def test_an_observer_that_may_no_longer_is_told():
    with gateway() as box:
        put(box, "/values/a", "1")
        client = connect(box)
        observe(client, "/values/a", token=TOKEN)
        with open(box.path, encoding="utf-8") as file:
            text = file.read()
        with open(box.path, "w", encoding="utf-8") as file:
            file.write(text.replace('"* /values/*", ', ""))
        box.reload()
        message = client.receive()
        assert message.code == "4.03" and message.option(OBSERVE) is None, message.code


def test_observers_are_bounded():
    with gateway("token_in_query: accept, observers: 20, observers_per_peer: 3") as box:
        put(box, "/values/a", "1")
        clients = [connect(box) for _ in range(10)]
        heard = [observe(client, "/values/a", token=TOKEN).option(OBSERVE) is not None
                 for client in clients for _ in range(4)]
        assert heard.count(True) == 20, heard
        assert heard[:4] == [True, True, True, False]
        assert box.counters("coap")["refused"] == 20


def test_more_observers_than_acknowledgements_can_be_waited_for():
    """Those that are not told at once are told when others have acknowledged; nobody is forgotten."""
    observers = 5000
    with gateway(f"observers_per_peer: {observers}") as box, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        put(box, "/board/a", '{"value":1}')
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        client.settimeout(support.DEADLINE_S)
        client.connect((box.address, box.port("coap")))
        path = b"\x55board\x01a"
        for first in range(0, observers, 100):
            for i in range(first, first + 100):
                # Observe, Uri-Path, and an option that says nothing: room for a notification of three times as much.
                client.send(b"\x42\x01" + struct.pack(">HH", i, i) + b"\x60" + path + b"\xed\x04\xe6\x33" + bytes(64))
            for i in range(100):
                assert client.recv(1024)[:2] == b"\x62\x45"
        put(box, "/board/a", '{"value":2}')
        told = set()
        while len(told) < observers:
            datagram = client.recv(1024)
            if datagram.endswith(b'{"value":2}'):
                told.add(datagram[4:6])
                client.send(b"\x60\0" + datagram[2:4])
        assert box.counters("coap")["refused"] == 0


def test_a_forged_address_is_not_flooded():
    """Whoever has not proved to be at its address gets at most three times what it sent, whatever happens."""
    with gateway() as box:
        put(box, "/board/a", '{"value":1}')
        client = connect(box)
        request = client.request(GET, "/board/a", options=[(OBSERVE, b"")]).pack()
        client.send(request)
        got = len(client.socket.recv(65536))
        for i in range(20):
            put(box, "/board/a", f'{{"value":{i}}}')
        client.socket.settimeout(8)  # two repetitions would fit in here
        try:
            while True:
                got += len(client.socket.recv(65536))
        except TimeoutError:
            pass
        assert len(request) < got <= 3 * len(request), (len(request), got)


support.main(globals())
