"""MQTT over TLS: mosquitto_pub, python3-paho-mqtt and openssl s_client, with certificates and with pre-shared keys."""
import os
import queue
import socket
import ssl
import subprocess

import support
import support_mqtt as wire
import support_paho_client
from support_tls import make_pki

FOLDER, FILES = make_pki()
KEY = "0123456789abcdef-of-7"
SECRETS = dict(support.TOKENS, PSK_7=KEY, PSK_8="0x" + "a1" * 16, PSK_OTHER="another-key-of-engine-7")
EXTRA = """
  - name: proved
    path: /proved/{device}
    methods: [POST]
    auth: [device-cert, device-psk]
    to: telemetry
"""
CERTIFICATES = "certificate: pki/gateway.crt, key: pki/gateway.key, client_ca: pki/ca.crt, client_certificate: "


def configuration(backend, tls, more=""):
    listener = f'  - {{ name: mqtt, protocol: mqtt, bind: "{{address}}:{{port_mqtt}}"{more}, tls: {{ {tls} }} }}'
    text = support.fleet(backend.url, listener, EXTRA)
    text = text.replace("  token: { method: token }", "  token: { method: token }\n  device-cert: { method: mtls }\n"
                                                      "  device-psk: { method: psk }")
    text = text.replace("roles:\n", 'roles:\n  proved: { allow: ["POST /proved/{self}"] }\n', 1)
    for number in "78":
        text = text.replace(f"id: engine-{number}, roles: [ship-sensor]",
                            f"id: engine-{number}, roles: [ship-sensor, proved], psk: env:PSK_{number}")
    return text


def gateway(backend, tls, more="", wait=True):
    return support.Gateway(configuration(backend, tls, more), files=FILES, environment=SECRETS, wait=wait)


def path(name):
    return os.path.join(FOLDER, name)


def mosquitto_pub(gate, topic, *arguments, expect=0, client="engine-7"):
    return support.run("mosquitto_pub", "-h", gate.address, "-p", gate.port("mqtt"), "-i", client, "-q", 1, "-V", "mqttv5",
                       "-t", topic, "-m", support.READING_TEXT, *arguments, expect=expect)


def by_certificate(name):
    # The certificate says localhost and the address is another: --insecure leaves out the name only.
    return ["--cafile", path("ca.crt"), "--cert", path(name + ".crt"), "--key", path(name + ".key"), "--insecure"]


def test_a_client_certificate_is_who_one_is():
    backend = support.RestBackend()
    with gateway(backend, CERTIFICATES + "optional") as gate:
        mosquitto_pub(gate, "proved/engine-7", *by_certificate("engine-7"))
        assert backend.next().headers["x-fairlead-client"] == "engine-7"
        # As itself and as no other.
        mosquitto_pub(gate, "proved/engine-8", *by_certificate("engine-7"), expect=None)
        # Without one: anonymous, and with a token still somebody.
        plain = ["--cafile", path("ca.crt"), "--insecure"]
        mosquitto_pub(gate, "open/a", *plain)
        assert backend.next().path == "/open/a"
        mosquitto_pub(gate, "ships/sensors/engine-7", *plain, "-u", "engine-7", "-P", SECRETS["TOKEN_7"])
        assert backend.next().headers["x-fairlead-client"] == "engine-7"
        # One that nobody here has signed.
        mosquitto_pub(gate, "open/a", *by_certificate("impostor"), expect=None)
        support.wait_until(lambda: gate.counters("mqtt")["refused"] == 1, "the refusal's count")
        assert gate.counters("mqtt")["answered.forbidden"] == 1
        backend.nothing_more()


def test_a_required_certificate_is_required():
    backend = support.RestBackend()
    with gateway(backend, CERTIFICATES + "required") as gate:
        mosquitto_pub(gate, "open/a", "--cafile", path("ca.crt"), "--insecure", expect=None)
        support.wait_until(lambda: gate.counters("mqtt")["refused"] == 1, "the refusal's count")
        mosquitto_pub(gate, "proved/engine-7", *by_certificate("engine-7"))
        assert backend.next().path == "/proved/engine-7"
        backend.nothing_more()


