"""fairlead client and fairlead token: the same answers whether the gateway runs or not, for people and for programs."""
import json
import os
import pty
import subprocess

import support
import support_admin as admin
from support import RestBackend, run


def fairlead(gate, *words, expect=0, stdin=None, environment=None):
    return run(support.BINARY, *words, "-c", gate.path, expect=expect, env=dict(gate.environment, **(environment or {})),
               cwd=gate.folder, input=stdin)


class Stopped:
    """The folder of a gateway that does not run."""

    def __init__(self, backend):
        self.gate = admin.gateway(backend)

    def __enter__(self):
        self.gate.kill()
        return self.gate

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.gate.start()
            self.gate.stop()


def both(test):
    """Once over the socket, once without a gateway."""
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        test(gate)
    with Stopped(backend) as gate:
        test(gate)
    backend.close()


def test_a_client_is_added_shown_changed_and_removed():
    def each(gate):
        done = fairlead(gate, "client", "add", "engine-7", "--role", "ship-sensor", "--plan=gold", "--token", "--api-key")
        assert [line[:4] for line in done.out.split()] == ["flt_", "flk_"], done.out
        assert "engine-7 is added" in done.err and "shown this once" in done.err, done.err
        shown = fairlead(gate, "client", "show", "engine-7").out
        assert "gold" in shown and "ship-sensor" in shown and "runtime" in shown and "flt_" not in shown, shown
        fairlead(gate, "client", "set", "engine-7", "--role", "ship-sensor", "--role", "admin")
        said = json.loads(fairlead(gate, "client", "show", "engine-7", "--json").out)
        assert said["roles"] == ["ship-sensor", "admin"] and said["plan"] == "gold" and len(said["keys"]) == 2, said
        assert "is disabled" in fairlead(gate, "client", "disable", "engine-7").err
        listed = fairlead(gate, "client", "list", "--disabled").out.split("\n")
        assert len(listed) == 2 and listed[0].split()[:3] == ["engine-7", "disabled", "runtime"], listed
        fairlead(gate, "client", "enable", "engine-7")
        assert fairlead(gate, "client", "list", "--disabled").out == ""
        done = fairlead(gate, "client", "add", "engine-7", expect=1)
        assert "there is a client engine-7 already" in done.err and done.out == "", done.err
        done = fairlead(gate, "client", "remove", "engine-7", "nobody", expect=1)
        assert "engine-7 is removed" in done.err and "no such client" in done.err, done.err
        assert "configuration file" in fairlead(gate, "client", "disable", "boss", expect=1).err
        names = [json.loads(line)["id"] for line in fairlead(gate, "client", "list", "--json").out.split("\n") if line]
        assert names == ["boss", "guest"], names
    both(each)


def test_a_token_is_issued_listed_and_revoked():
    def each(gate):
        issued = fairlead(gate, "token", "issue", "guest", "--expires", "90d", "--scope", "ship-sensor").out.strip()
        assert issued.startswith("flt_") and len(issued) == 47, issued
        said = json.loads(fairlead(gate, "token", "issue", "guest", "--api-key", "--json").out)
        assert said["kind"] == "api-key" and said["secret"].startswith("flk_"), said
        rows = fairlead(gate, "token", "list", "--client", "guest").out.strip().split("\n")
        assert len(rows) == 2 and all(row.split()[-1] == "guest" for row in rows), rows
        assert "is revoked" in fairlead(gate, "token", "revoke", said["handle"]).err
        fairlead(gate, "token", "revoke", "--secret", "env:FOUND", environment={"FOUND": issued})
        fairlead(gate, "token", "revoke", "--secret", "-", stdin=issued.encode(), expect=1)
        assert fairlead(gate, "token", "list").out == ""
        assert "no such client" in fairlead(gate, "token", "issue", "nobody", expect=1).err
        assert "no such key" in fairlead(gate, "token", "revoke", "t-000000000000", expect=1).err
    both(each)


def test_what_was_done_without_a_gateway_is_in_force_when_it_starts():
    backend = RestBackend()
    gate = admin.gateway(backend)
    with gate:
        gate.kill()
        token = fairlead(gate, "client", "add", "engine-7", "--role", "ship-sensor", "--token").out.strip()
        gate.start()
        assert admin.post(gate, "engine-7", token) == 200
        token = fairlead(gate, "token", "issue", "engine-7").out.strip()
        assert admin.post(gate, "engine-7", token) == 200
        events = run(support.BINARY, "audit", "tail", "--json", "-c", gate.path).out
        assert events.count("client.add") == 1 and events.count("token.issue") == 2, events
        run(support.BINARY, "audit", "verify", "-c", gate.path)
    backend.close()


def test_secrets_come_from_elsewhere_and_stay_out_of_sight():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        secret = os.path.join(gate.folder, "secret")
        with open(secret, "w", encoding="utf-8") as out:
            out.write("a-psk-of-the-file\r\n")
        fairlead(gate, "client", "add", "a", "--psk", "file:secret")
        fairlead(gate, "client", "add", "b", "--psk", "-", "--password", "env:WORD", stdin=b"a-psk-of-stdin\n",
                 environment={"WORD": "a-password-of-the-environment"})
        for said in (("--psk", "a-psk-in-the-open"), ("--password", "a-password-in-the-open"), ("--psk", "env:NOT_THERE"),
                     ("--psk", "file:not-there")):
            done = fairlead(gate, "client", "add", "c", *said, expect=2)
            assert "in-the-open" not in done.err and done.out == "", done.err
        kinds = [json.loads(line)["kind"] for line in fairlead(gate, "token", "list", "--json").out.split("\n") if line]
        assert sorted(kinds) == ["password", "psk", "psk"], kinds
        gate.kill()
        for folder, _, names in os.walk(os.path.join(gate.folder, "state")):
            for name in names:
                path = os.path.join(folder, name)
                if os.path.isfile(path):
                    with open(path, "rb") as file:
                        content = file.read()
                    for word in (b"a-psk-of", b"a-password-of"):
                        assert word not in content, (path, word)
        assert "a-psk-of" not in gate.log() and "a-password-of" not in gate.log()
        gate.start()
    backend.close()


