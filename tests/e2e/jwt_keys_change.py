"""The issuer's keys change while the gateway runs: in a file, at a URL; the provider is slow, away, or talks nonsense."""
import json
import os
import ssl
import threading

import support
import support_jwt as issuer
import support_mqtt as mqtt
from support_tls import make_pki


class Provider(support.RestBackend):
    """Serves a set of keys; `headers`, `status` and `body` may be changed."""

    def __init__(self, *keys, **where):
        super().__init__(lambda seen: (self.status, self.headers, self.body), **where)
        self.status, self.headers = 200, {"Content-Type": "application/jwk-set+json"}
        self.publish(*keys)

    def publish(self, *keys):
        self.body = issuer.key_set(*keys).encode()


def at(provider, more=""):
    return f"jwks: \"{provider.url}/jwks.json\"{more}"


def replace(running, name, content):
    """As those do it who do not want half a file to be read."""
    path = os.path.join(running.folder, name)
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(content)
    os.rename(path + ".new", path)


def test_a_file_is_read_again():
    backend = support.RestBackend()
    old, new, newer = (issuer.ec_key(name) for name in ("old", "new", "newer"))
    with issuer.gateway(backend, "jwks: file:pki/jwks.json", {"pki/jwks.json": issuer.key_set(old)}) as running:
        token = old.token()
        assert issuer.post(running, token) == (200, None)
        assert issuer.post(running, new.token())[0] == 401
        replace(running, "pki/jwks.json", issuer.key_set(old, new))
        support.wait_until(lambda: issuer.post(running, new.token())[0] == 200, "the new key")
        assert issuer.post(running, token) == (200, None)
        # Half a file, and none: what is in force stays.
        replace(running, "pki/jwks.json", issuer.key_set(newer)[:-5])
        running.wait_log("the file of its keys: JSON")
        os.unlink(os.path.join(running.folder, "pki/jwks.json"))
        running.wait_log("the file of its keys: No such file")
        assert issuer.post(running, token) == (200, None)
        # A token that was believed is not any more when its key is gone.
        replace(running, "pki/jwks.json", issuer.key_set(newer))
        support.wait_until(lambda: issuer.post(running, token)[0] == 401, "the old key is gone")
        assert issuer.post(running, newer.token()) == (200, None)
        assert issuer.post(running, new.token())[0] == 401


def test_a_pem_file_is_read_again():
    backend = support.RestBackend()
    old, new = issuer.ec_key("x"), issuer.rsa_key("x")
    with issuer.gateway(backend, "key: file:pki/issuer.pem", {"pki/issuer.pem": issuer.public_pem(old.private)}) as running:
        assert issuer.post(running, old.token()) == (200, None)
        replace(running, "pki/issuer.pem", issuer.public_pem(new.private))
        support.wait_until(lambda: issuer.post(running, new.token())[0] == 200, "the new key")
        assert issuer.post(running, old.token())[0] == 401


def test_a_kid_that_is_not_known_has_the_keys_fetched_once():
    backend = support.RestBackend()
    old, new, stranger = (issuer.ec_key(name) for name in ("old", "new", "stranger"))
    provider = Provider(old)
    with issuer.gateway(backend, at(provider)) as running:
        assert issuer.post(running, old.token()) == (200, None), "who comes before the keys waits for them"
        assert len(provider.seen) == 1 and provider.seen[0].headers["accept"].startswith("application/jwk-set+json")
        provider.publish(old, new)
        # Fetched just now: not again at once, however many ask. A key that is made a moment later has its turn then.
        for _ in range(20):
            assert issuer.post(running, stranger.token())[0] == 401
        assert len(provider.seen) == 1
        support.wait_until(lambda: issuer.post(running, new.token())[0] == 200, "the new key, without waiting for refresh")
        assert len(provider.seen) == 2
        assert issuer.post(running, old.token()) == (200, None)


def test_the_keys_are_renewed_in_time():
    backend = support.RestBackend()
    old, new = issuer.ec_key("old"), issuer.ec_key("new")
    provider = Provider(old)
    # What Cache-Control allows counts where it is less than `refresh`; a year is not.
    provider.headers["Cache-Control"] = "max-age=31536000"
    with issuer.gateway(backend, at(provider, ", refresh: 1s")) as running:
        token = old.token()
        assert issuer.post(running, token) == (200, None)
        provider.publish(new)
        support.wait_until(lambda: issuer.post(running, token)[0] == 401, "the old key is gone")
        assert issuer.post(running, new.token()) == (200, None)
        running.wait_log("auth jwt: 1 keys")


def test_it_starts_without_the_provider():
    backend = support.RestBackend()
    key = issuer.ec_key("k")
    address = support.own_address()
    port = support.free_port(address)
    with issuer.gateway(backend, f"jwks: \"http://{address}:{port}/jwks.json\"") as running:
        running.wait_log("its keys cannot be fetched")
        status, headers, body = support.curl("-H", f"Authorization: Bearer {key.token()}", running.url("/ships/sensors/engine-7"))
        assert status == 503 and int(headers["retry-after"]) >= 1 and "not there yet" in body, (status, headers, body)
        # Who shows something else is not concerned.
        assert issuer.post(running, "opaque-of-engine-7") == (200, None)
        provider = Provider(key, address=address, port=port)
        support.wait_until(lambda: issuer.post(running, key.token())[0] == 200, "the keys")
        provider.close()


