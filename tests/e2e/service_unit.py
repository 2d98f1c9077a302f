"""The systemd unit: systemd finds no mistake in it and a small exposure, it names what the program understands, and the
sandbox's filter of system calls lets the gateway do all that it does."""
import os
import re
import shlex
import shutil
import signal
import tempfile

import support
from support import Gateway, RestBackend, TOKENS, curl, fleet, run

UNIT = os.path.join(support.SOURCE, "board", "systemd", "fairlead.service")


def settings(name):
    with open(UNIT, encoding="utf-8") as text:
        return re.findall(rf"^{name}=(.*)$", text.read(), re.M)


def test_systemd_finds_no_mistake():
    with tempfile.TemporaryDirectory() as folder, open(UNIT, encoding="utf-8") as text:
        path = os.path.join(folder, "fairlead.service")
        # By a name without spaces, as it is installed.
        program = os.path.join(folder, "fairlead")
        os.symlink(support.BINARY, program)
        unit = text.read().replace("/usr/bin/fairlead", program)
        with open(path, "w", encoding="utf-8") as out:
            out.write(re.sub(r"^Documentation=.*\n", "", unit, flags=re.M))  # the pages are not installed here
        done = run("systemd-analyze", "verify", path)
        said = [line for line in done.err.split("\n") if "fairlead" in line]
        assert not said, done.err


def test_the_exposure_is_at_most_two():
    done = run("systemd-analyze", "security", "--no-pager", "--offline=true", "--threshold=20", UNIT)
    assert re.search(r"Overall exposure level for fairlead.service: [01]\.\d|: 2\.0", done.out), done.out[-300:]


def test_its_commands_are_what_the_program_understands():
    (start,), reloads = settings("ExecStart"), settings("ExecReload")
    assert start.split() == ["/usr/bin/fairlead", "run", "-c", "/etc/fairlead/fairlead.yaml"]
    assert reloads == [start.replace(" run ", " check "), "/bin/kill -HUP $MAINPID"]
    assert settings("RestartPreventExitStatus") == ["2"]
    done = run(support.BINARY, *shlex.split(start.replace("/etc/fairlead", "/nowhere"))[1:], expect=2)
    assert "/nowhere/fairlead.yaml" in done.err, done.err


def test_the_sockets_are_kept():
    # Nothing else says to systemd that they may be; and RuntimeDirectory= would take the files of those at unix:// along.
    assert settings("Type") == ["notify"] and int(settings("FileDescriptorStoreMax")[0]) >= 64
    assert settings("RuntimeDirectoryPreserve") == ["restart"]


def allowed_calls():
    """What SystemCallFilter= lets through, as this systemd understands its groups."""
    groups, group = {}, None
    for line in run("systemd-analyze", "--no-pager", "syscall-filter").out.split("\n"):
        word = line.split("#")[0].strip()
        if line.startswith("@"):
            group = groups.setdefault(word, set())
        elif word and group is not None:
            group.add(word)

    def calls(name):
        return set().union(*(calls(part) for part in groups[name])) if name.startswith("@") else {name}
    allowed = set()
    for setting in settings("SystemCallFilter"):
        named = set().union(*(calls(name) for name in setting.lstrip("~").split()))
        allowed = allowed - named if setting.startswith("~") else allowed | named
    return allowed


def test_the_filter_lets_the_gateway_do_all_that_it_does():
    if run("strace", "-f", "-o", "/dev/null", "true", expect=None).returncode != 0:
        support.skip("strace may not trace here")
    backend = RestBackend()
    configuration = fleet(backend.url, """  - { name: web, protocol: http, bind: "{address}:{port_web}" }
  - { name: coap, protocol: coap, bind: "{address}:{port_coap}" }
  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}" }
""", extra="""  - { name: kept, path: "/kept/{x}", methods: [PUT, GET], auth: [none], keep: last }
""").replace("name: test", "name: test, state: state")
    with Gateway(configuration, environment=TOKENS, wait=False) as gateway:
        gateway.kill()
        trace, script = (os.path.join(gateway.folder, name) for name in ("trace", "traced"))
        with open(script, "w", encoding="utf-8") as out:
            out.write(f'#!/bin/sh\nexec strace -f -qq -o {trace} "{support.BINARY}" "$@"\n')
        os.chmod(script, 0o755)
        gateway.binary = script
        gateway.environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"
        gateway.start()
        assert curl(gateway.url("/open/x"))[0] == 200
        assert curl("-X", "PUT", "--json", "1", gateway.url("/kept/x"))[0] == 201
        pid = int(gateway.wait_log("ready:").rpartition("pid=")[2])  # strace keeps signals to itself
        os.kill(pid, signal.SIGHUP)
        gateway.wait_log("configuration read again")
        os.kill(pid, signal.SIGTERM)
        gateway.process.wait(support.DEADLINE_S)
        with open(trace, encoding="utf-8", errors="replace") as text:
            calls = text.read()
        made = set(re.findall(r"^\d+ +(\w+)\(", calls, re.M))
        assert {"bind", "epoll_ctl", "fdatasync"} <= made, made
        # SQLite gives its files to the database's owner when it runs as root, which the unit does not.
        refused = made - allowed_calls() - ({"fchown"} if os.geteuid() == 0 else set())
        assert not refused, refused
        families = set(re.findall(r"\bsocket(?:pair)?\((AF_\w+)", calls))
        assert families and families <= set(settings("RestrictAddressFamilies")[0].split()), families
        assert "PROT_READ|PROT_WRITE" in calls and "PROT_WRITE|PROT_EXEC" not in calls  # MemoryDenyWriteExecute=
    backend.close()


if __name__ == "__main__":
    if not shutil.which("systemd-analyze"):
        support.skip("systemd-analyze (package systemd) is not installed")
    support.main(globals())
