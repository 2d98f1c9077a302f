"""Tokens that were made to deceive: each is refused in its protocol's words, logged and counted, with nothing of it in the
log; nothing is fetched that it names; and the others' traffic goes on."""
import base64
import json
import time

import support
import support_jwt as issuer
import support_mqtt as mqtt
from support_http import Client

PATH = "/ships/sensors/engine-7"
NOW = int(time.time())
GOOD = {"iss": issuer.ISSUER, "aud": issuer.AUDIENCE, "sub": "engine-7", "exp": NOW + 600}
HS256 = {"alg": "HS256", "typ": "JWT"}


class World:
    """Two ways beside each other: `jwt` with an issuer's public keys and, on another gateway, a shared secret."""

    def __init__(self):
        self.backend, self.trap = support.RestBackend(), support.RestBackend()
        self.ec, self.rsa = issuer.ec_key("ec"), issuer.rsa_key("rsa")
        self.public = issuer.gateway(self.backend, "jwks: file:pki/jwks.json",
                                     {"pki/jwks.json": issuer.key_set(self.ec, self.rsa)})
        self.secret = issuer.gateway(self.backend, "secret: env:JWT_SECRET")

    def __enter__(self):
        self.public.__enter__()
        self.secret.__enter__()
        return self

    def __exit__(self, *what):
        self.public.__exit__(*what)
        self.secret.__exit__(*what)
        self.backend.close()
        self.trap.close()

    def refused(self, running, name, token, reason):
        before = running.counters("web").get("answered.unauthenticated", 0)
        status, why = issuer.post(running, token)
        assert status == 401 and reason in (why or ""), (name, status, why)
        assert running.counters("web")["answered.unauthenticated"] == before + 1, name
        running.wait_log(why)
        for part in token.split("."):
            assert len(part) < 16 or part not in running.log(), f"{name}: the log shows the token"
        self.backend.nothing_more()
        good = self.ec.token() if running is self.public else issuer.by_hand(HS256, GOOD)
        assert issuer.post(running, good) == (200, None), name
        self.backend.next()


def changed(**claims):
    return {name: value for name, value in {**GOOD, **claims}.items() if value is not None}


def test_headers():
    signed = issuer.by_hand
    with World() as world:
        unsigned = {spelling: f"{issuer.encode({'alg': spelling})}.{issuer.encode(GOOD)}."
                    for spelling in ("none", "None", "NONE", "nOnE")}
        rows = {f"alg {spelling}": (token, "not signed") for spelling, token in unsigned.items()}
        rows.update({f"alg {spelling}, with something as the signature": (token + "AAAA", "not signed")
                     for spelling, token in unsigned.items()})
        trap = world.trap.url
        stranger = issuer.ec_key("ec")
        rows.update({
            "no alg": (signed({"typ": "JWT"}, GOOD), "no algorithm"),
            "alg in small letters": (signed({"alg": "hs256"}, GOOD), "not supported"),
            "alg that is a list": (signed({"alg": ["HS256"]}, GOOD), "no algorithm"),
            "crit": (signed({**HS256, "crit": ["exp"], "exp": 1}, GOOD), "crit"),
            "crit of our own invention": (signed({**HS256, "crit": ["x"], "x": 1}, GOOD), "crit"),
            "crit that is empty": (signed({**HS256, "crit": []}, GOOD), "crit"),
            "b64": (signed({**HS256, "b64": False, "crit": ["b64"]}, GOOD), "crit"),
            "a header with two algs": (signed('{"alg":"HS256","alg":"none"}', GOOD), "twice"),
            "a header that is no object": (signed("[]", GOOD), "no JSON object"),
            "another typ": (signed({**HS256, "typ": "logout+jwt"}, GOOD), "another type"),
            "a token in a token": (signed({**HS256, "cty": "JWT"}, GOOD), "tokens in tokens"),
            "encrypted": (".".join([issuer.encode({"alg": "dir", "enc": "A128GCM"}), "", "AAAA", "AAAA", "AAAA"]), "JWE"),
        })
        for name, (token, reason) in rows.items():
            world.refused(world.secret, name, token, reason)
        hostile = {
            "jku": {"jku": f"{trap}/jwks.json"},
            "x5u": {"x5u": f"{trap}/chain.pem"},
            "jwk": {"jwk": stranger.public()},
            "x5c": {"x5c": ["AAAA"]},
            "all of them": {"jku": f"{trap}/j", "x5u": f"{trap}/x", "jwk": stranger.public(), "x5c": ["AAAA"]},
        }
        for name, headers in hostile.items():
            world.refused(world.public, name, stranger.token(headers=headers), "signature is wrong")
        kids = ["../../../../etc/passwd", "/dev/null", "file:///etc/passwd", f"{trap}/kid", "' OR '1'='1", "ec' --", "ec\u0000",
                "", "$(id)", "%00", "x" * 4096]
        for kid in kids:
            world.refused(world.public, f"kid {kid[:20]!r}", stranger.token(headers={"kid": kid}), "no key of this kid")
        world.refused(world.public, "kid that is a number", by_hand_with_kid(stranger, 7), "must be texts")
        assert not world.trap.seen, world.trap.seen


