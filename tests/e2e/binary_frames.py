"""Raw binary over TCP: frames of a shipped schema, whatever way their bytes arrive; answers in order; refusals in the
protocol's own words."""
import os
import random
import signal
import socket
import struct
import subprocess
import threading
import time

import support
from support import DEADLINE_S, Gateway, READING, RestBackend, SOURCE, TOKENS, fleet

READING_KSY = os.path.join(SOURCE, "schemas", "frames", "reading.ksy")
LISTENERS = f"""  - {{ name: frames, protocol: binary, bind: tcp://{{address}}:{{port_frames}}, frame: {READING_KSY},
      login_timeout: 2s, frame_timeout: 1s, idle: 3s }}
"""
TAKEN, REFUSED = 6, 0x15


def sent(*arguments):
    sender = os.path.join(SOURCE, "board", "demo", "send-frame")
    return subprocess.run([sender, *arguments], stdout=subprocess.PIPE, check=True, timeout=DEADLINE_S).stdout


LOGIN = sent("--login", "engine-7", "secret-of-engine-7")
FRAME = sent("--reading", "engine-7", "-")


class Device:
    def __init__(self, gateway):
        self.socket = socket.create_connection((gateway.address, gateway.port("frames")), DEADLINE_S)
        self.socket.settimeout(DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        self.socket.sendall(data)

    def answers(self, n):
        """The kinds of the next n answers: six bytes each."""
        got = b""
        while len(got) < 6 * n:
            more = self.socket.recv(6 * n - len(got))
            assert more, f"closed after {got!r}"
            got += more
        return [got[6 * i + 1] for i in range(n)]

    def ended(self):
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


def world(answer=None, backend_extra=""):
    backend = RestBackend(answer)
    return backend, Gateway(fleet(backend.url, LISTENERS, backend_extra=backend_extra), environment=TOKENS)


def test_frames_arrive_whatever_the_split():
    backend, gateway = world()
    with gateway:
        stream = LOGIN + b"".join(sent("--reading", "engine-7", "-", "temperature", "81.4", "Cel", str(1764057600123456789 + i))
                                  for i in range(5))
        splits = [[1] * len(stream), [len(stream)], [random.randint(1, 40) for _ in range(len(stream))]]
        for split in splits:
            device = Device(gateway)
            at = 0
            for n in split:
                device.send(stream[at:at + n])
                at += n
            assert device.answers(6) == [TAKEN] * 6
            for i in range(5):
                seen = backend.next()
                assert seen.path == "/v1/readings/engine-7", seen
                assert seen.json() == dict(READING, time=1764057600123456789 + i), seen
                assert seen.headers["x-fairlead-client"] == "engine-7"
    backend.close()


def test_a_frame_with_a_wrong_checksum_is_answered_and_the_next_one_counts():
    backend, gateway = world()
    with gateway:
        device = Device(gateway)
        device.send(LOGIN + FRAME[:-1] + bytes([FRAME[-1] ^ 1]) + b"noise" + FRAME)
        assert device.answers(4) == [TAKEN, REFUSED, REFUSED, TAKEN]
        assert backend.next().json() == READING
        backend.nothing_more()
        assert gateway.counters("frames")["malformed"] == 2
        gateway.wait_log("the checksum is wrong")
    backend.close()


def test_a_wrong_login_and_a_missing_one_end_the_connection():
    backend, gateway = world()
    with gateway:
        device = Device(gateway)
        device.send(sent("--login", "engine-7", "guessed") + FRAME)
        assert device.answers(1) == [REFUSED] and device.ended()
        device = Device(gateway)
        device.send(FRAME)
        assert device.answers(1) == [REFUSED] and device.ended()
        silent = Device(gateway)
        started = time.monotonic()
        assert silent.ended() and 1 < time.monotonic() - started < DEADLINE_S
        backend.nothing_more()
        assert "secret-of-engine-7" not in gateway.log() and "guessed" not in gateway.log()
    backend.close()


def test_what_the_backend_refuses_is_refused_to_the_device():
    backend, gateway = world(lambda seen: (503, {}, b""), ", retries: 0")
    with gateway:
        device = Device(gateway)
        device.send(LOGIN + FRAME + FRAME)
        assert device.answers(3) == [TAKEN, REFUSED, REFUSED]
    backend.close()


def test_half_a_frame_and_a_silent_device_are_cut_off():
    backend, gateway = world()
    with gateway:
        half = Device(gateway)
        half.send(LOGIN + FRAME[:7])
        assert half.answers(1) == [TAKEN] and half.ended()
        silent = Device(gateway)
        silent.send(LOGIN)
        assert silent.answers(1) == [TAKEN] and silent.ended()
        support.wait_until(lambda: gateway.log().count("silent too long") == 2, "both in the log")
        support.wait_until(lambda: gateway.counters("frames")["expired"] == 2, "both expired")
        claims = Device(gateway)
        claims.send(LOGIN + b"\xfa\x02" + struct.pack(">H", 0xFFFF))
        assert claims.answers(2) == [TAKEN, REFUSED]
        backend.nothing_more()
    backend.close()


def test_frames_that_were_received_are_answered_before_the_gateway_stops():
    gate = threading.Event()

    def slowly(seen):
        gate.wait(DEADLINE_S)
        return 200, {}, b""
    backend, gateway = world(slowly)
    with gateway:
        device = Device(gateway)
        device.send(LOGIN + FRAME + FRAME)
        backend.next()
        gateway.signal(signal.SIGTERM)
        gateway.wait_log("stopping:")
        gate.set()
        assert device.answers(3) == [TAKEN] * 3 and device.ended()
        backend.next()
        backend.nothing_more()
    backend.close()


def test_a_reload_keeps_the_connection():
    backend, gateway = world()
    with gateway:
        device = Device(gateway)
        device.send(LOGIN)
        assert device.answers(1) == [TAKEN]
        gateway.reload()
        device.send(FRAME)
        assert device.answers(1) == [TAKEN]
        assert backend.next().json() == READING
    backend.close()


if __name__ == "__main__":
    support.main(globals())
