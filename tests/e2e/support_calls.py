"""A device of our own making that is asked, for what a real one would not do when a test wants it to: a description whose
answers do not say whose they are, and the device at a socket."""
import json
import socket
import threading

import support
from support import DEADLINE_S, Gateway, RestBackend, TOKENS

LOGIN, SAID, ANSWER, REQUEST = 1, 2, 3, 4
ASKED_KSY = """
meta: { id: asked, endian: be, encoding: ASCII }
seq:
  - { id: kind, type: u1, valid: { any-of: [1, 2, 3] } }
  - { id: length, type: u1 }
  - id: body
    size: length
    type: { switch-on: kind, cases: { 1: login, _: number } }
types:
  login: { seq: [{ id: name, type: strz }, { id: token, type: strz }] }
  number: { seq: [{ id: value, type: u2 }] }
  request:
    seq:
      - { id: kind, type: u1, valid: 4 }
      - { id: length, type: u1 }
      - { id: body, type: wish, size: length }
  wish:
    seq:
      - { id: what, type: u1 }
      - { id: value, type: u2, if: what == 2 or what == 3 }
-fairlead:
  framing: { length-field: { offset: 1, size: 1 } }
  login: { when: kind == 1, device: body.as<login>.name, secret: body.as<login>.token, accept: [6], refuse: [21] }
  path: "/plant/{device}/measured/said"
  emit: { value: body.as<number>.value }
  on-error: resync
  concurrent: 4
  call:
    type: request
    timeout: PATIENCE
    answer:
      when: kind == 3
      expected: body.what != 3
      error: { when: body.as<number>.value == 0xffff, status: '"conflict"', text: '"stuck"' }
      emit: { value: body.as<number>.value }
"""


def configuration(backend_url, backend="listener: asked, timeout: 25s", state="", listener="", read="GET"):
    return f"""
gateway: {{ name: test, {state} limits: {{ body: 64KiB }} }}
listeners:
  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}" }}
  - {{ name: asked, protocol: binary, bind: "tcp://{{address}}:{{port_asked}}", frame: asked.ksy {listener} }}
auth:
  token: {{ method: token }}
roles:
  operator: {{ allow: ["* /plant/*"] }}
  device: {{ allow: ["POST /plant/{{self}}/*"] }}
clients:
  - {{ id: engine-7, roles: [device], token: env:TOKEN_7 }}
  - {{ id: engine-8, roles: [device], token: env:TOKEN_8 }}
  - {{ id: captain, roles: [operator], token: env:TOKEN_CAPTAIN }}
backends:
  telemetry: {{ protocol: rest, targets: [{{ url: "{backend_url}" }}], timeout: 3s }}
  asked: {{ protocol: binary, {backend} }}
endpoints:
  - {{ name: measured, path: "/plant/{{device}}/measured/{{what}}", methods: [POST], auth: [token], to: telemetry,
      call: {{ path: "/v1/{{device}}/{{what}}" }} }}
  - {{ name: read, path: "/plant/{{device}}/valve", methods: [{read}], auth: [token], to: asked, call: {{ with: {{ body: {{ what: 1 }} }} }} }}
  - {{ name: write, path: "/plant/{{device}}/valve", methods: [PUT], auth: [token], to: asked,
      call: {{ with: {{ body: {{ what: "{{?what=2}}", value: "{{#/value}}" }} }} }} }}
"""


def world(patience="20s", **what):
    """`patience`: how long the device may take to answer."""
    backend = RestBackend()
    return backend, Gateway(configuration(backend.url, **what), environment=TOKENS,
                            files={"asked.ksy": ASKED_KSY.replace("PATIENCE", patience)})


def frame(kind, body):
    return bytes([kind, len(body)]) + body


def number(kind, value):
    return frame(kind, value.to_bytes(2, "big"))


READ = frame(REQUEST, b"\1")


def write(value, what=2):
    return frame(REQUEST, bytes([what]) + value.to_bytes(2, "big"))


class Device:
    """Connects and logs in; `who` None: does not."""

    def __init__(self, gateway, who="engine-7", token="TOKEN_7"):
        self.socket = socket.create_connection((gateway.address, gateway.port("asked")), DEADLINE_S)
        self.socket.settimeout(DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if who:
            self.send(frame(LOGIN, who.encode() + b"\0" + TOKENS[token].encode() + b"\0"))
            assert self.receive(1) == b"\6"

    def send(self, data):
        self.socket.sendall(data)

    def receive(self, n):
        got = b""
        while len(got) < n:
            more = self.socket.recv(n - len(got))
            assert more, f"closed after {got!r}"
            got += more
        return got

    def request(self):
        """The next request, whole."""
        head = self.receive(2)
        return head + self.receive(head[1])

    def expect(self, request):
        got = self.request()
        assert got == request, f"{got!r}, where {request!r} was expected"

    def silent(self):
        """Nothing has come that was not read."""
        self.socket.setblocking(False)
        try:
            got = self.socket.recv(1)
            raise AssertionError(f"heard {got!r}")
        except BlockingIOError:
            pass
        self.socket.settimeout(DEADLINE_S)

    def close(self):
        self.socket.close()


class Call:
    """curl, while the device is looked at: GET, or PUT with a value."""

    def __init__(self, running, value=None, path="/plant/engine-7/valve"):
        what = ("-X", "PUT", "-H", "Content-Type: application/json", "-d", json.dumps({"value": value})) if value is not None else ()
        self.result = []
        self.thread = threading.Thread(target=lambda: self.result.append(support.curl(
            "-H", f"Authorization: Bearer {TOKENS['TOKEN_CAPTAIN']}", *what, running.url(path))))
        self.thread.start()

    def wait(self):
        self.thread.join(DEADLINE_S)
        status, _, text = self.result[0]
        return status, json.loads(text) if text else None
