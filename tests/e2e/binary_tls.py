"""Raw binary frames over TLS: a certificate or a pre-shared key is who one is, in the place of a login's token."""
import atexit
import os
import shutil
import socket
import ssl
import subprocess
import tempfile

import support
from support import SOURCE
from support_tls import Authority
from support_tls_doors import KEYS, context, replace

FOLDER = tempfile.mkdtemp(prefix="fairlead-pki-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
READING_KSY = os.path.join(SOURCE, "schemas", "frames", "reading.ksy")
TAKEN, REFUSED = 6, 0x15
SECRETS = dict(support.TOKENS, PSK_8="0x" + "a1" * 16)
EXTRA = '  - { name: proved, path: "/proved/{device}", methods: [POST], auth: [%s], to: telemetry }\n'


def make():
    ca = Authority(FOLDER, "ca")
    ca.issue("server", "server", "localhost")
    for name in ("engine-7", "engine-8"):
        ca.issue(name)
    Authority(FOLDER, "stranger").issue("impostor", subject="engine-7")
    return ca


CA = make()


def gateway(backend, tls, scheme="tcp", ways="device-cert, device-psk"):
    """tcp:// with `tls` and tls:// are the same."""
    listener = (f'  - {{ name: frames, protocol: binary, bind: "{scheme}://{{address}}:{{port_frames}}", frame: {READING_KSY}, '
                f'path: "/proved/{{device}}", tls: {{ {tls} }} }}')
    text = support.fleet(backend.url, listener, EXTRA % ways)
    text = text.replace("  token: { method: token }", "  device-cert: { method: mtls }\n  device-psk: { method: psk }\n  name: { method: login }\n  token: { method: token }")
    text = text.replace("roles:\n", 'roles:\n  proved: { allow: ["POST /proved/{self}"] }\n', 1)
    for number in "78":
        text = text.replace(f"id: engine-{number}, roles: [ship-sensor]", f"id: engine-{number}, roles: [ship-sensor, proved]")
    text = text.replace("token: env:TOKEN_8", "token: env:TOKEN_8, psk: env:PSK_8")
    files = {f"pki/{name}": CA.read(name=name[:-4], kind=name[-3:]) for name in ("ca.crt", "server.crt", "server.key")}
    files["pki/list.crl"] = CA.write_list()
    return support.Gateway(text, files=files, environment=SECRETS)


def frames(who, device):
    """A login without a token, and a reading."""
    sender = os.path.join(SOURCE, "board", "demo", "send-frame")

    def sent(*arguments):
        return subprocess.run([sender, *arguments], stdout=subprocess.PIPE, check=True, timeout=support.DEADLINE_S).stdout
    return sent("--login", who, ""), sent("--reading", device, "-")


class Device:
    def __init__(self, gate, certificate):
        plain = socket.create_connection((gate.address, gate.port("frames")), support.DEADLINE_S)
        self.socket = context(FOLDER, certificate).wrap_socket(plain, server_hostname="localhost")

    def say(self, frame):
        """The kind of the answer: its second byte of six; None when the connection ends instead."""
        self.socket.sendall(frame)
        got = b""
        while len(got) < 6:
            more = self.socket.recv(6 - len(got))
            if not more:
                return None
            got += more
        return got[1]


def test_a_certificate_is_who_one_is_with_each_frame():
    backend = support.RestBackend()
    with gateway(backend, KEYS + ", client_certificate: required, crl: pki/list.crl") as gate:
        login, reading = frames("engine-7", "engine-7")
        device = Device(gate, "engine-7")
        assert device.say(login) == TAKEN
        for _ in range(3):
            assert device.say(reading) == TAKEN
            seen = backend.next()
            assert seen.path == "/proved/engine-7" and seen.headers["x-fairlead-client"] == "engine-7", seen
        # As itself and as no other.
        other = Device(gate, "engine-7")
        login, reading = frames("engine-8", "engine-8")
        assert other.say(login) == TAKEN and other.say(reading) == REFUSED
        login = frames("engine-7", "engine-7")[0]
        backend.nothing_more()
        try:
            assert Device(gate, "impostor").say(login) is None
        except (ssl.SSLError, ConnectionError):
            pass
        support.wait_until(lambda: gate.counters("frames")["refused"] == 1, "the refusal's count")
        CA.revoke("engine-7")
        replace(gate, "list.crl", CA.write_list())
        assert device.socket.recv(1) == b"", "it is closed"
        assert Device(gate, "engine-8").say(frames("engine-8", "engine-8")[0]) == TAKEN


def test_a_name_without_its_secret_is_believed_by_nobody():
    backend = support.RestBackend()
    with gateway(backend, KEYS + ", client_certificate: required, crl: pki/list.crl", ways="name, device-cert") as gate:
        login, reading = frames("engine-7", "engine-7")
        device = Device(gate, "engine-8")
        assert [device.say(login), device.say(reading)] == [TAKEN, REFUSED]
    backend.nothing_more()
    backend.close()


def test_a_pre_shared_key_is_who_one_is():
    backend = support.RestBackend()
    with gateway(backend, "psk: true", "tls") as gate:
        command = ["openssl", "s_client", "-quiet", "-connect", f"{gate.address}:{gate.port('frames')}", "-tls1_2", "-cipher", "PSK",
                   "-psk", "a1" * 16, "-psk_identity", "engine-8"]
        login, reading = frames("engine-8", "engine-8")
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
            client.stdin.write(login + reading)
            client.stdin.flush()
            assert [client.stdout.read(6)[1] for _ in range(2)] == [TAKEN, TAKEN]
            assert backend.next().headers["x-fairlead-client"] == "engine-8"
            client.kill()
        backend.nothing_more()


def test_what_is_no_tls_is_refused_and_silence_ends():
    backend = support.RestBackend()
    with gateway(backend, KEYS + ", client_certificate: none") as gate:
        with socket.create_connection((gate.address, gate.port("frames")), support.DEADLINE_S) as plain:
            plain.sendall(frames("engine-7", "engine-7")[0])
            while plain.recv(100):
                pass
        support.wait_until(lambda: gate.counters("frames")["refused"] == 1, "the refusal's count")
        assert "connection refused listener=frames" in gate.log()


support.main(globals())
