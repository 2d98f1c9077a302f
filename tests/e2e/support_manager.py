"""A service manager as far as sockets go: it keeps the descriptors that it is given under their names (FDSTORE=1), forgets
them (FDSTOREREMOVE=1), and starts the gateway with them again, as systemd's descriptor store does."""
import array
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

import support

# LISTEN_PID is the number of the process that reads it, which is known only once it is there: 3, 4, … are put in place, and
# the gateway takes the place of this program.
LAUNCHER = """
import os, sys
fds, names, command = sys.argv[1], sys.argv[2], sys.argv[3:]
spare = [os.dup2(int(fd), 200 + i) for i, fd in enumerate(fds.split(",")) if fd]
for i, fd in enumerate(spare):
    os.dup2(fd, 3 + i)
os.closerange(3 + len(spare), 300)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(spare)), LISTEN_FDNAMES=names)
os.execv(command[0], command)
"""


class Manager:
    """The gateway is started and stopped by it. `capacity`: as FileDescriptorStoreMax=."""

    def __init__(self, gateway, capacity=64):
        self.gateway, self.capacity = gateway, capacity
        self.folder = tempfile.mkdtemp(prefix="fairlead-manager-")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(os.path.join(self.folder, "notify"))
        gateway.environment["NOTIFY_SOCKET"] = os.path.join(self.folder, "notify")
        self.stored = {}  # by name: descriptors
        self.removed = []
        self.ready = threading.Semaphore(0)
        self.over = False
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while True:
            data, control, _flags, _address = self.socket.recvmsg(65536, socket.CMSG_SPACE(64))
            fds = array.array("i")
            for level, kind, bytes_ in control:
                assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS), control
                fds.frombytes(bytes_)
            lines = dict(line.split("=", 1) for line in data.decode().split("\n"))
            if self.over:
                return
            if "FDSTORE" in lines:
                self._store(lines, list(fds))
            if "FDSTOREREMOVE" in lines:
                self.removed.append(lines["FDNAME"])
                for fd in self.stored.pop(lines["FDNAME"], []):
                    os.close(fd)
            if "READY" in lines:
                self.ready.release()

    def _store(self, lines, fds):
        name = lines["FDNAME"]
        # What systemd asks of a name, and how it would watch the descriptor (FDPOLL=0: not at all).
        assert len(name) < 256 and ":" not in name and name.isascii() and name.isprintable(), name
        assert lines["FDPOLL"] == "0" and len(fds) == 1, lines
        if sum(len(kept) for kept in self.stored.values()) >= self.capacity:
            os.close(fds[0])
        else:
            self.stored.setdefault(name, []).extend(fds)

    def launch(self, extra=()):
        """Starts the gateway with what is stored and `extra`: sockets by name, as those of a .socket unit. It may fail."""
        pairs = [(name, fd) for name, kept in self.stored.items() for fd in kept]
        pairs += [(name, sock.fileno()) for name, sock in extra]
        gateway = self.gateway
        gateway.lines, gateway.printed = [], []
        gateway.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, ",".join(str(fd) for _, fd in pairs), ":".join(name for name, _ in pairs),
             gateway.binary, "run", "-c", gateway.path], cwd=gateway.folder, env=gateway.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, pass_fds=[fd for _, fd in pairs])
        gateway._readers = [gateway._reader(gateway.process.stderr, gateway.lines),
                            gateway._reader(gateway.process.stdout, gateway.printed)]

    def start(self, extra=()):
        """launch(), until it is ready."""
        self.launch(extra)
        self.wait_ready()
        self.gateway.wait_log("ready:")  # so that what was said before that has been read

    def wait_ready(self):
        assert self.ready.acquire(timeout=support.DEADLINE_S), self.gateway.log()

    def stop(self):
        """SIGTERM; returns what the gateway logged."""
        gateway = self.gateway
        gateway.signal(signal.SIGTERM)
        code = gateway.process.wait(support.DEADLINE_S)
        for reader in gateway._readers:
            reader.join(5)
        assert code == 0, gateway.log()
        for sign in ("AddressSanitizer", "LeakSanitizer", "runtime error:"):
            assert sign not in gateway.log(), gateway.log()
        return gateway.log()

    def restart(self):
        log = self.stop()
        self.start()
        return log

    def close(self):
        self.over = True
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"STATUS=over", os.path.join(self.folder, "notify"))
        self.reader.join(5)
        for kept in self.stored.values():
            for fd in kept:
                os.close(fd)
        self.socket.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *about):
        self.close()
