"""Tokens signed by PyJWT and jwcrypto are believed, over HTTP, MQTT and CoAP: who their bearer is, what they may do and
for how long is what the token says."""
import json
import time

import support
import support_coap
import support_jwt as issuer
import support_mqtt as mqtt
from jwcrypto import jwk, jwt

PATH = "/ships/sensors/engine-7"


def ec_world(backend, keys, auth="", **more):
    return issuer.gateway(backend, "jwks: file:pki/jwks.json" + auth, {"pki/jwks.json": issuer.key_set(*keys)}, **more)


def test_each_algorithm_of_public_keys():
    backend = support.RestBackend()
    keys = [issuer.ec_key("p256"), issuer.ec_key("p384", issuer.ec.SECP384R1()), issuer.ec_key("p521", issuer.ec.SECP521R1())]
    rsa = issuer.rsa_key("rsa")
    with ec_world(backend, [*keys, rsa]) as running:
        tokens = [key.token() for key in keys]
        for rsa.algorithm in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"):
            tokens.append(rsa.token())
        for token in tokens:
            for _ in range(2):  # the second time it is known already
                assert issuer.post(running, token) == (200, None), token
        assert len(backend.seen) == 2 * len(tokens)
        for token in tokens:
            assert token not in running.log()


def test_each_algorithm_of_secrets():
    backend = support.RestBackend()
    with issuer.gateway(backend, "secret: env:JWT_SECRET") as running:
        for algorithm in ("HS256", "HS384", "HS512"):
            token = issuer.jwt.encode({"iss": issuer.ISSUER, "aud": ["x", issuer.AUDIENCE], "sub": "engine-7",
                                       "exp": time.time() + 60.5}, issuer.SECRET, algorithm=algorithm)
            assert issuer.post(running, token) == (200, None), algorithm
        assert issuer.SECRET not in running.log()


def test_jwcrypto_signs_and_writes_the_keys():
    backend = support.RestBackend()
    keys = [jwk.JWK.generate(kty="EC", crv="P-256", kid="a", use="sig"), jwk.JWK.generate(kty="OKP", crv="Ed25519", kid="b"),
            jwk.JWK.generate(kty="RSA", size=2048, kid="c", alg="PS256")]
    listed = [json.loads(key.export_public()) for key in keys]
    # Beside keys that are none of our business.
    listed += [json.loads(jwk.JWK.generate(kty="OKP", crv="X25519", kid="d").export_public()), {"kty": "AKP", "kid": "e"},
               {**listed[0], "use": "enc", "kid": "a"}]
    with issuer.gateway(backend, "jwks: file:pki/jwks.json", {"pki/jwks.json": json.dumps({"keys": listed})}) as running:
        for key, algorithm in zip(keys, ("ES256", "EdDSA", "PS256")):
            token = jwt.JWT(header={"alg": algorithm, "kid": key.kid, "typ": "at+jwt"},
                            claims={"iss": issuer.ISSUER, "aud": issuer.AUDIENCE, "sub": "engine-7",
                                    "exp": int(time.time()) + 60})
            token.make_signed_token(key)
            assert issuer.post(running, token.serialize()) == (200, None), algorithm
        # The key says that it is for PS256 alone.
        token = jwt.JWT(header={"alg": "RS256", "kid": "c"}, claims={"sub": "engine-7"})
        token.make_signed_token(jwk.JWK(**{**json.loads(keys[2].export()), "alg": "RS256"}))
        assert issuer.post(running, token.serialize()) == (401, "the token's signature is wrong")


def test_a_public_key_in_pem():
    backend = support.RestBackend()
    key = issuer.ec_key("whatever it is called")
    with issuer.gateway(backend, "key: file:pki/issuer.pem", {"pki/issuer.pem": issuer.public_pem(key.private)}) as running:
        assert issuer.post(running, key.token()) == (200, None)
        assert issuer.post(running, issuer.ec_key("other").token())[0] == 401


