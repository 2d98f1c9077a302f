"""Whoever changes the audit log afterwards is found out: a byte, a line, two that were swapped, a file, and the end of it
when a head was noted elsewhere. What retention has removed is told from that."""
import os
import re
import shutil
import signal

import support
from support import TOKENS, main, run
from support_audit import audit, call, files, folder, gateway_with, lines, verify, wait_lines


def a_log(gateway):
    """Stops it with some lines in its log; the file's path and its lines."""
    for device in range(1, 6):
        call(gateway, f"/ships/sensors/engine-{device}", TOKENS["TOKEN_CAPTAIN"])
        gateway.reload()
    call(gateway, "/ships/sensors/engine-1")
    gateway.signal(signal.SIGTERM)
    gateway.process.wait(support.DEADLINE_S)
    path, = files(gateway)
    with open(path, "rb") as log:
        return path, log.read().split(b"\n")[:-1]


def write(path, content):
    with open(path, "wb") as log:
        log.write(b"".join(line + b"\n" for line in content))


def broken(gateway, number, why):
    said = verify(gateway, expect=1)
    assert re.match(rf"audit-0000000000000001\.jsonl:{number}: ", said) and why in said, said


def test_a_byte_a_line_and_an_order():
    with gateway_with() as gateway:
        path, whole = a_log(gateway)
        assert len(whole) >= 8
        verify(gateway)
        for index, line in enumerate(whole):
            changed = line.replace(b'"kind":"', b'"kind":"A', 1)
            write(path, whole[:index] + [changed] + whole[index + 1:])
            broken(gateway, index + 1, "was changed")
        write(path, whole[:3] + whole[4:])
        broken(gateway, 4, "taken out")
        write(path, whole[:3] + [whole[4], whole[3]] + whole[5:])
        broken(gateway, 4, "taken out")
        write(path, whole[:4] + whole[3:])
        broken(gateway, 5, "put in or moved")
        write(path, whole[:4] + [b"nonsense"] + whole[4:])
        broken(gateway, 5, "no line of an audit log")
        # A line that hides itself behind the number and the hash of another.
        forged = re.sub(rb'"seq":5', b'"seq":4', whole[4])
        write(path, whole[:3] + [forged] + whole[5:])
        broken(gateway, 4, "was changed")
        write(path, whole)
        assert "whole" in verify(gateway)


def test_an_end_that_is_missing_is_seen_against_a_noted_head():
    with gateway_with() as gateway:
        path, whole = a_log(gateway)
        head = re.search(r"audit head=(\S+)", gateway.log().split("stopped")[-1]).group(1)
        assert "whole" in verify(gateway, "--head", head)
        write(path, whole[:-2])
        assert "whole" in verify(gateway)
        assert "lines at the end are missing" in verify(gateway, "--head", head, expect=1)
        write(path, whole)
        other = head[:-1] + ("0" if head[-1] != "0" else "1")
        assert "not the one" in verify(gateway, "--head", other, expect=1)
        for wrong in ("7", "7:abc", ":" + head.split(":")[1], "x" + head, "-" + head, head + "0"):
            assert "Usage" in audit("verify", "--dir", folder(gateway), "--head", wrong, expect=2).err, wrong


def test_the_oldest_files_go_and_the_log_says_so():
    with gateway_with("file_size: 64KiB, keep: 2, flood_window: 1ms") as gateway:
        # Each address is a peer of its own; each call of one a line, so short is the window.
        for _ in range(100):
            if lines(gateway, action="log.removed"):
                break
            run("curl", "-s", "-o", "/dev/null", gateway.url("/ships/sensors/engine-[1-100]"))
            verify(gateway)
        removed = wait_lines(gateway, action="log.removed")
        # It goes on while the gateway runs.
        said = verify(gateway)
        assert f"lines 1 to {removed[-1]['to']} were removed by retention" in said, said
        gateway.signal(signal.SIGTERM)
        gateway.process.wait(support.DEADLINE_S)
        there = files(gateway)
        assert len(there) == 2 and all(os.path.getsize(path) <= 65536 for path in there), there
        first = lines(gateway)[0]
        assert first["action"] == "log.begin" and len(first["previous"]) == 64, first
        # What was removed by somebody else is not excused by that.
        kept = os.path.join(gateway.folder, "kept")
        shutil.move(there[0], kept)
        assert "no line says that retention removed them" in verify(gateway, expect=1)
        shutil.move(kept, there[0])
        verify(gateway)
        head = first["previous"]
        assert "whole" in verify(gateway, "--head", f"{first['seq'] - 1}:{head}")
        assert "removed by retention" in verify(gateway, "--head", f"1:{head}", expect=1)


if __name__ == "__main__":
    main(globals())
