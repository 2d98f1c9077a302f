"""Tokens whose meaning only their provider knows (RFC 7662): asked about once, over HTTP, MQTT and CoAP alike, and refused
soon after the provider has revoked them."""
import concurrent.futures
import json
import os
import re
import signal
import threading

import support
import support_coap as coap
import support_mqtt as mqtt
from support_provider import SECRET, Provider, active, is_proof
from support_tls import make_pki

FOLDER, FILES = make_pki()
PATH = "/ships/sensors/engine-7"
TOKEN = "2YotnFZFEjr1zCsicMWpAA+/~="


def configuration(backend, provider, more="", endpoints="", listeners=""):
    text = support.fleet(backend.url, """
  - { name: web, protocol: http, bind: "{address}:{port_web}" }
  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}" }
""" + coap.listener() + listeners, endpoints)
    text = text.replace("  token: { method: token }", "  idp: { " + provider.settings(more) + " }")
    return re.sub(r", token: env:\w+", "", text.replace("auth: [token]", "auth: [idp]"))


def gateway(backend, provider, *arguments, **options):
    environment = dict(support.TOKENS, PROVIDER_SECRET=SECRET)
    return support.Gateway(configuration(backend, provider, *arguments, **options), FILES, environment)


def over_http(running, token=TOKEN, path=PATH, more=()):
    return support.curl("-H", f"Authorization: Bearer {token}", "--json", support.READING_TEXT, *more, running.url(path))


def over_coap(running, token=TOKEN, path=PATH):
    return coap.connect(running).call(coap.POST, path, support.READING_TEXT.encode(), token=token, form=coap.JSON)


def over_mqtt(running, token=TOKEN, version=5, client="engine-7"):
    """(the CONNACK's code, that of a PUBACK or None)."""
    with mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(version, client, "engine-7", token)) as device:
        answer = device.next()
        if answer[3]:
            return answer[3], None
        device.send(mqtt.publish(PATH[1:], support.READING_TEXT, 1, 7, version))
        answer = device.next()
        return 0, answer[4] if len(answer) > 4 else 0


def test_the_provider_is_asked_once():
    backend = support.RestBackend()
    with Provider(FOLDER) as provider, gateway(backend, provider, ", timeout: 20s") as running:
        provider.tokens[TOKEN] = active("engine-7")
        provider.held = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(100) as pool:
            calls = [pool.submit(over_http, running) for _ in range(100)]
            support.wait_until(lambda: provider.asked, "a question")
            provider.held.set()
            assert all(call.result()[0] == 200 for call in calls)
        assert over_coap(running).code == "2.04"
        assert over_mqtt(running) == (0, 0)
        assert over_mqtt(running, version=4) == (0, 0)
        assert provider.counts() == {TOKEN: 1}
        question = provider.asked[0]
        assert is_proof(question), question.headers
        assert question.parameters == {"token": [TOKEN], "token_type_hint": ["access_token"]}
        assert question.headers["accept"] == "application/json"
        assert backend.next().headers["x-fairlead-client"] == "engine-7"
        assert SECRET not in running.log() and TOKEN not in running.log()
    backend.close()


def test_who_is_not_active_is_refused_in_each_protocols_words():
    backend = support.RestBackend()
    with Provider(FOLDER) as provider, gateway(backend, provider) as running:
        status, headers, body = over_http(running)
        assert status == 401 and "www-authenticate" in headers, (status, headers)
        assert json.loads(body)["detail"] == "this token is not active", body
        answer = over_coap(running)
        assert answer.code == "4.01" and b"not active" in answer.payload, answer.payload
        assert over_mqtt(running) == (0x86, None)
        assert over_mqtt(running, version=4) == (5, None)
        # Remembered for a while as well.
        assert provider.counts() == {TOKEN: 1}
        backend.nothing_more()
    backend.close()


def test_a_token_says_who_one_is_and_nobody_else():
    backend = support.RestBackend()
    with Provider(FOLDER) as provider, gateway(backend, provider) as running:
        provider.tokens.update({TOKEN: active("engine-8"), "stranger": active("submarine-1"), "nobody": {"active": True},
                                "late": active("engine-7", -5), "number": active(7)})
        assert over_http(running)[0] == 403
        assert over_http(running, path="/ships/sensors/engine-8")[0] == 200
        # A user name that comes with it must be whose it is.
        assert over_mqtt(running) == (0x86, None)
        for token, detail in (("stranger", "submarine-1 is no client here"), ("late", "the token has expired"),
                              ("nobody", "the token does not say whose it is (sub)"),
                              ("number", "the token does not say whose it is (sub)")):
            status, _, body = over_http(running, token)
            assert status == 401 and json.loads(body)["detail"] == detail, (token, body)
    backend.close()


