"""What the end-to-end tests share: the gateway as a child process, a REST backend that remembers, free addresses.

A test is a function whose name says one behaviour; `main(globals())` runs all test_* functions of the file, each on a
loopback address of its own (127.x.y.z), so that tests run in parallel without fighting over ports.
"""
import http.server
import json
import os
import queue
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

SOURCE = os.environ.get("FAIRLEAD_SOURCE") or os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
BINARY = os.path.abspath(os.environ.get("FAIRLEAD_BINARY") or os.path.join(SOURCE, "build", "asan", "fairlead"))
VECTORS = os.environ.get("FAIRLEAD_VECTORS") or os.path.join(SOURCE, "..", "shared", "vectors")
READING = {"sensor": "temperature", "value": 81.4, "unit": "Cel", "time": 1764057600123456789}
READING_TEXT = '{"sensor":"temperature","value":81.4,"unit":"Cel","time":1764057600123456789}'
DEADLINE_S = 30
# Where Debian has servers; not in an ordinary user's path.
os.environ["PATH"] += ":/usr/sbin:/sbin"
# No test depends on what machine it runs on; those of boards say where theirs are.
os.environ.setdefault("FAIRLEAD_BOARDS", "")


def skip(why):
    """Ends the test program as skipped; in CI, where nothing may be skipped, as failed."""
    print("skipped:", why)
    sys.exit(1 if os.environ.get("CI") else 77)


def vectors(name):
    path = os.path.join(VECTORS, name)
    if not os.path.exists(path):
        skip(f"the vectors' folder has no {name} (FAIRLEAD_VECTORS names another)")
    return path


_used = 0


def own_address():
    """A loopback address that no other test process uses."""
    global _used
    _used += 1
    pid = os.getpid()
    return f"127.{1 + (pid >> 14) % 250}.{(pid >> 6) % 256}.{1 + ((pid % 64) * 4 + _used % 4) % 254}"