def by_hand_with_kid(key, kid):
    """PyJWT takes texts only."""
    token = key.token()
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    return ".".join([issuer.encode({**header, "kid": kid}), *token.split(".")[1:]])


def test_the_public_key_is_no_secret():
    """What the issuer publishes, taken for the secret of an HMAC."""
    with World() as world:
        for key in (world.ec, world.rsa):
            published = (issuer.public_pem(key.private), issuer.public_pem(key.private).strip(), json.dumps(key.public()),
                         key.public().get("n") or key.public()["x"])
            for text in published:
                for header in (HS256, {**HS256, "kid": key.kid}):
                    token = issuer.by_hand(header, GOOD, secret=text)
                    world.refused(world.public, "HS256 with a public key", token, "not accepted here")
        world.refused(world.public, "a key of another kind", issuer.rsa_key("ec").token(), "signature is wrong")


def test_loose_encodings():
    with World() as world:
        token = issuer.by_hand(HS256, changed(x="?>~"))
        head, body, signature = token.split(".")
        assert "_" in body or "-" in body, "the payload must have a character of the URL's alphabet"
        plain = body.replace("-", "+").replace("_", "/")
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        stray = signature[:-1] + alphabet[alphabet.index(signature[-1]) + 1]
        rows = {
            "padding": f"{head}.{body}.{signature}=",
            "padding in the payload": f"{head}.{body}{'=' * (-len(body) % 4 or 4)}.{signature}",
            "the other alphabet": f"{head}.{plain}.{signature}",
            "stray bits in the last character": f"{head}.{body}.{stray}",
            "white space in it": f"{head}. {body}.{signature}",
            "a tab in it": f"{head}.{body}.\t{signature}",
            "a percent sign": f"{head}.{body}.{signature}%3D",
        }
        for name, text in rows.items():
            world.refused(world.secret, name, text, "base64url")
        # Over MQTT, where a password may have any bytes.
        for text in (f"{head}.{body}.{signature}\n", f"\n{head}.{body}.{signature}", f"{head}.{body}\u00e9.{signature}"):
            client = mqtt.Client(world.secret.address, world.secret.port("mqtt"), mqtt.connect(5, "x", "engine-7", text))
            refusal = client.next()
            assert refusal[0] == 0x20 and refusal[3] in (0x86, 0x87), refusal
            client.all()


def test_claims():
    signed = lambda claims: issuer.by_hand(HS256, claims)  # pylint: disable=unnecessary-lambda-assignment
    text = json.dumps(GOOD)
    rows = {
        "expired": (changed(exp=NOW - 3600), "expired"),
        "expired beyond the skew": (changed(exp=NOW - 31), "expired"),
        "without an end": (changed(exp=None), "says not when it expires"),
        "an end that is a text": (changed(exp=str(NOW + 600)), "no date"),
        "not yet": (changed(nbf=NOW + 3600), "not valid yet"),
        "issued in the future": (changed(iat=NOW + 3600), "in the future"),
        "wrong audience": (changed(aud="fairlead2"), "another audience"),
        "wrong audiences": (changed(aud=["x", "Fairlead"]), "another audience"),
        "no audience": (changed(aud=None), "names no audience"),
        "an audience among other things": (changed(aud=["fairlead", {}]), "no text"),
        "wrong issuer": (changed(iss="https://id.example/"), "issuer"),
        "no issuer": (changed(iss=None), "issuer"),
        "nobody": (changed(sub=None), "does not say who"),
        "nobody's name": (changed(sub=""), "does not say who"),
        "a name that is a list": (changed(sub=["engine-7"]), "does not say who"),
        "a name with a line ending": (changed(sub="engine-7\r\nX-Admin: yes"), "does not say who"),
        "somebody unknown": (changed(sub="engine-99"), "no client here"),
        "two subjects": (text[:-1] + ',"sub":"captain"}', "twice"),
        "two subjects, one escaped": (text[:-1] + ',"s\\u0075b":"captain"}', "twice"),
        "no JSON": ("engine-7", "no JSON object"),
        "a list": ([GOOD], "no JSON object"),
        "more behind it": (text + text, "no JSON object"),
        "no UTF-8": (b'{"sub":"engine-7\xff"}', "no JSON object"),
        "deeper than anybody reads": (text[:-1] + ',"x":' + "[" * 100 + "]" * 100 + "}", "no JSON object"),
        "bound to a certificate": (changed(cnf={"x5t#S256": issuer.encode(bytes(32))}), "certificate that did not come"),
        "bound to something else": (changed(cnf={"jkt": issuer.encode(bytes(32))}), "not supported (cnf)"),
    }
    with World() as world:
        for name, (claims, reason) in rows.items():
            world.refused(world.secret, name, signed(claims), reason)


