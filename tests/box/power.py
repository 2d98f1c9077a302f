"""The machine goes down and comes back: in order, by a power cut, with a clock that is lost. What was acknowledged is there.

THE CUT IS ONE OF THE DISK'S POWER TOO: a disk keeps what it was told to flush, and of the rest what it likes. QEMU logs every write
and every flush (blklogwrites); after the cut the disk is made anew from how it was before, with the writes up to the last
flush and none of those after it."""
import os
import shutil
import struct
import subprocess
import time

from machine import support

from restarts import all_there, go_on, load

WRITTEN, SECTOR = 0x6A736677736872, 512
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8


def command_for_a_valve(fleet, n):
    """Acknowledged with 202, the command waits on the disk for a device that is away."""
    code = support.curl("-X", "PUT", *fleet.operator(), "--json", f'{{"open":{n}}}', fleet.url("/ships/actuators/valve-3"))[0]
    assert code == 202, code


def valve_gets(fleet, n):
    """The valve comes, as it would to a session that it has kept, and is given the commands in their order."""
    valve = subprocess.Popen(
        ["mosquitto_sub", "-V", "mqttv311", "-q", "1", "-h", "127.0.0.1", "-p", str(fleet.ports["1883"]), "-i", "valve-3", "-u", "valve-3",
         "-P", fleet.secret("valve-3.token"), "-t", "ships/actuators/valve-3", "-C", str(n), "-W", "60"], stdout=subprocess.PIPE, encoding="utf-8")
    got = valve.communicate(timeout=90)[0].split("\n")[:-1]
    assert got == [f'{{"open":{i}}}' for i in range(n)], got


def test_a_reboot_keeps_what_waits(box, fleet):
    for n in range(5):
        command_for_a_valve(fleet, n)
    fleet.put("/kept/reboot", '"before"')
    box.reboot()
    box.wait("systemctl is-active fairlead", "the service comes with the machine")
    assert fleet.get("/kept/reboot") == '"before"'
    valve_gets(fleet, 5)


def entries_of(log):
    """[(sector, sectors, flags, where its bytes are)]. The log's own count is brought up to date with flushes alone, so it is read on until
    there is nothing: the file was all zeros, and an entry without sectors and flags is none."""
    magic, _, counted, size = struct.unpack("<QQQI", log.read(28))
    assert (magic, size) == (WRITTEN, SECTOR), (magic, size)
    found, at = [], SECTOR
    while True:
        log.seek(at)
        head = log.read(32)
        sector, sectors, flags, _ = struct.unpack("<QQQQ", head) if len(head) == 32 else (0, 0, 0, 0)
        if not sectors and not flags:
            assert len(found) >= counted, (len(found), counted)
            return found
        found.append((sector, sectors, flags, at + SECTOR))
        at += SECTOR + (0 if flags & (DISCARD | MARK) else sectors * SECTOR)


def replay(log, disk):
    """Onto the disk as it was, what the log has up to the last flush; (flushes, KiB written, KiB of writes that are left out)."""
    with open(log, "rb") as entries, open(disk, "r+b") as out:
        found = entries_of(entries)
        flushes = [i for i, entry in enumerate(found) if entry[2] & FLUSH]
        until = flushes[-1] + 1
        for sector, sectors, flags, where in found[:until]:
            if sectors and not flags & (DISCARD | MARK):
                entries.seek(where)
                out.seek(sector * SECTOR)
                out.write(entries.read(sectors * SECTOR))
        written, left = (sum(entry[1] for entry in part if not entry[2] & (DISCARD | MARK)) * SECTOR >> 10 for part in (found[:until], found[until:]))
        return len(flushes), written, left


def test_a_power_cut_loses_nothing_that_was_acknowledged(box, fleet):
    log, before, after = (os.path.join(box.folder, name) for name in ("writes", "before.raw", "after.raw"))
    box.run("(sleep 1; systemctl poweroff) >/dev/null 2>&1 &")
    support.wait_until(lambda: box.qmp("query-status")["status"] == "shutdown", "the machine is off", 120)
    box.close()
    subprocess.run(["qemu-img", "convert", "-O", "raw", box.disk, before], check=True)
    subprocess.run(["qemu-img", "create", "-q", "-f", "raw", log, "4G"], check=True)
    shutil.copyfile(before, after)
    drive = box.drive
    box.drive = ["-blockdev", f"driver=file,filename={after},node-name=after,cache.no-flush=on", "-blockdev", f"driver=file,filename={log},node-name=writes,cache.no-flush=on",
                 "-blockdev", "driver=raw,file=after,node-name=plain", "-blockdev", "driver=raw,file=writes,node-name=plain-writes",
                 "-blockdev", "driver=blklogwrites,file=plain,log=plain-writes,node-name=disk", "-device", "virtio-blk-pci,drive=disk"]
    box.start()
    box.wait("systemctl is-active fairlead", "the service")
    with load(fleet, "cut") as running:
        go_on(running)
        for n in range(5):
            command_for_a_valve(fleet, n)
        go_on(running)
        acknowledged = running.kept()
        box.close()
    flushes, written, left = replay(log, before)
    print(f"  ({len(acknowledged)} acknowledged; {flushes} flushes, {written} KiB written up to the last one, {left} KiB after it left out)", flush=True)
    os.unlink(log)
    os.unlink(after)
    box.disk, box.drive = before, drive[:-1] + [f"file={before},format=raw,if=virtio,cache=unsafe"]
    box.start()
    box.wait("systemctl is-active fairlead", "the service")
    all_there(fleet, acknowledged)
    valve_gets(fleet, 5)


def test_a_clock_in_1970_believes_no_time_before_the_build(box, fleet):
    box.run("timedatectl set-ntp false; rm -f /var/lib/systemd/timesync/clock; sync")
    box.close()
    box.clock = "1970-01-01T00:10:00"
    box.start()
    box.wait("systemctl is-active fairlead", "the service")
    status = support.curl(*fleet.operator(), fleet.url("/ships/sensors/engine-7"))[0]
    assert status in (200, 404), status
    fleet.put("/kept/clock", "1")
    # systemd believes no time before its own build, either; ours is later.
    now, _, said = box.run("date +%s; journalctl -b -u fairlead -o cat --no-pager").out.partition("\n")
    assert int(now) < time.time() - 3600 and "clock is behind the day on which this program was built" in said, (now, said)
    box.close()
    box.clock = "utc"
    box.start()
