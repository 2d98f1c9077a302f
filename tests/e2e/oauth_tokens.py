"""Tokens from the gateway's own token service: by requests-oauthlib, an OAuth client library that knows nothing of it, and by
hand where that library would not misbehave."""
import base64
import json
import os
import socket
import ssl
import time
import urllib.parse

import jwt
from oauthlib.oauth2 import BackendApplicationClient, LegacyApplicationClient
from oauthlib.oauth2.rfc6749.errors import InvalidClientError, InvalidGrantError, InvalidScopeError
from requests_oauthlib import OAuth2Session

import support
import support_mqtt as wire
from support_tls import make_pki

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # this is loopback
SECRETS = {"SECRET_PARTNER": "a-secret-of-32-bytes-or-more-for-HS256", "SECRET_7": "the-secret-of-engine-7", "SECRET_8": "the-secret-of-engine-8", "SECRET_BACKEND": "the-services-own"}


def configuration(backend, issuer="", listeners="", lifetime="1h"):
    return f"""
gateway: {{ name: test, state: state }}
listeners:
  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}" }}
  - {{ name: coap, protocol: coap, bind: "{{address}}:{{port_coap}}" }}
  - {{ name: mqtt, protocol: mqtt, bind: "{{address}}:{{port_mqtt}}" }}
{listeners}
auth:
  secret: {{ method: password }}
  token: {{ method: token }}
  cert: {{ method: mtls }}
  partner: {{ method: jwt, issuer: "https://id.example", audience: "http://box.example", secret: env:SECRET_PARTNER, algorithms: [HS256] }}
roles:
  sensor: {{ allow: ["POST /ships/sensors/{{self}}"] }}
  reader: {{ allow: ["GET /ships/sensors/*"] }}
  service: {{ allow: ["POST /oauth/introspect"] }}
clients:
  - {{ id: engine-7, roles: [sensor, reader], password: env:SECRET_7 }}
  - {{ id: engine-8, roles: [sensor], password: env:SECRET_8 }}
  - {{ id: backend, roles: [service], password: env:SECRET_BACKEND }}
backends:
  telemetry: {{ protocol: rest, targets: [{{ url: {backend.url} }}] }}
  issuer: {{ protocol: issuer, url: "http://box.example", clients: [cert, secret], users: [secret], lifetime: {lifetime} {issuer} }}
endpoints:
  - {{ name: readings, path: "/ships/sensors/{{device}}", methods: [GET, POST], auth: [token], to: telemetry }}
  - {{ name: oauth, path: "/oauth/{{service}}", methods: [GET, POST], auth: [none],
      accept: ["application/x-www-form-urlencoded", application/json], to: issuer }}
  - {{ name: introspect, path: /oauth/introspect, methods: [POST], auth: [secret], roles: [service],
      accept: ["application/x-www-form-urlencoded"], to: issuer }}
  - {{ name: metadata, path: /.well-known/oauth-authorization-server, methods: [GET], auth: [none], to: issuer }}
"""


def gateway(backend, files=None, **more):
    return support.Gateway(configuration(backend, **more), files=files, environment=SECRETS)


def basic(name, secret):
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def ask(running, service="token", client=("engine-7", SECRETS["SECRET_7"]), **parameters):
    """(status, answer) of one call with a form."""
    form = urllib.parse.urlencode(parameters)
    header = ["-H", "Authorization: " + basic(*client)] if client else []
    status, headers, body = support.curl(*header, "-d", form, running.url(f"/oauth/{service}"))
    assert status >= 400 or headers.get("cache-control") == "no-store", headers
    return status, json.loads(body) if body else None


def post(running, token, device="engine-7", method="POST"):
    status, _, _ = support.curl("-X", method, "-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json",
                                *(["-d", "{}"] if method == "POST" else []), running.url(f"/ships/sensors/{device}"))
    return status



