"""Keys and tokens of an issuer, made by PyJWT and jwcrypto when a test begins, and a fleet that trusts it."""
import base64
import hashlib
import hmac
import json
import time

import support

try:
    import jwt
    from cryptography.hazmat.primitives.asymmetric import ec, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
    from jwcrypto import jwk
except ImportError as missing:
    support.skip(f"{missing} (python3-jwt, python3-jwcrypto)")

ISSUER, AUDIENCE = "https://id.example", "fairlead"
SECRET = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
ENVIRONMENT = {"JWT_SECRET": SECRET}
LISTENERS = """
  - { name: web, protocol: http, bind: "{address}:{port_web}" }
  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}" }
  - { name: coap, protocol: coap, bind: "{address}:{port_coap}", token_in_query: accept }"""


def pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


class Key:
    """A private key of the issuer's, with what it publishes of it."""

    def __init__(self, kid, algorithm, private):
        self.kid, self.algorithm, self.private = kid, algorithm, private

    def public(self, **more):
        """As a JWK, written by jwcrypto."""
        key = jwk.JWK.from_pem(public_pem(self.private).encode())
        return {**json.loads(key.export_public()), "kid": self.kid, "use": "sig", **more}

    def token(self, claims=None, headers=None, **changed):
        """Signed by PyJWT. None for a claim leaves it out."""
        said = {"iss": ISSUER, "aud": AUDIENCE, "sub": "engine-7", "exp": int(time.time()) + 600, **changed}
        said = claims if claims is not None else {name: value for name, value in said.items() if value is not None}
        return jwt.encode(said, pem(self.private), algorithm=self.algorithm, headers={"kid": self.kid, **(headers or {})})


def ec_key(kid, curve=None):
    curve = curve or ec.SECP256R1()
    return Key(kid, {256: "ES256", 384: "ES384", 521: "ES512"}[curve.key_size], ec.generate_private_key(curve))


def rsa_key(kid, algorithm="RS256"):
    return Key(kid, algorithm, rsa.generate_private_key(65537, 2048))


def encode(data):
    if not isinstance(data, (bytes, str)):
        data = json.dumps(data)
    data = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def by_hand(header, payload, secret=SECRET, digest=hashlib.sha256):
    """An HMAC token of these very texts, whatever they are."""
    message = f"{encode(header)}.{encode(payload)}"
    return f"{message}.{encode(hmac.new(secret.encode(), message.encode(), digest).digest())}"


def key_set(*keys):
    return json.dumps({"keys": [key.public() for key in keys]})


def fleet(backend_url, auth, listeners=LISTENERS, state=False):
    """engine-7 is a ship-sensor, captain a ship-admin. `auth` is what follows `method: jwt` of the way "jwt"."""
    return f"""
gateway: {{ name: test, limits: {{ body: 64KiB }}{", state: state" if state else ""} }}
listeners:{listeners}
auth:
  token: {{ method: token }}
  jwt: {{ method: jwt, {auth} }}
roles:
  ship-sensor: {{ allow: ["POST /ships/sensors/{{self}}", "GET /ships/sensors/{{self}}"] }}
  ship-admin: {{ allow: ["* /ships/*"] }}
clients:
  - {{ id: engine-7, roles: [ship-sensor], token: env:TOKEN_7 }}
  - {{ id: captain, roles: [ship-admin] }}
backends:
  telemetry: {{ protocol: rest, targets: [{{ url: {backend_url} }}], timeout: 3s }}
endpoints:
  - name: ship-readings
    path: /ships/sensors/{{device}}
    methods: [POST, GET]
    auth: [token, jwt]
    roles: [ship-sensor, ship-admin]
    to: telemetry
    call: {{ path: "/v1/readings/{{device}}", as: application/json }}
"""


def gateway(backend, auth, files=None, **more):
    trusted = f"issuer: {ISSUER}, audience: {AUDIENCE}, {auth}"
    return support.Gateway(fleet(backend.url, trusted, **more), files=files,
                           environment={**ENVIRONMENT, "TOKEN_7": "opaque-of-engine-7"})


def post(running, token, path="/ships/sensors/engine-7", *more):
    """(status, the reason) of a reading sent with this token."""
    status, _, body = support.curl("-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json",
                                   "-d", support.READING_TEXT, *more, running.url(path))
    return status, json.loads(body).get("detail") if status >= 400 else None