def test_who_is_revoked_at_the_provider_is_soon_out():
    backend = support.RestBackend()
    with Provider(FOLDER) as provider, gateway(backend, provider, ", cache: { time: 300ms, refused: 100ms }") as running:
        provider.tokens[TOKEN] = active("engine-7")
        with mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(5, "engine-7", "engine-7", TOKEN)) as device:
            assert device.next()[3] == 0
            assert over_http(running)[0] == 200
            del provider.tokens[TOKEN]
            support.wait_until(lambda: over_http(running)[0] == 401, "the refusal")
            # And the session that it had opened.
            device.send(mqtt.publish(PATH[1:], support.READING_TEXT, 1, 7, 5))
            answer = device.next()
            assert answer[0] == 0xE0 and answer[2] == 0x87 or answer[0] == 0x40 and answer[4] == 0x87, answer
            # Given back, it is good again.
            provider.tokens[TOKEN] = active("engine-7")
            support.wait_until(lambda: over_http(running)[0] == 200, "the token is good again")
    backend.close()


def test_who_stays_connected_and_says_nothing_is_out_as_well():
    backend = support.RestBackend()
    with Provider(FOLDER) as provider, gateway(backend, provider, ", cache: { time: 1s }") as running:
        provider.tokens.update({TOKEN: active("engine-7"), "stays": active("engine-8")})
        with mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(5, "a", "engine-7", TOKEN)) as gone, \
                mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(5, "b", "engine-8", "stays")) as other:
            assert gone.next()[3] == 0 and other.next()[3] == 0
            del provider.tokens[TOKEN]
            said = gone.all()
            assert len(said) == 1 and said[0][0] == 0xE0 and said[0][2] == 0x98, said
            # Who is still good is asked about now and then, and while nobody can be asked nobody is thrown out.
            support.wait_until(lambda: provider.counts()["stays"] > 2, "a further look")
            provider.close()
            running.wait_log("provider cannot")
            assert other.alive() == []
            provider.open()
            del provider.tokens["stays"]
            assert other.all()[0][2] == 0x98
    backend.close()


def test_no_answer_is_used_beyond_the_tokens_own_end():
    backend = support.RestBackend()
    with Provider(FOLDER) as provider, gateway(backend, provider) as running:
        provider.tokens[TOKEN] = active("engine-7", 4)
        assert over_http(running)[0] == 200
        support.wait_until(lambda: over_http(running)[0] == 401, "the refusal")
        assert provider.counts() == {TOKEN: 1}
    backend.close()


def test_a_provider_that_is_down_is_no_reason_to_doubt_the_token():
    backend = support.RestBackend()
    with Provider(FOLDER) as provider, gateway(backend, provider) as running:
        provider.close()
        status, headers, body = over_http(running)
        assert status == 503 and int(headers["retry-after"]) > 0 and "www-authenticate" not in headers, (status, headers)
        assert "cannot be found out" in json.loads(body)["detail"], body
        assert over_coap(running).code == "5.03"
        assert over_mqtt(running) == (0x88, None)
        assert over_mqtt(running, version=4) == (3, None)
        assert "idp: the provider cannot be asked: it cannot be reached" in running.wait_log("provider cannot")
        provider.open()
        provider.tokens[TOKEN] = active("engine-7")
        assert over_http(running)[0] == 200
        running.wait_log("idp: the provider answers again")
        assert sum("provider cannot" in line for line in running.lines) == 1
        backend.next()
        backend.nothing_more()
    backend.close()


def test_an_outage_may_be_bridged():
    backend = support.RestBackend()
    more = ", cache: { time: 0s, refused: 0s, outage: 1h }"
    with Provider(FOLDER) as provider, gateway(backend, provider, more) as running:
        provider.tokens.update({TOKEN: active("engine-7"), "short": active("engine-7", 4), "other": {"active": False}})
        assert over_http(running)[0] == 200 and over_http(running, "short")[0] == 200
        assert over_http(running, "other")[0] == 401
        assert len(provider.asked) == 3
        provider.close()
        assert over_http(running)[0] == 200
        # Neither who was refused, nor who was never there, nor beyond its end.
        assert over_http(running, "other")[0] == 503 and over_http(running, "new")[0] == 503
        support.wait_until(lambda: over_http(running, "short")[0] == 401, "the token's own end")
        provider.open()
        provider.tokens.clear()
        assert over_http(running)[0] == 401
    backend.close()


