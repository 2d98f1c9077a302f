"""The board's lights: running, link and fault, in a folder that looks like /sys. They follow what happens; that they are not
there, or cannot be written, is said once and harms nothing."""
import os
import re
import signal
import subprocess

import support
from support import Gateway, RestBackend, curl, wait_until
from support_board import Machine
from support_lines import NMEA_KSY, Port

BOARD = """
title: a box of the test's
serial: [{ name: nmea, device: /dev/ttyNMEA }]
leds:
  running: { led: [older-name, "green:running"] }
  link: { led: "green:link", inverted: true }
  fault: { led: "red:fault" }
watchdog: { device: /dev/watchdog0, timeout: 15s }
"""


class Box(Machine):
    def __init__(self, leds=("green:running", "green:link", "red:fault")):
        super().__init__()
        self.file("boards/mine/board.yaml", BOARD)
        self.environment["FAIRLEAD_BOARDS"] = os.path.join(self.root, "boards")
        for name in leds:
            self.led(name)

    def led(self, name):
        self.file(f"sys/class/leds/{name}/trigger", "none [heartbeat] timer\n")
        self.file(f"sys/class/leds/{name}/max_brightness", "1\n")
        self.file(f"sys/class/leds/{name}/brightness", "1\n")

    def word(self, name, file="brightness"):
        # A file of /sys is as long as what was written last; this one keeps the rest of what was longer.
        with open(os.path.join(self.root, "sys/class/leds", name, file), encoding="ascii") as file_of_led:
            return file_of_led.read().split("\n")[0]

    def lights(self):
        """Which ones shine."""
        shine = {"running": self.word("green:running") == "1", "link": self.word("green:link") == "0",
                 "fault": self.word("red:fault") == "1"}
        return " ".join(name for name, on in shine.items() if on)

    def wait(self, lights):
        wait_until(lambda: self.lights() == lights, f"the lights are {lights!r}; now {self.lights()!r}")


def can_trace():
    return subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], check=False, stderr=subprocess.DEVNULL).returncode == 0


def configuration(backend, gateway="", listeners=""):
    return f"""
gateway: {{ name: test, board: mine{gateway} }}
listeners:
  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}" }}
{listeners}
auth: {{ line: {{ method: line }} }}
clients: [{{ id: gps }}]
backends:
  telemetry: {{ protocol: rest, targets: [{{ url: {backend} }}], timeout: 2s }}
endpoints:
  - {{ name: open, path: "/open/{{device}}", methods: [POST], auth: [none], to: telemetry }}
"""


def post(gateway):
    return curl(gateway.url("/open/x"), "--json", "{}")[0]


def test_running_goes_on_when_it_is_ready_and_out_when_it_stops():
    with Box() as box:
        backend = RestBackend()
        with Gateway(configuration(backend.url), environment=box.environment) as gateway:
            box.wait("running link")
            assert "lights: running=green:running link=green:link fault=red:fault" in gateway.log()
            for name in ("green:running", "green:link", "red:fault"):
                assert box.word(name, "trigger") == "none"
            gateway.stop()
            assert box.lights() == ""
        backend.close()


def test_a_crash_leaves_them_until_the_next_start():
    with Box() as box:
        backend = RestBackend()
        with Gateway(configuration(backend.url), environment=box.environment) as gateway:
            box.wait("running link")
            gateway.kill()
            assert box.lights() == "running link"
            gateway.start()
            box.wait("running link")
        backend.close()


def test_link_goes_out_when_the_service_cannot_be_reached_and_comes_back():
    with Box() as box:
        # Each call has a connection of its own, so that nothing is left of the service when it goes.
        backend = RestBackend(answer=lambda seen: (503, {"Connection": "close"}, b""))
        with Gateway(configuration(backend.url), environment=box.environment) as gateway:
            assert post(gateway) == 503
            box.wait("running link")  # it is ill, but there
            address, port = backend.address, backend.port
            backend.close()
            for _ in range(3):
                assert post(gateway) == 502
            box.wait("running")
            gateway.reload()
            backend = RestBackend(address=address, port=port)
            box.wait("running")
            assert post(gateway) == 200
            box.wait("running link")
        backend.close()


def test_fault_while_the_configuration_of_the_last_reload_was_refused():
    with Box() as box:
        backend = RestBackend()
        with Gateway(configuration(backend.url), environment=box.environment) as gateway:
            box.wait("running link")
            gateway.write("nonsense: true\n")
            gateway.reload()
            box.wait("running link fault")
            gateway.wait_log("the fault light is on: the last configuration was refused")
            gateway.write(configuration(backend.url))
            gateway.reload()
            box.wait("running link")
            gateway.wait_log("the fault light is out")
        backend.close()


