"""Who a client certificate says somebody is: by its common name, a name of its subjectAltName, its fingerprint or the authority that has
signed it; the same over HTTP, SOAP, MQTT, MQTT over WebSocket, CoAP over DTLS and over TLS."""
import hashlib
import json
import os
import ssl
import struct

import support
import support_admin as admin
import support_mqtt as wire
from support_pki import Authority
from support_tls import Authority as OtherAuthority

TLS = "tls: { certificate: PKI/gateway.crt, key: PKI/gateway.key, client_ca: PKI/all.crt, client_certificate: optional%s }"
WAYS = """
  by-cn: { method: mtls }
  by-san: { method: mtls, identity: { from: san.uri, match: "urn:ship:*:device:{id}" } }
  by-print: { method: mtls, identity: fingerprint }
  by-any: { method: mtls, identity: [fingerprint, { from: san.dns, match: "{id}.devices.fleet" }, subject.cn] }
  by-yard: { method: mtls, authority: PKI/yard.crt, clients: optional, roles: { map: { cranes: self } } }
  psk: { method: psk }"""
ENDPOINTS = "".join(f"""
  - name: {way}
    path: "/{way}/{{device}}"
    methods: [POST]
    auth: [{way}]
    operation: {way.title().replace("-", "")}
    to: telemetry""" for way in ("by-cn", "by-san", "by-print", "by-any", "by-yard", "psk"))
ENVELOPE = """<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>
<f:%s xmlns:f="urn:fairlead:fleet"><device>%s</device><value>1</value></f:%s></soap:Body></soap:Envelope>"""
KEY = "0123456789abcdef-of-7"


def make():
    """The fleet's authority, and another one that the listeners believe as well."""
    ca = Authority()
    ca.issue("engine-7")
    ca.issue("box-1", "device", "--san", "uri:urn:ship:aurora:device:engine-7", "--san", "dns:Engine-8.Devices.Fleet")
    ca.issue("two", "device", "--san", "uri:urn:ship:aurora:device:engine-7", "--san", "uri:urn:ship:aurora:device:engine-8")
    ca.issue("spare")
    ca.issue("stranger")
    yard = OtherAuthority(ca.path("pki"), "yard")
    yard.issue("crane", subject="crane-1/OU=cranes")
    yard.issue("winch", subject="engine-7/OU=winches")
    with open(ca.path("pki", "all.crt"), "wb") as out:
        out.write(ca.read("pki", "ca.crt") + yard.read())
    return ca


CA = make()


def fingerprint(name):
    der = ssl.PEM_cert_to_DER_cert(CA.read("pki", name + ".crt").decode())
    return "sha256:" + hashlib.sha256(der).hexdigest()


def configuration(backend, pinned=True):
    listeners = "\n".join(
        f'  - {{ name: {name}, protocol: {protocol}, bind: "{prefix}{{address}}:{{port_{name}}}"{more}, {TLS % tls} }}'
        for name, protocol, prefix, more, tls in (
            ("web", "http", "", "", ""), ("mqtt", "mqtt", "", "", ", psk: true"), ("ws", "mqtt", "", ", transport: websocket", ""),
            ("coaps", "coap", "", "", ", psk: true"), ("coaptcp", "coap", "tcp://", "", "")))
    text = support.fleet(backend.url, listeners, ENDPOINTS)
    text = text.replace("  token: { method: token }", "  token: { method: token }" + WAYS)
    text = text.replace("roles:\n", 'roles:\n  self: { allow: ["POST /{way}/{self}"] }\n', 1)
    text = text.replace("id: engine-7, roles: [ship-sensor]", "id: engine-7, roles: [self], psk: env:PSK_7")
    text = text.replace("id: engine-8, roles: [ship-sensor]", "id: engine-8, roles: [self]")
    prints = f'certificates: ["{fingerprint("spare")}"]' if pinned else ""
    text = text.replace("PKI/", CA.path("pki", ""))
    return text.replace("clients:\n", f"clients:\n  - {{ id: box-1, roles: [self] }}\n  - {{ id: pinned, roles: [self], {prints} }}\n", 1)


class Box(support.Gateway):
    """With a certificate for the address that it happens to have."""

    def start(self, wait=True):
        CA.issue("gateway", "gateway", "--san", f"ip:{self.address}", "--replace")
        super().start(wait)


