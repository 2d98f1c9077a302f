"""HTTPS: certificates of the gateway and of its clients."""
import os
import ssl
import tempfile

from support import BINARY, TOKENS, Gateway, RestBackend, fleet, main, run, wait_until
from support_http import Client, get, post
from support_tls import make_pki

EXTRA = """
  - name: by-certificate
    path: /certified/{device}
    methods: [POST]
    auth: [device-cert]
    roles: [certified]
    to: telemetry
"""


FOLDER, FILES = make_pki()


def configuration(backend, client_certificate, more="", tls=""):
    listener = (f'  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}"{more}, tls: {{ certificate: pki/gateway.crt,'
                f' key: pki/gateway.key, client_ca: pki/ca.crt, client_certificate: {client_certificate}{tls} }} }}')
    text = fleet(backend.url, listener, EXTRA)
    text = text.replace("  token: { method: token }",
                        "  token: { method: token }\n  device-cert: { method: mtls, identity: subject.cn }")
    return text.replace("roles:\n", 'roles:\n  certified: { allow: ["POST /certified/{self}"] }\n', 1).replace(
        "id: engine-7, roles: [ship-sensor]", "id: engine-7, roles: [ship-sensor, certified]")


def gateway(backend, client_certificate, more=""):
    return Gateway(configuration(backend, client_certificate, more), files=FILES, environment=TOKENS)


def context(certificate=None):
    made = ssl.create_default_context(cafile=os.path.join(FOLDER, "ca.crt"))
    if certificate:
        made.load_cert_chain(os.path.join(FOLDER, certificate + ".crt"), os.path.join(FOLDER, certificate + ".key"))
    return made


def is_refused(gate, certificate):
    try:
        client = Client(gate, tls=context(certificate))
        client.send(get("/open/a"))
        client.response()
    except (ssl.SSLError, ConnectionError, AssertionError):
        return True
    return False


def test_a_client_certificate_is_who_one_is():
    backend = RestBackend()
    with gateway(backend, "optional") as gate:
        client = Client(gate, tls=context("engine-7"))
        for _ in range(3):
            assert client.ask(post("/certified/engine-7", "{}")).status == 200
        assert client.ask(post("/certified/engine-8", "{}")).status == 403
        client = Client(gate, tls=context())
        assert client.ask(post("/certified/engine-7", "{}")).status == 401
        assert client.ask(get("/open/a")).status == 200
        assert is_refused(gate, "impostor")
        wait_until(lambda: gate.counters("web")["refused"] == 1, "the refusal's count")
        assert len(backend.seen) == 4


def test_a_required_certificate_is_required():
    backend = RestBackend()
    with gateway(backend, "required") as gate:
        assert is_refused(gate, None)
        assert is_refused(gate, "impostor")
        assert Client(gate, tls=context("engine-7")).ask(get("/open/a")).status == 200
        wait_until(lambda: gate.counters("web")["refused"] == 2, "the refusals' count")
        assert len(backend.seen) == 1


def test_large_messages_pass():
    big = b'"' + b"x" * 300000 + b'"'
    backend = RestBackend(lambda seen: (200, {"Content-Type": "application/json"}, big))
    with gateway(backend, "none") as gate:
        client = Client(gate, tls=context())
        body = '"' + "y" * 60000 + '"'
        client.send(post("/open/a", body) + post("/open/b", body))
        for _ in range(2):
            assert client.response().body == big
            assert backend.next().body == body.encode()
        client.send("GET / HTTP/1.1\r\nbad\r\n\r\n")
        assert client.response().status == 400
        client.expect_end()


def test_sessions_are_resumed_with_their_certificate():
    backend = RestBackend()
    with gateway(backend, "required") as gate:
        tls = context("engine-7")
        tls.maximum_version = ssl.TLSVersion.TLSv1_2
        first = Client(gate, tls=tls)
        assert first.ask(post("/certified/engine-7", "{}")).status == 200
        second = Client(gate)
        second.socket = tls.wrap_socket(second.socket, server_hostname="localhost", session=first.socket.session)
        assert second.socket.session_reused
        assert second.ask(post("/certified/engine-7", "{}")).status == 200


def test_a_handshake_that_does_not_end_is_ended():
    backend = RestBackend()
    with gateway(backend, "none", ", handshake: 300ms, head: 600ms") as gate:
        Client(gate).expect_end()
        assert gate.counters("web")["expired"] == 1
        established = Client(gate, tls=context())
        established.expect_end()
        assert gate.counters("web")["expired"] == 1
        talker = Client(gate)
        talker.send(get("/open/a"))
        assert not talker.rest().startswith(b"HTTP/")
        assert Client(gate, tls=context()).ask(get("/open/b")).status == 200


def test_old_versions_are_not_spoken():
    backend = RestBackend()
    with gateway(backend, "none") as gate:
        done = run("openssl", "s_client", "-connect", f"{gate.address}:{gate.port('web')}", "-tls1_1", "-cipher",
                   "ALL:@SECLEVEL=0", expect=1, input=b"")
        assert "alert" in done.err or "unsupported" in done.err or "no protocols" in done.err, done.err
        assert Client(gate, tls=context()).socket.version() == "TLSv1.3"


def test_check_names_the_file_that_is_wrong():
    backend = RestBackend()
    for certificate, key, authority, wrong in (
            ("gateway.key", "gateway.key", "ca.crt", "certificate"), ("gateway.crt", "engine-7.key", "ca.crt", "key"),
            ("gateway.crt", "gateway.key", "ca.key", "client_ca")):
        folder = tempfile.mkdtemp(prefix="fairlead-test-")
        os.symlink(FOLDER, os.path.join(folder, "pki"))
        text = configuration(backend, "required").replace("{address}", "127.0.0.1").replace("{port_web}", "1")
        text = text.replace("pki/gateway.crt", "pki/" + certificate).replace("pki/gateway.key,", f"pki/{key},")
        text = text.replace("pki/ca.crt", "pki/" + authority)
        path = os.path.join(folder, "fairlead.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        done = run(BINARY, "check", "-c", path, expect=2, env=dict(os.environ, **TOKENS))
        assert f": {wrong}: " in done.err and ":4:" in done.err, done.err


if __name__ == "__main__":
    main(globals())
