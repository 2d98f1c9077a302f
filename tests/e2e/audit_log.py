"""What lands in the audit log: who was let in and who was not, over each protocol, what happened to the gateway, floods as
two lines, and never a secret. Who may read it, and how a person does."""
import os
import re
import signal
import stat
import subprocess

import support
from support import TOKENS, main, run, wait_until
from support_audit import audit, call, configuration, folder, gateway_with, lines, raw, verify, wait_lines


def mqtt(gateway, password, topic="ships/sensors/engine-7"):
    return run("mosquitto_pub", "-h", gateway.address, "-p", gateway.port("devices"), "-V", "5", "-q", "1", "-u", "engine-7",
               "-P", password, "-t", topic, "-m", "{}", expect=None)


def coap(gateway, token, device="engine-7"):
    return run("coap-client-openssl", "-m", "get", "-B", "10", f"coap://{gateway.address}:{gateway.port('field')}"
               f"/ships/sensors/{device}?access_token={token}", expect=None)


def test_refusals_of_every_protocol_land_in_it():
    with gateway_with() as gateway:
        assert call(gateway, "/ships/sensors/engine-7") == 401
        assert call(gateway, "/ships/sensors/engine-8", TOKENS["TOKEN_7"]) == 403
        mqtt(gateway, "guessed-password")
        mqtt(gateway, TOKENS["TOKEN_7"], "ships/sensors/engine-8")
        coap(gateway, "guessed-token")
        coap(gateway, TOKENS["TOKEN_7"], "engine-8")
        for protocol, listener in (("http", "web"), ("mqtt", "devices"), ("coap", "field")):
            for status in ("unauthenticated", "forbidden"):
                line, = wait_lines(gateway, kind="refusal", action="refused", protocol=protocol, status=status)
                assert line["listener"] == listener, line
                assert line["peer"].startswith(gateway.address.split(".")[0]), line
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]), line
                # The same id as in the ordinary log, which the caller was told as well.
                assert line["request"] in gateway.wait_log("id=" + line["request"]), line
                assert line["detail"], line
                if status == "forbidden":
                    assert line["who"] == "engine-7" and line["object"] == "/ships/sensors/engine-8", line
        verify(gateway)


def test_who_comes_in_is_one_line_and_not_one_a_reading():
    with gateway_with() as gateway:
        for _ in range(5):
            call(gateway, "/ships/sensors/engine-7", TOKENS["TOKEN_7"])
        call(gateway, "/ships/sensors/engine-8", TOKENS["TOKEN_8"])
        mqtt(gateway, TOKENS["TOKEN_7"])
        wait_lines(gateway, action="session.open")
        assert [line["who"] for line in lines(gateway, action="client.seen")] == ["engine-7", "engine-8"]
        session, = lines(gateway, action="session.open")
        assert (session["who"], session["protocol"], session["kind"]) == ("engine-7", "mqtt", "login"), session


def test_after_the_window_it_is_a_login_again():
    with gateway_with("login_window: 1ms, flood_window: 1ms") as gateway:
        for n in range(3):
            call(gateway, "/ships/sensors/engine-7", TOKENS["TOKEN_7"])
            wait_lines(gateway, n + 1, action="client.seen", who="engine-7")


def test_who_guesses_passwords_fills_no_disk():
    with gateway_with("flood_window: 1h") as gateway:
        for n in range(300):
            # One curl for many calls: what it costs is not the point.
            if n % 100 == 0:
                run("curl", "-s", "-o", "/dev/null", "-H", f"Authorization: Bearer guess-{n}",
                    gateway.url("/ships/sensors/engine-[1-100]"))
        gateway.signal(signal.SIGTERM)
        gateway.process.wait(support.DEADLINE_S)
        first, count = lines(gateway, kind="refusal")
        assert "count" not in first and count["count"] == 299 and count["since"] >= first["time"], (first, count)
        assert b"guess-" not in raw(gateway)


def test_the_gateway_itself_and_its_configuration():
    with gateway_with() as gateway:
        digest = run("sha256sum", gateway.path).out.split()[0]
        start, = wait_lines(gateway, action="gateway.start", kind="admin")
        assert digest in start["detail"] and start["object"] == gateway.path, start
        gateway.reload()
        reload, = wait_lines(gateway, action="configuration.reload")
        assert digest in reload["detail"], reload
        gateway.write(configuration() + "nonsense: true\n")
        gateway.reload()
        refused, = wait_lines(gateway, action="configuration.refused")
        assert digest not in refused["detail"] and "nonsense" in refused["detail"], refused
        gateway.write(configuration("off: true"))
        gateway.reload()
        assert len(wait_lines(gateway, 2, action="configuration.refused")) == 2
        assert "restart" in gateway.log()
        gateway.signal(signal.SIGTERM)
        gateway.process.wait(support.DEADLINE_S)
        assert len(lines(gateway, action="gateway.stop")) == 1
        verify(gateway)


