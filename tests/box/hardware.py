"""The box's own hardware, as QEMU has it: a serial port on USB that is pulled and put back, lights (those of the keyboard), the hardware watchdog, the number
on the label. The board is one of the test's own, laid out as docs/reference/board.md says."""
import os
import re
import socket
import time

from machine import support

from restarts import YAML, drop_in

ARGUMENTS = ["-smbios", "type=1,manufacturer=Fairlead,product=Box,serial=BOX-4711", "-device", "i6300esb", "-action", "watchdog=reset",
             "-device", "qemu-xhci,id=usb", "-chardev", "socket,id=gps,path=gps.sock,server=on,wait=off"]
BOARD = """title: the box of the test
match: { dmi: [{ vendor: Fairlead, product: Box }] }
identity: [dmi-serial, mac]
serial:
  - { name: gps, device: /dev/ttyUSB0 }
leds:
  running: { led: [LEDS::capslock] }
  link: { led: [LEDS::numlock] }
  fault: { led: [LEDS::scrolllock] }
watchdog: { device: /dev/watchdog0, timeout: 30s }
"""
SENTENCE = b"$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\r\n"
POSTED = "journalctl -b -u fairlead -o cat --no-pager | grep -c ' binary .* POST /ships/nmea/'"


def plug(box):
    box.qmp("device_add", driver="usb-serial", chardev="gps", id="plug", bus="usb.0")
    box.wait("test -c /dev/ttyUSB0", "the port's node")


def posted(box):
    return int(box.run(POSTED, check=False).out)


def light(box, role):
    return int(box.run(f"cat /sys/class/leds/*::{role}/brightness").out)


def sends_until_taken(box, line, before):
    """A port that has just come loses what is sent before it is open: a GPS says it again."""
    end = time.monotonic() + 90
    while posted(box) <= before:
        assert time.monotonic() < end, "no sentence has come"
        line.sendall(SENTENCE)
        time.sleep(0.5)


def test_a_board_of_ones_own(box, fleet):
    leds = re.search(r"(input\d+)::capslock", box.run("ls /sys/class/leds").out)
    assert leds, "there is no keyboard"
    box.put("board.yaml", BOARD.replace("LEDS", leds[1]))
    box.run(f"""set -e
mkdir -p /etc/fairlead/board/box
cp /box/board.yaml /etc/fairlead/board/box
echo FAIRLEAD_BOARDS=/etc/fairlead/board:/usr/share/fairlead/board >>/etc/fairlead/environment
echo 'z /sys/class/dmi/id/product_serial 0440 root fairlead' >/etc/tmpfiles.d/fairlead.conf
systemd-tmpfiles --create /etc/tmpfiles.d/fairlead.conf
export FAIRLEAD_BOARDS=/etc/fairlead/board
fairlead board --udev >/etc/udev/rules.d/99-fairlead.rules
udevadm control --reload && udevadm trigger && udevadm settle
sed -i '/name: demo/d; s|^auth:|  - {{ name: gps, protocol: binary, bind: "serial://gps?baud=4800", frame: /usr/share/fairlead/schemas/frames/nmea0183.ksy }}\\n&|' {YAML}""")
    said = box.run("FAIRLEAD_BOARDS=/etc/fairlead/board fairlead board").out
    assert "the box of the test (box)" in said and "BOX-4711 (dmi-serial)" in said and "/dev/watchdog0, 30 s" in said, said
    box.run("systemctl restart fairlead")
    said = box.run("journalctl -u fairlead -o cat --no-pager -n 40").out
    assert "ready: gateway=BOX-4711 " in said and "lights: running=input" in said, said


def test_a_serial_port_on_usb_is_pulled_and_put_back(box, fleet):
    assert light(box, "scrolllock") == 1 and light(box, "capslock") == 1, "the port is not there yet, and everything else is"
    path = os.path.join(box.folder, "gps.sock")
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(os.path.relpath(path))
        plug(box)
        sends_until_taken(box, line, posted(box))
        box.wait("grep -qx 0 /sys/class/leds/*::scrolllock/brightness", "the fault is over")
        assert box.run("stat -Lc %n /dev/fairlead/gps").out.strip() == "/dev/fairlead/gps"
        # Pulled while sentences come.
        for _ in range(5):
            line.sendall(SENTENCE)
        box.qmp("device_del", id="plug")
        box.wait("! test -e /dev/ttyUSB0", "the node is gone")
        box.wait("grep -qx 1 /sys/class/leds/*::scrolllock/brightness", "somebody has to see to it")
        fleet.put("/kept/pulled", "1")
        plug(box)
        sends_until_taken(box, line, posted(box))
        box.wait("grep -qx 0 /sys/class/leds/*::scrolllock/brightness", "the fault is over again")
        box.qmp("device_del", id="plug")


def test_an_orderly_stop_puts_the_lights_out(box, fleet):
    box.run("systemctl stop fairlead")
    assert [light(box, role) for role in ("capslock", "numlock", "scrolllock")] == [0, 0, 0]
    box.run("systemctl start fairlead")
    assert light(box, "capslock") == 1


def test_the_hardware_watchdog_resets_a_box_whose_gateway_hangs(box, fleet):
    box.run(f"sed -i 's|state: /var/lib/fairlead|&\\n  watchdog: true|' {YAML}")
    with drop_in(box, "DeviceAllow=char-watchdog rw\\nWatchdogSec=0"):
        box.run("systemctl restart fairlead")
        said = box.run("journalctl -u fairlead -o cat --no-pager -n 40").out
        assert "watchdog" in said and "cannot" not in said, said
        # A stop in order is no reason, and so is a time longer than the watchdog's without anything to do.
        box.run("systemctl stop fairlead; sleep 35; systemctl start fairlead")
        time.sleep(35)
        fleet.put("/kept/watchdog", "1")
        boot = box.run("cat /proc/sys/kernel/random/boot_id; kill -STOP $(pidof fairlead)").out
        box.wait_up()
        assert box.run("cat /proc/sys/kernel/random/boot_id").out != boot
        box.wait("systemctl is-active fairlead", "the service")
        assert fleet.get("/kept/watchdog") == "1"
    box.run(f"sed -i '/watchdog: true/d' {YAML}; systemctl restart fairlead")
    assert support.curl(fleet.url("/kept/watchdog"))[0] == 200