def test_a_slow_provider_stops_nobody_else():
    backend = support.RestBackend()
    more = ", timeout: 20s, connections: 2, questions: 4"
    with Provider(FOLDER) as provider, gateway(backend, provider, more) as running:
        provider.tokens.update({f"t{i}": active("engine-7") for i in range(10)})
        provider.tokens["known"] = active("engine-7")
        assert over_http(running, "known")[0] == 200
        provider.held = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            calls = [pool.submit(over_http, running, f"t{i}") for i in range(10)]
            # Two are asked about and two wait: there is no room for the others, who are told so at once.
            support.wait_until(lambda: sum(call.done() for call in calls) == 6, "the limit")
            assert all(call.result()[0] == 503 for call in calls if call.done())
            support.wait_until(lambda: len(provider.asked) == 3, "two questions")
            assert over_http(running, "known")[0] == 200
            assert support.curl(running.url("/open/x"))[0] == 200
            assert over_mqtt(running, "known") == (0, 0)
            assert sum(call.done() for call in calls) == 6
            provider.held.set()
            assert sorted(call.result()[0] for call in calls) == [200] * 4 + [503] * 6
    backend.close()


def test_a_provider_that_never_answers_is_waited_for_no_longer_than_said():
    backend = support.RestBackend()
    with Provider(FOLDER) as provider, gateway(backend, provider, ", timeout: 200ms") as running:
        provider.held = threading.Event()
        assert over_http(running)[0] == 503
        assert "it did not answer in time" in running.wait_log("provider cannot")
        provider.held.set()
    backend.close()


def test_who_waits_is_answered_through_a_reload_and_an_end():
    backend = support.RestBackend()
    with Provider(FOLDER) as provider, concurrent.futures.ThreadPoolExecutor(2) as pool:
        with gateway(backend, provider, ", timeout: 20s") as running:
            provider.tokens.update({TOKEN: active("engine-7"), "other": active("engine-7")})
            provider.held = threading.Event()
            first = pool.submit(over_http, running)
            support.wait_until(lambda: len(provider.asked) == 1, "the first question")
            running.write(configuration(backend, provider, ", timeout: 21s"))
            running.reload()
            # What was asked before is not known to who asks now.
            second = pool.submit(over_http, running, "other")
            support.wait_until(lambda: len(provider.asked) == 2, "the second question")
            provider.held.set()
            assert first.result()[0] == second.result()[0] == 200
            provider.held = threading.Event()
            provider.tokens["last"] = active("engine-7")
            last = pool.submit(over_http, running, "last")
            support.wait_until(lambda: len(provider.asked) == 3, "the last question")
            running.signal(signal.SIGTERM)
            running.wait_log("stopping")
            provider.held.set()
            assert last.result()[0] in (200, 503), last.result()
    backend.close()


def test_what_is_no_answer_is_not_believed():
    good = json.dumps(active("engine-7")).encode()
    kind = {"Content-Type": "application/json"}
    rows = {
        "a status": ((500, kind, good), "it answered 500"),
        "our own credentials refused": ((401, kind, good), "it answered 401, as if the gateway might not ask"),
        "nothing": ((204, {}, b""), "it answered 204"),
        "a redirect": ((302, dict(kind, Location="https://evil.example/"), good), "it redirects (302)"),
        "another type": ((200, {"Content-Type": "text/html"}, good), "application/json"),
        "no type": ((200, {}, good), "application/json"),
        "no JSON": ((200, kind, b"<html>"), "JSON"),
        "no object": ((200, kind, b"[true]"), "active"),
        "without active": ((200, kind, b'{"sub":"engine-7"}'), "active"),
        "active as text": ((200, kind, b'{"active":"true","sub":"engine-7"}'), "active"),
        "active as a number": ((200, kind, b'{"active":1,"sub":"engine-7"}'), "active"),
        "active twice": ((200, kind, b'{"active":false,"active":true,"sub":"engine-7"}'), "JSON"),
        "sub twice": ((200, kind, b'{"active":true,"sub":"engine-8","sub":"engine-7"}'), "JSON"),
        "a gigabyte": ((200, dict(kind, **{"Content-Length": "1073741824"}), good), "it is too large|its answer is too large"),
        "much": ((200, kind, b" " * 70000 + good), "its answer is too large"),
    }
    backend = support.RestBackend()
    with Provider(FOLDER) as provider, gateway(backend, provider) as running:
        provider.tokens["good"] = active("engine-7")
        for name, (answer, said) in rows.items():
            provider.answer = lambda asked, answer=answer: answer
            before = len(running.lines)
            status, _, body = over_http(running)
            assert status == 503, (name, status, body)
            support.wait_until(lambda: [line for line in running.lines[before:] if "provider cannot be asked" in line], name)
            line = next(line for line in running.lines[before:] if "provider cannot be asked" in line)
            assert any(part in line for part in said.split("|")), (name, line)
            # So that the next one is said again.
            provider.answer = None
            provider.tokens[f"good-{name.replace(' ', '-')}"] = active("engine-7")
            assert over_http(running, f"good-{name.replace(' ', '-')}")[0] == 200
    backend.close()


