"""Certificates, keys, authorities and revocation lists that change while the gateway runs: no reload is asked for, no connection is
dropped that need not be, and a certificate that is revoked is out, on open connections too."""
import atexit
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading

import support
from support_audit import audit
from support_http import get
from support_tls import Authority
from support_tls_doors import DOORS, KEYS, Visitor, context, enters, gateway, replace

FOLDER = tempfile.mkdtemp(prefix="fairlead-pki-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
STREAMS = ("web", "mqtt", "coaptcp")
REQUIRED = "client_certificate: required, crl: pki/list.crl"


class World:
    """An authority of its own for each test, what it has signed, and a gateway."""

    def __init__(self, tls=REQUIRED, more=""):
        self.folder = tempfile.mkdtemp(dir=FOLDER)
        self.ca = Authority(self.folder, "ca")
        self.ca.issue("server", "server", "localhost")
        for name in ("engine-7", "engine-8"):
            self.ca.issue(name)
        self.backend = support.RestBackend()
        files = {name: self.read(name) for name in ("ca.crt", "server.crt", "server.key")}
        files["list.crl"] = self.ca.write_list()
        self.gate = gateway(self.backend, files, tls, more)
        self.contexts = {}

    def read(self, name):
        return self.ca.read(name=name[:-4], kind=name[-3:])

    def visit(self, door, who="engine-7", session=None):
        if who not in self.contexts:
            self.contexts[who] = context(self.folder, who, ssl.TLSVersion.TLSv1_2)
        return Visitor(self.gate, door, self.contexts[who], session)

    def replace(self, name, content):
        """And waits until every listener has it."""
        before = self.gate.log().count("are in force")
        replace(self.gate, name, content)
        support.wait_until(lambda: self.gate.log().count("are in force") == before + len(DOORS), "the new files in force")

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.gate.__exit__(*what)


def observer(world, who):
    """libcoap's client, observing over DTLS; its lines go into the list."""
    said = []
    uri = f"coaps://{world.gate.address}:{world.gate.port('coaps')}/kept/a"
    at = os.path.join(world.folder, who)
    client = subprocess.Popen(["coap-client-openssl", "-w", "-s", "60", "-v", "6", "-c", at + ".crt", "-j", at + ".key", "-n", uri], text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    threading.Thread(target=lambda: said.extend(iter(client.stdout.readline, "")), daemon=True).start()
    return client, said


def test_one_who_is_revoked_is_out_and_the_others_stay():
    kept = '  - { name: kept, path: "/kept/{thing}", methods: [GET, PUT], auth: [none], keep: last }\n'
    with World(more=kept) as world:
        gate = world.gate
        out, stay = ({door: world.visit(door, who) for door in STREAMS} for who in ("engine-7", "engine-8"))
        stay["web"].socket.sendall(b"PUT /kept/a HTTP/1.1\r\nHost: box\r\nContent-Length: 1\r\n\r\n1")
        assert stay["web"].client.response().status in (200, 201, 204)
        events = world.visit("web")
        events.socket.sendall(get("/kept/a", "Accept: text/event-stream").encode())
        while b"data: 1" not in events.client.bytes:
            events.client._more()
        devices = [observer(world, who) for who in ("engine-7", "engine-8")]
        for _, said in devices:
            support.wait_until(lambda said=said: any(line.strip().endswith("1") for line in said), f"the first value: {said}")
        world.ca.revoke("engine-7")
        replace(gate, "list.crl", world.ca.write_list())
        # Each in its own words.
        assert out["web"].rest() == b""
        events.rest()
        said = out["mqtt"].rest()
        assert said[0] == 0xE0 and said[2] == 0x98 and b"its certificate is revoked" in said, said
        assert out["coaptcp"].rest() == b"\xd0\x0e\xe5\xffits certificate is revoked"
        support.wait_until(lambda: gate.log().count('why="its certificate is revoked"') == 5, "the end of all five")
        for visitor in out.values():
            visitor.close()
        for door in DOORS:
            assert not enters(gate, door, world.folder, "engine-7"), door
            assert enters(gate, door, world.folder, "engine-8"), door
        # What has happened is in the audit log as well: the list, whom it has ended, and who then came in vain.
        for action in ("listener.renew", "connection.ended", "connection.refused"):
            support.wait_until(lambda action=action: f'"{action}"' in audit("tail", "-c", gate.path, "-n", "99", "--json").out, action)
        # The others have not noticed anything.
        assert stay["web"].client.ask(get("/open/a")).status == 200
        stay["mqtt"].socket.sendall(b"\xc0\0")
        assert stay["mqtt"].read(2) == b"\xd0\0"
        stay["coaptcp"].socket.sendall(b"\x00\xe2")  # Ping
        assert stay["coaptcp"].read(2) == b"\x00\xe3"
        stay["web"].socket.sendall(b"PUT /kept/a HTTP/1.1\r\nHost: box\r\nContent-Length: 1\r\n\r\n2")
        assert stay["web"].client.response().status in (200, 201, 204)
        support.wait_until(lambda: any(line.strip().endswith("2") for line in devices[1][1]), "the next value")
        assert not any(line.strip().endswith("2") for line in devices[0][1]), devices[0][1]
        for client, _ in devices:
            client.kill()
            client.wait()


def test_a_new_certificate_is_shown_and_no_connection_is_lost():
    with World("client_certificate: optional") as world:
        gate = world.gate
        before = {door: world.visit(door) for door in STREAMS}
        shown = {door: before[door].socket.getpeercert(True) for door in STREAMS}
        lost, over = [], threading.Event()

        def keep_coming():
            while not over.is_set():
                for door in STREAMS:
                    try:
                        world.visit(door).close()
                    except Exception as problem:  # pylint: disable=broad-except
                        lost.append((door, problem))
        callers = [threading.Thread(target=keep_coming) for _ in range(2)]
        for caller in callers:
            caller.start()
        world.ca.issue("server", "server", "localhost")
        # One after the other, as tools do it; the pair in between may be seen, and is not used.
        replace(gate, "server.key", world.read("server.key"))
        replace(gate, "server.crt", world.read("server.crt"))
        wanted = ssl.PEM_cert_to_DER_cert(world.read("server.crt").decode())
        for door in STREAMS:
            def is_new(door=door):
                visitor = world.visit(door)
                der = visitor.socket.getpeercert(True)
                visitor.close()
                return der == wanted
            support.wait_until(is_new, f"the new certificate at {door}")
            assert shown[door] != wanted
        # A reload that finds nothing else changed keeps connections and sockets as well.
        gate.reload()
        over.set()
        for caller in callers:
            caller.join()
        assert not lost, lost
        assert before["web"].client.ask(get("/open/a")).status == 200
        before["mqtt"].socket.sendall(b"\xc0\0")
        assert before["mqtt"].read(2) == b"\xd0\0"
        assert enters(gate, "coaps", world.folder, "engine-7")


def test_tickets_outlive_new_files_as_long_as_the_same_are_believed():
    with World() as world:
        sessions = {door: world.visit(door).socket.session for door in STREAMS}
        world.ca.issue("server", "server", "localhost")
        replace(world.gate, "server.key", world.read("server.key"))
        replace(world.gate, "server.crt", world.read("server.crt"))
        support.wait_until(lambda: world.gate.log().count("are in force") >= len(DOORS), "the new certificate")
        world.replace("list.crl", world.ca.write_list())  # says the same
        for door in STREAMS:
            resumed = world.visit(door, session=sessions[door])
            assert resumed.socket.session_reused, door
            resumed.close()
        world.ca.revoke("engine-8")
        world.replace("list.crl", world.ca.write_list())
        for door in STREAMS:
            again = world.visit(door, session=sessions[door])
            assert not again.socket.session_reused, door
            again.close()
        world.ca.revoke("engine-7")
        world.replace("list.crl", world.ca.write_list())
        for door in STREAMS:
            try:
                world.visit(door, session=sessions[door])
                raise RuntimeError(f"{door}: a ticket has brought a revoked certificate back")
            except (ssl.SSLError, ConnectionError, AssertionError):
                pass


def test_another_authority_is_believed_in_the_place_of_the_old_one():
    with World("client_certificate: required") as world:
        gate = world.gate
        other = Authority(world.folder, "other")
        other.issue("engine-9")
        assert not enters(gate, "mqtt", world.folder, "engine-9")
        old = {door: world.visit(door) for door in STREAMS}
        world.replace("ca.crt", world.read("ca.crt") + other.read())
        for door in DOORS:
            assert enters(gate, door, world.folder, "engine-9"), door
            assert enters(gate, door, world.folder, "engine-7"), door
        world.replace("ca.crt", other.read())
        for door in DOORS:
            assert enters(gate, door, world.folder, "engine-9"), door
            assert not enters(gate, door, world.folder, "engine-7"), door
        for door in STREAMS:
            old[door].rest()
        assert gate.log().count('why="the authority of its certificate is not believed"') == len(STREAMS)


def test_files_that_cannot_be_used_change_nothing():
    with World() as world:
        gate = world.gate
        visitor = world.visit("mqtt")
        good = world.read("ca.crt")
        replace(gate, "ca.crt", b"-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n")
        support.wait_until(lambda: gate.log().count("cannot be used: client_ca: ") == len(DOORS), "the complaint")
        os.unlink(os.path.join(gate.folder, "pki", "list.crl"))
        support.wait_until(lambda: gate.log().count("cannot be used: c") == 2 * len(DOORS), "the second complaint")
        gate.reload()
        assert "mistakes; the configuration in force stays" in gate.log()
        for door in DOORS:
            assert enters(gate, door, world.folder, "engine-7"), door
        world.ca.revoke("engine-7")
        replace(gate, "list.crl", world.ca.write_list())
        support.wait_until(lambda: gate.log().count("cannot be used: c") == 3 * len(DOORS), "the third complaint")
        visitor.socket.sendall(b"\xc0\0")
        assert visitor.read(2) == b"\xd0\0"
        world.replace("ca.crt", good)
        assert visitor.rest()[0] == 0xE0
        for door in DOORS:
            assert not enters(gate, door, world.folder, "engine-7"), door


def test_a_websocket_ends_with_1008():
    folder = tempfile.mkdtemp(dir=FOLDER)
    ca = Authority(folder, "ca")
    ca.issue("server", "server", "localhost")
    ca.issue("engine-7")
    backend = support.RestBackend()
    listener = (f'  - {{ name: wss, protocol: mqtt, transport: websocket, bind: "{{address}}:{{port_wss}}", tls: {{ {KEYS}, {REQUIRED} }} }}')
    files = {f"pki/{name}": ca.read(name=name[:-4], kind=name[-3:]) for name in ("ca.crt", "server.crt", "server.key")}
    files["pki/list.crl"] = ca.write_list()
    with support.Gateway(support.fleet(backend.url, listener), files=files, environment=support.TOKENS) as gate:
        plain = socket.create_connection((gate.address, gate.port("wss")), timeout=support.DEADLINE_S)
        secure = context(folder, "engine-7").wrap_socket(plain, server_hostname="localhost")
        secure.sendall(b"GET /mqtt HTTP/1.1\r\nHost: box\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                       b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n")
        assert b"101" in secure.recv(4096)
        ca.revoke("engine-7")
        replace(gate, "list.crl", ca.write_list())
        got = b""
        while True:
            more = secure.recv(4096)
            if not more:
                break
            got += more
        assert got == b"\x88\x02\x03\xf0", got
        secure.close()


support.main(globals())
