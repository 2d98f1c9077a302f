"""Server-sent events: values that are followed over HTTP, by curl and by a socket that reads as a browser's EventSource
does."""
import http.client
import signal
import socket
import subprocess

from support import DEADLINE_S, TOKENS, Gateway, RestBackend, curl, main, wait_until
from support_http import Client, get

CONFIGURATION = """
gateway: {{ name: test, state: state, limits: {{ body: 256KiB, connections: {connections} }} }}
listeners:
  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}", heartbeat: {heartbeat}, body: {body} }}
auth: {{ token: {{ method: token }} }}
roles: {{ sensor: {{ allow: ["* /sensors/{{self}}"] }} {more_roles} }}
clients:
  - {{ id: engine-7, roles: [sensor], token: env:TOKEN_7 }}
  - {{ id: engine-8, roles: [sensor], token: env:TOKEN_8 }}
backends: {{ telemetry: {{ protocol: rest, targets: [{{ url: {backend} }}] }} }}
endpoints:
  - {{ name: sensors, path: "/sensors/{{device}}", methods: [GET, POST], auth: [token], keep: last, to: telemetry }}
  - {{ name: own, path: "/own/{{x}}", methods: [GET, PUT, DELETE], auth: [none], accept: ["*/*"], keep: last }}
  - {{ name: plain, path: /plain, methods: [GET], auth: [none], to: telemetry }}
"""


def configuration(backend, heartbeat="15s", body="30s", connections=1000, more_roles=""):
    return CONFIGURATION.format(backend=backend.url, heartbeat=heartbeat, body=body, connections=connections,
                                more_roles=more_roles)


def gateway(backend, **options):
    return Gateway(configuration(backend, **options), environment=TOKENS)


def put(gate, path, body, media="application/json"):
    connection = http.client.HTTPConnection(gate.address, gate.port("web"), timeout=DEADLINE_S)
    connection.request("PUT", path, body.encode(), {"Content-Type": media})
    response = connection.getresponse()
    text = response.read()
    connection.close()
    assert response.status in (201, 204), (response.status, text)