def test_only_the_provider_that_is_meant_is_asked():
    backend = support.RestBackend()
    for name, settings, said in (("impostor", "", "signed by nobody who is trusted here"),
                                 ("gateway", "ship.example", "for another name")):
        with Provider(FOLDER, name) as provider:
            text = configuration(backend, provider)
            if settings:
                text = text.replace("server_name: localhost", f"server_name: {settings}")
            with support.Gateway(text, FILES, dict(support.TOKENS, PROVIDER_SECRET=SECRET)) as running:
                assert over_http(running)[0] == 503
                assert said in running.wait_log("provider cannot")
                assert not provider.asked
    backend.close()


def test_the_gateway_may_prove_itself_by_a_certificate_or_a_token():
    backend = support.RestBackend()
    with Provider(FOLDER, client_ca="ca.crt") as provider:
        provider.tokens[TOKEN] = active("engine-7")
        text = configuration(backend, provider).replace("client_secret: env:PROVIDER_SECRET",
                                                        "certificate: pki/engine-7.crt, key: pki/engine-7.key")
        with support.Gateway(text, FILES, support.TOKENS) as running:
            assert over_http(running)[0] == 200
            assert provider.asked[0].parameters["client_id"] == ["gateway of ship/7"]
            assert "authorization" not in provider.asked[0].headers
            assert "engine-7" in str(provider.certificates[0])
    with Provider(FOLDER) as provider:
        provider.tokens[TOKEN] = active("engine-7")
        text = configuration(backend, provider).replace("client_secret:", "bearer:")
        with support.Gateway(text, FILES, dict(support.TOKENS, PROVIDER_SECRET="token-of-the-gateway")) as running:
            assert over_http(running)[0] == 200
            assert provider.asked[0].headers["authorization"] == "Bearer token-of-the-gateway"
    backend.close()


def test_the_answer_says_what_one_may():
    backend = support.RestBackend()
    more = (', clients: optional, claims: { id: client_id, roles: realm_access.roles }, audience: [fleet, ships], '
            'issuer: "https://id.example"')
    with Provider(FOLDER) as provider, gateway(backend, provider, more) as running:
        def token(**more):
            said = dict(client_id="guest-1", aud=["web", "ships"], iss="https://id.example",
                        realm_access={"roles": ["ship-sensor", "unknown-here"]})
            return dict(active("x"), **dict(said, **more))
        provider.tokens.update({
            "good": token(), "admin": token(realm_access={"roles": "ship-admin other"}), "powerless": token(realm_access={}),
            "elsewhere": token(aud="web"), "nowhere": token(aud=None), "forged": token(iss="https://evil.example"),
            "odd": token(realm_access={"roles": [7]})})
        assert over_http(running, "good", "/ships/sensors/guest-1")[0] == 200
        assert over_http(running, "good")[0] == 403
        assert over_http(running, "admin", "/ships/admin/reset")[0] == 200
        assert over_http(running, "powerless", "/ships/sensors/guest-1")[0] == 403
        for name in ("elsewhere", "nowhere", "forged"):
            assert over_http(running, name, "/ships/sensors/guest-1")[0] == 401, name
        assert over_http(running, "odd", "/ships/sensors/guest-1")[0] == 503
    with Provider(FOLDER) as provider, gateway(backend, provider, ", claims: { scopes: scope }") as running:
        provider.tokens.update({"all": active("engine-7", scope="openid ship-sensor ship-admin"), "none": active("engine-7", scope="")})
        assert over_http(running, "all")[0] == 200
        # A scope takes roles away and gives none.
        assert over_http(running, "all", "/ships/admin/reset")[0] == 403
        assert over_http(running, "none")[0] == 403
    backend.close()


