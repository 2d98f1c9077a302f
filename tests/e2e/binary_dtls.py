"""Raw binary frames over DTLS, with a real client (openssl): a certificate or a pre-shared key is who one is, as over TLS, and each
record is a datagram."""
import atexit
import os
import queue
import shutil
import subprocess
import tempfile
import threading

import support
from support import DEADLINE_S, READING, Gateway, RestBackend, fleet, wait_until
from support_lines import READING_KSY, REFUSED, TAKEN, sent
from support_tls import Authority
from support_tls_doors import KEYS, replace

FOLDER = tempfile.mkdtemp(prefix="fairlead-pki-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
PSK = "a1" * 16
SECRETS = dict(support.TOKENS, PSK_8="0x" + PSK)


def make():
    ca = Authority(FOLDER, "ca")
    ca.issue("server", "server")
    ca.issue("engine-7")
    Authority(FOLDER, "stranger").issue("impostor", subject="engine-7")
    return ca


CA = make()


def gateway(backend, tls):
    listener = (f'  - {{ name: frames, protocol: binary, bind: "dtls://{{address}}:{{port_udp}}", frame: {READING_KSY}, '
                f'path: "/proved/{{device}}", tls: {{ {tls} }} }}')
    endpoint = '  - { name: proved, path: "/proved/{device}", methods: [POST], auth: [device-cert, device-psk], to: telemetry }\n'
    text = fleet(backend.url, listener, endpoint)
    text = text.replace("  token: { method: token }", "  device-cert: { method: mtls }\n  device-psk: { method: psk }\n  token: { method: token }")
    text = text.replace("roles:\n", 'roles:\n  proved: { allow: ["POST /proved/{self}"] }\n', 1)
    text = text.replace("roles: [ship-sensor],", "roles: [ship-sensor, proved],")
    text = text.replace("token: env:TOKEN_8", "token: env:TOKEN_8, psk: env:PSK_8")
    files = {f"pki/{name}": CA.read(name=name[:-4], kind=name[-3:]) for name in ("ca.crt", "server.crt", "server.key")}
    files["pki/list.crl"] = CA.write_list()
    return Gateway(text, files=files, environment=SECRETS)


class Device:
    """openssl s_client: each write is a record."""

    def __init__(self, running, *arguments):
        self.process = subprocess.Popen(["openssl", "s_client", "-dtls1_2", "-quiet", "-no_ign_eof", "-connect",
                                         f"{running.address}:{running.port('udp')}", *arguments],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.heard = queue.Queue()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while True:
            answer = self.process.stdout.read(6)
            self.heard.put(answer[1] if len(answer) == 6 else None)
            if len(answer) < 6:
                return

    def send(self, *datagrams):
        for datagram in datagrams:
            self.process.stdin.write(datagram)
            self.process.stdin.flush()

    def answer(self):
        return self.heard.get(timeout=DEADLINE_S)

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()


def certificate(name):
    return "-cert", os.path.join(FOLDER, name + ".crt"), "-key", os.path.join(FOLDER, name + ".key")


def speak(device, backend, who):
    """A login without a token, and a reading as oneself; and one as somebody else."""
    device.send(sent("--login", who, ""))
    assert device.answer() == TAKEN
    device.send(sent("--reading", who, "-"))
    assert device.answer() == TAKEN
    seen = backend.next()
    assert seen.json() == READING and seen.headers["x-fairlead-client"] == who, seen


def test_a_certificate_is_who_one_is_until_it_is_revoked():
    backend = RestBackend()
    with gateway(backend, KEYS + ", client_certificate: required, crl: pki/list.crl") as running:
        device = Device(running, *certificate("engine-7"))
        speak(device, backend, "engine-7")
        impostor = Device(running, *certificate("impostor"))
        assert impostor.answer() is None
        CA.revoke("engine-7")
        replace(running, "list.crl", CA.write_list())
        running.reload()
        running.wait_log("revoked")
        assert device.answer() is None
        device.close()
        impostor.close()
        assert running.counters("frames")["connections"] == 1
    backend.nothing_more()
    backend.close()


def test_a_pre_shared_key_is_who_one_is():
    backend = RestBackend()
    with gateway(backend, "psk: true") as running:
        device = Device(running, "-psk_identity", "engine-8", "-psk", PSK)
        speak(device, backend, "engine-8")
        # Not whole: it never joins the next one.
        reading = sent("--reading", "engine-8", "-")
        device.send(reading[:20])
        assert device.answer() == REFUSED
        wait_until(lambda: running.counters("frames")["malformed"] == 1, "half a frame")
        device.send(reading)
        assert device.answer() == TAKEN
        backend.next()
        other = Device(running, "-psk_identity", "engine-8", "-psk", "b2" * 16)
        assert other.answer() is None
        other.close()
        device.close()
    backend.nothing_more()
    backend.close()


if __name__ == "__main__":
    support.main(globals())
