"""The init script for boxes without systemd: starts, reloads, tells about and stops the real gateway, under dash and BusyBox."""
import os
import shutil
import signal
import subprocess
import tempfile

import support
from support import RestBackend, curl, fleet, free_port, own_address, run, wait_until

SCRIPT = os.path.join(support.SOURCE, "board", "init.d", "fairlead")
SHELLS = [["dash"]] + ([["busybox", "sh"]] if shutil.which("busybox") else [])
USER = "root" if os.geteuid() == 0 else ""


class Box:
    """A box's files in a temporary folder, and the script on it, with BusyBox's tools where its shell is."""

    def __init__(self, shell):
        self.shell = shell
        self.folder = tempfile.mkdtemp(prefix="fairlead-init-")
        self.address, self.backend = own_address(), RestBackend()
        self.port = free_port(self.address)
        self.path = os.path.join(self.folder, "fairlead.yaml")
        self.log = os.path.join(self.folder, "log")
        self.pidfile = os.path.join(self.folder, "pid")
        self.write()
        settings = {"DAEMON": support.BINARY, "CONFIGURATION": self.path, "ENVIRONMENT": os.path.join(self.folder, "environment"),
                    "STATE": os.path.join(self.folder, "state"), "RUN_AS": USER, "PIDFILE": self.pidfile, "LOG": self.log}
        with open(os.path.join(self.folder, "default"), "w", encoding="ascii") as out:
            out.writelines(f"{name}='{value}'\n" for name, value in settings.items())
        with open(os.path.join(self.folder, "environment"), "w", encoding="ascii") as out:
            out.writelines(f"{name}={value}\n" for name, value in support.TOKENS.items())
        tools = os.path.join(self.folder, "bin")
        os.mkdir(tools)
        if shell[0] == "busybox":
            for tool in ("start-stop-daemon", "setsid", "mkfifo", "mkdir", "chmod", "chown", "rm", "sleep", "kill"):
                os.symlink(shutil.which("busybox"), os.path.join(tools, tool))
        self.environment = dict(os.environ, FAIRLEAD_DEFAULTS=os.path.join(self.folder, "default"),
                                PATH=tools + ":" + os.environ["PATH"] + ":/usr/sbin:/sbin")

    def write(self, extra=""):
        listener = f'  - {{ name: web, protocol: http, bind: "{self.address}:{self.port}" }}\n' + extra
        with open(self.path, "w", encoding="utf-8") as out:
            out.write(fleet(self.backend.url, listener))

    def __call__(self, *words, expect=0):
        return run(*self.shell, SCRIPT, *words, expect=expect, env=self.environment)

    def pid(self):
        with open(self.pidfile, encoding="ascii") as text:
            return int(text.read())

    def said(self):
        with open(self.log, encoding="utf-8") as text:
            return text.read()

    def answers(self):
        return curl(f"http://{self.address}:{self.port}/open/x")[0] == 200

    def __enter__(self):
        return self

    def __exit__(self, *about):
        if os.path.exists(self.pidfile):
            try:
                os.kill(self.pid(), signal.SIGKILL)
            except (ProcessLookupError, ValueError):
                pass
        self.backend.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def gone(pid):
    return not os.path.exists(f"/proc/{pid}") or "Z (zombie)" in open(f"/proc/{pid}/status", encoding="ascii").read()


def test_the_life_of_a_gateway():
    for shell in SHELLS:
        with Box(shell) as box:
            assert "is not running" in box("status", expect=3).out
            box("stop")  # LSB: that it does not run is no failure
            box("start")
            wait_until(lambda: "ready:" in box.said(), "ready")
            first = box.pid()
            assert box.answers() and f"process {first}" in box("status").out
            box("start")  # nor is that it runs
            assert box.pid() == first
            box.write(f'  - {{ name: second, protocol: http, bind: "{box.address}:{free_port(box.address)}" }}\n')
            box("reload")
            wait_until(lambda: "configuration read again: 2 listeners" in box.said(), "the reload")
            box.write("  - { nonsense: 1 }\n")
            assert "fairlead.yaml:" in box("reload", expect=6).err
            assert box.answers() and box.pid() == first
            box.write()
            box("restart")
            wait_until(lambda: box.said().count("ready:") == 2, "ready again")
            second = box.pid()
            assert second != first and gone(first) and box.answers()
            box("stop")
            assert gone(second) and not os.path.exists(box.pidfile) and box.said().rstrip().endswith("stopped")
            box("status", expect=3)


def test_what_cannot_start_is_said():
    for shell in SHELLS:
        with Box(shell) as box:
            box.write("  - { nonsense: 1 }\n")
            assert "fairlead.yaml:" in box("start", expect=6).err
            box.write()
            with support.socket.socket() as other:
                other.bind((box.address, box.port))
                other.listen()
                assert "did not start" in box("start", expect=1).out
            assert "address already in use" in box.said() and not os.path.exists(box.pidfile), box.said()
            assert "Usage" in box("nonsense", expect=2).err
            # The process that a pidfile names may have been anybody's since.
            other = subprocess.Popen(["sleep", "60"])
            with open(box.pidfile, "w", encoding="ascii") as out:
                out.write(f"{other.pid}\n")
            assert "has left" in box("status", expect=1).out
            box("stop")
            assert other.poll() is None, "another process was stopped"
            other.kill()
            other.wait()


def test_a_gateway_that_does_not_end_is_killed():
    with Box(SHELLS[-1]) as box:
        with open(os.path.join(box.folder, "default"), "a", encoding="ascii") as out:
            out.write("STOP_SECONDS=1\n")
        box("start")
        pid = box.pid()
        os.kill(pid, signal.SIGSTOP)
        assert "killed" in box("stop").out
        wait_until(lambda: gone(pid), "the end")


if __name__ == "__main__":
    support.main(globals())