def test_mqtt_takes_it_as_the_password():
    backend = support.RestBackend()
    key = issuer.ec_key("k")
    with ec_world(backend, [key]) as running:
        for user in ("engine-7", "anybody else"):
            done = support.run("mosquitto_pub", "-h", running.address, "-p", running.port("mqtt"), "-V", "5", "-q", "1",
                               "-u", user, "-P", key.token(), "-t", PATH[1:], "-m", support.READING_TEXT, expect=None)
            assert (done.returncode == 0) == (user == "engine-7"), (user, done.err)
        assert backend.next().path == "/v1/readings/engine-7"
        backend.nothing_more()
        running.wait_log("this token does not belong to that user")
        client = mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(4, "x", "engine-7", key.token(exp=1)))
        assert client.next()[:1] == b"\x20" and client.all() == [], "an expired one opens nothing"


def test_coap_takes_it_in_the_query():
    backend = support.RestBackend()
    with support.Gateway(issuer.fleet(backend.url, "secret: env:JWT_SECRET"),
                         environment={**issuer.ENVIRONMENT, "TOKEN_7": "x"}) as running:
        # A Uri-Query option has no more than 255 bytes: there is room for a token that says little.
        for sub, code in (("engine-7", None), ("engine-8", "4.01")):
            token = issuer.by_hand({"alg": "HS256"}, {"sub": sub, "exp": int(time.time()) + 60})
            # coap-client cuts the query of a URI short; as an option (15, Uri-Query) it stays whole.
            said = support_coap.coap_client(running, "post", PATH, "-t", "50", "-e", support.READING_TEXT,
                                            "-O", f"15,access_token={token}")
            assert (code or "") in said and ("ok" in said) == (code is None), said
        assert len(backend.seen) == 1
        running.wait_log("engine-8 is no client here")


def test_roles_and_scopes_come_out_of_claims():
    backend = support.RestBackend()
    key = issuer.ec_key("k")
    auth = ", claims: { roles: realm_access.roles, scopes: /https:~1~1id.example~1may }, role_map: { boss: ship-admin }"
    with ec_world(backend, [key], auth) as running:
        other = "/ships/sensors/engine-8"
        rows = (
            ({}, PATH, 200), ({}, other, 403),
            ({"realm_access": {"roles": ["boss", "who"]}}, other, 200),
            ({"realm_access": {"roles": ["ship-admin"]}}, other, 403),  # theirs, and not in the map
            ({"realm_access": {"roles": []}}, PATH, 403),
            ({"realm_access": {"roles": "boss who"}}, other, 200),
            ({"realm_access": {"roles": 7}}, PATH, 401),
            ({"https://id.example/may": "ship-sensor openid"}, PATH, 200),
            ({"https://id.example/may": "openid"}, PATH, 403),
            ({"https://id.example/may": ["ship-sensor"]}, PATH, 200),
            ({"sub": "captain"}, other, 200),
        )
        for claims, path, status in rows:
            said = issuer.post(running, key.token(**claims), path)
            assert said[0] == status, (claims, path, said)


def test_the_bearer_need_be_no_client_where_the_file_says_so():
    backend = support.RestBackend()
    key = issuer.ec_key("k")
    stranger = {"sub": "crane-1", "roles": ["ship-admin"]}
    with ec_world(backend, [key]) as running:
        assert issuer.post(running, key.token(**stranger)) == (401, "crane-1 is no client here")
    with ec_world(backend, [key], ", clients: optional") as running:
        assert issuer.post(running, key.token(**stranger)) == (200, None)
        assert issuer.post(running, key.token(sub="crane-1"))[0] == 403, "without roles nobody may do anything"
        # A service that reads X-Fairlead-Client takes such a name for captain's.
        for name in (" captain", "captain "):
            status, why = issuer.post(running, key.token(sub=name, roles=["ship-admin"]))
            assert status == 401 and "space" in why, (status, why)


def test_opaque_tokens_are_taken_beside_it():
    backend = support.RestBackend()
    key = issuer.ec_key("k")
    with ec_world(backend, [key]) as running:
        assert issuer.post(running, "opaque-of-engine-7") == (200, None)
        assert issuer.post(running, key.token()) == (200, None)
        assert issuer.post(running, "opaque-of-nobody") == (401, "a signed token has three parts")


if __name__ == "__main__":
    support.main(globals())
