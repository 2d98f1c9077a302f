"""A flood of handshakes from one address keeps nobody else out; and a fleet that comes back at once is served, all of it, while the
rest of the gateway goes on."""
import atexit
import resource
import selectors
import shutil
import socket
import ssl
import tempfile
import threading

import support
import support_mqtt as wire
from support_coap import coap_client
from support_http import get
from support_tls import Authority
from support_tls_doors import KEYS, context, listeners

FOLDER = tempfile.mkdtemp(prefix="fairlead-pki-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
FLOODERS = 1500
FLEET = 1000
STREAMS = ("web", "mqtt", "coaptcp")


def make():
    ca = Authority(FOLDER, "ca")
    ca.issue("server", "server", "localhost")
    ca.issue("engine-7")
    return ca


CA = make()
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)


def gateway(backend):
    plain = '  - { name: plain, protocol: http, bind: "{address}:{port_plain}" }\n'
    files = {f"pki/{name}": CA.read(name=name[:-4], kind=name[-3:]) for name in ("ca.crt", "server.crt", "server.key")}
    text = support.fleet(backend.url, listeners(KEYS + ", client_certificate: optional") + plain)
    return support.Gateway(text, files=files, environment=support.TOKENS)


class Flood:
    """So many connections from one address that begin a handshake and say no more; each that is ended begins anew."""

    def __init__(self, gate, door, address):
        self.where, self.address = (gate.address, gate.port(door)), address
        self.over, self.begun = threading.Event(), 0
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        support.wait_until(lambda: self.begun >= FLOODERS, "the flood")

    def begin(self, selector):
        one = socket.socket()
        one.bind((self.address, 0))
        one.connect(self.where)
        # The head of a record and of a ClientHello, and then nothing.
        one.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        one.setblocking(False)
        selector.register(one, selectors.EVENT_READ)
        self.begun += 1

    def run(self):
        with selectors.DefaultSelector() as selector:
            for _ in range(FLOODERS):
                self.begin(selector)
            while not self.over.is_set():
                for key, _ in selector.select(0.05):
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
                    try:
                        self.begin(selector)
                    except OSError:
                        pass
            for key in list(selector.get_map().values()):
                key.fileobj.close()

    def stop(self):
        self.over.set()
        self.thread.join()


def visit(gate, door, tls, address):
    plain = socket.create_connection((gate.address, gate.port(door)), timeout=support.DEADLINE_S, source_address=(address, 0))
    with tls.wrap_socket(plain, server_hostname="localhost") as secure:
        if door == "web":
            secure.sendall(get("/open/a", "Connection: close").encode())
            assert secure.recv(100).startswith(b"HTTP/1.1 200")
        elif door == "mqtt":
            secure.sendall(wire.connect(4, f"visitor-{id(secure)}"))
            assert secure.recv(4) == b"\x20\x02\0\0"
        else:
            secure.sendall(b"\x00\xe1")
            assert secure.recv(100)[1:2] == b"\xe1" or secure.recv(100)


def test_others_are_let_in_during_a_flood():
    backend = support.RestBackend()
    with gateway(backend) as gate:
        tls = context(FOLDER, "engine-7")
        for door in STREAMS:
            flood = Flood(gate, door, "127.66.0.1")
            for number in range(5):
                visit(gate, door, tls, f"127.67.0.{number + 1}")
            flood.stop()
            assert gate.counters(door)["connections"] >= 5


def test_so_they_are_over_dtls():
    """ClientHellos with cookies from many ports of one address; what follows never comes."""
    backend = support.RestBackend()
    with gateway(backend) as gate:
        where = (gate.address, gate.port("coaps"))
        hello = b"\xfe\xfd" + b"r" * 32 + b"\0"
        after = b"\0\x04\xc0\x2b\xc0\xae\x01\0\0\x10\0\x0a\0\x04\0\x02\0\x17\0\x0d\0\x04\0\x02\x04\x03"

        def record(cookie, number):
            body = hello + bytes([len(cookie)]) + cookie + after
            message = b"\x01" + len(body).to_bytes(3, "big") + number.to_bytes(2, "big") + bytes(3) + len(body).to_bytes(3, "big") + body
            return b"\x16\xfe\xff" + bytes(6) + number.to_bytes(2, "big") + len(message).to_bytes(2, "big") + message
        over, begun = threading.Event(), [0]

        def flood():
            while not over.is_set():
                peers = []
                for _ in range(200):
                    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    one.bind(("127.66.0.1", 0))
                    one.connect(where)
                    one.settimeout(0.2)
                    one.send(record(b"", 0))
                    peers.append(one)
                for one in peers:
                    try:
                        said = one.recv(2000)
                        one.send(record(said[28:28 + said[27]], 1))
                        begun[0] += 1
                    except OSError:
                        pass
                for one in peers:
                    one.close()
        thread = threading.Thread(target=flood)
        thread.start()
        support.wait_until(lambda: begun[0] > 300, "the flood")
        certificate = ["-c", f"{FOLDER}/engine-7.crt", "-j", f"{FOLDER}/engine-7.key", "-n"]
        for _ in range(3):
            assert '{"ok":true}' in coap_client(gate, "get", "/open/a", "-B", "20", *certificate, scheme="coaps", name="coaps")
        over.set()
        thread.join()


def test_a_fleet_that_comes_back_is_served():
    """The first time with full handshakes, the second with tickets, all at once; the plain listener answers all the while."""
    backend = support.RestBackend()
    with gateway(backend) as gate:
        tls = context(FOLDER, "engine-7", ssl.TLSVersion.TLSv1_2)
        sessions, failed = [], []

        def come(number, session):
            try:
                plain = socket.create_connection((gate.address, gate.port("mqtt")), 4 * support.DEADLINE_S,
                                                 (f"127.70.{number >> 7}.{number % 128 + 1}", 0))
                with tls.wrap_socket(plain, server_hostname="localhost", session=session) as secure:
                    secure.sendall(wire.connect(4, f"device-{number}"))
                    assert secure.recv(4) == b"\x20\x02\0\0"
                    assert not session or secure.session_reused
                    sessions.append(secure.session)
            except Exception as problem:  # pylint: disable=broad-except
                failed.append(problem)
        for session in (None, True):
            session = session and sessions[0]
            devices = [threading.Thread(target=come, args=(number, session)) for number in range(FLEET)]
            for device in devices:
                device.start()
            while any(device.is_alive() for device in devices):
                assert support.curl(gate.url("/open/alive", name="plain"))[0] == 200
        assert not failed and len(sessions) == 2 * FLEET, (failed[:3], len(failed), len(sessions))


support.main(globals())
