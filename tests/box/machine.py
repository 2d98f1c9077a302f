"""A whole machine: Debian with its own kernel and systemd in QEMU, of which the disk of this run is a layer over the cached image.

What it is told goes over three lines: `run()` has a shell in the guest on a virtio-serial port (image has the other end), `qmp()`
is QEMU's own protocol (cut the power, pull a USB plug), and /box in the guest is the folder of the run on the host, over 9p. Its
network is QEMU's user mode: what is in .ports leads from 127.0.0.1 into the guest, and no route leads out of it.

The emulation is TCG, or KVM where a kernel gets as far in a few seconds: nested KVM can be a hundred times slower than none."""
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.abspath(os.path.join(HERE, "..", ".."))
sys.path.insert(0, os.path.join(SOURCE, "tests", "e2e"))

import support  # noqa: E402  (the clients and helpers of the end-to-end tests)

BOOT_S, COMMAND_S, WAIT_S = 300, 300, 90
MEMORY = "768M"
QEMU = "qemu-system-x86_64"


def accelerated(image, folder):
    """['-accel', …]: KVM if a kernel without a root comes to its panic within 8 s under it."""
    wanted = os.environ.get("BOX_ACCEL")
    if not wanted and os.access("/dev/kvm", os.R_OK | os.W_OK):
        probe = subprocess.Popen(
            [QEMU, "-accel", "kvm", "-cpu", "host", "-m", "256M", "-nodefaults", "-display", "none", "-no-reboot",
             "-kernel", os.path.join(image, "vmlinux"), "-append", "panic=-1 quiet"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=folder)
        try:
            wanted = "kvm" if probe.wait(8) == 0 else "tcg"
        except subprocess.TimeoutExpired:
            probe.kill()
            probe.wait()
            wanted = "tcg"
    return ["-accel", "kvm", "-cpu", "host"] if wanted == "kvm" else ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max"]


class Done:
    def __init__(self, code, out):
        self.code, self.out = code, out


class Line:
    """One of QEMU's sockets, line by line."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        support.wait_until(lambda: os.path.exists(path), path)
        self.socket.connect(path)
        self.waiting = b""

    def write(self, text):
        self.socket.sendall(text.encode() + b"\n")

    def read(self, seconds):
        """The next line; TimeoutError, or EOFError when QEMU is gone."""
        end = time.monotonic() + seconds
        while b"\n" not in self.waiting:
            self.socket.settimeout(max(0.01, end - time.monotonic()))
            got = self.socket.recv(1 << 16)
            if not got:
                raise EOFError("QEMU has closed the line")
            self.waiting += got
        line, _, self.waiting = self.waiting.partition(b"\n")
        return line.decode()


class Machine:
    """`forwards`: ports of the guest, "8080" or "5683/udp". `extra`: more arguments for QEMU."""

    def __init__(self, image, folder, forwards, extra=()):
        self.image, self.folder, self.extra = image, folder, list(extra)
        self.share = os.path.join(folder, "box")
        os.makedirs(self.share, exist_ok=True)
        self.disk = os.path.join(folder, "disk.qcow2")
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", os.path.realpath(os.path.join(image, "root.img")), self.disk], check=True)
        self.ports = {}
        for forward in forwards:
            kind = socket.SOCK_DGRAM if forward.endswith("/udp") else socket.SOCK_STREAM
            self.ports[forward] = support.free_port("127.0.0.1", kind)
        self.accel = accelerated(image, folder)
        self.process = self.shell = self.monitor = None
        self.boots, self.clock = 0, "utc"
        # What the guest has flushed need not be on the host's disk: QEMU may be killed here, and the host goes on.
        self.drive = ["-drive", f"file={self.disk},if=virtio,cache=unsafe"]

    def arguments(self):
        forwards = "".join(f",hostfwd={'udp' if name.endswith('/udp') else 'tcp'}:127.0.0.1:{port}-10.0.2.15:{name.split('/')[0]}"
                           for name, port in self.ports.items())
        return [QEMU, *self.accel, "-rtc", f"base={self.clock}", "-m", MEMORY, "-smp", os.environ.get("BOX_CPUS", "2"), "-nodefaults", "-display", "none", "-no-shutdown",
                "-kernel", os.path.join(self.image, "vmlinux"), "-initrd", os.path.join(self.image, "initrd.gz"),
                "-append", "console=ttyS0 quiet systemd.show_status=0 systemd.journald.forward_to_console=0 mitigations=off",
                *self.drive,
                "-chardev", f"file,id=console,path={self.folder}/console.log,append=on", "-serial", "chardev:console",
                "-device", "virtio-serial", "-chardev", "socket,id=shell,path=shell.sock,server=on,wait=off",
                "-device", "virtserialport,chardev=shell,name=box", "-qmp", "unix:qmp.sock,server=on,wait=off",
                "-virtfs", f"local,path={self.share},mount_tag=box,security_model=none",
                "-netdev", f"user,id=net{forwards}", "-device", "virtio-net-pci,netdev=net,romfile=", *self.extra]

    def start(self):
        """Power on; until all is up."""
        for name in ("shell.sock", "qmp.sock"):
            if os.path.exists(os.path.join(self.folder, name)):
                os.unlink(os.path.join(self.folder, name))
        here = os.getcwd()
        os.chdir(self.folder)  # short names for the sockets
        try:
            with open("qemu.log", "ab") as log:
                self.process = subprocess.Popen(self.arguments(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            self.monitor, self.shell = Line("qmp.sock"), Line("shell.sock")
        finally:
            os.chdir(here)
        assert "QMP" in self.monitor.read(support.DEADLINE_S)
        self.qmp("qmp_capabilities")
        self.wait_up()

    def wait_up(self):
        """Until the guest has come up and systemd has nothing more to start."""
        began = time.monotonic()
        line = self.shell.read(BOOT_S)
        while not line.startswith("up "):
            line = self.shell.read(BOOT_S)
        self.boots += 1
        state = self.run("systemctl is-system-running --wait", check=False).out.strip()
        print(f"  (up after {time.monotonic() - began:.0f} s: {state})", flush=True)
        return state

    def qmp(self, command, **arguments):
        self.monitor.write(json.dumps({"execute": command, "arguments": arguments}))
        while True:
            answer = json.loads(self.monitor.read(support.DEADLINE_S))
            if "error" in answer:
                raise AssertionError(f"{command}: {answer['error']}")
            if "return" in answer:
                return answer["return"]

    def run(self, script, check=True, seconds=COMMAND_S):
        """Runs a script of bash's as root; what it prints comes back."""
        self.shell.write(base64.b64encode(script.encode()).decode())
        code, _, printed = self.shell.read(seconds).partition(" ")
        done = Done(int(code), base64.b64decode(printed).decode(errors="replace"))
        assert not check or done.code == 0, f"{script}\nended with {code}:\n{done.out}"
        return done

    def wait(self, script, what, seconds=WAIT_S):
        """Until the script ends with 0."""
        end = time.monotonic() + seconds
        done = self.run(script, check=False)
        while done.code != 0:
            assert time.monotonic() < end, f"waited in vain: {what}\n{done.out}"
            time.sleep(0.3)
            done = self.run(script, check=False)
        return done.out

    def put(self, name, content):
        """A file in /box of the guest."""
        with open(os.path.join(self.share, name), "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode())

    def reboot(self):
        self.run("(sleep 1; systemctl reboot) >/dev/null 2>&1 &")
        self.wait_up()

    def close(self):
        """As a power cut is: nothing is written any more."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Load:
    """Callers that go on until they are told to stop; `one(index)` makes a request and raises when it fails."""

    def __init__(self, one, callers=4):
        self.one, self.ended = one, threading.Event()
        self.done, self.failed = 0, []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.call, args=(index,)) for index in range(callers)]

    def call(self, index):
        while not self.ended.is_set():
            try:
                self.one(index)
                with self.lock:
                    self.done += 1
            except Exception as error:  # whatever it is, it is a request that failed
                with self.lock:
                    self.failed.append(f"{type(error).__name__}: {error}")
                self.ended.wait(0.1)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def remove(folder):
    shutil.rmtree(folder, ignore_errors=True)