def test_thousands_are_imported_at_once_or_in_pieces():
    def each(gate):
        table = os.path.join(gate.folder, "fleet.csv")
        rows = [f'c-{i},"ship-sensor;admin",{"yes" if i == 1700 else ""}' for i in range(2000)]
        rows[1200] = "c-1200,captain,"
        with open(table, "w", encoding="utf-8") as out:
            out.write("id,roles,token\n" + "\n".join(rows) + "\n")
        done = fairlead(gate, "client", "import", "fleet.csv", expect=1)
        assert "line 1202: c-1200: there is no role captain" in done.err and "nothing was changed" in done.err, done.err
        assert fairlead(gate, "client", "list", "--prefix", "c-").out == ""
        done = fairlead(gate, "client", "import", "fleet.csv", "--partial", "--dry-run", expect=1)
        assert "1999 of 2000 are right; nothing was changed" in done.err, done.err
        done = fairlead(gate, "client", "import", "fleet.csv", "--partial", expect=1)
        assert "line 1202: c-1200" in done.err and "1999 added" in done.err, done.err
        assert done.out.startswith("c-1700,token,flt_"), done.out
        names = fairlead(gate, "client", "list", "--prefix", "c-").out.strip().split("\n")
        assert len(names) == 1999
        listed = [{"id": f"c-{i}", "roles": []} for i in range(1500)]
        listed[7]["id"] = "a/b"
        text = json.dumps(listed).encode()
        said = json.loads(fairlead(gate, "client", "import", "-", "--replace", "--partial", "--json", expect=1, stdin=text).out)
        assert (said["wrong"], said["replaced"], said["added"]) == (1, 1498, 1), said
        assert [line["line"] for line in said["lines"]] == [8], said
        for content, name in ((b"", "empty.csv"), (b"name\n", "wrong.csv"), (b"{", "wrong.json"), (b"{}", "other.json")):
            with open(os.path.join(gate.folder, name), "wb") as out:
                out.write(content)
            for how in ((), ("--partial",)):
                done = fairlead(gate, "client", "import", name, *how, expect=1)
                assert done.err.count("fairlead client import:") == 1, done.err
        fairlead(gate, "client", "import", "not-there.csv", expect=1)
    both(each)


def test_progress_is_for_people():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        with open(os.path.join(gate.folder, "fleet.csv"), "w", encoding="utf-8") as out:
            out.write("id\n" + "".join(f"c-{i}\n" for i in range(1200)))
        ours, theirs = pty.openpty()
        child = subprocess.Popen([support.BINARY, "client", "import", "fleet.csv", "--partial", "-c", gate.path],
                                 cwd=gate.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs)
        os.close(theirs)
        seen = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:
                break
            seen += piece
        os.close(ours)
        assert child.wait(support.DEADLINE_S) == 0
        assert b"500 of 1200" in seen and b"1200 of 1200" in seen and b"1200 added" in seen, seen
    backend.close()


def test_wrong_usage_says_what_to_do():
    backend = RestBackend()
    with admin.gateway(backend) as gate:
        for words, part in ((("client",), "Usage"), (("client", "ad"), "there is no ad"), (("client", "add"), "say an id"),
                            (("client", "add", "a", "b"), "one word too many"), (("client", "add", "a", "--rol", "x"), "no option --rol"),
                            (("client", "add", "a", "--plan"), "a value must follow"), (("client", "set", "guest"), "say what changes"),
                            (("client", "add", "a", "--plan", "x", "--plan", "y"), "said twice"), (("client", "add", "a", "--token=x"), "takes no value"),
                            (("client", "list", "--disabled", "--enabled"), "not both"), (("client", "show", ".."), "cannot be an id"),
                            (("client", "import"), "say a file"), (("token",), "Usage"), (("token", "revoke"), "say a handle"),
                            (("token", "issue"), "say a client")):
            done = run(support.BINARY, *words, expect=2, cwd=gate.folder)
            assert part in done.err and done.out == "", (words, done.err)
        for words in (("client", "--help"), ("token", "issue", "--help"), ("client", "add", "x", "-h")):
            assert "Usage" in run(support.BINARY, *words).out
        for state, part in (("", "has no gateway.state"),):
            path = os.path.join(gate.folder, "other.yaml")
            with open(path, "w", encoding="utf-8") as out:
                out.write(f"gateway: {{ name: x {state} }}\nendpoints: []\n")
            assert part in run(support.BINARY, "client", "list", "-c", path, expect=2).err
        # It runs, and the socket is gone: nobody writes beside it.
        os.unlink(admin.socket_of(gate))
        done = fairlead(gate, "client", "list", expect=1)
        assert "in use by another gateway" in done.err, done.err
    backend.close()


if __name__ == "__main__":
    support.main(globals())