def test_a_client_library_gets_a_token_and_uses_it():
    backend = support.RestBackend()
    with gateway(backend) as running:
        session = OAuth2Session(client=BackendApplicationClient("engine-7"))
        token = session.fetch_token(running.url("/oauth/token"), client_id="engine-7", client_secret=SECRETS["SECRET_7"])
        assert token["token_type"] == "Bearer" and token["expires_in"] == 3600 and "refresh_token" not in token, token
        assert session.post(running.url("/ships/sensors/engine-7"), json={"value": 1}).status_code == 200
        assert backend.next().headers["x-fairlead-client"] == "engine-7"
        assert session.post(running.url("/ships/sensors/engine-8"), json={}).status_code == 403
        try:
            session.fetch_token(running.url("/oauth/token"), client_id="engine-7", client_secret="guess")
            raise AssertionError("a guess was believed")
        except InvalidClientError:
            pass
    backend.close()


def test_users_and_refreshing():
    backend = support.RestBackend()
    with gateway(backend) as running:
        session = OAuth2Session(client=LegacyApplicationClient("engine-7"))
        url = running.url("/oauth/token")
        token = session.fetch_token(url, username="engine-7", password=SECRETS["SECRET_7"], client_id="engine-7",
                                    client_secret=SECRETS["SECRET_7"])
        first = token["access_token"]
        assert token["refresh_token"]
        fresh = session.refresh_token(url, auth=("engine-7", SECRETS["SECRET_7"]))
        assert fresh["access_token"] != first and fresh["refresh_token"] != token["refresh_token"]
        assert post(running, fresh["access_token"]) == 200
        # The one that was turned in is a thief's, or was stolen: all that came of it is gone.
        try:
            session.refresh_token(url, refresh_token=token["refresh_token"], auth=("engine-7", SECRETS["SECRET_7"]))
            raise AssertionError("a spent refresh token was taken")
        except InvalidGrantError:
            pass
        assert post(running, fresh["access_token"]) == 401
        status, said = ask(running, grant_type="refresh_token", refresh_token=fresh["refresh_token"])
        assert (status, said["error"]) == (400, "invalid_grant"), said
        status, said = ask(running, grant_type="password", username="engine-7", password="guess")
        assert (status, said["error"]) == (400, "invalid_grant"), said
    backend.close()


def test_scopes_narrow():
    backend = support.RestBackend()
    with gateway(backend) as running:
        _, both = ask(running, grant_type="client_credentials")
        _, narrow = ask(running, grant_type="client_credentials", scope="reader")
        assert "scope" not in both and narrow["scope"] == "reader"
        assert (post(running, both["access_token"]), post(running, both["access_token"], method="GET")) == (200, 200)
        assert (post(running, narrow["access_token"]), post(running, narrow["access_token"], method="GET")) == (403, 200)
        for scope in ("reader service", "admin", "a  b", "reader "):
            status, said = ask(running, grant_type="client_credentials", scope=scope)
            assert (status, said["error"]) == (400, "invalid_scope"), (scope, said)
        session = OAuth2Session(client=BackendApplicationClient("engine-8", scope=["reader"]))
        try:
            session.fetch_token(running.url("/oauth/token"), client_id="engine-8", client_secret=SECRETS["SECRET_8"])
            raise AssertionError("more than the client may")
        except InvalidScopeError:
            pass
    backend.close()


def test_revocation_is_at_once_also_on_open_connections():
    backend = support.RestBackend()
    with gateway(backend) as running:
        _, token = ask(running, grant_type="client_credentials")
        with wire.Client(running.address, running.port("mqtt"),
                         wire.connect(5, "device", "engine-7", token["access_token"])) as device:
            assert device.next()[3] == 0
            # Not by another client.
            status, said = ask(running, "revoke", ("engine-8", SECRETS["SECRET_8"]), token=token["access_token"])
            assert (status, said["error"]) == (400, "unauthorized_client"), said
            assert post(running, token["access_token"]) == 200
            started = time.monotonic()
            status, said = ask(running, "revoke", token=token["access_token"], token_type_hint="access_token")
            assert (status, said) == (204, None) or status == 200, (status, said)
            assert post(running, token["access_token"]) == 401
            goodbye = device.all()
            assert goodbye and goodbye[0][0] == 0xE0 and goodbye[0][2] == 0x98, goodbye
            assert time.monotonic() - started < support.DEADLINE_S
        # What is unknown is as good as revoked (RFC 7009 section 2.2).
        assert ask(running, "revoke", token="flt_nothing")[0] in (200, 204)
        assert ask(running, "revoke", ("engine-7", "guess"), token="flt_nothing")[0] == 401
    backend.close()