def test_it_is_for_its_owner_only_and_holds_no_secret():
    with gateway_with() as gateway:
        call(gateway, "/ships/sensors/engine-7", TOKENS["TOKEN_7"])
        call(gateway, "/ships/sensors/engine-7", "a-wrong-secret")
        # A password where the name should be, as happens to people.
        run("curl", "-s", "-o", "/dev/null", "-u", "astray-password:x", gateway.url("/ships/sensors/engine-7"))
        mqtt(gateway, "another-wrong-secret")
        coap(gateway, "a-third-wrong-secret")
        wait_lines(gateway, 3, kind="refusal")
        gateway.signal(signal.SIGTERM)
        gateway.process.wait(support.DEADLINE_S)
        content = raw(gateway)
        for secret in (*TOKENS.values(), "wrong-secret", "astray-password"):
            assert secret.encode() not in content, secret
        assert stat.S_IMODE(os.stat(folder(gateway)).st_mode) == 0o700
        for name in os.listdir(folder(gateway)):
            assert stat.S_IMODE(os.stat(os.path.join(folder(gateway), name)).st_mode) == 0o600, name


def test_what_somebody_wrote_there_steers_no_terminal():
    with gateway_with() as gateway:
        call(gateway, "/ships/sensors/forged%e2%80%ae%3c", TOKENS["TOKEN_7"])
        wait_lines(gateway, kind="refusal", status="forbidden")
        with open(os.path.join(folder(gateway), "audit-0000000000000001.jsonl"), "ab") as log:
            log.write(b'\x1b[31mforged\xe2\x80\xae\xc2\x85\n{"seq":5,"who":"\x1b[31mforged\xff","chain":"' + b"0" * 64 + b'"}\n')
        for how in ((), ("--json",)):
            shown = audit("tail", "--dir", folder(gateway), *how).out
            assert shown.count("forged") >= 3 and not re.search("[\x1b\u202e\x85]", shown), shown
            assert shown.count("\n") == 5, shown


def test_without_a_state_folder_or_when_it_is_off_there_is_none():
    with gateway_with("off: true") as gateway:
        call(gateway, "/ships/sensors/engine-7")
        assert not os.path.exists(folder(gateway))
        assert "no such file" in audit("verify", "-c", gateway.path, expect=1).err.lower()


def test_tail_shows_what_is_asked_for():
    with gateway_with() as gateway:
        call(gateway, "/ships/sensors/engine-7", TOKENS["TOKEN_7"])
        call(gateway, "/ships/sensors/engine-7")
        wait_lines(gateway, 4)
        whole = audit("tail", "-c", gateway.path).out.splitlines()
        assert [line.split()[2:4] for line in whole] == [
            ["log", "log.begin"], ["admin", "gateway.start"], ["login", "client.seen"], ["refusal", "refused"]], whole
        assert audit("tail", "-c", gateway.path, "-n", "2").out.splitlines() == whole[2:]
        assert audit("tail", "-c", gateway.path, "-n", "0").out == ""
        assert audit("tail", "-c", gateway.path, "--kind", "admin").out.splitlines() == whole[1:2]
        assert audit("tail", "-c", gateway.path, "--who", "engine-7").out.splitlines() == whole[2:3]
        assert audit("tail", "-c", gateway.path, "--json", "-n", "9").out.encode() == raw(gateway)
        assert "Usage" in audit("tail", "--kind", "nonsense", expect=2).err
        assert "Usage" in audit("nonsense", expect=2).err


def test_tail_follows():
    with gateway_with() as gateway:
        wait_lines(gateway, action="gateway.start")
        with subprocess.Popen([support.BINARY, "audit", "tail", "-f", "--dir", folder(gateway), "--kind", "refusal"],
                              stdout=subprocess.PIPE, text=True) as tail:
            call(gateway, "/ships/sensors/engine-7")
            assert "refused" in tail.stdout.readline()
            call(gateway, "/ships/sensors/engine-8", TOKENS["TOKEN_7"])
            assert "who=engine-7" in tail.stdout.readline()
            tail.kill()


def test_the_lines_of_the_manual_verify_it():
    """The Python of docs/reference/audit.md, as it stands there."""
    with open(os.path.join(support.SOURCE, "docs", "reference", "audit.md"), encoding="utf-8") as manual:
        script = re.search(r"```python\n(.*?)```", manual.read(), re.S).group(1)
    with gateway_with() as gateway:
        call(gateway, "/ships/sensors/engine-7")
        wait_lines(gateway, kind="refusal")
        gateway.signal(signal.SIGTERM)
        gateway.process.wait(support.DEADLINE_S)
        path = os.path.join(folder(gateway), "audit-0000000000000001.jsonl")
        done = run("/usr/bin/python3", "-c", script, path)
        assert done.out.strip() == verify(gateway).split("head ")[1].split("\n")[0], done.out
        with open(path, "r+b") as log:
            content = log.read()
            log.seek(content.index(b"unauthenticated"))
            log.write(b"U")
        assert run("/usr/bin/python3", "-c", script, path, expect=1).err
        wait_until(lambda: "head=" in gateway.log(), "the head in the log")


if __name__ == "__main__":
    main(globals())
