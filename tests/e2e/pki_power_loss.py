"""Whenever the CA's commands are killed or the disk fails, what was handed out is in the index, and the next command goes
on from there. Many at once take turns."""
import os
import subprocess
import threading

import support
from support import BINARY
from support_pki import Authority

# What a command does to the disk.
CALLS = ("write", "fsync", "rename", "unlink")
# One that is killed after the last of these calls is not killed.
MOMENTS_MAX = 40


def can_trace():
    probe = subprocess.run(["strace", "-o", "/dev/null", "true"], check=False, stderr=subprocess.DEVNULL)
    return probe.returncode == 0


def traced(ca, injection, *arguments):
    """(exit code, errors) of a command whose system calls go wrong as strace is told."""
    # The leak sanitizer is a tracer itself.
    environment = dict(ca.environment, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
    done = subprocess.run(["strace", "-qq", "-o", "/dev/null", "-e", f"inject={injection}", BINARY, "pki", *arguments],
                          cwd=ca.folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=support.DEADLINE_S, check=False)
    return done.returncode, done.stderr.decode()


def each_kill(command):
    """Calls command(call, moment) -> exit code with every moment of every call, until it comes to its end."""
    for call in CALLS:
        for moment in range(1, MOMENTS_MAX):
            if command(call, moment) == 0:
                break
        else:
            raise AssertionError(f"{call} was called {MOMENTS_MAX} times")
        assert moment > 1 or call == "unlink", f"{call} is never called"


def check_handed_out(ca, folder):
    """Each certificate that has its name is in the index, and is whole."""
    known = {fields[0] for fields in ca.index()}
    for name in os.listdir(ca.path(folder)):
        if name.endswith(".crt") and name != "ca.crt":
            path = os.path.join(folder, name)
            serial = ca.openssl("x509", "-in", path, "-noout", "-serial").out.strip().split("=")[1]
            assert serial.lower().zfill(32) in known, (name, serial)
            public = ca.openssl("x509", "-in", path, "-noout", "-pubkey").out
            assert ca.openssl("pkey", "-in", path[:-3] + "key", "-pubout").out == public


def test_a_killed_issue_hands_out_nothing_that_is_not_in_the_index():
    if not can_trace():
        support.skip("strace may not trace here")
    ca = Authority()
    os.makedirs(ca.path("out"))

    def command(call, moment):
        lines = len(ca.index())
        code, _ = traced(ca, f"{call}:signal=KILL:when={moment}", "issue", "engine-7", "--profile", "device", "--out",
                         f"out/{call}-{moment}")
        assert code in (0, -9), code
        assert lines <= len(ca.index()) <= lines + 1
        check_handed_out(ca, "out")
        return code

    each_kill(command)
    before = len(ca.index())
    ca.issue("engine-8")
    assert len(ca.index()) == before + 1 == len(ca.json("list"))
    # What was left behind is overwritten by the next that writes there.
    ca.verify("pki/engine-8.crt", "sslclient")
    left = {name for name in os.listdir(ca.path("pki")) if name.endswith("-new")}
    assert not left, left


def test_a_killed_revocation_is_finished_by_the_next_command():
    if not can_trace():
        support.skip("strace may not trace here")
    ca = Authority()

    def command(call, moment):
        name = f"{call}-{moment}"
        ca.issue(name)
        code, _ = traced(ca, f"{call}:signal=KILL:when={moment}", "revoke", name)
        revoked = [row["state"] for row in ca.json("list", name)] == ["revoked"]
        assert revoked or code != 0
        ca.issue("engine-7", "device", "--out", f"other-{name}")
        listed = "certificate revoked" in ca.verify(f"pki/{name}.crt", "sslclient", expect=None).err
        assert listed == revoked, (name, code, revoked)
        return code

    each_kill(command)


def test_a_killed_init_is_whole_or_says_what_is_left():
    if not can_trace():
        support.skip("strace may not trace here")

    def command(call, moment):
        ca = Authority(init=False)
        code, _ = traced(ca, f"{call}:signal=KILL:when={moment}", "init")
        if os.path.exists(ca.path("pki", "index")):
            ca.issue("engine-7")
            ca.verify("pki/engine-7.crt", "sslclient")
            return code
        assert code == -9
        done = ca.pki("init", expect=None)
        if done.returncode == 0:
            ca.issue("engine-7")
        else:
            assert "cut off: remove it" in done.err, done.err
        return code

    each_kill(command)


def test_a_disk_that_fails_is_told_and_nothing_is_handed_out():
    if not can_trace():
        support.skip("strace may not trace here")
    ca = Authority()
    os.makedirs(ca.path("out"))
    # The fourth that is written is the answer.
    for call, error, last, beyond in (("fsync", "EIO", 6, 7), ("rename", "EACCES", 3, 4), ("write", "ENOSPC", 3, 5)):
        for moment in range(1, last + 1):
            code, said = traced(ca, f"{call}:error={error}:when={moment}", "issue", "engine-7", "--profile", "device",
                                "--out", f"out/{call}-{moment}")
            assert code == 1 and said.startswith("fairlead pki issue: ") and said.count("\n") == 1, (call, moment, said)
            check_handed_out(ca, "out")
            assert not [name for name in os.listdir(ca.path("out")) if name.endswith("-new")]
        before = len(ca.index())
        assert traced(ca, f"{call}:error={error}:when={beyond}", "issue", "engine-7", "--profile", "device", "--out",
                      f"out/{call}")[0] == 0, call
        assert len(ca.index()) == before + 1


def at_once(*commands):
    def call(i, command):
        codes[i] = subprocess.run(command, cwd=ca.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  timeout=2 * support.DEADLINE_S, check=False).returncode

    ca, commands = commands[0], commands[1:]
    codes = [None] * len(commands)
    threads = [threading.Thread(target=call, args=(i, (BINARY, "pki", *command))) for i, command in enumerate(commands)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return codes


def test_many_at_once_take_turns():
    ca = Authority()
    ca.issue("old")
    codes = at_once(ca, *(("issue", f"engine-{i}", "--profile", "device") for i in range(20)),
                    ("revoke", "old"), ("crl",))
    assert codes == [0] * 22, codes
    index = ca.index()
    assert len(index) == 21 and len({fields[0] for fields in index}) == 21
    assert sorted(fields[-1] for fields in index) == sorted(["old"] + [f"engine-{i}" for i in range(20)])
    check_handed_out(ca, "pki")
    for i in range(20):
        ca.verify(f"pki/engine-{i}.crt", "sslclient")
    assert "CRL Number: \n                3\n" in ca.openssl("crl", "-in", "pki/ca.crl", "-noout", "-text").out


def test_of_many_inits_one_wins():
    ca = Authority(init=False)
    codes = at_once(ca, *[("init",)] * 5)
    assert sorted(codes) == [0, 1, 1, 1, 1], codes
    ca.issue("engine-7")
    ca.verify("pki/engine-7.crt", "sslclient")


support.main(globals())