def test_tokens_of_any_size():
    with World() as world:
        running = world.secret
        fits = issuer.by_hand(HS256, changed(x="y" * 11000))
        assert len(fits) < 16384 and len(issuer.by_hand(HS256, changed(x="y" * 13000))) > 16384
        for token, code in ((fits, 0), (issuer.by_hand(HS256, changed(x="y" * 13000)), 0x86)):
            client = mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(5, "x", "engine-7", token))
            answer = client.next()
            assert answer[0] == 0x20 and answer[3] in (code, code and 0x87), (len(token), answer)
            client.close()
        running.wait_log("the token is too long")
        # What HTTP does not even read: its own limit comes first.
        client = Client(running)
        token = issuer.by_hand(HS256, changed(x="y" * 1000000))
        answer = client.ask(f"GET {PATH} HTTP/1.1\r\nHost: box\r\nAuthorization: Bearer {token}\r\n\r\n")
        assert answer.status in (400, 413, 431), answer
        assert issuer.post(running, issuer.by_hand(HS256, GOOD)) == (200, None)


def test_one_that_was_believed_does_not_stay_so():
    """What is remembered of a token ends when the token does."""
    backend = support.RestBackend()
    with issuer.gateway(backend, "secret: env:JWT_SECRET, skew: 0s") as running:
        token = issuer.by_hand(HS256, changed(exp=time.time() + 1.5))
        assert issuer.post(running, token) == (200, None)
        support.wait_until(lambda: issuer.post(running, token) == (401, "the token has expired"), "its end")


def test_a_configuration_that_would_let_anybody_in_is_a_mistake():
    rows = {
        "secret: env:JWT_SECRET, algorithms: [none]": "not signed",
        "secret: env:JWT_SECRET, algorithms: [RS256]": "no key is of a kind",
        "secret: env:JWT_SECRET, algorithms: [HS1]": "no algorithm is called HS1",
        "secret: env:SHORT": "shorter than 256 bits",
        "skew: 10m, secret: env:JWT_SECRET": "5m is the limit",
        "clients: maybe, secret: env:JWT_SECRET": "is not one of: required, optional",
        "key: file:pki/private.pem": "private key",
        "key: file:pki/weak.pem": "shorter than 2048 bits",
        "jwks: file:pki/none.json": "cannot be read",
        "jwks: file:pki/empty.json": "none of its keys can be used",
        "jwks: pki/empty.json": "say file:PATH",
        "jwks: http://id.example/jwks.json": "must begin with https://",
        "jwks: http://127.evil.example/jwks.json": "must begin with https://",
        "issuer: x": "one of jwks, key and secret",
        "secret: env:JWT_SECRET, key: file:pki/private.pem": "one of jwks, key and secret",
    }
    weak = issuer.Key("weak", "RS256", issuer.rsa.generate_private_key(65537, 1024))
    files = {"pki/private.pem": issuer.pem(issuer.ec_key("k").private), "pki/weak.pem": issuer.public_pem(weak.private),
             "pki/empty.json": '{"keys":[]}'}
    backend = support.RestBackend()
    with issuer.gateway(backend, "secret: env:JWT_SECRET", files) as running:
        for auth, reason in rows.items():
            path = f"{running.folder}/wrong.yaml"
            with open(path, "w", encoding="utf-8") as file:
                file.write(issuer.fleet(backend.url, auth, '\n  - { name: web, protocol: http, bind: "127.0.0.1:0" }'))
            done = support.run(support.BINARY, "check", "-c", path, expect=2,
                               env={**running.environment, "SHORT": "short"})
            assert reason in done.err + done.out, (auth, done.err, done.out)


if __name__ == "__main__":
    support.main(globals())
