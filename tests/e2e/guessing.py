"""Who guesses has to wait, over every protocol and whatever he guesses at; nobody else does. Each address of this machine's
loopback stands for a neighbour."""
import http.client
import json
import os
import subprocess
import tempfile

import support_mqtt as mqtt
from support import (BINARY, DEADLINE_S, READING_TEXT, TOKENS, Gateway, RestBackend, curl, fleet, main, run, wait_until)

LISTENERS = ("  - { name: web, protocol: http, bind: '{address}:{port_web}' }\n"
             "  - { name: mqtt, protocol: mqtt, bind: '{address}:{port_mqtt}' }\n"
             "  - { name: coap, protocol: coap, bind: '{address}:{port_coap}', token_in_query: accept }")
SECRETS = dict(TOKENS, PASSWORD="of engine-8")
GUESSER, NEIGHBOUR = "127.0.0.2", "127.0.0.3"


def gateway(backend, delay="1h", more=""):
    text = fleet(backend.url, LISTENERS)
    text = text.replace("limits: { body: 64KiB }",
                        f"limits: {{ body: 64KiB }}, guessing: {{ attempts: 3, delay: {delay}, longest: 1h }}{more}")
    text = text.replace("  token: { method: token }", "  token: { method: token }\n  user: { method: password }")
    text = text.replace("token: env:TOKEN_8", "token: env:TOKEN_8, password: env:PASSWORD")
    return Gateway(text.replace("auth: [token]", "auth: [token, user]"), environment=SECRETS)


def post(running, source, *credentials, device="engine-8"):
    return curl("--interface", source, *credentials, "--json", READING_TEXT,
                running.url(f"/ships/sensors/{device}"))


def basic(password, user="engine-8"):
    return "-u", f"{user}:{password}"


def bearer(token):
    return "-H", f"Authorization: Bearer {token}"


def guess(running, source=GUESSER):
    """Until it has to wait."""
    for i in range(3):
        assert post(running, source, *basic(f"guess {i}"))[0] == 401
    status, headers, body = post(running, source, *basic("guess"))
    assert status == 429 and int(headers["retry-after"]) > 3000, (status, headers)
    assert json.loads(body)["detail"].startswith("too many wrong attempts"), body


def test_http_and_nobody_else_waits():
    backend = RestBackend()
    with gateway(backend) as running:
        guess(running)
        # The right one is not looked at either.
        assert post(running, GUESSER, *basic(SECRETS["PASSWORD"]))[0] == 429
        # Another client there, the same client elsewhere, the same client by what needs no guessing.
        assert post(running, GUESSER, *basic(TOKENS["TOKEN_7"], "engine-7"), device="engine-7")[0] == 200
        assert post(running, NEIGHBOUR, *basic(SECRETS["PASSWORD"]))[0] == 200
        assert post(running, GUESSER, *bearer(TOKENS["TOKEN_8"]))[0] == 200
        assert running.counters("all", "logins")["throttled"] == 2
    backend.close()


def test_a_wait_ends():
    backend = RestBackend()
    with gateway(backend, "300ms") as running:
        for i in range(3):
            assert post(running, GUESSER, *basic(f"guess {i}"))[0] in (401, 429)
        wait_until(lambda: post(running, GUESSER, *basic(SECRETS["PASSWORD"]))[0] == 200, "the wait is over")
    backend.close()


def test_one_wrong_token_over_and_over_and_then_the_right_one():
    backend = RestBackend()
    with gateway(backend) as running:
        for _ in range(3):
            assert post(running, GUESSER, *bearer("an old token"))[0] == 401
        assert post(running, GUESSER, *bearer("an old token"))[0] == 429
        assert post(running, GUESSER, *bearer(TOKENS["TOKEN_8"]))[0] == 200
    backend.close()


def test_mqtt_and_a_session_beside():
    backend = RestBackend()
    with gateway(backend) as running:
        def connect(version, password):
            return mqtt.Client(running.address, running.port("mqtt"),
                               mqtt.connect(version, "guesser", "engine-8", password))

        with connect(5, SECRETS["PASSWORD"]) as session:
            assert session.next()[3] == 0
            for i in range(3):
                with connect(5, f"guess {i}") as client:
                    assert client.next()[3] == 0x86
            with connect(5, SECRETS["PASSWORD"]) as client:
                assert client.next()[3] == 0x9F
            with connect(4, SECRETS["PASSWORD"]) as client:
                assert client.next()[3] == 3
            # The session that was there before goes on.
            session.send(mqtt.publish("ships/sensors/engine-8", READING_TEXT.encode(), 1, 7, 5))
            assert session.next()[0] == 0x40
        assert backend.next().body.decode() == READING_TEXT
    backend.close()


