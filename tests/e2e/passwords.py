"""A user and a password: over HTTP Basic, MQTT and SOAP, against a hash made by this program or by others, or against the
password itself. Verified once and not at each message; a new password is in force at once."""
import base64
import json
import os
import re
import socket
import subprocess
import tempfile
import urllib.request

import support_mqtt as mqtt
from support import (BINARY, READING, READING_TEXT, TOKENS, Gateway, RestBackend, curl, fleet, main, run, wait_until)
from support_passwords import pbkdf2, scrypt

PASSWORD = "corr\u00ebct: horse"


def configuration(backend, remember="5m", guessing="{ attempts: 0 }"):
    text = fleet(backend.url, "  - { name: web, protocol: http, bind: '{address}:{port_web}' }\n"
                              "  - { name: mqtt, protocol: mqtt, bind: '{address}:{port_mqtt}' }")
    text = text.replace("limits: { body: 64KiB }", f"limits: {{ body: 64KiB }}, guessing: {guessing}")
    text = text.replace("  token: { method: token }",
                        f"  token: {{ method: token }}\n  user: {{ method: password, remember: {remember} }}")
    for name in ("7", "8"):
        text = text.replace(f"token: env:TOKEN_{name}", f"password: env:PASSWORD_{name}")
    return text.replace("auth: [token]", "auth: [token, user]")


def gateway(backend, seven, eight="of engine-8", **settings):
    return Gateway(configuration(backend, **settings),
                   environment=dict(TOKENS, PASSWORD_7=seven, PASSWORD_8=eight))


def post(running, user, password, *arguments, device=None):
    return curl("-u", f"{user}:{password}", "--json", READING_TEXT, *arguments,
                running.url(f"/ships/sensors/{device or user}"))


def test_basic_against_every_kind_of_hash():
    backend = RestBackend()
    ours = run(BINARY, "password", "hash", input=PASSWORD.encode()).out.strip()
    theirs = run(BINARY, "password", "hash", "--pbkdf2", input=PASSWORD.encode() + b"\n").out.strip()
    assert ours.startswith("$scrypt$ln=15,r=8,p=1$") and theirs.startswith("$pbkdf2-sha256$i="), (ours, theirs)
    for kept in (ours, theirs, scrypt(PASSWORD), pbkdf2(PASSWORD), PASSWORD):
        with gateway(backend, kept, scrypt("cheap", 10)) as running:
            # Who is refused costs what the last hash cost that was verified, and at first what our own do, which are slow.
            assert post(running, "engine-8", "cheap")[0] == 200
            backend.next()
            status, _, body = post(running, "engine-7", PASSWORD)
            assert status == 200, (kept, body)
            assert backend.next().body.decode() == READING_TEXT
            wrong_ones = (PASSWORD[:-1], PASSWORD + " ", "", kept if kept != PASSWORD else "x")
            # That `theirs` is of this password only is shown by one; what comes in is verified by the same steps as with the
            # other pbkdf2, at 1/300 of its rounds.
            for wrong in wrong_ones[:1] if kept == theirs else wrong_ones:
                status, _, body = post(running, "engine-7", wrong)
                assert status == 401, (kept, wrong, body)
            assert PASSWORD not in running.log()
            backend.nothing_more()
    backend.close()


def test_all_who_are_refused_hear_the_same():
    backend = RestBackend()
    with gateway(backend, scrypt(PASSWORD)) as running:
        said = set()
        for user in ("engine-7", "engine-8", "captain", "nobody", "n" * 300):
            status, _, body = post(running, user, "guess", device="engine-7")
            refusal = json.loads(body)
            said.add((status, refusal["title"], refusal["detail"]))
        assert len(said) == 1, said
        backend.nothing_more()
    backend.close()


def test_one_is_nobody_else():
    backend = RestBackend()
    with gateway(backend, scrypt(PASSWORD), PASSWORD) as running:
        assert post(running, "engine-8", PASSWORD)[0] == 200
        assert post(running, "engine-8", PASSWORD, device="engine-7")[0] == 403
        # The password of one is no token, and a token still is one as a password.
        assert curl("-H", f"Authorization: Bearer {PASSWORD}", "--json", "{}",
                    running.url("/ships/sensors/engine-8"))[0] == 401
        assert post(running, "captain", TOKENS["TOKEN_CAPTAIN"], device="engine-7")[0] == 200
    backend.close()


def logins(running, name):
    return running.counters("all", "logins")[name]