def test_introspection_is_for_who_may():
    backend = support.RestBackend()
    with gateway(backend) as running:
        _, token = ask(running, grant_type="client_credentials", scope="reader")
        service = ("backend", SECRETS["SECRET_BACKEND"])
        status, said = ask(running, "introspect", service, token=token["access_token"])
        assert status == 200 and said["active"] is True, said
        assert (said["sub"], said["scope"], said["iss"]) == ("engine-7", "reader", "http://box.example"), said
        assert abs(said["exp"] - time.time() - 3600) < 60, said
        assert ask(running, "introspect", service, token="flt_unknown") == (200, {"active": False})
        header = ["-H", "Authorization: " + basic("engine-8", SECRETS["SECRET_8"])]
        assert support.curl(*header, "-d", "token=x", running.url("/oauth/introspect"))[0] == 403
        ask(running, "revoke", token=token["access_token"])
        assert ask(running, "introspect", service, token=token["access_token"]) == (200, {"active": False})
    backend.close()


def test_signed_tokens_are_checked_with_the_public_keys():
    backend = support.RestBackend()
    for algorithm in ("ES256", "PS256", "EdDSA"):
        with gateway(backend, issuer=f", tokens: signed, algorithm: {algorithm}, audience: fleet") as running:
            _, _, body = support.curl(running.url("/.well-known/oauth-authorization-server"))
            metadata = json.loads(body)
            assert metadata["issuer"] == "http://box.example" and metadata["jwks_uri"] == "http://box.example/oauth/jwks", metadata
            assert metadata["token_endpoint"] == "http://box.example/oauth/token", metadata
            _, token = ask(running, grant_type="client_credentials", scope="sensor")
            keys = jwt.PyJWKClient(running.url("/oauth/jwks"))
            key = keys.get_signing_key_from_jwt(token["access_token"])
            claims = jwt.decode(token["access_token"], key.key, algorithms=[algorithm], audience="fleet",
                                issuer="http://box.example")
            assert (claims["sub"], claims["scope"], claims["roles"]) == ("engine-7", "sensor", ["sensor", "reader"]), claims
            assert jwt.get_unverified_header(token["access_token"])["typ"] == "at+jwt"
            # The gateway knows it, and can take it back.
            assert (post(running, token["access_token"]), post(running, token["access_token"], method="GET")) == (200, 403)
            ask(running, "revoke", token=token["access_token"])
            assert post(running, token["access_token"]) == 401
    backend.close()


def test_tokens_outlive_the_process():
    backend = support.RestBackend()
    with gateway(backend, issuer=", tokens: signed") as running:
        _, kept = ask(running, grant_type="client_credentials")
        _, revoked = ask(running, grant_type="client_credentials")
        ask(running, "revoke", token=revoked["access_token"])
        keys = support.curl(running.url("/oauth/jwks"))[2]
        running.kill()
        running.start()
        assert post(running, kept["access_token"]) == 200
        assert post(running, revoked["access_token"]) == 401
        assert support.curl(running.url("/oauth/jwks"))[2] == keys
        for folder, _, names in os.walk(os.path.join(running.folder, "state")):
            for name in names:
                if not os.path.isfile(os.path.join(folder, name)):
                    continue
                with open(os.path.join(folder, name), "rb") as file:
                    content = file.read()
                assert kept["access_token"].encode() not in content, name
        assert kept["access_token"] not in running.log() and SECRETS["SECRET_7"] not in running.log()
    backend.close()


