"""fairlead check --as: a decision with its reasons; the table of docs/reference/authorization.md, and that the running gateway
decides alike."""
import json
import os
import re
import tempfile

import support
from support import BINARY, Gateway, run

with open(os.path.join(support.SOURCE, "docs", "reference", "authorization.md"), encoding="utf-8") as document:
    DOCUMENT = document.read()
CONFIG = re.search(r"```yaml\n(.*?)```", DOCUMENT, re.S).group(1)
ROWS = [[cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for line in DOCUMENT.split("| client | asks for |")[1].splitlines()[2:] if line.startswith("|")]
CODES = {"ok": 0, "forbidden": 1, "unauthenticated": 1, "not-found": 1, "method-not-allowed": 1}


class Check:
    """`fairlead check` with this configuration."""

    def __init__(self, config=CONFIG):
        self.folder = tempfile.TemporaryDirectory(prefix="fairlead-check-")
        self.path = os.path.join(self.folder.name, "fairlead.yaml")
        with open(self.path, "w", encoding="utf-8") as out:
            out.write(config)

    def __call__(self, *words, expect=0):
        return run(BINARY, "check", "-c", self.path, *words, expect=expect)

    def ask(self, *words, expect=0):
        return json.loads(self("--json", "--as", *words, expect=expect).out)


def test_the_table_of_the_manual():
    assert len(ROWS) > 30, ROWS
    check = Check()
    for client, asks, scopes, answer, _ in ROWS:
        method, path = asks.split()
        words = [word for scope in scopes.split() for word in ("--scope", scope)]
        said = check.ask(client, method, path, *words, expect=CODES[answer])
        assert said["status"] == answer and said["allowed"] == (answer == "ok"), (client, asks, said)


def test_the_gateway_decides_alike():
    clients = sorted({row[0] for row in ROWS} - {"-", "nobody-i-know"})
    names = {client: "TOKEN_" + client.upper().replace("-", "_") for client in clients}
    config = "listeners: [{ name: web, protocol: http, bind: \"{address}:{port_web}\" }]\n" + CONFIG
    for client, name in names.items():
        config = re.sub(rf"(id: {client},)", rf"\1 token: env:{name},", config)
    with Gateway(config, environment={name: "secret-" + name for name in names.values()}) as box:
        for client, asks, scopes, answer, _ in ROWS:
            method, path = asks.split()
            if scopes or client == "nobody-i-know":
                continue
            credential = ["-H", f"Authorization: Bearer secret-{names[client]}"] if client in names else []
            how = ["-I"] if method == "HEAD" else ["-X", method]
            status, _, _ = support.curl("--path-as-is", *how, *credential, box.url(path))
            expected = {"ok": (200, 204), "forbidden": (403,), "unauthenticated": (401,), "not-found": (404,),
                        "method-not-allowed": (405,)}[answer]
            assert status in expected, (client, asks, status)


def test_each_step_is_said():
    check = Check()
    said = check.ask("mate", "POST", "/bridge/horn", expect=1)
    assert said["endpoint"] == "bridge" and said["pattern"] == "/bridge/{what}"
    assert said["auth"] == [{"way": "token", "method": "token", "key": False}]
    assert {"role": "sailor", "outcome": "not among the endpoint's roles"} in said["rules"], said
    assert {"effect": "deny", "rule": "PUT /ships/actuators/anchor", "outcome": "another method"} in said["rules"], said
    assert said["words"] == {"binary": "nak", "coap": "4.03", "http": "403 Forbidden", "mqtt": "PUBACK 0x87", "soap": "soap:Client"}, said

    said = check.ask("captain", "GET", "/ships/secret/plan", expect=1)
    assert {"effect": "deny", "rule": "GET /ships/secret/*", "role": "captain", "inherited_from": "reader",
            "outcome": "applies"} in said["rules"], said
    assert said["why"] == '"GET /ships/secret/*" denies it'

    said = check.ask("captain", "PUT", "/ships/actuators/pump", "--scope", "sailor")
    assert {"role": "captain", "outcome": "none of its scopes is there"} in said["rules"], said
    assert said["why"] == '"PUT /ships/actuators/{valve}" allows it' and said["words"]["coap"] == "2.04"

    said = check.ask("hub", "POST", "/ships/reports/pump-2", expect=1)
    assert said["subject"] == "/ships/reports/{self}" and "POST" not in said["why"], said

    lines = check("--as", "engine-7", "POST", "/ships/sensors/engine-8", expect=1).out.splitlines()
    assert lines == [
        "asked     engine-7 POST /ships/sensors/engine-8 over http",
        "endpoint  ships: /ships/*",
        "auth      token: the client has no key for it",
        'allow     "POST,GET /ships/sensors/{self}" of role ship-sensor: another path',
        "answer    refused: no rule allows it",
        "status    forbidden; binary nak; coap 4.03; http 403 Forbidden; mqtt PUBACK 0x87; soap soap:Client"], lines


KEEPING = """gateway: { state: state }
auth: { token: { method: token } }
roles: { reader: { allow: ["GET /values/*"], deny: ["GET /values/secret/*"] } }
clients: [{ id: panel, roles: [reader] }]
endpoints:
  - { name: values, path: "/values/*", methods: [GET, PUT], auth: [token], keep: last, protocols: [mqtt, coap] }
  - { name: readings, path: /readings, methods: [POST, PUT], auth: [token], subject: /id, to: screen, roles: [reader] }
backends: { screen: { protocol: console } }
"""


def test_filters_of_subscriptions():
    check = Check(KEEPING)
    assert check.ask("panel", "SUBSCRIBE", "/values/#", "--via", "mqtt")["words"]["mqtt"] == "SUBACK 0x00"
    said = check.ask("panel", "SUBSCRIBE", "/values/secret/+", "--via", "mqtt", expect=1)
    assert said["words"]["mqtt"] == "SUBACK 0x87" and said["status"] == "forbidden", said
    assert check.ask("panel", "SUBSCRIBE", "/values/#", expect=1)["status"] == "not-found"
    assert check.ask("-", "SUBSCRIBE", "/values/#", "--via", "mqtt", expect=1)["status"] == "unauthenticated"


def test_what_cannot_be_asked():
    check = Check()
    for words, said in ((["--as", "panel", "FETCHED", "/x"], "no method"), (["--as", "panel", "GET", "x"], "no path"),
                        (["--as", "panel", "GET", "/a/../b"], "no path"), (["--as", "panel", "SUBSCRIBE", "/#/a"], "# may only"),
                        (["--as", "panel", "GET", "/x", "--via", "smoke"], "no protocol"), (["--as", "panel", "GET"], "unknown argument"),
                        (["--via", "http"], "go with --as"), (["--json"], "go with --as")):
        done = check(*words, expect=2)
        assert said in done.err and not done.out, (words, done.err, done.out)
    broken = Check(CONFIG.replace("inherits: [sailor]", "inherits: [captain]"))("--as", "panel", "GET", "/ships/log", expect=2)
    assert "a circle" in broken.err and not broken.out, broken.err


support.main(globals())
