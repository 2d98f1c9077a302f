"""A thousand devices that reconnect at once with certificates: what a handshake costs the gateway, and what others notice."""
import os
import socket
import ssl
import statistics
import subprocess
import threading
import time

DEVICES = 1000
LISTENERS = """
  - {{ name: mqtts, protocol: mqtt, bind: "{address}:{mqtts}", tls: {tls} }}
  - {{ name: https, protocol: http, bind: "{address}:{https}", tls: {tls} }}
"""
TLS = "{{ certificate: {folder}/server.crt, key: {folder}/server.key, client_ca: {folder}/ca.crt, client_certificate: required }}"


def make_pki(folder):
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *key, "-days", "2", "-subj", "/CN=ca", "-addext", "keyUsage=critical,keyCertSign", "-keyout", "ca.key",
            "-out", "ca.crt")
    for name in ("server", "engine-7"):
        openssl("req", *key, "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2",
                "-copy_extensions", "copy", "-out", f"{name}.crt")


class Wave:
    """All devices at once, each with an address of its own; `session`: they come with its ticket."""

    def __init__(self, where, tls, greeting, session=None):
        self.where, self.tls, self.greeting, self.session = where, tls, greeting, session
        self.sessions, self.failed = [], []

    def come(self, number):
        try:
            plain = socket.create_connection(self.where, 120, (f"127.78.{number >> 7}.{number % 128 + 1}", 0))
            with self.tls.wrap_socket(plain, server_hostname="localhost", session=self.session) as secure:
                secure.sendall(self.greeting(number))
                if not secure.recv(4096) or (self.session and not secure.session_reused):
                    raise OSError("turned away, or not resumed")
                self.sessions.append(secure.session)
        except OSError as problem:
            self.failed.append(problem)

    def run(self, probe):
        """(seconds, milliseconds that each probe took)"""
        began, probes = time.monotonic(), []
        devices = [threading.Thread(target=self.come, args=(number,)) for number in range(DEVICES)]
        for device in devices:
            device.start()
        while any(device.is_alive() for device in devices):
            before = time.monotonic()
            probe()
            probes.append((time.monotonic() - before) * 1000)
            time.sleep(0.01)
        if self.failed:
            raise SystemExit(f"reconnect: {len(self.failed)} of {DEVICES} were not served: {self.failed[0]}")
        return time.monotonic() - began, probes


def measure(gateway, address, doors, folder, probe):
    """`doors`: (name, port, greeting). Lines for a person."""
    for name, port, greeting in doors:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.load_verify_locations(os.path.join(folder, "ca.crt"))
        tls.load_cert_chain(os.path.join(folder, "engine-7.crt"), os.path.join(folder, "engine-7.key"))
        tls.maximum_version = ssl.TLSVersion.TLSv1_2
        session = None
        for how in ("full handshakes", "by ticket"):
            wave = Wave((address, port), tls, greeting, session)
            before = gateway.cpu_ns()
            seconds, probes = wave.run(probe)
            cpu_ms = (gateway.cpu_ns() - before) / 1e6 / DEVICES
            session = wave.sessions[0]
            yield (f"{name}, {how}", f"{cpu_ms:.2f} ms CPU each, all {DEVICES} in {seconds:.1f} s; a POST meanwhile: median "
                                     f"{statistics.median(probes):.0f} ms, longest {max(probes):.0f} ms")
