"""Last values and the disk: what was acknowledged is there after a kill at any moment, a full disk is said, two gateways
never share a folder."""
import os
import re
import shutil
import signal
import subprocess
import tempfile

import support
from support import Gateway, RestBackend, curl, main, run, wait_until

CONFIGURATION = """
gateway: {{ name: test, state: {state} }}
listeners:
  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}" }}
backends:
  telemetry: {{ protocol: rest, targets: [{{ url: {backend} }}] }}
endpoints:
  - {{ name: own, path: "/own/{{x}}", methods: [GET, PUT, DELETE], auth: [none], keep: last }}
  - {{ name: taken, path: "/taken/{{x}}", methods: [GET, POST], auth: [none], keep: last, to: telemetry }}
"""


class Box:
    """What outlives the gateways of a test."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="fairlead-state-")
        self.state = os.path.join(self.folder, "state")
        self.backend = RestBackend()
        return self

    def __exit__(self, *about):
        self.backend.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def gateway(self, **options):
        return Gateway(CONFIGURATION.format(state=self.state, backend=self.backend.url), **options)


def put(gate, path, body):
    return curl("-X", "PUT", "--json", body, gate.url(path))


def kill(gate):
    gate.process.kill()
    gate.process.wait()
    shutil.rmtree(gate.folder, ignore_errors=True)


def test_an_acknowledged_value_is_there_after_a_kill():
    with Box() as box:
        gate = box.gateway()
        assert put(gate, "/own/a", '{"t":1764057600123456789}')[0] == 201
        _, before, _ = curl(gate.url("/own/a"))
        kill(gate)
        gate = box.gateway()
        status, headers, body = curl(gate.url("/own/a"))
        assert (status, body) == (200, '{"t":1764057600123456789}'), (status, body)
        for name in ("etag", "received-at", "last-modified", "content-type"):
            assert headers[name] == before[name], name
        assert curl("-X", "DELETE", gate.url("/own/a"))[0] == 204
        kill(gate)
        with box.gateway() as gate:
            assert curl(gate.url("/own/a"))[0] == 404


def test_a_folder_that_others_may_change_is_said():
    with Box() as box:
        os.mkdir(box.state)
        os.chmod(box.state, 0o777)
        with box.gateway() as running:
            running.wait_log("others may change what is in the state folder")
        os.chmod(box.state, 0o700)
        with box.gateway() as running:
            assert "others may change" not in running.log(), running.log()


def test_what_a_backend_has_taken_is_there_after_an_orderly_end():
    with Box() as box:
        with box.gateway() as gate:
            assert curl("--json", '{"value":81.4}', gate.url("/taken/a"))[0] == 200
        with box.gateway() as gate:
            status, _, body = curl(gate.url("/taken/a"))
            assert (status, body) == (200, '{"value":81.4}')
            assert len(box.backend.seen) == 1


def test_and_a_little_later_after_a_kill():
    with Box() as box:
        gate = box.gateway()
        assert curl("--json", "[1]", gate.url("/taken/a"))[0] == 200
        wait_until(lambda: run("sqlite3", f"file:{box.state}/fairlead.db?mode=ro",
                               "SELECT path, media, body FROM last_values").out.strip() ==
                   "/taken/a|application/json|[1]", "the value on disk")
        kill(gate)
        with box.gateway() as gate:
            assert curl(gate.url("/taken/a"))[2] == "[1]"


def test_two_gateways_never_share_a_folder():
    with Box() as box, box.gateway() as gate:
        second = run(support.BINARY, "run", "-c", gate.path, expect=1)
        assert "in use by another gateway" in second.err, second.err
        assert str(gate.process.pid) in second.err, second.err
        # Looking at the configuration touches nothing.
        assert "valid" in run(support.BINARY, "check", "-c", gate.path).out
        assert put(gate, "/own/a", "1")[0] == 201


def test_check_makes_no_folder():
    with Box() as box:
        path = os.path.join(box.folder, "fairlead.yaml")
        text = CONFIGURATION.format(state=box.state, backend=box.backend.url)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text.replace("{address}:{port_web}", "127.0.0.1:1"))
        assert "valid" in run(support.BINARY, "check", "-c", path).out
        assert not os.path.exists(box.state)


def traced(box, *injections):
    """A gateway whose system calls go wrong as strace is told."""
    script = os.path.join(box.folder, "traced")
    with open(script, "w", encoding="utf-8") as out:
        out.write("#!/bin/sh\nexec strace -f -qq -o /dev/null "
                  + " ".join(f"-e inject={injection}" for injection in injections)
                  + f' "{support.BINARY}" "$@"\n')
    os.chmod(script, 0o755)
    # The leak sanitizer is a tracer itself.
    return box.gateway(binary=script, wait=False, environment={
        "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"})


def can_trace():
    probe = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], check=False, stderr=subprocess.DEVNULL)
    return probe.returncode == 0


def started(gate):
    """False: it was killed before it was ready."""
    return wait_until(lambda: "ready:" in gate.log() or gate.process.poll() is not None, "the start") \
        and "ready:" in gate.log()


def test_a_kill_at_any_commit_loses_nothing_that_was_acknowledged():
    if not can_trace():
        support.skip("strace may not trace here")
    for call, moments in (("fdatasync", (1, 2, 3, 5, 8)), ("pwrite64", (1, 4, 9, 16, 25))):
        for when in moments:
            with Box() as box:
                gate = traced(box, f"{call}:signal=KILL:when={when}")
                acknowledged = -1
                if started(gate):
                    for number in range(100):
                        done = run("curl", "-sS", "-f", "-X", "PUT", "--json", f"[{number}]", gate.url("/own/a"),
                                   expect=None)
                        if done.returncode:
                            break
                        acknowledged = number
                    assert acknowledged < 99, f"{call} {when}: it was never killed"
                gate.process.wait(support.DEADLINE_S)
                shutil.rmtree(gate.folder, ignore_errors=True)
                with box.gateway() as gate:
                    status, _, body = curl(gate.url("/own/a"))
                    found = int(body.strip("[]")) if status == 200 else -1
                    assert found in (acknowledged, acknowledged + 1), (call, when, acknowledged, found)


def test_a_full_disk_is_said_and_survived():
    if not can_trace():
        support.skip("strace may not trace here")
    with Box() as box:
        gate = traced(box, "pwrite64:error=ENOSPC:when=40+")
        assert started(gate), gate.log()
        last = None
        for number in range(200):
            status, _, body = put(gate, "/own/a", f"[{number}]")
            if status == 507:
                break
            assert status in (200, 201, 204), (status, body)
            last = number
        assert status == 507 and "disk is full" in body, (status, body)
        # Nothing of it has happened, and all else goes on.
        assert curl(gate.url("/own/a"))[2] == f"[{last}]"
        assert curl("--json", "[1]", gate.url("/taken/a"))[0] == 200
        assert curl(gate.url("/taken/a"))[2] == "[1]"
        assert sum("the disk takes nothing" in line for line in gate.lines) == 1, gate.log()
        # strace keeps a SIGTERM to itself.
        os.kill(int(re.search(r"pid=(\d+)", gate.log()).group(1)), signal.SIGTERM)
        gate.process.wait(support.DEADLINE_S)
        gate.stop()
        with box.gateway() as gate:
            assert curl(gate.url("/own/a"))[2] == f"[{last}]"


if __name__ == "__main__":
    main(globals())