def test_a_pre_shared_key_is_who_one_is():
    backend = support.RestBackend()
    with gateway(backend, "psk: true") as gate:
        def publish(identity, key, topic, expect=0):
            mosquitto_pub(gate, topic, "--psk-identity", identity, "--psk", key, expect=expect)
        publish("engine-7", KEY.encode().hex(), "proved/engine-7")
        assert backend.next().headers["x-fairlead-client"] == "engine-7"
        publish("engine-8", "a1" * 16, "proved/engine-8")
        assert backend.next().headers["x-fairlead-client"] == "engine-8"
        publish("engine-8", "a1" * 16, "proved/engine-7", expect=None)
        for identity, key in (("engine-7", "a1" * 16), ("captain", "a1" * 16), ("nobody", KEY.encode().hex())):
            publish(identity, key, "proved/engine-7", expect=None)
        support.wait_until(lambda: gate.counters("mqtt")["refused"] == 3, "the refusals' count")
        backend.nothing_more()
        for secret in (KEY, KEY.encode().hex(), "a1a1a1"):
            assert secret not in gate.log()


def test_a_key_that_is_taken_away_opens_nothing_any_more():
    backend = support.RestBackend()
    tls = CERTIFICATES + "none, psk: true"
    with gateway(backend, tls) as gate:
        keyed = ["--psk-identity", "engine-7", "--psk", KEY.encode().hex()]
        mosquitto_pub(gate, "proved/engine-7", *keyed)
        gate.write(configuration(backend, tls).replace(", psk: env:PSK_7", ""))
        gate.reload()
        mosquitto_pub(gate, "proved/engine-7", *keyed, expect=None)
        support.wait_until(lambda: gate.counters("mqtt")["refused"] == 1, "the refusal's count")
        assert len(backend.seen) == 1


