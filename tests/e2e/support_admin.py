"""A gateway whose clients come and go at run time, and how its administration is called."""
import json
import os

import support

BOSS, GUEST = "secret-of-the-boss", "secret-of-a-guest"

CONFIGURATION = """
gateway: {{ name: test, state: state, limits: {{ body: 1MiB {limits} }} }}
listeners:
  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}" }}
  - {{ name: mqtt, protocol: mqtt, bind: "{{address}}:{{port_mqtt}}" }}
  - {{ name: coaps, protocol: coap, bind: "{{address}}:{{port_coaps}}", tls: {{ psk: true }} }}
  - {{ name: admin, protocol: admin, bind: "{{address}}:{{port_admin}}", auth: [token], roles: [admin] }}
auth:
  token: {{ method: token }}
  device-psk: {{ method: psk }}
roles:
  ship-sensor: {{ allow: ["POST /ships/sensors/{{self}}"] }}
  admin: {{ allow: ["* /admin/v1/*"] }}
clients:
  - {{ id: boss, roles: [admin], token: env:BOSS }}
  - {{ id: guest, roles: [ship-sensor], token: env:GUEST }}
  {clients}
backends:
  telemetry: {{ protocol: rest, targets: [{{ url: {backend} }}] }}
endpoints:
  - {{ name: readings, path: "/ships/sensors/{{device}}", methods: [POST], auth: [token, device-psk], roles: [ship-sensor],
      to: telemetry }}
"""


def gateway(backend, limits="", clients="", **options):
    configuration = CONFIGURATION.format(backend=backend.url, limits=limits, clients=clients)
    return support.Gateway(configuration, environment={"BOSS": BOSS, "GUEST": GUEST}, **options)


def socket_of(gate):
    return os.path.join(gate.folder, "state", "control.sock")


def call(gate, method, path, body=None, media="application/json", token=None, more=()):
    """(status, body) over the socket in the state folder; with a token over the admin listener."""
    if token is None:
        where = ["--unix-socket", socket_of(gate), "http://gateway" + path]
    else:
        where = ["-H", "Authorization: Bearer " + token, gate.url(path, "admin")]
    given = []
    if body is not None:
        text = body if isinstance(body, (str, bytes)) else json.dumps(body)
        source = os.path.join(gate.folder, "body")
        with open(source, "wb") as out:
            out.write(text if isinstance(text, bytes) else text.encode())
        given = ["-H", "Content-Type: " + media, "--data-binary", "@" + source]
    status, _, text = support.curl("-X", method, *given, *more, *where)
    return status, json.loads(text) if text else None


def add(gate, name, **members):
    """Adds one; returns what the gateway says of it."""
    status, said = call(gate, "POST", "/admin/v1/clients", dict({"id": name, "roles": ["ship-sensor"]}, **members))
    assert status == 201, (status, said)
    return said


def secret_of(said, kind="token"):
    return [made["secret"] for made in said["issued"] if made["kind"] == kind][0]


def post(gate, name, token):
    """The status of a reading of the client, with its token."""
    return support.curl("-H", "Authorization: Bearer " + token, "--json", "{}", gate.url("/ships/sensors/" + name))[0]
