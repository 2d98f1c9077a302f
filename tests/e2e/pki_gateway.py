"""A gateway and its devices with certificates of `fairlead pki`: each verifies the other, with nothing switched off."""
import os

import support
from support_pki import Authority

TLS = ("tls: {{ certificate: {pki}/gateway.crt, key: {pki}/gateway.key, client_ca: {pki}/ca.crt, "
       "client_certificate: required, crl: {pki}/ca.crl }}")
EXTRA = """
  - { name: proved, path: "/proved/{device}", methods: [POST], auth: [device-cert], roles: [proved], to: telemetry }
"""


class Box(support.Gateway):
    """HTTP, MQTT, CoAP over DTLS and over TLS, with a certificate for the address that this gateway happens to have."""

    def __init__(self, ca, backend):
        self.ca = ca
        tls = TLS.format(pki=ca.path("pki"))
        listeners = "\n".join(
            f'  - {{ name: {name}, protocol: {protocol}, bind: "{prefix}{{address}}:{{port_{name}}}", {tls} }}'
            for name, protocol, prefix in (("web", "http", ""), ("mqtt", "mqtt", ""), ("coap", "coap", ""),
                                           ("coaptcp", "coap", "tcp://")))
        text = support.fleet(backend.url, listeners, EXTRA)
        text = text.replace("  token: { method: token }", "  token: { method: token }\n  device-cert: { method: mtls }")
        text = text.replace("roles:\n", 'roles:\n  proved: { allow: ["POST /proved/{self}"] }\n', 1)
        text = text.replace("id: engine-7, roles: [ship-sensor]", "id: engine-7, roles: [ship-sensor, proved]")
        super().__init__(text, environment=support.TOKENS)

    def start(self, wait=True):
        if not os.path.exists(self.ca.path("pki", "gateway.crt")):
            self.ca.issue("gateway", "gateway", "--san", f"ip:{self.address}")
        super().start(wait)


def by_http(box, name, path, folder="pki"):
    """The status, or 0 where nothing came of it."""
    done = support.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", "pki/ca.crt", "--cert",
                       f"{folder}/{name}.crt", "--key", f"{folder}/{name}.key", "--json", support.READING_TEXT,
                       f"https://{box.address}:{box.port('web')}{path}", cwd=box.ca.folder, expect=None)
    return int(done.out)


def by_mqtt(box, name, path):
    return support.run("mosquitto_pub", "-h", box.address, "-p", box.port("mqtt"), "-V", "mqttv5", "-q", 1, "-t", path[1:],
                       "-m", support.READING_TEXT, "--cafile", "pki/ca.crt", "--cert", f"pki/{name}.crt", "--key",
                       f"pki/{name}.key", cwd=box.ca.folder, expect=None).returncode


def by_coap(box, name, path, scheme, port):
    pki = box.ca.path("pki")
    done = support.run("coap-client-openssl", "-B", "10", "-m", "post", "-t", "json", "-e", support.READING_TEXT,
                       "-c", f"{pki}/{name}.crt", "-j", f"{pki}/{name}.key", "-C", f"{pki}/ca.crt",
                       f"{scheme}://{box.address}:{box.port(port)}{path}", expect=None)
    return done.out + done.err


def test_a_device_is_known_by_its_certificate_everywhere():
    ca, backend = Authority(), support.RestBackend()
    for name in ("engine-7", "nobody"):
        ca.issue(name)
    with Box(ca, backend) as box:
        path = "/proved/engine-7"
        assert by_http(box, "engine-7", path) == 200
        assert by_mqtt(box, "engine-7", path) == 0
        for scheme, port in (("coaps", "coap"), ("coaps+tcp", "coaptcp")):
            assert '{"ok":true}' in by_coap(box, "engine-7", path, scheme, port)
        for _ in range(4):
            seen = backend.next()
            assert seen.path == path and seen.headers["x-fairlead-client"] == "engine-7" and seen.json() == support.READING
        # One that the CA knows and the gateway does not; one that may not do this.
        assert by_http(box, "nobody", path) == 401
        assert by_http(box, "engine-7", "/proved/engine-8") == 403
        backend.nothing_more()


