"""The example fleet, with every listener and its state, when nobody speaks: it sleeps, and is three threads."""
import glob
import os
import socket
import subprocess
import tempfile
import time

import support
from support import BINARY, wait_until
from support_demo import copy_of_the_demo
from support_mqtt import Client, connect

WINDOW_S = 10
WINDOWS = 4  # a machine that is busy makes a thread wait for its pages, which counts as well: one quiet window will do


def wake_ups(pid):
    """Of all threads."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/status"):
        with open(path, encoding="ascii", errors="replace") as file:
            total += sum(int(line.split()[1]) for line in file if line.startswith("voluntary_ctxt_switches"))
    return total


def assert_it_sleeps(pid, when):
    seen = []
    for _ in range(WINDOWS):
        before = wake_ups(pid)
        time.sleep(WINDOW_S)
        seen.append(wake_ups(pid) - before)
        if seen[-1] <= WINDOW_S:
            return
    raise AssertionError(f"{when}: wake-ups in {WINDOW_S} s: {seen}")


def test_at_most_one_wake_up_a_second():
    with tempfile.TemporaryDirectory(prefix="fairlead-demo-") as folder:
        address = support.own_address()
        ports = copy_of_the_demo(folder, address)
        demo = os.path.join(folder, "board", "demo")
        subprocess.run([os.path.join(demo, "make-pki"), BINARY], check=True, stdout=subprocess.DEVNULL)
        log = os.path.join(folder, "log")
        with open(log, "wb") as out:
            gateway = subprocess.Popen([BINARY, "run", "-c", os.path.join(demo, "fairlead.yaml")], cwd=folder, stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=subprocess.STDOUT)

        def said():
            with open(log, encoding="utf-8") as file:
                return file.read()
        try:
            wait_until(lambda: " ready: " in said(), "ready")
            assert_it_sleeps(gateway.pid, "nobody is connected")
            # The loop's, the store's and the audit log's.
            assert len(os.listdir(f"/proc/{gateway.pid}/task")) == 3
            with open(os.path.join(demo, "pki", "engine-7.token"), encoding="ascii") as file:
                token = file.read().strip()
            with open(os.path.join(demo, "pki", "engine-7.psk"), encoding="ascii") as file:
                psk = file.read().strip()
            client = Client(address, ports[1883], connect(user="engine-7", password=token, keep_alive=600))
            assert client.next() == b"\x20\x02\x00\x00"
            web = socket.create_connection((address, ports[8080]))
            web.sendall(b"GET / HTTP/1.1\r\nHost: box\r\n\r\n")
            assert web.recv(100).startswith(b"HTTP/1.1 404")
            said_hello = subprocess.run(["coap-client-openssl", "-m", "get", "-u", "engine-7", "-k", psk,
                                         f"coaps://{address}:{ports[5684]}/.well-known/core"], stdout=subprocess.PIPE, check=True)
            assert b"ships" in said_hello.stdout, said_hello
            assert_it_sleeps(gateway.pid, "some are connected, and silent")
            web.close()
            client.socket.close()
        finally:
            gateway.terminate()
            code = gateway.wait(support.DEADLINE_S)
        assert code == 0, said()


if __name__ == "__main__":
    support.main(globals())