def test_a_key_that_is_replaced_opens_nothing_any_more():
    backend = support.RestBackend()
    tls = CERTIFICATES + "none, psk: true"
    with gateway(backend, tls) as gate:
        command = ["openssl", "s_client", "-quiet", "-connect", f"{gate.address}:{gate.port('mqtt')}", "-tls1_2", "-cipher", "PSK",
                   "-psk", KEY.encode().hex(), "-psk_identity", "engine-7"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as client:
            client.stdin.write(wire.connect(5, "engine-7"))
            client.stdin.flush()
            head = client.stdout.read(2)
            assert head[0] == 0x20 and client.stdout.read(head[1])[1] == 0
            gate.write(configuration(backend, tls))
            gate.reload()
            client.stdin.write(wire.publish("proved/engine-7", support.READING_TEXT, 1, 5, 5))
            client.stdin.flush()
            assert client.stdout.read(1) == b"\x40"
            backend.next()
            client.stdout.read(client.stdout.read(1)[0])
            gate.write(configuration(backend, tls).replace("psk: env:PSK_7", "psk: env:PSK_OTHER"))
            gate.reload()
            said = client.stdout.read()
            assert said[0] == 0xE0 and said[2] == 0x98, said
        backend.nothing_more()


def test_paho_resumes_and_checks_the_gateways_name():
    backend = support.RestBackend()
    with gateway(backend, CERTIFICATES + "required") as gate:
        client = support_paho_client.make(client_id="engine-7")
        client.tls_set(path("ca.crt"), path("engine-7.crt"), path("engine-7.key"))
        client.tls_insecure_set(True)
        acknowledged = queue.Queue()
        client.on_publish = lambda _client, _data, mid: acknowledged.put(mid)
        client.connect(gate.address, gate.port("mqtt"))
        client.loop_start()
        for _ in range(20):
            client.publish("proved/engine-7", support.READING_TEXT, qos=1)
        for _ in range(20):
            acknowledged.get(timeout=support.DEADLINE_S)
        client.disconnect()
        client.loop_stop()
        assert len(backend.seen) == 20
        # A ticket opens the next connection, and the certificate is still known.
        context = ssl.create_default_context(cafile=path("ca.crt"))
        context.load_cert_chain(path("engine-7.crt"), path("engine-7.key"))
        session = None
        for turn in range(2):
            plain = socket.create_connection((gate.address, gate.port("mqtt")), timeout=support.DEADLINE_S)
            with context.wrap_socket(plain, server_hostname="localhost", session=session) as secure:
                assert secure.version() == "TLSv1.2" and secure.session_reused == (turn == 1)
                secure.sendall(wire.connect(client="again") + wire.publish("proved/engine-7", "{}", qos=1))
                assert secure.recv(4) == b"\x20\x02\0\0"
                assert secure.recv(4) == b"\x40\x02\0\x01"
                session = secure.session
        assert len(backend.seen) == 22


def test_weak_and_plain_connections_are_refused():
    backend = support.RestBackend()
    with gateway(backend, CERTIFICATES + "none", ", handshake: 2s") as gate:
        where = f"{gate.address}:{gate.port('mqtt')}"

        def s_client(*arguments):
            done = subprocess.run(["openssl", "s_client", "-connect", where, "-CAfile", path("ca.crt"), *arguments],
                                  input=b"", capture_output=True, timeout=support.DEADLINE_S, check=False)
            return done.returncode == 0
        assert s_client("-tls1_2", "-verify_return_error", "-verify_hostname", "localhost")
        assert not s_client("-tls1_1", "-cipher", "ALL@SECLEVEL=0")
        assert not s_client("-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA256")
        assert not s_client("-tls1_2", "-cipher", "PSK", "-psk", "a1" * 16, "-psk_identity", "engine-8")
        support.wait_until(lambda: gate.counters("mqtt")["refused"] == 3, "the refusals' count")
        # MQTT without TLS, and one that says nothing.
        with wire.Client(gate.address, gate.port("mqtt"), wire.connect()) as plain:
            assert b"MQTT" not in b"".join(plain.all())
        with wire.Client(gate.address, gate.port("mqtt")) as silent:
            assert silent.next() is None
        support.wait_until(lambda: gate.counters("mqtt")["refused"] == 5, "the refusals' count")
        assert gate.counters("mqtt")["messages"] == 0


def test_a_stop_says_goodbye():
    backend = support.RestBackend()
    gate = gateway(backend, CERTIFICATES + "none")
    context = ssl.create_default_context(cafile=path("ca.crt"))
    plain = socket.create_connection((gate.address, gate.port("mqtt")), timeout=support.DEADLINE_S)
    secure = context.wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False)
    secure.sendall(wire.connect(version=5))
    assert secure.recv(2)[:1] == b"\x20"
    gate.signal(15)
    rest = b""
    while True:
        more = secure.recv(4096)  # a missing close_notify would raise
        if not more:
            break
        rest += more
    assert b"the gateway is shutting down" in rest
    secure.close()
    gate.stop()


def test_files_that_are_wrong_are_named():
    backend = support.RestBackend()
    for tls, what in (("certificate: pki/gateway.crt, key: pki/engine-7.key", "key: "),
                      ("certificate: pki/gateway.key, key: pki/gateway.key", "certificate: "),
                      ("certificate: pki/gateway.crt", "certificate and key belong together"),
                      ("client_certificate: none", "certificate and key are missing"),
                      ("psk: true, client_certificate: required", "certificate and key are missing"),
                      (CERTIFICATES.replace("client_ca: pki/ca.crt, ", "") + "required", "client_ca is missing"),
                      (CERTIFICATES.replace("pki/ca.crt", "pki/ca.key") + "required", "client_ca: ")):
        gate = gateway(backend, tls, wait=False)
        assert gate.process.wait(support.DEADLINE_S) == 2
        support.wait_until(lambda gate=gate, what=what: what in gate.log() or what in "\n".join(gate.printed), what)
        gate.stop(expect=2)


support.main(globals())