def test_one_client_does_not_take_all_the_room_there_is():
    backend = support.RestBackend()
    with gateway(backend, issuer=", per_client: 3") as running:
        tokens = [ask(running, grant_type="client_credentials")[1]["access_token"] for _ in range(5)]
        assert [post(running, token) for token in tokens] == [401, 401, 200, 200, 200]
        # Refresh tokens that were used are remembered, and bounded likewise.
        _, said = ask(running, grant_type="password", username="engine-8", password=SECRETS["SECRET_8"])
        eight = ("engine-8", SECRETS["SECRET_8"])
        for _ in range(6):
            status, said = ask(running, client=eight, grant_type="refresh_token", refresh_token=said["refresh_token"])
            assert status == 200, said
        assert post(running, said["access_token"], "engine-8") == 200
        listed = json.loads(support.curl("--unix-socket", os.path.join(running.folder, "state", "control.sock"),
                                         "http://gateway/admin/v1/tokens?client=engine-8")[2])["keys"]
        kinds = [key["kind"] for key in listed]
        assert (kinds.count("token"), kinds.count("refresh")) == (3, 3), kinds
    backend.close()


def test_a_session_ends_with_its_token():
    backend = support.RestBackend()
    with gateway(backend, lifetime="5s") as running:
        _, token = ask(running, grant_type="client_credentials")
        assert token["expires_in"] == 5
        with wire.Client(running.address, running.port("mqtt"),
                         wire.connect(5, "device", "", token["access_token"])) as device:
            assert device.next()[3] == 0
            goodbye = device.all()
            assert goodbye and goodbye[0][0] == 0xE0 and goodbye[0][2] == 0xA0, goodbye
        assert post(running, token["access_token"]) == 401
    backend.close()


def test_tokens_bound_to_a_certificate():
    backend = support.RestBackend()
    folder, files = make_pki()
    secure = ('  - { name: webs, protocol: http, bind: "{address}:{port_webs}", tls: { certificate: pki/gateway.crt, '
              "key: pki/gateway.key, client_ca: pki/ca.crt, client_certificate: optional } }")
    with gateway(backend, files, listeners=secure, issuer=", bind_to_certificate: true, tokens: signed") as running:
        base = f"https://localhost:{running.port('webs')}"
        tls = ["--cacert", f"{folder}/ca.crt", "--resolve", f"localhost:{running.port('webs')}:{running.address}"]
        certificate = ["--cert", f"{folder}/engine-7.crt", "--key", f"{folder}/engine-7.key"]
        status, _, body = support.curl(*tls, *certificate, "-d", "grant_type=client_credentials&client_id=engine-7",
                                       base + "/oauth/token")
        token = json.loads(body).get("access_token")
        assert status == 200 and token, body
        assert jwt.decode(token, options={"verify_signature": False})["cnf"]["x5t#S256"]
        use = ["-H", f"Authorization: Bearer {token}", "-H", "Content-Type: application/json", "-d", "{}",
               base + "/ships/sensors/engine-7"]
        assert support.curl(*tls, *certificate, *use)[0] == 200
        status, _, body = support.curl(*tls, *use)
        assert status == 401 and "certificate" in body, body
        assert post(running, token) == 401
    backend.close()


