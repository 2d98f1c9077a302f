"""The gateway and its service manager: ready, reloading, stopping, alive; against a socket like systemd's."""
import os
import shutil
import signal
import socket
import tempfile
import time

import support
from support import Gateway, RestBackend, TOKENS, curl, fleet, run, wait_until

WEB = '  - { name: web, protocol: http, bind: "{address}:{port_web}" }\n'
SECOND = '  - { name: second, protocol: http, bind: "{address}:{port_second}" }\n'


class Manager:
    """The socket that NOTIFY_SOCKET names, and what arrived at it: each message as the list of its lines."""

    def __init__(self, abstract=False):
        self.folder = tempfile.mkdtemp(prefix="fairlead-notify-")
        path = os.path.join(self.folder, "notify")
        self.name = "@fairlead-test-%d" % os.getpid() if abstract else path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + self.name[1:] if abstract else path)
        self.heard = []

    def environment(self, **more):
        return dict(TOKENS, NOTIFY_SOCKET=self.name, **more)

    def listen(self, seconds):
        """One message, or None when none came in this time. What it is given to keep is another test's (service_sockets)."""
        self.socket.settimeout(seconds)
        try:
            message = ["FDSTORE=1"]
            while message[0] == "FDSTORE=1":
                message = self.socket.recv(65536).decode("utf-8").split("\n")
        except (socket.timeout, BlockingIOError):
            return None
        self.heard.append(message)
        return message

    def next(self, but=("WATCHDOG=1",)):
        """The next message that is not only what `but` names."""
        while True:
            message = self.listen(support.DEADLINE_S)
            assert message, f"nothing more came after {self.heard}"
            if message[0] not in but:
                return message

    def drop_all(self):
        while self.listen(0.001):
            pass

    def __enter__(self):
        return self

    def __exit__(self, *about):
        self.socket.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def kept(configuration):
    """With a state folder, in which the gateway has a socket of its own: that is none of the file's listeners."""
    return configuration.replace("name: test", "name: test, state: state")


def test_ready_reloading_ready_stopping():
    backend = RestBackend()
    for abstract in (False, True):
        with Manager(abstract) as manager:
            with Gateway(kept(fleet(backend.url, WEB)), environment=manager.environment(), wait=False) as gateway:
                assert manager.next() == ["READY=1", "STATUS=1 of 1 listeners, 1 backends, 3 endpoints"], manager.heard
                assert curl(gateway.url("/open/x"))[0] == 200  # ready is ready: no waiting, no second try
                gateway.write(kept(fleet(backend.url, WEB + SECOND)))
                before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
                gateway.signal(signal.SIGHUP)
                reloading = manager.next()
                assert reloading[0] == "RELOADING=1" and reloading[1].startswith("MONOTONIC_USEC="), reloading
                now = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
                assert before <= int(reloading[1].split("=")[1]) <= now, reloading
                assert manager.next() == ["READY=1", "STATUS=2 of 2 listeners, 1 backends, 3 endpoints"], manager.heard
                assert curl(gateway.url("/open/x", "second"))[0] == 200
                gateway.signal(signal.SIGTERM)
                stopping = manager.next()
                assert stopping[0] == "STOPPING=1" and stopping[1].startswith("EXTEND_TIMEOUT_USEC="), stopping
                gateway.process.wait(support.DEADLINE_S)
                manager.drop_all()
                told = [line for message in manager.heard for line in message]
                assert told.count("READY=1") == 2 and "WATCHDOG=1" not in told, manager.heard
    backend.close()


def test_a_broken_file_is_said_and_the_gateway_is_ready_as_before():
    backend = RestBackend()
    with Manager() as manager, Gateway(fleet(backend.url, WEB), environment=manager.environment()) as gateway:
        manager.next()
        gateway.write("gateway: { nonsense: 1 }\n")
        gateway.signal(signal.SIGHUP)
        assert manager.next()[0] == "RELOADING=1"
        ready = manager.next()
        assert ready[0] == "READY=1" and "mistakes" in ready[1] and "1 of 1 listeners" in ready[1], ready
        assert curl(gateway.url("/open/x"))[0] == 200
    backend.close()


def test_a_listener_that_cannot_listen_is_never_ready():
    backend = RestBackend()
    with Manager() as manager, socket.socket() as other:
        other.bind((support.own_address(), 0))
        other.listen()
        address, port = other.getsockname()
        taken = f'  - {{ name: web, protocol: http, bind: "{address}:{port}" }}\n'
        gateway = Gateway(fleet(backend.url, taken), environment=manager.environment(), wait=False)
        gateway.process.wait(support.DEADLINE_S)
        gateway.stop(expect=1)
        assert manager.listen(0.001) is None, manager.heard
    backend.close()


def test_while_requests_come_home_the_time_to_stop_is_extended():
    backend = RestBackend(lambda seen: (time.sleep(2.5), (200, {}, b"late"))[1])
    with Manager() as manager, Gateway(fleet(backend.url, WEB), environment=manager.environment()) as gateway:
        manager.next()
        with socket.create_connection((gateway.address, gateway.port("web"))) as client:
            client.sendall(b"GET /open/slow HTTP/1.1\r\nHost: x\r\n\r\n")
            backend.next()
            gateway.signal(signal.SIGTERM)
            assert manager.next()[0] == "STOPPING=1"
            again = manager.next()
            assert again[0].startswith("EXTEND_TIMEOUT_USEC=") and "1 requests" in again[1], again
            assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
    backend.close()