def test_a_verified_password_is_not_verified_again():
    backend = RestBackend()
    with gateway(backend, scrypt(PASSWORD)) as running:
        for _ in range(5):
            assert post(running, "engine-7", PASSWORD)[0] == 200
            assert post(running, "engine-7", "wrong")[0] == 401
        assert (logins(running, "verified"), logins(running, "recalled")) == (2, 8)
        # Nor after a reload, which replaces all who could have remembered it.
        running.reload()
        assert post(running, "engine-7", PASSWORD)[0] == 200
        assert logins(running, "verified") == 2
    with gateway(backend, scrypt(PASSWORD), remember="0s") as running:
        for _ in range(3):
            assert post(running, "engine-7", PASSWORD)[0] == 200
        assert (logins(running, "verified"), logins(running, "recalled")) == (3, 0)
    backend.close()


def test_those_who_come_with_the_same_wait_for_the_same():
    backend = RestBackend()
    with gateway(backend, scrypt(PASSWORD, 16)) as running:
        done = [subprocess.Popen(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-u", f"engine-7:{PASSWORD}",
                                  "--json", "{}", running.url("/ships/sensors/engine-7")], stdout=subprocess.PIPE)
                for _ in range(10)]
        assert [process.communicate()[0] for process in done] == [b"200"] * 10
        assert logins(running, "verified") + logins(running, "recalled") == 10
    backend.close()


def test_a_new_password_is_in_force_at_once():
    backend = RestBackend()
    with gateway(backend, "file") as running:
        path = os.path.join(running.folder, "password")

        def change(password, more=""):
            with open(path, "w", encoding="ascii") as out:
                out.write(scrypt(password) + "\n")
            running.write(configuration(backend).replace("env:PASSWORD_7", f"file:{path}{more}"))
            running.reload()

        change("first")
        assert post(running, "engine-7", "first")[0] == 200
        change("second")
        assert post(running, "engine-7", "first")[0] == 401
        assert post(running, "engine-7", "second")[0] == 200
        change("second", ", disabled: true")
        assert post(running, "engine-7", "second")[0] == 401
    backend.close()


def test_a_session_ends_with_its_password():
    backend = RestBackend()
    with gateway(backend, "file") as running:
        path = os.path.join(running.folder, "password")
        text = configuration(backend).replace("env:PASSWORD_7", f"file:{path}")

        def change(kept):
            with open(path, "w", encoding="utf-8") as out:
                out.write(kept + "\n")
            running.write(text)
            running.reload()

        change(scrypt(PASSWORD))
        with mqtt.Client(running.address, running.port("mqtt"),
                         mqtt.connect(5, "x", "engine-7", PASSWORD)) as session:
            assert session.next()[3] == 0
            running.reload()
            session.send(mqtt.publish("ships/sensors/engine-7", READING_TEXT.encode(), 1, 7, 5))
            assert session.next()[0] == 0x40
            change(scrypt("another"))
            said = session.all()
            assert len(said) == 1 and said[0][0] == 0xE0 and said[0][2] == 0x98, said
    backend.close()


def test_mqtt_and_its_session():
    backend = RestBackend()
    with gateway(backend, scrypt(PASSWORD)) as running:
        def publish(user, password, expect):
            return run("mosquitto_pub", "-V", "5", "-h", running.address, "-p", running.port("mqtt"), "-i", user,
                       "-u", user, "-P", password, "-q", "1", "-t", "ships/sensors/engine-7", "-m", READING_TEXT,
                       expect=expect)

        publish("engine-7", PASSWORD, 0)
        assert backend.next().json() == READING
        for user, password in (("engine-7", "guess"), ("nobody", PASSWORD)):
            done = publish(user, password, None)
            assert done.returncode != 0 and "bad user name or password" in done.err.lower(), (done.out, done.err)
        backend.nothing_more()
    backend.close()


def test_who_waits_to_be_asked_is_asked():
    """Python's own client sends a password only after a challenge."""
    backend = RestBackend()
    with gateway(backend, scrypt(PASSWORD)) as running:
        store = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        store.add_password(None, running.url(), "engine-7", PASSWORD)
        opener = urllib.request.build_opener(urllib.request.HTTPBasicAuthHandler(store))
        request = urllib.request.Request(running.url("/ships/sensors/engine-7"), READING_TEXT.encode(),
                                         {"Content-Type": "application/json"})
        with opener.open(request) as answer:
            assert answer.status == 200
        assert backend.next().json() == READING
    backend.close()


def raw(running, authorization, body=b"{}"):
    """(status) of a request with these very bytes in its field."""
    with socket.create_connection((running.address, running.port("web"))) as line:
        line.sendall(b"POST /ships/sensors/engine-7 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                     b"Content-Type: application/json\r\nContent-Length: %d\r\nAuthorization: %s\r\n\r\n%s"
                     % (len(body), authorization, body))
        answer = b""
        while part := line.recv(65536):
            answer += part
    return int(answer.split()[1])


