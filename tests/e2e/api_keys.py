"""API keys: in a header field of any name, in the query where the configuration says so, as a password. Wherever one comes, it
goes no further: not to the backend, not into the log."""
import os
import re
import tempfile

from support import (BINARY, READING, READING_TEXT, TOKENS, Gateway, RestBackend, curl, fleet, main, run)

KEY, OTHER = "k-5f0c8d1e77aa41c9", "k-0f0c8d1e77aa41c9"
LISTENERS = ("  - { name: web, protocol: http, bind: '{address}:{port_web}' }\n"
             "  - { name: mqtt, protocol: mqtt, bind: '{address}:{port_mqtt}' }\n"
             "  - { name: coap, protocol: coap, bind: '{address}:{port_coap}', token_in_query: TAKEN }")


def configuration(backend, settings="", in_the_clear="accept"):
    text = fleet(backend.url, LISTENERS.replace("TAKEN", in_the_clear))
    text = text.replace("  token: { method: token }",
                        f"  token: {{ method: token }}\n  key: {{ method: api-key{settings} }}")
    text = text.replace("token: env:TOKEN_7", "api_key: env:KEY_7").replace("token: env:TOKEN_8", "api_key: env:KEY_8")
    return text.replace("auth: [token]", "auth: [token, key]")


def gateway(backend, settings="", **more):
    return Gateway(configuration(backend, settings, **more), environment=dict(TOKENS, KEY_7=KEY, KEY_8=OTHER))


def post(running, *arguments, path="/ships/sensors/engine-7"):
    return curl("--json", READING_TEXT, *arguments, running.url(path))


def field(name, value):
    return "-H", f"{name}: {value}"


def nowhere(running, seen):
    for secret in (KEY, OTHER):
        assert secret not in running.log()
        assert secret not in f"{seen.path} {seen.headers} {seen.body}", seen


def test_in_the_header_field_that_everybody_uses():
    backend = RestBackend()
    with gateway(backend) as running:
        assert post(running, *field("X-API-Key", KEY))[0] == 200
        nowhere(running, backend.next())
        assert post(running, *field("x-api-KEY", OTHER))[0] == 403
        for wrong in (KEY[:-1], KEY + "0", KEY.upper(), "", " "):
            assert post(running, *field("X-API-Key", wrong) if wrong.strip() else ("-H", "X-API-Key;"))[0] == 401, wrong
        assert post(running, *field("X-Key", KEY))[0] == 401
        assert post(running, path=f"/ships/sensors/engine-7?api_key={KEY}")[0] == 401
        # No token, and a token is none.
        assert post(running, *field("Authorization", f"Bearer {KEY}"))[0] == 401
        assert post(running, *field("X-API-Key", TOKENS["TOKEN_CAPTAIN"]))[0] == 401
        backend.nothing_more()
    backend.close()


def test_in_another_header_field():
    backend = RestBackend()
    with gateway(backend, ", header: X-Vendor-Secret") as running:
        assert post(running, *field("x-vendor-secret", KEY), *field("X-Other", "stays"))[0] == 200
        seen = backend.next()
        nowhere(running, seen)
        assert seen.headers["x-other"] == "stays" and "x-vendor-secret" not in seen.headers, seen.headers
        assert post(running, *field("X-API-Key", KEY))[0] == 401
    backend.close()


def test_in_the_query():
    backend = RestBackend()
    with gateway(backend, ", query: api_key") as running:
        for query, rest in ((f"api_key={KEY}", ""), (f"a=1&api_key={KEY}&b=%20", "?a=1&b=%20"),
                            (f"api%5Fkey={KEY}", ""), (f"a&&api_key={KEY.replace('-', '%2D')}", "?a&"),
                            (f"api_keys=1&api_key={KEY}", "?api_keys=1")):
            status, _, body = post(running, path=f"/ships/sensors/engine-7?{query}")
            assert status == 200, (query, body)
            seen = backend.next()
            nowhere(running, seen)
            assert seen.path in (f"/v1/readings/engine-7{rest}", f"/v1/readings/engine-7{rest}&"), seen.path
        for query in (f"api_key={OTHER}", "api_key=", "api_key", f"API_KEY={KEY}", f"api_key={KEY}&api_key=x"):
            assert post(running, path=f"/ships/sensors/engine-7?{query}")[0] in (401, 403), query
        assert post(running, path="/ships/sensors/engine-7?api_key=%zz")[0] == 400
        assert post(running, *field("X-API-Key", KEY))[0] == 200
        nowhere(running, backend.next())
    backend.close()


def test_as_a_password():
    backend = RestBackend()
    with gateway(backend) as running:
        for user in ("engine-7", ""):
            assert post(running, "-u", f"{user}:{KEY}")[0] == 200
        assert post(running, "-u", f"engine-8:{KEY}")[0] == 401

        def publish(user, key):
            return run("mosquitto_pub", "-V", "5", "-h", running.address, "-p", running.port("mqtt"), "-u", user, "-P", key,
                       "-q", "1", "-t", "ships/sensors/engine-7", "-m", READING_TEXT, expect=None).returncode

        assert publish("engine-7", KEY) == 0
        assert publish("engine-7", OTHER) != 0
        assert [backend.next().json() for _ in range(3)] == [READING] * 3
        backend.nothing_more()
    backend.close()


def ask(running, query):
    url = f"coap://{running.address}:{running.port('coap')}/ships/sensors/engine-7?{query}"
    return run("coap-client-openssl", "-m", "post", "-t", "application/json", "-e", READING_TEXT, url, expect=None)


def test_over_coap_where_tokens_may_come():
    backend = RestBackend()
    with gateway(backend, ", query: key") as running:
        assert "ok" in ask(running, f"key={KEY}").out
        nowhere(running, backend.next())
        assert "4.01" in ask(running, "key=guess").err
    with gateway(backend, ", query: key", in_the_clear="refuse") as running:
        assert "4.01" in ask(running, f"key={KEY}").err
        assert KEY not in running.log()
        backend.nothing_more()
    backend.close()


def check(text, key):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fairlead.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(re.sub(r"\{port_\w+\}", "1", text.replace("{address}", "127.0.0.1")))
        return run(BINARY, "check", "-c", path, expect=None,
                   env=dict(os.environ, **TOKENS, KEY_7=key, KEY_8=OTHER))


def test_mistakes_are_named():
    backend = RestBackend()
    for settings, key, part in (("", "k" * 15, "16 to 1024 bytes"), ("", OTHER, "have the same api_key"),
                                (", header: Authorization", KEY, "authorization has a meaning of its own"),
                                (", header: 'X Key'", KEY, "no name of a header field"),
                                (", query: 'a b'", KEY, "letters, digits"), (", query: ''", KEY, "letters, digits")):
        done = check(configuration(backend, settings), key)
        assert done.returncode == 2 and part in done.err and key not in done.err, done.err
    text = configuration(backend).replace("  key: { method: api-key }\n", "").replace("[token, key]", "[token]")
    done = check(text, KEY)
    assert done.returncode == 2 and "nothing looks at it" in done.err, done.err
    backend.close()


if __name__ == "__main__":
    main(globals())