def test_fault_while_a_serial_port_is_away():
    line = (f'  - {{ name: line, protocol: binary, bind: "serial://nmea", frame: {NMEA_KSY}, path: "/open/{{device}}", device: gps, '
            'retry: 20ms }')
    with Box() as box:
        backend = RestBackend()
        path = os.path.join(box.root, "dev", "ttyNMEA")
        os.makedirs(os.path.dirname(path))
        with Gateway(configuration(backend.url, listeners=line), environment=box.environment) as gateway:
            for _ in range(2):
                box.wait("running link fault")
                gateway.wait_log("the fault light is on: a listener is down")
                port = Port(path)
                box.wait("running link")
                port.pull()
        backend.close()


def test_fault_while_the_state_cannot_be_written():
    if not can_trace():
        support.skip("strace may not trace here")
    with Box() as box:
        kept = 'endpoints:\n  - { name: kept, path: "/kept/{device}", methods: [PUT], auth: [none], keep: last }\n'
        text = configuration("http://127.0.0.1:9", ", state: state").replace("endpoints:\n", kept) + "audit: { off: true }\n"
        with Gateway(text, environment=box.environment) as gateway:
            box.wait("running link")
            gateway.signal(signal.SIGTERM)
            gateway.process.wait(support.DEADLINE_S)
            # The disk is full for some writes, and then it is not.
            gateway.binary = os.path.join(gateway.folder, "traced")
            with open(gateway.binary, "w", encoding="utf-8") as script:
                script.write("#!/bin/sh\nexec strace -f -qq -o /dev/null -e trace=pwrite64 "
                             f'-e inject=pwrite64:error=ENOSPC:when=40..46 "{support.BINARY}" "$@"\n')
            os.chmod(gateway.binary, 0o755)
            gateway.environment["ASAN_OPTIONS"] = "detect_leaks=0"  # which cannot trace what is traced
            gateway.start()
            for number in range(200):
                curl(gateway.url("/kept/x"), "--json", f"[{number}]", "-X", "PUT")
                if "the fault light is out" in gateway.log():
                    break
            gateway.wait_log("the fault light is on: the state cannot be written")
            gateway.wait_log("the fault light is out")
            box.wait("running link")
            # strace keeps a SIGTERM to itself.
            os.kill(int(re.findall(r"ready:.*pid=(\d+)", gateway.log())[-1]), signal.SIGTERM)
            gateway.process.wait(support.DEADLINE_S)


def test_a_start_that_fails_leaves_the_fault_light_on():
    with Box() as box:
        backend = RestBackend()
        with Gateway(configuration(backend.url), environment={}, wait=False) as first:
            # Without the boards, `board: mine` is a mistake; with them another gateway has the port.
            wait_until(lambda: first.process.poll() == 2, "it has no board")
            first.environment.update(box.environment)
            first.start()
            box.wait("running link")
            taken = first.port("web")
            other = Gateway(configuration(backend.url).replace("{address}:{port_web}", f"{first.address}:{taken}"),
                            environment=box.environment, wait=False)
            wait_until(lambda: other.process.poll() == 1, "it cannot start")
            box.wait("fault")
            other.stop(expect=1)
        backend.close()


def test_lights_that_are_not_there():
    with Box(leds=()) as box:
        backend = RestBackend()
        with Gateway(configuration(backend.url), environment=box.environment) as gateway:
            assert post(gateway) == 200
            said = [line for line in gateway.lines if "lights:" in line]
            assert len(said) == 1 and "running=older-name (not there) link=green:link (not there)" in said[0], said
            # They come later (a driver that is loaded late): the next reload finds them.
            for name in ("green:running", "green:link", "red:fault"):
                box.led(name)
            gateway.reload()
            box.wait("running link")
        backend.close()


def test_a_light_that_cannot_be_written():
    with Box() as box:
        backend = RestBackend()
        path = os.path.join(box.root, "sys/class/leds/green:running/brightness")
        os.unlink(path)
        os.symlink("/proc/version" if os.geteuid() == 0 else path, path)
        with Gateway(configuration(backend.url), environment=box.environment) as gateway:
            assert post(gateway) == 200
            said = [line for line in gateway.lines if "lights:" in line]
            assert len(said) == 1 and "running=green:running (" in said[0] and "link=green:link fault" in said[0], said
            assert box.word("green:link") == "0"
        backend.close()


def test_a_watchdog_that_cannot_be_had_is_a_fault():
    with Box() as box:
        backend = RestBackend()
        with Gateway(configuration(backend.url, ", watchdog: true"), environment=box.environment) as gateway:
            box.wait("running link fault")
            gateway.wait_log("gateway.watchdog: " + box.root + "/dev/watchdog0: its device is not there")
            gateway.wait_log("the fault light is on: there is no hardware watchdog")
            box.file("dev/watchdog0", "no device")
            gateway.reload()
            gateway.wait_log("this is no watchdog")
            with open(os.path.join(box.root, "dev/watchdog0"), encoding="ascii") as device:
                assert device.read() == "no device"
            gateway.write(configuration(backend.url))
            gateway.reload()
            box.wait("running link")
            assert post(gateway) == 200
        backend.close()


if __name__ == "__main__":
    support.main(globals())
