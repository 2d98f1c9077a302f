"""A token that is bound to a client certificate (RFC 8705) is good with that certificate and no other, over HTTP and MQTT."""
import hashlib
import json
import os
import ssl

import support
import support_jwt as issuer
from support_tls import make_pki

FOLDER, FILES = make_pki()
TLS = "tls: { certificate: pki/gateway.crt, key: pki/gateway.key, client_ca: pki/ca.crt, client_certificate: optional }"
LISTENERS = f"""
  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}", {TLS} }}
  - {{ name: mqtt, protocol: mqtt, bind: "{{address}}:{{port_mqtt}}", {TLS} }}"""
PATH = "/ships/sensors/engine-7"


def thumbprint(name):
    der = ssl.PEM_cert_to_DER_cert(FILES[f"pki/{name}.crt"].decode())
    return issuer.encode(hashlib.sha256(der).digest())


def files_of(name):
    return [os.path.join(FOLDER, f"{name}.{end}") for end in ("crt", "key")]


def post(running, token, name):
    shown = ["--cert", files_of(name)[0], "--key", files_of(name)[1]] if name else []
    port = running.port("web")
    status, _, body = support.curl("-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json",
                                   "-d", support.READING_TEXT, "--cacert", os.path.join(FOLDER, "ca.crt"), *shown,
                                   "--connect-to", f"localhost:{port}:{running.address}:{port}",
                                   f"https://localhost:{port}{PATH}")
    return status, json.loads(body).get("detail") if status >= 400 else None


def publish(running, token, name):
    shown = ["--cert", files_of(name)[0], "--key", files_of(name)[1]] if name else []
    done = support.run("mosquitto_pub", "-h", running.address, "-p", running.port("mqtt"), "--insecure", "--cafile",
                       os.path.join(FOLDER, "ca.crt"), *shown, "-V", "5", "-q", "1", "-u", "engine-7", "-P", token,
                       "-t", PATH[1:], "-m", support.READING_TEXT, expect=None)
    return done.returncode == 0


def test_it_is_good_with_that_certificate_only():
    backend = support.RestBackend()
    key = issuer.ec_key("k")
    files = {**FILES, "pki/jwks.json": issuer.key_set(key)}
    with issuer.gateway(backend, "jwks: file:pki/jwks.json", files, listeners=LISTENERS) as running:
        bound = key.token(cnf={"x5t#S256": thumbprint("engine-7")})
        other = key.token(cnf={"x5t#S256": thumbprint("impostor")})
        for _ in range(2):  # the second time the token is known
            assert post(running, bound, "engine-7") == (200, None)
            assert post(running, bound, "gateway") == (401, "the token is bound to a certificate that did not come with it")
            assert post(running, bound, None)[0] == 401
            assert post(running, other, "engine-7")[0] == 401
            assert post(running, key.token(), None) == (200, None), "one that is not bound needs none"
        assert publish(running, bound, "engine-7")
        assert not publish(running, bound, "gateway")
        assert not publish(running, bound, None)


if __name__ == "__main__":
    support.main(globals())
