"""CoAP over TLS and DTLS (coaps+tcp, coaps) with libcoap's client: certificates, pre-shared keys, tokens, what is large or
observed, and who is turned away."""
import json
import os
import socket
import subprocess
import threading

import support
from support_coap import coap_client
from support_tls import make_pki

FOLDER, FILES = make_pki()
KEY = "0123456789abcdef-of-7"
SECRETS = dict(support.TOKENS, PSK_7=KEY, PSK_OTHER="another-key-of-engine-7")
CERTIFICATES = "certificate: pki/gateway.crt, key: pki/gateway.key, client_ca: pki/ca.crt, client_certificate: "
EXTRA = """
  - { name: proved, path: "/proved/{device}", methods: [POST, GET], auth: [device-cert, device-psk], to: telemetry }
  - { name: values, path: "/values/{thing}", methods: [GET, PUT], auth: [device-psk], keep: last }
"""


SCHEMES = ("coaps", "coaps+tcp")


def gateway(backend, scheme, tls, more=""):
    transport = "tcp://" if scheme == "coaps+tcp" else ""
    bind = f'  - {{ name: coap, protocol: coap, bind: "{transport}{{address}}:{{port_coap}}", tls: {{ {tls} }}{more} }}'
    text = support.fleet(backend.url, bind, EXTRA).replace("gateway: { name: test,", "gateway: { name: test, state: state,")
    text = text.replace("  token: { method: token }", "  token: { method: token }\n  device-cert: { method: mtls }\n"
                                                      "  device-psk: { method: psk }")
    text = text.replace("roles:\n", 'roles:\n  proved: { allow: ["* /proved/{self}", "* /values/*"] }\n', 1)
    text = text.replace("id: engine-7, roles: [ship-sensor]", "id: engine-7, roles: [ship-sensor, proved], psk: env:PSK_7")
    return support.Gateway(text, files=FILES, environment=SECRETS)


def post(box, scheme, path, *arguments):
    return coap_client(box, "post", path, "-t", "json", "-e", support.READING_TEXT, "-B", "3", *arguments, scheme=scheme)


def certificate(name):
    # -n: the address is no localhost, which is all that the gateway's certificate says.
    return ["-c", os.path.join(FOLDER, name + ".crt"), "-j", os.path.join(FOLDER, name + ".key"), "-n"]


def psk(identity="engine-7", key=KEY):
    return ["-u", identity, "-k", key]


def arrives(backend, said, path):
    assert '{"ok":true}' in said, said
    seen = backend.next()
    assert seen.path == path and seen.json() == support.READING, seen


def test_a_client_certificate_is_who_one_is():
    backend = support.RestBackend()
    for scheme in SCHEMES:
        with gateway(backend, scheme, CERTIFICATES + "optional") as box:
            arrives(backend, post(box, scheme, "/proved/engine-7", *certificate("engine-7")), "/proved/engine-7")
            assert "4.03" in post(box, scheme, "/proved/engine-8", *certificate("engine-7"))
            assert '{"ok":true}' not in post(box, scheme, "/proved/engine-7", *certificate("impostor"))
            backend.nothing_more()


def test_a_pre_shared_key_is_who_one_is():
    backend = support.RestBackend()
    for scheme in SCHEMES:
        with gateway(backend, scheme, "psk: true") as box:
            arrives(backend, post(box, scheme, "/proved/engine-7", *psk()), "/proved/engine-7")
            arrives(backend, post(box, scheme, "/proved/engine-7", "-N", *psk()), "/proved/engine-7")
            assert "4.03" in post(box, scheme, "/proved/engine-8", *psk())
            assert '{"ok":true}' not in post(box, scheme, "/proved/engine-7", *psk(key="another key, as long"))
            assert '{"ok":true}' not in post(box, scheme, "/proved/engine-7", *psk(identity="nobody"))
            backend.nothing_more()
            assert box.counters("coap")["refused"] >= 2


