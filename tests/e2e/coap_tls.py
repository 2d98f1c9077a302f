"""CoAP over TLS (coaps+tcp) with libcoap's client: certificates, pre-shared keys, tokens, and who is turned away."""
import os

import support
from support_coap import coap_client
from support_tls import make_pki

FOLDER, FILES = make_pki()
KEY = "0123456789abcdef-of-7"
SECRETS = dict(support.TOKENS, PSK_7=KEY)
CERTIFICATES = "certificate: pki/gateway.crt, key: pki/gateway.key, client_ca: pki/ca.crt, client_certificate: "
EXTRA = """
  - { name: proved, path: "/proved/{device}", methods: [POST], auth: [device-cert, device-psk], to: telemetry }
"""


def gateway(backend, tls):
    bind = f'  - {{ name: coap, protocol: coap, bind: "tcp://{{address}}:{{port_coap}}", tls: {{ {tls} }} }}'
    text = support.fleet(backend.url, bind, EXTRA)
    text = text.replace("  token: { method: token }", "  token: { method: token }\n  device-cert: { method: mtls }\n"
                                                      "  device-psk: { method: psk }")
    text = text.replace("roles:\n", 'roles:\n  proved: { allow: ["POST /proved/{self}"] }\n', 1)
    text = text.replace("id: engine-7, roles: [ship-sensor]", "id: engine-7, roles: [ship-sensor, proved], psk: env:PSK_7")
    return support.Gateway(text, files=FILES, environment=SECRETS)


def post(box, path, *arguments):
    return coap_client(box, "post", path, "-t", "json", "-e", support.READING_TEXT, *arguments, scheme="coaps+tcp")


def certificate(name):
    # No -R and no server name: the address is no localhost, which is all that the certificate says.
    return ["-c", os.path.join(FOLDER, name + ".crt"), "-j", os.path.join(FOLDER, name + ".key"), "-n"]


def arrives(backend, said, path):
    assert '{"ok":true}' in said, said
    seen = backend.next()
    assert seen.path == path and seen.json() == support.READING, seen


def test_a_client_certificate_is_who_one_is():
    backend = support.RestBackend()
    with gateway(backend, CERTIFICATES + "optional") as box:
        arrives(backend, post(box, "/proved/engine-7", *certificate("engine-7")), "/proved/engine-7")
        assert "4.03" in post(box, "/proved/engine-8", *certificate("engine-7"))
        assert '{"ok":true}' not in post(box, "/proved/engine-7", *certificate("impostor"))
        backend.nothing_more()


def test_a_pre_shared_key_is_who_one_is():
    backend = support.RestBackend()
    with gateway(backend, "psk: true") as box:
        arrives(backend, post(box, "/proved/engine-7", "-u", "engine-7", "-k", KEY), "/proved/engine-7")
        assert '{"ok":true}' not in post(box, "/proved/engine-7", "-u", "engine-7", "-k", "another key, as long")
        assert '{"ok":true}' not in post(box, "/proved/engine-7", "-u", "nobody", "-k", KEY)
        backend.nothing_more()
        assert box.counters("coap")["refused"] >= 2


def test_a_token_may_be_shown():
    backend = support.RestBackend()
    with gateway(backend, CERTIFICATES + "none") as box:
        path = f"/ships/sensors/engine-7?access_token={support.TOKENS['TOKEN_7']}"
        arrives(backend, post(box, path, "-n"), "/v1/readings/engine-7")
        assert "4.01" in post(box, "/ships/sensors/engine-7", "-n")
        backend.nothing_more()


support.main(globals())