def gateway(backend):
    return Box(configuration(backend), environment=dict(support.TOKENS, PSK_7=KEY))


# ---- The doors: each says "ok", "forbidden" or "unknown" of a POST to /WAY/DEVICE.

def curl(gate, way, name, *arguments):
    who = ["--cert", CA.path("pki", name + ".crt"), "--key", CA.path("pki", name + ".key")] if name else []
    return support.curl("--cacert", CA.path("pki", "ca.crt"), *who, *arguments, f"https://{gate.address}:{gate.port('web')}{way}")


def by_http(gate, way, device, name):
    status, _, body = curl(gate, f"/{way}/{device}", name, "--json", "1")
    return {200: "ok", 403: "forbidden", 401: "unknown"}[status], body


def by_soap(gate, way, device, name):
    operation = way.title().replace("-", "")
    status, _, body = curl(gate, "/", name, "-H", "Content-Type: text/xml; charset=utf-8", "-H", 'SOAPAction: ""', "-d",
                           ENVELOPE % (operation, device, operation))
    return ("ok" if status == 200 else "forbidden" if "may not POST" in body else "unknown"), body


def by_coap(gate, way, device, *who, scheme="coaps", name="coaps"):
    done = support.run("coap-client-openssl", "-v", "6", "-B", "10", "-m", "post", "-t", "json", "-e", "1", *who,
                       f"{scheme}://{gate.address}:{gate.port(name)}/{way}/{device}", expect=None)
    text = done.out + done.err
    return ("ok" if '{"ok":true}' in text else "forbidden" if "4.03" in text else "unknown" if "4.01" in text else text), text


def certificate(name):
    return ["-c", CA.path("pki", name + ".crt"), "-j", CA.path("pki", name + ".key"), "-C", CA.path("pki", "ca.crt")]


def by_coaps(gate, way, device, name):
    return by_coap(gate, way, device, *certificate(name))


def by_coap_over_tls(gate, way, device, name):
    return by_coap(gate, way, device, *certificate(name), scheme="coaps+tcp", name="coaptcp")


class WebSocket:
    """What a socket is to an MQTT client, over frames."""

    def __init__(self, socket):
        self.socket, self.input = socket, b""
        socket.sendall(b"GET /mqtt HTTP/1.1\r\nHost: box\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: "
                       b"dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n")
        while b"\r\n\r\n" not in self.input:
            self.input += socket.recv(4096)
        head, _, self.input = self.input.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head

    def sendall(self, data):
        size = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0xFE]) + struct.pack(">H", len(data))
        self.socket.sendall(b"\x82" + size + b"\0\0\0\0" + data)

    def recv(self, _):
        while len(self.input) < 2 or len(self.input) < 2 + self.input[1]:
            more = self.socket.recv(4096)
            if not more:
                return b""
            self.input += more
        assert self.input[0] == 0x82 and self.input[1] < 126, self.input
        found, self.input = self.input[2:2 + self.input[1]], self.input[2 + self.input[1]:]
        return found

    def close(self):
        self.socket.close()


class Mqtt(wire.Client):
    """A session of MQTT 5 over TLS; .answer is the CONNACK's reason."""

    def __init__(self, gate, name, door="mqtt", wrap=lambda socket: socket):
        super().__init__(gate.address, gate.port(door))
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        made.load_verify_locations(CA.path("pki", "ca.crt"))
        made.load_cert_chain(CA.path("pki", name + ".crt"), CA.path("pki", name + ".key"))
        self.socket = wrap(made.wrap_socket(self.socket, server_hostname=gate.address))
        self.send(wire.connect(5, f"{name}-{id(self)}"))
        self.answer = self.next()[3]

    def post(self, way, device):
        self.send(wire.publish(f"{way}/{device}", b"1", 1, version=5))
        reason = self.next()[4:]
        return {b"": "ok", b"\0": "ok", b"\x10": "ok", b"\x87": "forbidden"}.get(reason[:1], reason)


def by_mqtt(gate, way, device, name, **door):
    with Mqtt(gate, name, **door) as client:
        if client.answer:
            return "unknown", f"CONNACK {client.answer}"
        return client.post(way, device), ""