def test_a_token_may_be_shown():
    backend = support.RestBackend()
    for scheme in SCHEMES:
        with gateway(backend, scheme, CERTIFICATES + "none") as box:
            path = f"/ships/sensors/engine-7?access_token={support.TOKENS['TOKEN_7']}"
            arrives(backend, post(box, scheme, path, "-n"), "/v1/readings/engine-7")
            assert "4.01" in post(box, scheme, "/ships/sensors/engine-7", "-n")
            backend.nothing_more()


def test_large_bodies_both_ways():
    body = json.dumps({"samples": list(range(4000))})
    backend = support.RestBackend(answer=lambda seen: (200, {"Content-Type": "application/json"}, body.encode()))
    for scheme in SCHEMES:
        with gateway(backend, scheme, "psk: true") as box:
            path = os.path.join(box.folder, "body")
            with open(path, "w", encoding="ascii") as out:
                out.write(body)
            said = coap_client(box, "post", "/proved/engine-7", "-t", "json", "-f", path, *psk(), scheme=scheme)
            assert json.loads(said) == json.loads(body), said
            assert backend.next().json() == json.loads(body)
            backend.nothing_more()


def test_values_are_observed():
    backend = support.RestBackend()
    for scheme in SCHEMES:
        with gateway(backend, scheme, "psk: true") as box:
            def put(value):
                said = coap_client(box, "put", "/values/a", "-t", "json", "-e", f'{{"value":{value}}}', *psk(), scheme=scheme)
                assert "4." not in said and "5." not in said, said
            put(1)
            said = []
            uri = f"{scheme}://{box.address}:{box.port('coap')}/values/a"
            with subprocess.Popen(["coap-client-openssl", "-w", "-s", "60", *psk(), uri], text=True, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
                threading.Thread(target=lambda: said.extend(iter(client.stdout.readline, "")), daemon=True).start()
                for value in range(1, 6):
                    if value > 1:
                        put(value)
                    wanted = f'{{"value":{value}}}'
                    support.wait_until(lambda: any(wanted in line for line in said), f"{wanted}; heard: {said}")
                client.kill()


def test_who_has_an_old_key_hears_no_more():
    backend = support.RestBackend()
    for scheme in SCHEMES:
        with gateway(backend, scheme, "psk: true") as box:
            coap_client(box, "put", "/values/a", "-t", "json", "-e", '{"value":1}', *psk(), scheme=scheme)
            said = []
            uri = f"{scheme}://{box.address}:{box.port('coap')}/values/a"
            with subprocess.Popen(["coap-client-openssl", "-w", "-s", "60", *psk(), uri], text=True, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
                threading.Thread(target=lambda: said.extend(iter(client.stdout.readline, "")), daemon=True).start()
                support.wait_until(lambda: any('"value":1' in line for line in said), "the first value")
                with open(box.path, encoding="utf-8") as old:
                    box.write(old.read().replace("psk: env:PSK_7", "psk: env:PSK_OTHER"))
                box.reload()
                support.wait_until(lambda: any("4.01" in line for line in said), f"the end; heard: {said}")
                coap_client(box, "put", "/values/a", "-t", "json", "-e", '{"value":2}', *psk(key=SECRETS["PSK_OTHER"]), scheme=scheme)
                client.kill()
            assert not any('"value":2' in line for line in said), said


def test_what_is_no_dtls_is_ignored():
    """Plain CoAP, garbage and forged greetings on the port: nobody is answered with more than he sent, and others go on."""
    backend = support.RestBackend()
    with gateway(backend, "coaps", "psk: true") as box:
        stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        stranger.connect((box.address, box.port("coap")))
        for datagram in (b"\x40\x01\x00\x01", b"", b"\x16\xfe\xfd" + bytes(10), os.urandom(500), b"\x17\xfe\xfd" + bytes(60)):
            stranger.send(datagram)
        arrives(backend, post(box, "coaps", "/proved/engine-7", *psk()), "/proved/engine-7")
        stranger.setblocking(False)
        try:
            answer = stranger.recv(65536)
            raise AssertionError(answer)
        except BlockingIOError:
            pass
        backend.nothing_more()


support.main(globals())