def test_what_is_wrong_is_said_in_oauth_s_words():
    backend = support.RestBackend()
    with gateway(backend) as running:
        cases = [
            ({}, 400, "invalid_request"),
            ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
            ({"grant_type": "refresh_token"}, 400, "invalid_request"),
            ({"grant_type": "refresh_token", "refresh_token": "flr_guess"}, 400, "invalid_grant"),
            ({"grant_type": "password", "username": "engine-7"}, 400, "invalid_request"),
            ({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a.b.c"}, 400,
             "unsupported_grant_type"),
            ({"grant_type": "client_credentials", "client_secret": "twice"}, 400, "invalid_request"),
        ]
        for parameters, code, error in cases:
            status, said = ask(running, **parameters)
            assert (status, said["error"]) == (code, error), (parameters, status, said)
        status, said = ask(running, client=None, grant_type="client_credentials")
        assert (status, said["error"]) == (401, "invalid_client"), said
        url = running.url("/oauth/token")
        for body in ("grant_type=client_credentials&grant_type=password", "grant_type=%zz", "grant_type=%00", "x" * 70000):
            status, _, said = support.curl("-H", "Authorization: " + basic("engine-7", SECRETS["SECRET_7"]), "-d", body, url)
            assert status == 400 and json.loads(said)["error"] == "invalid_request", (status, said)
        assert support.curl("-H", "Content-Type: text/xml", "-d", "<a/>", url)[0] == 415
        assert support.curl(url)[0] == 405
        assert support.curl("-d", "a=b", running.url("/oauth/jwks"))[0] == 405
        assert support.curl(running.url("/oauth/nothing"))[0] == 404
        assert running.counters("issuer")["refused"] >= len(cases)
    backend.close()


def assertion(**claims):
    now = int(time.time())
    said = dict({"iss": "https://id.example", "aud": "http://box.example", "sub": "engine-7", "iat": now, "exp": now + 60}, **claims)
    return jwt.encode(said, SECRETS["SECRET_PARTNER"], algorithm="HS256")


def test_an_assertion_of_another_issuer_is_worth_a_token():
    backend = support.RestBackend()
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    with gateway(backend, issuer=", assertions: [partner]") as running:
        status, said = ask(running, client=None, grant_type=grant, assertion=assertion(), scope="sensor")
        assert status == 200 and said["scope"] == "sensor" and post(running, said["access_token"]) == 200, said
        status, fresh = ask(running, grant_type="refresh_token", refresh_token=said["refresh_token"])
        assert status == 200 and fresh["scope"] == "sensor", fresh
        for wrong in (assertion(aud="another"), assertion(sub="stranger"), assertion(exp=1), "a.b.c", assertion()[:-2]):
            status, said = ask(running, client=None, grant_type=grant, assertion=wrong)
            assert (status, said["error"]) == (400, "invalid_grant"), said
        # It is no way to be let in at an endpoint that does not name it.
        assert post(running, assertion()) == 401
    backend.close()


def test_what_was_believed_for_less_gets_no_more():
    backend = support.RestBackend()
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    with support.Gateway(configuration(backend, issuer=", assertions: [partner]").replace("clients: [cert, secret]", "clients: [secret, token]"),
                         environment=SECRETS) as running:
        # A token that was issued is no client's secret: a short one would never end, nor be revoked.
        _, said = ask(running, grant_type="client_credentials", scope="reader")
        status, said = ask(running, client=("engine-7", said["access_token"]), grant_type="client_credentials")
        assert (status, said["error"]) == (401, "invalid_client"), said
        # One that an administrator has made for a part of what the client may gets that part.
        made = support.curl("--unix-socket", os.path.join(running.folder, "state", "control.sock"), "--json",
                            '{"scopes":["reader"]}', "http://gateway/admin/v1/clients/engine-7/tokens")[2]
        narrow = ("engine-7", json.loads(made)["secret"])
        status, said = ask(running, client=narrow, grant_type="client_credentials")
        assert (status, said["scope"]) == (200, "reader"), said
        token = said["access_token"]
        assert (post(running, token), post(running, token, method="GET")) == (403, 200)
        status, said = ask(running, client=narrow, grant_type="client_credentials", scope="sensor")
        assert (status, said["error"]) == (400, "invalid_scope"), said
        # And an assertion that gives other roles than the client's, what it says and no more.
        status, said = ask(running, client=None, grant_type=grant, assertion=assertion(roles=["reader"]))
        assert (status, said["error"]) == (400, "invalid_scope"), said
        status, said = ask(running, client=None, grant_type=grant, assertion=assertion(roles=["reader"]), scope="reader")
        assert status == 200 and post(running, said["access_token"]) == 403, said
    backend.close()


def test_a_device_gets_its_token_over_coap():
    backend = support.RestBackend()
    with gateway(backend) as running:
        body = json.dumps({"grant_type": "client_credentials", "client_id": "engine-7", "client_secret": SECRETS["SECRET_7"]})
        done = support.run("coap-client-openssl", "-m", "post", "-t", "50", "-A", "50", "-e", body,
                           f"coap://{running.address}:{running.port('coap')}/oauth/token")
        token = json.loads(done.out.strip().splitlines()[-1])["access_token"]
        assert post(running, token) == 200
    backend.close()


if __name__ == "__main__":
    support.main(globals())