class Source:
    """An EventSource: reads the stream by its rules."""

    def __init__(self, gate, path, *fields, version="1.1"):
        self.socket = socket.create_connection((gate.address, gate.port("web")), timeout=DEADLINE_S)
        self.socket.sendall(get(path, "Accept: text/event-stream", *fields, version=version).encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {}
        while True:
            line = self.file.readline().decode("latin-1").strip()
            if not line:
                break
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        self.chunked = self.headers.get("transfer-encoding") == "chunked"
        self.text = b""
        self.ended = False
        self.comments = 0

    def _more(self):
        if not self.chunked:
            data = self.file.readline()
        else:
            size = int(self.file.readline(), 16)
            data = self.file.read(size)
            assert self.file.read(2) == b"\r\n"
        self.ended = not data
        self.text += data

    def event(self):
        """(id, data); None at the end of the stream."""
        identity, lines = None, []
        while not self.ended:
            while b"\n" not in self.text and not self.ended:
                self._more()
            line, _, self.text = self.text.partition(b"\n")
            line = line.decode()
            if line.startswith(":"):
                self.comments += 1
            elif line.startswith("id: "):
                identity = line[4:]
            elif line.startswith("data: "):
                lines.append(line[6:])
            elif not line and lines:
                return identity, "\n".join(lines)
        assert self.file.read() == b""
        return None


def test_curl_hears_each_value():
    backend = RestBackend()
    with gateway(backend) as gate:
        put(gate, "/own/a", "[1]")
        with subprocess.Popen(["curl", "-sN", "--max-time", str(DEADLINE_S), "-H", "Accept: text/event-stream",
                               gate.url("/own/a")], stdout=subprocess.PIPE) as reader:
            def event():
                lines = [reader.stdout.readline().decode() for _ in range(3)]
                assert lines[0].startswith("id: ") and lines[2] == "\n", lines
                return lines[1]
            assert event() == "data: [1]\n"
            for number in range(2, 20):
                put(gate, "/own/a", f"[{number}]")
                assert event() == f"data: [{number}]\n"
            reader.kill()
        wait_until(lambda: "subscriptions=0" in counters(gate), "the subscription's end")


def counters(gate):
    before = len(gate.lines)
    gate.signal(signal.SIGUSR1)
    return wait_until(lambda: next((line for line in gate.lines[before:] if "subscriptions=" in line), None), "counters")


def test_a_stream_may_begin_before_its_first_value():
    for version in ("1.1", "1.0"):
        backend = RestBackend()
        with gateway(backend) as gate:
            source = Source(gate, "/own/a", version=version)
            assert source.status == 200, source.headers
            assert source.headers["content-type"] == "text/event-stream"
            assert source.headers["cache-control"] == "no-store"
            assert source.chunked == (version == "1.1")
            put(gate, "/own/a", '{"t":1764057600123456789}')
            identity, data = source.event()
            assert data == '{"t":1764057600123456789}'
            _, headers, _ = curl(gate.url("/own/a"))
            assert headers["etag"] == f'"{identity}"'
            backend.nothing_more()


def test_text_has_its_lines_and_binary_is_left_out():
    backend = RestBackend()
    with gateway(backend) as gate:
        source = Source(gate, "/own/a")
        put(gate, "/own/a", "one\ntwo\r\nthree\r\rfour", media="text/plain")
        assert source.event()[1] == "one\ntwo\nthree\n\nfour"
        put(gate, "/own/a", "\x01", media="image/png")
        put(gate, "/own/a", "[2]")
        assert source.event()[1] == "[2]"
        # What comes in CBOR is told in JSON.
        status, _, _ = curl("-X", "PUT", "-H", "Content-Type: application/cbor", "--data-binary", "\x61a", gate.url("/own/a"))
        assert status == 204
        assert source.event()[1] == '"a"'


def test_a_client_that_comes_back_hears_only_what_is_newer():
    backend = RestBackend()
    with gateway(backend) as gate:
        put(gate, "/own/a", "[1]")
        first = Source(gate, "/own/a")
        identity, data = first.event()
        assert data == "[1]"
        first.socket.close()
        again = Source(gate, "/own/a", f"Last-Event-ID: {identity}")
        put(gate, "/own/a", "[2]")
        assert again.event()[1] == "[2]"
        late = Source(gate, "/own/a", f"Last-Event-ID: {identity}")
        assert late.event()[1] == "[2]"
        strange = Source(gate, "/own/a", "Last-Event-ID: none of ours")
        assert strange.event()[1] == "[2]"


def test_each_refusal():
    backend = RestBackend()
    with gateway(backend) as gate:
        for path, token, status in [("/plain", None, 406), ("/nowhere", None, 404), ("/sensors/engine-7", None, 401),
                                    ("/sensors/engine-7", "wrong", 401), ("/sensors/+", "secret-of-engine-7", 406),
                                    ("/sensors/engine-7", "secret-of-engine-8", 403)]:
            fields = ["-H", f"Authorization: Bearer {token}"] if token else []
            found, headers, body = curl("-H", "Accept: text/event-stream", *fields, gate.url(path))
            assert found == status, (path, token, found, body)
            assert headers["content-type"] == "application/problem+json"
        # Whoever takes anything gets an answer and no stream.
        put(gate, "/own/a", "[1]")
        assert curl("-H", "Accept: */*", gate.url("/own/a"))[2] == "[1]"
        assert curl("-H", "Accept: application/json, text/event-stream;q=0", gate.url("/own/a"))[2] == "[1]"
        backend.nothing_more()


def test_silence_is_filled_with_heartbeats():
    backend = RestBackend()
    with gateway(backend, heartbeat="20ms") as gate:
        source = Source(gate, "/own/a")
        while source.comments < 3:
            source._more()
            source.comments += source.text.count(b":\n\n")
            source.text = b""


LARGE = "x" * 200000


def test_who_reads_slowly_skips_what_was_replaced():
    backend = RestBackend()
    with gateway(backend) as gate:
        slow = Source(gate, "/own/a")
        for number in range(100):
            put(gate, "/own/a", f'["{LARGE}",{number}]')
        heard = []
        while not heard or heard[-1] != 99:
            heard.append(int(slow.event()[1].rpartition(",")[2][:-1]))
        assert heard == sorted(set(heard)) and len(heard) < 100, heard
        put(gate, "/own/a", "[1]")
        assert slow.event()[1] == "[1]"


def test_who_reads_nothing_is_cut_off():
    backend = RestBackend()
    with gateway(backend, body="500ms") as gate:
        dead = Source(gate, "/own/a")
        number = 0
        while not gate.counters("web").get("expired"):
            put(gate, "/own/a", f'["{LARGE}",{number}]')
            number += 1
        wait_until(lambda: "subscriptions=0" in counters(gate), "the subscription's end")
        dead.socket.close()


def test_a_stream_ends_with_its_rights_and_with_the_listener():
    backend = RestBackend()
    with gateway(backend) as gate:
        bearer = "Authorization: Bearer secret-of-engine-7"
        assert curl("--json", "[1]", "-H", bearer, gate.url("/sensors/engine-7"))[0] == 200
        mine, open_to_all = Source(gate, "/sensors/engine-7", bearer), Source(gate, "/own/a")
        assert mine.event()[1] == "[1]"
        # A reload that changes nothing for them.
        gate.write(configuration(backend, more_roles=', another: { allow: ["GET /x"] }'))
        gate.reload()
        assert curl("--json", "[2]", "-H", bearer, gate.url("/sensors/engine-7"))[0] == 200
        assert mine.event()[1] == "[2]"
        # One that takes the right away.
        text = configuration(backend).replace('"* /sensors/{self}"', '"POST /sensors/{self}"')
        gate.write(text)
        gate.reload()
        assert mine.event() is None
        put(gate, "/own/a", "[3]")
        assert open_to_all.event()[1] == "[3]"
        gate.signal(signal.SIGTERM)
        assert open_to_all.event() is None


def test_streams_are_connections_and_bounded_like_them():
    backend = RestBackend()
    with gateway(backend, connections=3) as gate:
        streams = [Source(gate, "/own/a") for _ in range(3)]
        assert Client(gate).response().status == 503
        streams.pop().socket.close()
        wait_until(lambda: b"200" in first_line(gate), "room for another")


def first_line(gate):
    client = Client(gate)
    client.send(get("/own/a", "Accept: text/event-stream"))
    try:
        while b"\r\n" not in client.bytes and client._more():
            pass
        return client.bytes.partition(b"\r\n")[0]
    finally:
        client.close()


def test_what_a_client_sends_meanwhile_is_nothing():
    backend = RestBackend()
    with gateway(backend) as gate:
        source = Source(gate, "/own/a")
        source.socket.sendall(get("/plain").encode() * 100)
        put(gate, "/own/a", "[1]")
        assert source.event()[1] == "[1]"
        backend.nothing_more()


if __name__ == "__main__":
    main(globals())