def test_openssl_verifies_the_gateway():
    ca, backend = Authority(), support.RestBackend()
    ca.issue("engine-7")
    with Box(ca, backend) as box:
        for port in ("web", "mqtt", "coaptcp"):
            done = support.run("openssl", "s_client", "-connect", f"{box.address}:{box.port(port)}", "-CAfile", "pki/ca.crt",
                               "-cert", "pki/engine-7.crt", "-key", "pki/engine-7.key", "-verify_return_error",
                               "-verify_ip", box.address, "-crl_check", "-CRL", "pki/ca.crl", input=b"", cwd=ca.folder)
            assert "Verify return code: 0 (ok)" in done.out, done.out


def test_a_certificate_of_another_ca_and_a_wrong_purpose_get_nowhere():
    ca, other, backend = Authority(), Authority(), support.RestBackend()
    other.issue("engine-7", "device", "--out", ca.path("impostor"))
    ca.issue("engine-7")
    with Box(ca, backend) as box:
        assert by_http(box, "impostor", "/proved/engine-7", folder=".") == 0
        assert by_mqtt(box, "../impostor", "/proved/engine-7") != 0
        # A device's certificate is no server's: what shows one to a client is not the gateway.
        os.rename(ca.path("pki", "gateway.crt"), ca.path("gateway.crt"))
        os.rename(ca.path("pki", "gateway.key"), ca.path("gateway.key"))
        ca.issue("gateway", "device", "--san", f"ip:{box.address}")
        box.kill()
        box.start()
        assert by_http(box, "engine-7", "/proved/engine-7") == 0
        assert '{"ok":true}' not in by_coap(box, "engine-7", "/proved/engine-7", "coaps", "coap")
        backend.nothing_more()


def test_a_renewal_by_a_reload():
    ca, backend = Authority(), support.RestBackend()
    ca.issue("engine-7")
    with Box(ca, backend) as box:
        before = ca.read("pki", "gateway.crt")
        ca.issue("gateway", "gateway", "--san", f"ip:{box.address}")
        assert ca.read("pki", "gateway.crt") != before
        box.reload()
        assert by_http(box, "engine-7", "/proved/engine-7") == 200
        served = support.run("openssl", "s_client", "-connect", f"{box.address}:{box.port('web')}", input=b"", cwd=ca.folder,
                             expect=None).out
        assert served[served.index("-----BEGIN"):served.index("-----END")] in ca.read("pki", "gateway.crt").decode()


def test_a_revoked_certificate_gets_nowhere():
    ca, backend = Authority(), support.RestBackend()
    ca.issue("engine-7")
    path = "/proved/engine-7"
    with Box(ca, backend) as box:
        def is_let_in():
            return [by_http(box, "engine-7", path) == 200, by_mqtt(box, "engine-7", path) == 0,
                    '{"ok":true}' in by_coap(box, "engine-7", path, "coaps", "coap"),
                    '{"ok":true}' in by_coap(box, "engine-7", path, "coaps+tcp", "coaptcp")]

        assert is_let_in() == [True] * 4
        ca.pki("revoke", "engine-7", "--reason", "keyCompromise")
        box.reload()
        assert is_let_in() == [False] * 4
        ca.issue("engine-7")
        assert is_let_in() == [True] * 4
        assert len(backend.seen) == 8


def test_a_bundle_is_what_a_client_takes():
    ca, backend = Authority(environment={"P12_SECRET": "the passphrase of the bundle"}), support.RestBackend()
    ca.issue("engine-7", "device", "--p12", "engine-7.p12", "--passphrase", "env:P12_SECRET")
    with Box(ca, backend) as box:
        done = support.run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "--cacert", "pki/ca.crt", "--cert-type", "P12",
                           "--cert", "engine-7.p12:the passphrase of the bundle", "--json", "{}",
                           f"https://{box.address}:{box.port('web')}/proved/engine-7", cwd=ca.folder)
        assert done.out == "200", done.out + done.err


support.main(globals())