def test_hostile_passwords_and_users():
    backend = RestBackend()
    with gateway(backend, scrypt("with:colons:")) as running:
        def basic(pair):
            return raw(running, b"Basic " + base64.b64encode(pair))

        assert basic(b"engine-7:with:colons:") == 200  # the first colon ends the user
        for pair in (b"engine-7:with:colons:\0", b"engine-7\0:with:colons:", b"engine-7:" + b"x" * 1025,
                     b"engine-7:" + b"x" * 4096, b"engine-7:\xff\xfe\xfd", b"\xff\xfe:x", b":with:colons:",
                     b"engine-7:", b":", b"engine:7:with:colons:", b"x" * 255 + b":y", b"x" * 256 + b":y"):
            assert basic(pair) == 401, pair
        assert basic(b"engine-7") == 400
        assert raw(running, b"Basic !!!") == 400
        assert raw(running, b"Basic") == 400
        # A password of a megabyte is a head of a megabyte, which nobody reads to its end.
        try:
            assert basic(b"engine-7:" + b"x" * (1 << 20)) == 431
        except ConnectionError:
            pass
        assert basic(b"engine-7:with:colons:") == 200
        assert "engine-7:with" not in running.log() and "xxxxxxxx" not in running.log().replace("x" * 255, "")
    backend.close()


def test_a_client_that_leaves_while_its_password_is_verified_harms_nothing():
    backend = RestBackend()
    with gateway(backend, scrypt(PASSWORD, 15), remember="0s") as running:
        pair = base64.b64encode(f"engine-7:{PASSWORD}".encode())
        for _ in range(8):
            with socket.create_connection((running.address, running.port("web"))) as line:
                line.sendall(b"POST /ships/sensors/engine-7 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                             b"Content-Type: application/json\r\nAuthorization: Basic %s\r\n\r\n{}" % pair)
                line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        assert post(running, "engine-7", PASSWORD)[0] == 200
        wait_until(lambda: running.counters("web")["inflight"] == 0, "all are over")
    backend.close()


def check(text, environment):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fairlead.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(re.sub(r"\{port_\w+\}", "1", text.replace("{address}", "127.0.0.1")))
        return run(BINARY, "check", "-c", path, expect=None, env=dict(os.environ, **environment))


def test_more_than_can_wait_are_told_to_come_again():
    backend = RestBackend()
    # Two that take long, and behind them those that take long only together.
    with gateway(backend, scrypt(PASSWORD, 10), scrypt("dear", 17)) as running:
        lines = [socket.create_connection((running.address, running.port("web"))) for _ in range(120)]
        for i, line in enumerate(lines):
            pair = base64.b64encode(b"engine-%d:%d" % (8 if i < 2 else 7, i))
            line.sendall(b"POST /ships/sensors/engine-7 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"
                         b"Content-Type: application/json\r\nAuthorization: Basic %s\r\n\r\n{}" % pair)
        answers = [line.recv(65536) for line in lines]
        codes = [int(answer.split()[1]) for answer in answers]
        assert set(codes) == {401, 503} and codes.count(401) >= 64, codes
        assert all(b"\r\nRetry-After: 1\r\n" in answer for answer, code in zip(answers, codes) if code == 503)
        for line in lines:
            line.close()
        assert post(running, "engine-7", PASSWORD)[0] == 200
    backend.close()


def test_mistakes_are_named():
    cases = {"$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW": "scrypt and pbkdf2-sha256 are known",
             "$scrypt$ln=30,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046w": "costs too much",
             "x" * 1025: "1 to 1024 bytes"}
    backend = RestBackend()
    for secret, part in cases.items():
        done = check(configuration(backend), dict(TOKENS, PASSWORD_7=secret, PASSWORD_8="x"))
        assert done.returncode == 2 and part in done.err and secret not in done.err, done.err
    backend.close()


def test_the_command_takes_what_is_a_password_only():
    for text in (b"", b"\n", b"x" * 1025, b"x" * 1025 + b"\n"):
        done = run(BINARY, "password", "hash", input=text, expect=1)
        assert not done.out and "1 to 1024 bytes" in done.err, done.err
    assert run(BINARY, "password", "hash", input=b"x" * 1024).out.startswith("$scrypt$")
    for arguments in ((), ("hash", "secret"), ("hash", "--pbkdf2", "x"), ("make",)):
        assert "Usage" in run(BINARY, "password", *arguments, expect=2).err


if __name__ == "__main__":
    main(globals())