def test_a_token_that_is_bound_is_good_with_its_certificate_only():
    import base64
    import hashlib
    import ssl
    der = ssl.PEM_cert_to_DER_cert(FILES["pki/engine-7.crt"].decode())
    print_of = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
    backend = support.RestBackend()
    listener = """
  - { name: webs, protocol: http, bind: "{address}:{port_webs}",
      tls: { certificate: pki/gateway.crt, key: pki/gateway.key, client_ca: pki/ca.crt, client_certificate: optional } }
"""
    with Provider(FOLDER) as provider, gateway(backend, provider, listeners=listener) as running:
        provider.tokens.update({"bound": active("engine-7", cnf={"x5t#S256": print_of}),
                                "other": active("engine-7", cnf={"x5t#S256": print_of[::-1]}),
                                "dpop": active("engine-7", cnf={"jkt": print_of})})

        def call(token, *certificate):
            url = f"https://localhost:{running.port('webs')}{PATH}"
            return support.curl("-H", f"Authorization: Bearer {token}", "--json", support.READING_TEXT, "--cacert",
                                os.path.join(FOLDER, "ca.crt"), "--resolve",
                                f"localhost:{running.port('webs')}:{running.address}", *certificate, url)[0]
        own = ("--cert", os.path.join(FOLDER, "engine-7.crt"), "--key", os.path.join(FOLDER, "engine-7.key"))
        assert call("bound", *own) == 200
        assert call("bound") == 401
        assert over_http(running, "bound")[0] == 401
        assert call("other", *own) == 401
        assert call("dpop", *own) == 401
    backend.close()


def test_a_flood_of_made_up_tokens_pushes_out_nobody():
    backend = support.RestBackend()
    with Provider(FOLDER) as provider, gateway(backend, provider, ", cache: { entries: 3 }") as running:
        provider.tokens[TOKEN] = active("engine-7")
        assert over_http(running)[0] == 200
        for i in range(10):
            assert over_http(running, f"made-up-{i}")[0] == 401
        assert over_http(running)[0] == 200
        assert provider.counts()[TOKEN] == 1
        # Of the refused ones only three are remembered.
        assert over_http(running, "made-up-9")[0] == 401 and over_http(running, "made-up-0")[0] == 401
        assert provider.counts()["made-up-9"] == 1 and provider.counts()["made-up-0"] == 2
        # What looks like no token is nobody's business.
        before = len(provider.asked)
        status, _, _ = support.curl("-u", "engine-7:pass word", "--json", support.READING_TEXT, running.url(PATH))
        assert status == 401 and len(provider.asked) == before
    backend.close()


def test_mistakes_in_its_settings():
    backend = support.RestBackend()
    with Provider(FOLDER) as provider:
        good = configuration(backend, provider)
        for was, becomes, said in (
                ("url: \"https://", "url: \"http://10.0.0.1/x\", issuer: \"", "tokens would travel in plain"),
                ("url: \"https://", "url: \"http://127.evil.example/x\", issuer: \"", "tokens would travel in plain"),
                ("url: \"https://", "url: \"ftp://", "the scheme must be"),
                ("ca: pki/ca.crt", "ca: pki/ca.key", "ca:"),
                ("client_secret: env:PROVIDER_SECRET", "client_secret: env:NOT_THERE", "NOT_THERE"),
                ("client_secret: env:PROVIDER_SECRET", "client_secret: env:PROVIDER_SECRET, bearer: env:PROVIDER_SECRET",
                 "either client_secret or bearer"),
                ("server_name: localhost", "certificate: pki/engine-7.crt", "certificate and key go together"),
                ("server_name: localhost", "questions: 1", "questions: from 8"),
                ("server_name: localhost", "claims: { id: \"\" }", "id:"),
                ("server_name: localhost", "cache: { entries: 10000000 }", "entries: at most"),
                ("server_name: localhost", "clients: never", "clients")):
            assert was in good
            running = support.Gateway(good.replace(was, becomes, 1), FILES, dict(os.environ, PROVIDER_SECRET=SECRET), wait=False)
            assert running.process.wait(support.DEADLINE_S) == 2, running.log()
            running.stop(2)  # all that it has said is read by then
            assert said in running.log() + "\n".join(running.printed), (becomes, running.log())
            assert SECRET not in running.log()
    backend.close()


if __name__ == "__main__":
    support.main(globals())
