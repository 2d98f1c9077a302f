"""The audit log after a kill at any moment and on a full disk: the chain goes on, a torn line is set aside, what was lost is
counted, and the gateway serves all the while."""
import os
import re
import signal
import threading

import support
from support import TOKENS, main, run, wait_until
from support_audit import call, files, folder, gateway_with, lines, raw, verify, wait_lines


def load(gateway, ended):
    """Refusals, as fast as they come; each is a line of its own."""
    while not ended.is_set():
        run("curl", "-s", "-o", "/dev/null", gateway.url("/ships/sensors/engine-[1-50]"), expect=None)


def test_a_kill_under_load_leaves_a_whole_log():
    with gateway_with("flood_window: 1ms, file_size: 64KiB, keep: 4") as gateway:
        before = 0
        for _ in range(8):
            ended = threading.Event()
            clients = [threading.Thread(target=load, args=(gateway, ended), daemon=True) for _ in range(2)]
            for client in clients:
                client.start()
            wait_until(lambda: lines(gateway) and lines(gateway)[-1]["seq"] > before + 100, "lines under load")
            gateway.kill()
            ended.set()
            for client in clients:
                client.join()
            verify(gateway)
            before = lines(gateway)[-1]["seq"]
            gateway.start()
            wait_until(lambda: lines(gateway, action="gateway.start")[-1]["seq"] > before, "the start in the log")
        verify(gateway)


def traced(gateway, injection):
    """From now on system calls on the log's first file go wrong as strace is told."""
    script = os.path.join(gateway.folder, "traced")
    with open(script, "w", encoding="utf-8") as out:
        out.write(f"#!/bin/sh\nexec strace -f -qq -o /dev/null -P {files(gateway)[0]} "
                  f'-e inject={injection} "{support.BINARY}" "$@"\n')
    os.chmod(script, 0o755)
    gateway.binary = script
    # The leak sanitizer is a tracer itself.
    gateway.environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"


def can_trace():
    return run("strace", "-f", "-o", "/dev/null", "true", expect=None).returncode == 0


def test_a_kill_at_any_write_leaves_a_whole_log():
    if not can_trace():
        support.skip("strace may not trace here")
    with gateway_with("flood_window: 1ms") as gateway:
        wait_lines(gateway, action="gateway.start")
        untraced = gateway.binary
        for call_, when in (("pwrite64", 1), ("pwrite64", 3), ("fdatasync", 1), ("fdatasync", 2), ("fdatasync", 4)):
            gateway.kill()
            traced(gateway, f"{call_}:signal=KILL:when={when}")
            gateway.start(wait=False)

            def is_dead():
                run("curl", "-s", "-o", "/dev/null", gateway.url("/ships/sensors/engine-7"), expect=None)
                return gateway.process.poll() is not None
            wait_until(is_dead, f"the end at {call_} {when}")
            verify(gateway)
            before = lines(gateway)[-1]["seq"]
            gateway.binary = untraced
            gateway.start()
            wait_until(lambda: lines(gateway, action="gateway.start")[-1]["seq"] > before, "the start in the log")
            verify(gateway)
        del gateway.environment["ASAN_OPTIONS"]


def test_a_torn_line_is_set_aside_and_said():
    with gateway_with() as gateway:
        wait_lines(gateway, action="gateway.start")
        gateway.kill()
        with open(files(gateway)[-1], "ab") as log:
            log.write(b'{"seq":3,"time":"2026-01-')
        assert "25 bytes" in verify(gateway)
        gateway.start()
        torn, = wait_lines(gateway, action="log.torn")
        assert torn["kind"] == "log" and "25 bytes" in torn["detail"], torn
        with open(os.path.join(folder(gateway), "torn-0000000000000001.txt"), "rb") as aside:
            assert aside.read() == b'{"seq":3,"time":"2026-01-'
        assert "bytes" not in verify(gateway)


def test_a_full_disk_is_said_survived_and_counted():
    if not can_trace():
        support.skip("strace may not trace here")
    with gateway_with("flood_window: 1ms") as gateway:
        wait_lines(gateway, action="gateway.start")
        gateway.signal(signal.SIGTERM)
        gateway.process.wait(support.DEADLINE_S)
        # From now on the disk takes some lines of this file, then none for a while, and then lines again.
        traced(gateway, "pwrite64:error=ENOSPC:when=3..5")
        gateway.start()
        pid = int(re.search(r"pid=(\d+)", gateway.log()).group(1))
        said = False
        for n in range(2000):
            assert call(gateway, f"/ships/sensors/engine-{n}") == 401
            said = said or "audit the log cannot be written" in gateway.log()
            if said and "audit the log is written again" in gateway.log():
                break
        assert "No space left" in gateway.wait_log("audit the log cannot be written"), gateway.log()
        gateway.wait_log("audit the log is written again")
        # All of them are there: they waited.
        wait_lines(gateway, object=f"/ships/sensors/engine-{n}")
        assert {line.get("object") for line in lines(gateway, kind="refusal")} >= \
            {f"/ships/sensors/engine-{i}" for i in range(n)}
        os.kill(pid, signal.SIGTERM)  # strace keeps a SIGTERM to itself
        gateway.process.wait(support.DEADLINE_S)
        verify(gateway)


def test_a_file_that_goes_while_the_gateway_runs_is_said_and_seen():
    with gateway_with("flood_window: 1ms") as gateway:
        last = len(wait_lines(gateway, 2))
        os.unlink(files(gateway)[0])
        call(gateway, "/ships/sensors/engine-7", TOKENS["TOKEN_8"])
        disturbed, = wait_lines(gateway, action="log.disturbed")
        assert f"up to {last}" in disturbed["detail"], disturbed
        assert f"lines 1 to {last} are missing" in verify(gateway, expect=1)


if __name__ == "__main__":
    main(globals())