def test_who_comes_before_the_keys_waits_for_them_and_nobody_else():
    backend = support.RestBackend()
    key = issuer.ec_key("k")
    provider, released = Provider(key), threading.Event()
    good = provider.answer

    def late(seen):
        released.wait(support.DEADLINE_S)
        return good(seen)
    provider.answer = late
    with issuer.gateway(backend, at(provider, ", timeout: 30s")) as running:
        said = []
        early = threading.Thread(target=lambda: said.append(issuer.post(running, key.token())))
        early.start()
        support.wait_until(lambda: provider.seen, "the question")
        for _ in range(5):
            assert issuer.post(running, "opaque-of-engine-7") == (200, None)
        assert not said
        released.set()
        early.join(support.DEADLINE_S)
        assert said == [(200, None)]


def test_keys_that_cannot_be_renewed_are_used_for_a_while():
    backend = support.RestBackend()
    key = issuer.ec_key("k")
    provider = Provider(key)
    with issuer.gateway(backend, at(provider, ", refresh: 1s, max_stale: 3s")) as running:
        assert issuer.post(running, key.token()) == (200, None)
        nonsense = ((500, b"{}"), (301, b""), (200, b"<html>"), (200, b'{"keys":{}}'), (200, b'{"keys":[],"keys":[]}'))
        for provider.status, provider.body in nonsense[:2]:
            seen = len(provider.seen)
            support.wait_until(lambda: len(provider.seen) > seen, "another attempt")
        assert issuer.post(running, key.token()) == (200, None), "stale, but not too stale"
        support.wait_until(lambda: issuer.post(running, key.token())[0] == 503, "too old")
        for provider.status, provider.body in nonsense[2:]:
            seen = len(provider.seen)
            support.wait_until(lambda: len(provider.seen) > seen, "another attempt")
            assert issuer.post(running, key.token())[0] == 503
        provider.status = 200
        provider.publish(key)
        support.wait_until(lambda: issuer.post(running, key.token())[0] == 200, "the keys are back")


def audited(running, action):
    """The lines of the audit log that say this."""
    done = support.run(support.BINARY, "audit", "tail", "-c", running.path, "--json", "--kind", "key")
    return [line for line in map(json.loads, done.out.splitlines()) if line["action"] == action]


def test_what_happens_to_the_keys_is_audited():
    backend = support.RestBackend()
    old, new = issuer.ec_key("old"), issuer.ec_key("new")
    provider = Provider(old)
    with issuer.gateway(backend, at(provider, ", refresh: 1s"), state=True) as running:
        said, = support.wait_until(lambda: audited(running, "jwks.refreshed"), "the first keys")
        assert said["object"] == "jwt" and said["detail"] == "1 keys", said
        assert issuer.post(running, old.token()) == (200, None)
        provider.publish(old, new)
        support.wait_until(lambda: len(audited(running, "jwks.refreshed")) == 2, "other keys")
        assert not audited(running, "jwks.stale")
        provider.status = 500
        said, = support.wait_until(lambda: audited(running, "jwks.stale"), "keys that are too old are used")
        assert said["object"] == "jwt" and said["status"] == "unavailable" and "500" in said["detail"], said
        assert issuer.post(running, old.token()) == (200, None)
        attempts = len(provider.seen)
        support.wait_until(lambda: len(provider.seen) > attempts, "another attempt")
        assert len(audited(running, "jwks.stale")) == 1, "said once"


def test_who_is_connected_by_a_key_that_is_gone_is_out():
    backend = support.RestBackend()
    old, new = issuer.ec_key("old"), issuer.ec_key("new")
    with issuer.gateway(backend, "jwks: file:pki/jwks.json", {"pki/jwks.json": issuer.key_set(old, new)}) as running:
        def session(key, name):
            client = mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(5, name, "engine-7", key.token()))
            assert client.next()[0] == 0x20
            return client
        with session(old, "a") as gone, session(new, "b") as stays:
            replace(running, "pki/jwks.json", issuer.key_set(new))
            said = gone.all()
            assert len(said) == 1 and said[0][0] == 0xE0 and said[0][2] in (0x87, 0x98), said
            assert stays.alive() == []


def test_a_set_that_is_published_has_no_secrets():
    """What anybody may read proves nothing."""
    backend = support.RestBackend()
    key = issuer.ec_key("k")
    provider = Provider(key)
    provider.body = provider.body[:-2] + b',{"kty":"oct","kid":"s","k":"' + issuer.encode(issuer.SECRET).encode() + b'"}]}'
    with issuer.gateway(backend, at(provider, ", algorithms: [HS256, ES256]")) as running:
        assert issuer.post(running, key.token()) == (200, None)
        running.wait_log("a secret that is published is none")
        claims = {"iss": issuer.ISSUER, "aud": issuer.AUDIENCE, "sub": "engine-7", "exp": 9999999999}
        for header in ({"alg": "HS256"}, {"alg": "HS256", "kid": "s"}):
            assert issuer.post(running, issuer.by_hand(header, claims))[0] == 401


def test_over_https_the_certificate_counts():
    folder, files = make_pki()
    backend = support.RestBackend()
    key = issuer.ec_key("k")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "gateway.crt"), os.path.join(folder, "gateway.key"))
    provider = Provider(key, tls=context)
    name = ", server_name: localhost, ca: pki/"
    with issuer.gateway(backend, at(provider, name + "ca.crt"), files) as running:
        assert issuer.post(running, key.token()) == (200, None)
    with issuer.gateway(backend, at(provider, name + "stranger.crt"), files) as running:
        running.wait_log("its keys cannot be fetched")
        assert issuer.post(running, key.token())[0] == 503


def test_a_reload_keeps_the_keys():
    """The provider is away, and the configuration is loaded anew: there is no reason to turn anybody away."""
    backend = support.RestBackend()
    key = issuer.ec_key("k")
    provider = Provider(key)
    with issuer.gateway(backend, at(provider)) as running:
        assert issuer.post(running, key.token()) == (200, None)
        provider.close()
        running.reload()
        assert issuer.post(running, key.token()) == (200, None)


if __name__ == "__main__":
    support.main(globals())