def alive(manager):
    assert manager.next(but=())[0] == "WATCHDOG=1", manager.heard


def test_the_watchdog_is_fed_by_the_loop():
    backend = RestBackend()
    state = fleet(backend.url, WEB).replace("name: test", "name: test, state: state")
    with Manager() as manager, Gateway(state, environment=manager.environment(WATCHDOG_USEC="200000")) as gateway:
        manager.next()
        for _ in range(5):
            alive(manager)
        gateway.signal(signal.SIGSTOP)
        wait_until(lambda: "State:\tT" in open(f"/proc/{gateway.process.pid}/status", encoding="ascii").read(), "stopped")
        manager.drop_all()
        assert manager.listen(1) is None, manager.heard
        gateway.signal(signal.SIGCONT)
        alive(manager)
    backend.close()


def test_a_watchdog_of_another_process_is_not_fed():
    backend = RestBackend()
    for wrong in ({"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "-1"}, {"WATCHDOG_USEC": "1s"}):
        with Manager() as manager, Gateway(fleet(backend.url, WEB), environment=manager.environment(**wrong)):
            assert manager.next(but=())[0] == "READY=1"
            assert manager.listen(0.2) is None, manager.heard
    backend.close()


def can_trace():
    return run("strace", "-f", "-o", "/dev/null", "true", expect=None).returncode == 0


def hanging_disk(gateway, path):
    """The gateway as strace starts it: a sync of this file, once it has begun, takes three seconds."""
    script = os.path.join(gateway.folder, "traced")
    with open(script, "w", encoding="utf-8") as out:
        out.write(f"#!/bin/sh\nexec strace -f -qq -o /dev/null -P {path} "
                  f'-e inject=fdatasync,fsync:delay_enter=3000000 "{support.BINARY}" "$@"\n')
    os.chmod(script, 0o755)
    gateway.binary = script
    # The leak sanitizer is a tracer itself.
    gateway.environment["ASAN_OPTIONS"] = os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"


def test_a_thread_that_hangs_at_the_disk_stops_the_feeding():
    if not can_trace():
        print("strace may not trace here: a hanging disk was not looked at")
        return
    backend = RestBackend()
    configuration = fleet(backend.url, WEB, extra="""  - name: kept
    path: "/kept/{thing}"
    methods: [PUT, GET]
    auth: [none]
    keep: last
""").replace("name: test", "name: test, state: state")
    with Manager() as manager, Gateway(configuration, environment=manager.environment(WATCHDOG_USEC="400000")) as gateway:
        manager.next()
        alive(manager)
        gateway.kill()
        folder = os.path.join(gateway.folder, "state")
        files = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(("-wal", ".db"))]
        assert files, os.listdir(folder)
        hanging_disk(gateway, " -P ".join(files))
        gateway.start(wait=False)
        while manager.next()[0] != "READY=1":
            pass
        manager.drop_all()
        with socket.create_connection((gateway.address, gateway.port("web"))) as client:
            client.sendall(b"PUT /kept/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
                           b"Content-Type: application/json\r\n\r\n1")
            # The loop turns all the while: what it says is silence.
            client.setblocking(False)
            last, longest = time.monotonic(), 0
            while True:
                message = manager.listen(0.01)
                longest = max(longest, time.monotonic() - last)
                last = time.monotonic() if message else last
                try:
                    answer = client.recv(1000)
                except BlockingIOError:
                    continue
                break
            assert answer.startswith(b"HTTP/1.1 201 "), answer
            assert longest > 1, manager.heard  # and not half of 400 ms
        alive(manager)
        pid = int(gateway.wait_log("ready:").rpartition("pid=")[2])
        os.kill(pid, signal.SIGTERM)  # strace keeps a SIGTERM to itself
        gateway.process.wait(support.DEADLINE_S)
    backend.close()


def test_without_a_manager_nothing_is_said():
    backend = RestBackend()
    with Manager() as manager:
        for address in ("", None, "relative/path", "vsock:2:1234", "@", "/" + "x" * 200):
            environment = dict(TOKENS, WATCHDOG_USEC="100000")
            if address is not None:
                environment["NOTIFY_SOCKET"] = address
            with Gateway(fleet(backend.url, WEB), environment=environment) as gateway:
                assert curl(gateway.url("/open/x"))[0] == 200
                warned = "the service manager is told nothing" in gateway.log()
                assert warned == bool(address), (address, gateway.log())
        assert manager.listen(0.001) is None
    backend.close()


def test_a_manager_that_goes_does_not_take_the_gateway_along():
    backend = RestBackend()
    manager = Manager()
    with manager:
        gateway = Gateway(fleet(backend.url, WEB), environment=manager.environment(WATCHDOG_USEC="100000"))
        manager.next()
    with gateway:
        gateway.wait_log("the service manager cannot be told")
        assert curl(gateway.url("/open/x"))[0] == 200
        gateway.reload()
        assert gateway.log().count("cannot be told") == 1, gateway.log()
    backend.close()


if __name__ == "__main__":
    support.main(globals())