def free_port(address, kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def wait_until(condition, what, seconds=DEADLINE_S):
    """Polls until the condition gives something true, and returns that."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        time.sleep(0.01)


class Seen:
    """One request as the backend saw it."""

    def __init__(self, method, path, headers, body):
        self.method, self.path, self.headers, self.body = method, path, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.method} {self.path} {self.body!r}"


class RestBackend:
    """A real HTTP/1.1 server. `answer(seen)` gives (status, headers, body), or raises ConnectionError to reset; the
    default answers 200 with {"ok":true}. Everything seen is in .seen, in order of arrival. `tls`: the context of an HTTPS
    server; .accepted counts its connections."""

    def __init__(self, answer=None, address=None, tls=None, port=0):
        self.seen = []
        self.arrived = queue.Queue()
        self.answer = answer or (lambda seen: (200, {"Content-Type": "application/json"}, b'{"ok":true}'))
        self.address = address or own_address()
        self.accepted = 0
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                backend.accepted += 1

            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                seen = Seen(self.command, self.path, dict((k.lower(), v) for k, v in self.headers.items()),
                            self.rfile.read(length))
                backend.seen.append(seen)
                backend.arrived.put(seen)
                try:
                    status, headers, body = backend.answer(seen)
                except ConnectionError:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    self.close_connection = True
                    self.connection.close()
                    return
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if status != 204 and "Content-Length" not in headers:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = handle_any

            def log_message(self, *arguments):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, request, client_address):
                pass

        self.server = Server((self.address, port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://{self.address}:{self.port}"
        if tls:
            # The handshake is the connection's own thread's, at its first read.
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def next(self, seconds=DEADLINE_S):
        """The next request that has arrived."""
        try:
            return self.arrived.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"nothing arrived at the backend in {seconds} s") from None

    def nothing_more(self):
        """Nothing but what next() gave has arrived (call it once the clients have all their answers)."""
        assert self.arrived.empty(), f"arrived as well: {list(self.arrived.queue)}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Gateway:
    """The daemon as a child process. `configuration` is YAML text; "{address}" stands for this gateway's own loopback
    address and "{port_NAME}" for a free port of it, the same one each time NAME is used."""

    def __init__(self, configuration, files=None, environment=None, wait=True, binary=None):
        self.address = own_address()
        self.folder = tempfile.mkdtemp(prefix="fairlead-test-")
        self.ports = {}
        self.environment = dict(os.environ, **(environment or {}))
        for name, content in (files or {}).items():
            path = os.path.join(self.folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as out:
                out.write(content if isinstance(content, bytes) else content.encode())
        self.path = os.path.join(self.folder, "fairlead.yaml")
        self.write(configuration)
        self.binary = binary or BINARY
        self.start(wait)

    def start(self, wait=True):
        """Starts it; after kill() the same again, in the same folder and at the same ports."""
        self.lines, self.printed = [], []
        self.process = subprocess.Popen([self.binary, "run", "-c", self.path], cwd=self.folder,
                                        env=self.environment, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._readers = [self._reader(self.process.stderr, self.lines), self._reader(self.process.stdout, self.printed)]
        if wait:
            self.wait_log("ready:")

    def kill(self):
        """SIGKILL: what is not on disk by now is gone."""
        self.process.kill()
        self.process.wait()
        for reader in self._readers:
            reader.join(5)

    @staticmethod
    def _reader(stream, lines):
        def read():
            for line in stream:
                lines.append(line.decode("utf-8", "replace").rstrip("\n"))
        thread = threading.Thread(target=read, daemon=True)
        thread.start()
        return thread

    def port(self, name, kind=socket.SOCK_STREAM):
        while name not in self.ports:
            port = free_port(self.address, kind)
            if port not in self.ports.values():  # the system may give the same one twice
                self.ports[name] = port
        return self.ports[name]

    def write(self, configuration):
        """Writes the configuration file (for a reload: follow with .reload())."""
        text = configuration.replace("{address}", self.address)
        text = re.sub(r"\{port_(\w+)\}", lambda found: str(self.port(found.group(1))), text)
        with open(self.path, "w", encoding="utf-8") as out:
            out.write(text)

    def url(self, path="", name="web"):
        return f"http://{self.address}:{self.port(name)}{path}"

    def log(self):
        return "\n".join(self.lines)

    def wait_log(self, part, seconds=DEADLINE_S):
        """The first log line that contains `part`."""
        def look():
            for line in list(self.lines):
                if part in line:
                    return line
            if self.process.poll() is not None:
                raise AssertionError(f"the gateway ended with {self.process.returncode}:\n{self.log()}")
            return None
        return wait_until(look, f"log line with {part!r}; log:\n{self.log()}", seconds)

    def signal(self, number):
        self.process.send_signal(number)

    def reload(self):
        before = len(self.lines)
        self.signal(signal.SIGHUP)
        wait_until(lambda: any("configuration" in line for line in self.lines[before:]), "reload")

    def counters(self, label, kind="listener|backend"):
        """The counters of a listener or backend (or of another kind, such as a "mailbox"), as the gateway logs them on
        SIGUSR1: "malformed" is what was no message of the protocol, "answered.malformed" the requests that ended so."""
        before = len(self.lines)
        self.signal(signal.SIGUSR1)
        wanted = re.compile(rf"counters ({kind})={re.escape(label)} (.*)")

        def look():
            for line in self.lines[before:]:
                found = wanted.search(line)
                if found:
                    return dict(part.split("=", 1) for part in found.group(2).split())
            return None
        found = wait_until(look, f"counters of {label}")
        return {key: int(value) if value.isdigit() else value for key, value in found.items()}

    def stop(self, expect=0):
        """SIGTERM, and the exit code as expected; no sanitizer may have said anything."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            code = self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(f"the gateway did not stop:\n{self.log()}") from None
        finally:
            for reader in self._readers:
                reader.join(5)
            shutil.rmtree(self.folder, ignore_errors=True)
        for sign in ("AddressSanitizer", "LeakSanitizer", "runtime error:"):
            assert sign not in self.log(), self.log()
        assert code == expect, f"exit code {code}:\n{self.log()}"

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.stop()
        else:
            self.process.kill()
            self.process.wait()
            print(self.log()[-8000:], file=sys.stderr)
            shutil.rmtree(self.folder, ignore_errors=True)


def run(*command, expect=0, **options):
    """Runs a client to its end; returns its CompletedProcess with text output."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=DEADLINE_S, check=False, **options)
    out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    if expect is not None and done.returncode != expect:
        raise AssertionError(f"{command} ended with {done.returncode}\n{out}\n{err}")
    done.out, done.err = out, err
    return done


def curl(*arguments):
    """(status, headers, body text) of one curl call."""
    done = run("curl", "-sS", "-i", "--max-time", DEADLINE_S, *arguments)
    head, _, body = done.out.partition("\r\n\r\n")
    while re.match(r"HTTP/1\.1 1\d\d", head):
        head, _, body = body.partition("\r\n\r\n")
    lines = head.split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return int(lines[0].split()[1]), headers, body


# One endpoint of each kind that most tests need. Clients: engine-7 and engine-8 with tokens, admin with the run of
# the ships. A test appends listeners (a list) and, if it wants, more.
def fleet(backend_url, listeners, extra="", backend_extra=""):
    return f"""
gateway: {{ name: test, limits: {{ body: 64KiB }} }}
listeners:
{listeners}
auth:
  token: {{ method: token }}
roles:
  ship-sensor: {{ allow: ["POST /ships/sensors/{{self}}", "GET /ships/sensors/{{self}}"] }}
  ship-admin: {{ allow: ["* /ships/*"] }}
clients:
  - {{ id: engine-7, roles: [ship-sensor], token: env:TOKEN_7 }}
  - {{ id: engine-8, roles: [ship-sensor], token: env:TOKEN_8 }}
  - {{ id: captain, roles: [ship-admin], token: env:TOKEN_CAPTAIN }}
backends:
  telemetry: {{ protocol: rest, targets: [{{ url: {backend_url} }}], timeout: 3s {backend_extra} }}
endpoints:
  - name: ship-readings
    path: /ships/sensors/{{device}}
    methods: [POST, GET]
    auth: [token]
    roles: [ship-sensor, ship-admin]
    operation: ReportReading
    to: telemetry
    call: {{ path: "/v1/readings/{{device}}", as: application/json }}
  - name: ship-admin
    path: /ships/admin/{{task}}
    methods: [POST]
    auth: [token]
    roles: [ship-admin]
    to: telemetry
  - name: open
    path: /open/{{thing}}
    methods: [GET, POST, PUT, DELETE]
    auth: [none]
    to: telemetry
{extra}
"""


TOKENS = {"TOKEN_7": "secret-of-engine-7", "TOKEN_8": "secret-of-engine-8", "TOKEN_CAPTAIN": "secret-of-captain"}


def main(names):
    """Runs every test_* function of a module; exits with 1 when one failed."""
    failed = 0
    tests = [(name, function) for name, function in names.items() if name.startswith("test_") and callable(function)]
    for name, function in tests:
        try:
            function()
            print("ok  ", name, flush=True)
        except Exception:  # pylint: disable=broad-except
            failed += 1
            print("FAIL", name, flush=True)
            traceback.print_exc()
    print(f"{len(tests) - failed} passed, {failed} failed")
    sys.exit(1 if failed or not tests else 0)