def test_a_connection_goes_on_while_somebody_beside_guesses():
    backend = RestBackend()
    with gateway(backend) as running:
        line = http.client.HTTPConnection(running.address, running.port("web"), timeout=DEADLINE_S,
                                          source_address=(GUESSER, 0))

        def ask():
            line.request("POST", "/ships/sensors/engine-8", READING_TEXT,
                         {"Content-Type": "application/json", "Authorization": "Basic ZW5naW5lLTg6b2YgZW5naW5lLTg="})
            answer = line.getresponse()
            answer.read()
            return answer.status

        assert ask() == 200
        guess(running)
        assert ask() == 200
        line.close()
    backend.close()


def test_coap():
    backend = RestBackend()
    with gateway(backend) as running:
        def ask(token):
            url = f"coap://{running.address}:{running.port('coap')}/ships/sensors/engine-8?access_token={token}"
            return run("coap-client-openssl", "-m", "post", "-t", "application/json", "-e", READING_TEXT, url, expect=None)

        for _ in range(3):
            assert "4.01" in ask("wrong").err
        assert "4.29" in ask("wrong").err
    backend.close()


def test_soap():
    envelope = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header>
<w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd">
<w:UsernameToken><w:Username>engine-8</w:Username><w:Password>%s</w:Password></w:UsernameToken></w:Security></s:Header>
<s:Body><ReportReading xmlns="urn:x"><device>engine-8</device><value>1</value></ReportReading></s:Body></s:Envelope>"""
    backend = RestBackend()
    with gateway(backend) as running:
        def ask(password):
            return curl("-H", "Content-Type: text/xml", "--data-binary", envelope % password, running.url("/ships/sensors"))

        for i in range(3):
            status, _, body = ask(f"guess {i}")
            assert status == 500 and "wsse:FailedAuthentication" in body, (status, body)
        status, _, body = ask(SECRETS["PASSWORD"])
        assert status == 500 and "soap:Server" in body and "too-many" in body, body
    backend.close()


def test_it_is_audited():
    backend = RestBackend()
    with gateway(backend, more=", state: state") as running:
        guess(running)
        for _ in range(5):
            assert post(running, GUESSER, *basic("guess"))[0] == 429

        def look():
            done = subprocess.run([BINARY, "audit", "tail", "-c", running.path], capture_output=True, check=False,
                                  env=running.environment)
            return [line for line in done.stdout.decode().split("\n") if "login.throttled" in line]
        said = wait_until(look, "the event")
        assert len(said) == 1 and "engine-8" in said[0] and GUESSER in said[0], said
        assert "guess 0" not in running.log()
        assert os.path.exists(running.path)
    backend.close()


def check(guessing):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fairlead.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(f"gateway: {{ guessing: {guessing} }}\n"
                      "listeners: [{ name: web, protocol: http, bind: '127.0.0.1:1' }]\n"
                      "backends: { b: { protocol: console } }\n"
                      "endpoints: [{ name: e, path: /x, methods: [GET], auth: [none], to: b }]\n")
        return run(BINARY, "check", "-c", path, expect=None)


def test_its_limits():
    for right in ("{ attempts: 0 }", "{ attempts: 1000000, from_address: 1000000, at_client: 1000000 }",
                  "{ from_address: 1, at_client: 1 }", "{ window: 1d, delay: 1d, longest: 1d }", "{ delay: 1ms }"):
        done = check(right)
        assert done.returncode == 0, (right, done.err)
    for wrong, part in (("{ attempts: 1000001 }", "attempts is a million at most"),
                        ("{ from_address: 0 }", "from_address is from 1 to a million"),
                        ("{ at_client: 1000001 }", "at_client is from 1 to a million"),
                        ("{ window: 0s }", "window is above 0, and a day at most"),
                        ("{ delay: 25h }", "delay is above 0, and a day at most"),
                        ("{ longest: 0s }", "longest is above 0"), ("{ tries: 3 }", "guessing.tries")):
        done = check(wrong)
        assert done.returncode == 2 and part in done.err, (wrong, done.err)


if __name__ == "__main__":
    main(globals())
