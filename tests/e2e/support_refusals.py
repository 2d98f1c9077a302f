"""One row after the other of what a gateway must refuse: the same world of backends for every protocol, and the check
that a refusal is counted, logged under the id that the caller was told, and disturbs nobody else."""
import collections
import re
import socket
import threading

import support

SUCCESSES = {"answered.ok", "answered.created", "answered.changed", "answered.deleted", "answered.accepted"}
LOGGED = re.compile(r' request (\S+) id=([0-9a-f]{16}) listener=(\S+) protocol=(\S+) .* why="(.*)"$')

# What the caller was told: the protocol's own code, a reason for a person, the request's id. The last two are None where
# the protocol has no place for them.
Refusal = collections.namedtuple("Refusal", "code reason id", defaults=(None, None))

BACKENDS = """
  gone: {{ protocol: rest, targets: [{{ url: "http://{gone}" }}] }}
  slow: {{ protocol: rest, targets: [{{ url: {slow} }}], timeout: 400ms }}
  resetting: {{ protocol: rest, targets: [{{ url: {resetting} }}] }}
  garbage: {{ protocol: rest, targets: [{{ url: "http://{garbage}" }}] }}
  picky: {{ protocol: rest, targets: [{{ url: {picky} }}] }}
"""

ENDPOINTS = """
  - { name: gone, path: "/gone/{thing}", auth: [none], to: gone, methods: [POST] }
  - { name: slow, path: "/slow/{thing}", auth: [none], to: slow, methods: [POST] }
  - { name: resetting, path: "/resetting/{thing}", auth: [none], to: resetting, methods: [POST] }
  - { name: garbage, path: "/garbage/{thing}", auth: [none], to: garbage, methods: [POST] }
  - { name: picky, path: "/picky/{thing}", auth: [none], to: picky, methods: [POST] }
  - { name: readable, path: "/readable/{thing}", auth: [none], to: telemetry, methods: [GET] }
  - { name: small, path: "/small/{thing}", auth: [none], to: telemetry, methods: [POST], body: 400 }
  - { name: json, path: "/json/{thing}", auth: [none], to: telemetry, methods: [POST], accept: [application/json] }
"""


class GarbageBackend:
    """Answers whatever it is sent with what is no HTTP."""

    def __init__(self):
        self.socket = socket.create_server((support.own_address(), 0), backlog=64)
        self.netloc = "%s:%d" % self.socket.getsockname()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(b"220 mail.example ESMTP ready\r\n")

    def close(self):
        self.socket.close()


class World:
    """A gateway with these listeners, before a good backend and one of each ill kind."""

    def __init__(self, listeners, files=None):
        self.telemetry = support.RestBackend()
        self.released = threading.Event()
        self.slow = support.RestBackend(self._answer_late)
        self.resetting = support.RestBackend(self._reset)
        self.picky = support.RestBackend(lambda seen: (int(seen.path.rsplit("/", 1)[1]), {}, b""))
        self.garbage = GarbageBackend()
        gone = support.own_address()
        backends = BACKENDS.format(gone=f"{gone}:{support.free_port(gone)}", slow=self.slow.url, picky=self.picky.url,
                                   resetting=self.resetting.url, garbage=self.garbage.netloc)
        text = support.fleet(self.telemetry.url, listeners, ENDPOINTS)
        text = text.replace("\nendpoints:", backends + "endpoints:", 1)
        self.gateway = support.Gateway(text, files=files, environment=support.TOKENS)

    def _answer_late(self, _):
        self.released.wait(support.DEADLINE_S)
        return 200, {}, b""

    @staticmethod
    def _reset(_):
        raise ConnectionError

    def __enter__(self):
        self.gateway.__enter__()
        return self

    def __exit__(self, *what):
        self.released.set()
        self.gateway.__exit__(*what)
        for backend in (self.telemetry, self.slow, self.resetting, self.picky, self.garbage):
            backend.close()

    def _logged(self, mark):
        """The refusals in the log since then."""
        return [found.groups() for found in map(LOGGED.search, self.gateway.lines[mark:]) if found]

    def refused(self, name, listener, status, say, good, protocol=None, is_packet=False):
        """`say()` has something refused, and gives the Refusal; `good()` sends a good message on another connection.
        `is_packet`: what was said is no message of the protocol at all. Returns the code."""
        before, mark = self.gateway.counters(listener), len(self.gateway.lines)
        refusal = say()
        support.wait_until(lambda: self._logged(mark), f"{name}: a line in the log, {refusal}")
        (logged, request_id, logged_listener, logged_protocol, why), = self._logged(mark)
        after = self.gateway.counters(listener)
        told = f"{name}: {refusal}; logged: {logged} {request_id} {why!r}"
        assert (logged, logged_listener) == (status, listener), told
        assert protocol in (None, logged_protocol), told
        assert why and refusal.reason in (None, why), told
        assert refusal.id in (None, request_id), told
        raised = {key: after[key] - before.get(key, 0) for key in after if key.startswith("answered.")}
        raised = {key: n for key, n in raised.items() if n and key not in SUCCESSES}
        assert raised == {f"answered.{status}": 1}, f"{told}; counted: {raised}"
        assert after["malformed"] - before["malformed"] == (1 if is_packet else 0), told
        self.telemetry.nothing_more()
        good()
        seen = self.telemetry.next()
        assert seen.json() == support.READING, (told, seen)
        self.telemetry.nothing_more()
        return refusal.code