def by_websocket(gate, way, device, name):
    return by_mqtt(gate, way, device, name, door="ws", wrap=WebSocket)


DOORS = (by_http, by_soap, by_coaps, by_coap_over_tls, by_mqtt, by_websocket)

# (certificate, way, path, what comes of it, as whom)
CASES = (
    ("engine-7", "by-cn", "engine-7", "ok", "engine-7"),
    ("engine-7", "by-cn", "engine-8", "forbidden", None),
    ("box-1", "by-cn", "box-1", "ok", "box-1"),
    ("box-1", "by-cn", "engine-7", "forbidden", None),
    ("box-1", "by-san", "engine-7", "ok", "engine-7"),
    ("box-1", "by-any", "engine-8", "ok", "engine-8"),
    ("engine-7", "by-any", "engine-7", "ok", "engine-7"),
    ("engine-7", "by-san", "engine-7", "unknown", None),
    ("two", "by-san", "engine-7", "unknown", None),
    ("spare", "by-print", "pinned", "ok", "pinned"),
    ("spare", "by-any", "pinned", "ok", "pinned"),
    ("engine-7", "by-print", "pinned", "unknown", None),
    ("stranger", "by-cn", "stranger", "unknown", None),
    ("crane", "by-yard", "crane-1", "ok", "crane-1"),
    ("winch", "by-yard", "engine-7", "ok", "engine-7"),
    ("engine-7", "by-yard", "engine-7", "unknown", None),
)


def test_a_certificate_is_the_same_client_at_every_door():
    backend = support.RestBackend()
    with gateway(backend) as gate:
        for door in DOORS:
            for name, way, device, expected, who in CASES:
                got, said = door(gate, way, device, name)
                # An MQTT client that some way knows is connected; what another way does not know is refused as a message.
                if expected == "unknown" and door in (by_mqtt, by_websocket):
                    assert got in ("unknown", "forbidden"), (door.__name__, name, way, got)
                else:
                    assert got == expected, (door.__name__, name, way, device, got, said)
                if who:
                    assert backend.next().headers["x-fairlead-client"] == who, (door.__name__, name, way)
        backend.nothing_more()
        log = gate.log()
        for why in ("the certificate's san.uri gives more than one id", "the certificate is no client's here (any more)",
                    "stranger is no client here", "the certificate has no san.uri of the form that is looked for",
                    "it is of no authority that is believed for this"):
            assert why in log, (why, log)


def test_a_fingerprint_that_is_taken_away_opens_nothing_any_more():
    backend = support.RestBackend()
    with gateway(backend) as gate, Mqtt(gate, "spare") as gone, Mqtt(gate, "engine-7") as other:
        assert gone.post("by-print", "pinned") == "ok"
        backend.next()
        gate.write(configuration(backend, pinned=False))
        gate.reload()
        said = gone.all()
        assert len(said) == 1 and said[0][0] == 0xE0 and said[0][2] == 0x98, said
        assert other.post("by-cn", "engine-7") == "ok"
        assert by_http(gate, "by-print", "pinned", "spare")[0] == "unknown"


class Called:
    """A client whose certificate is "spare", added and taken away by calls of the administration."""

    @staticmethod
    def add(gate):
        status, said = admin.call(gate, "POST", "/admin/v1/clients", {"id": "late", "roles": ["self"],
                                                                     "certificates": [fingerprint("spare")]})
        assert (status, said["source"]) == (201, "runtime"), said

    @staticmethod
    def take_certificate(gate):
        assert admin.call(gate, "DELETE", "/admin/v1/clients/late/certificates")[0] == 204

    @staticmethod
    def remove(gate):
        assert admin.call(gate, "DELETE", "/admin/v1/clients/late")[0] == 204


class Commanded:
    """The same by the commands; a certificate goes with its client, or by its handle."""

    @staticmethod
    def run(gate, *words):
        return support.run(support.BINARY, *words, "-c", gate.path, env=gate.environment, cwd=gate.folder).out

    @classmethod
    def add(cls, gate):
        cls.run(gate, "client", "add", "late", "--role", "self", "--certificate", CA.path("pki", "spare.crt"))

    @classmethod
    def take_certificate(cls, gate):
        keys = json.loads(cls.run(gate, "client", "show", "late", "--json"))["keys"]
        assert [key["kind"] for key in keys] == ["certificate"], keys
        cls.run(gate, "token", "revoke", keys[0]["handle"])

    @classmethod
    def remove(cls, gate):
        cls.run(gate, "client", "remove", "late")


def test_a_fingerprint_comes_and_goes_while_the_gateway_runs():
    backend = support.RestBackend()
    given = configuration(backend, pinned=False).replace("gateway: { name: test,", "gateway: { name: test, state: state,", 1)
    with Box(given, environment=dict(support.TOKENS, PSK_7=KEY)) as gate, Mqtt(gate, "engine-7") as other:
        def is_out():
            for door in (by_http, by_mqtt):
                assert door(gate, "by-print", "late", "spare")[0] == "unknown", door.__name__

        is_out()
        for how in (Called, Commanded):
            how.add(gate)
            for door in (by_http, by_mqtt):
                assert door(gate, "by-print", "late", "spare")[0] == "ok", (how, door.__name__)
                assert backend.next().headers["x-fairlead-client"] == "late"
                assert door(gate, "by-print", "pinned", "spare")[0] == "forbidden", (how, door.__name__)
            with Mqtt(gate, "spare") as gone:
                assert gone.post("by-print", "late") == "ok"
                backend.next()
                how.take_certificate(gate)
                said = gone.all()
                assert len(said) == 1 and said[0][0] == 0xE0 and said[0][2] == 0x98, said
            is_out()
            how.remove(gate)
        assert other.post("by-cn", "engine-7") == "ok"
        assert backend.next().headers["x-fairlead-client"] == "engine-7"
        backend.nothing_more()
    backend.close()


def test_a_certificate_that_ends_ends_its_session():
    backend = support.RestBackend()
    OtherAuthority(CA.path("pki"), "brief")
    with open(CA.path("pki", "all.crt"), "ab") as out:
        out.write(CA.read("pki", "brief.crt"))
    with gateway(backend) as gate:
        brief = OtherAuthority.__new__(OtherAuthority)
        brief.folder, brief.name = CA.path("pki"), "brief"
        brief.issue("candle", subject="engine-7", until=6)
        with Mqtt(gate, "candle") as client:
            assert client.post("by-cn", "engine-7") == "ok"
            said = client.all()
            assert len(said) == 1 and said[0][0] == 0xE0 and said[0][2] == 0xA0, said


def test_a_field_that_claims_to_be_a_certificate_is_not_believed():
    backend = support.RestBackend()
    pem = CA.read("pki", "engine-7.crt").decode()
    flat = "".join(pem.split("\n")[1:-2])
    fields = {"X-Client-Cert": flat, "X-SSL-Client-Cert": pem.replace("\n", "%0A"), "X-SSL-Client-S-DN": "CN=engine-7",
              "X-SSL-Client-Verify": "SUCCESS", "Client-Cert": f":{flat}:", "X-Forwarded-Client-Cert": f'Cert="{flat}"',
              "X-Forwarded-Tls-Client-Cert": flat, "X-Fairlead-Client": "engine-7"}
    arguments = [each for name, value in fields.items() for each in ("-H", f"{name}: {value}")]
    with gateway(backend) as gate:
        status, _, body = curl(gate, "/by-cn/engine-7", None, *arguments, "--json", "1")
        assert status == 401, (status, body)
        # Beside one that was shown they change nothing.
        status, _, body = curl(gate, "/by-cn/box-1", "box-1", *arguments, "--json", "1")
        assert status == 200 and backend.next().headers["x-fairlead-client"] == "box-1", (status, body)
        backend.nothing_more()


def test_a_key_is_no_certificate_and_a_certificate_no_key():
    backend = support.RestBackend()
    key = ["-u", "engine-7", "-k", KEY]
    with gateway(backend) as gate:
        assert by_coap(gate, "psk", "engine-7", *key)[0] == "ok"
        assert backend.next().headers["x-fairlead-client"] == "engine-7"
        for way in ("by-cn", "by-san", "by-any", "by-print"):
            assert by_coap(gate, way, "engine-7", *key)[0] == "unknown", way
        assert by_coaps(gate, "psk", "engine-7", "engine-7")[0] == "unknown"
        backend.nothing_more()


support.main(globals())
