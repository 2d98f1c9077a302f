"""The raw binary listener at a socket of this machine: who may connect says the file's mode, who is there the configuration; it
takes the place of a socket that was left behind, and of nothing else."""
import os
import socket
import stat
import tempfile

import support
from support import DEADLINE_S, Gateway, RestBackend, TOKENS
from support_lines import NMEA_KSY, lines, sentences


def listener(path, more=""):
    return f'  - {{ name: local, protocol: binary, bind: "unix://{path}", frame: {NMEA_KSY}, path: "/lines/{{device}}", device: engine-7{more} }}\n'


def connect(path):
    made = socket.socket(socket.AF_UNIX)
    made.settimeout(DEADLINE_S)
    made.connect(path)
    return made


class Folder:
    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        return os.path.join(self.folder.name, "ais.sock")

    def __exit__(self, *arguments):
        self.folder.cleanup()


def test_frames_of_who_connects():
    backend = RestBackend()
    with Folder() as path:
        with Gateway(lines(backend.url, listener(path)), environment=TOKENS) as gateway:
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
            stream = sentences(50)
            with connect(path) as one, connect(path) as other:
                one.sendall(b"".join(stream))
                got = [backend.next() for _ in stream]
                assert [seen.json()["sentence"].encode() + b"\r\n" for seen in got] == stream
                assert {seen.path for seen in got} == {"/v1/lines/engine-7"}
                other.sendall(stream[0] + b"$noise*00\r\n")
                backend.next()
                support.wait_until(lambda: gateway.counters("local")["malformed"] == 1, "the noise")
            assert any(f"uid-{os.getuid()}" in line for line in gateway.lines), gateway.log()
        assert not os.path.exists(path)
    backend.nothing_more()
    backend.close()


def test_its_mode_is_said():
    backend = RestBackend()
    with Folder() as path, Gateway(lines(backend.url, listener(path + "?mode=660")), environment=TOKENS):
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o660
    backend.close()


def test_a_socket_that_was_left_behind_is_replaced():
    backend = RestBackend()
    with Folder() as path:
        gateway = Gateway(lines(backend.url, listener(path)), environment=TOKENS)
        gateway.kill()
        assert os.path.exists(path)
        gateway.start()
        with connect(path) as device:
            device.sendall(sentences(1)[0])
            backend.next()
        gateway.stop()
    backend.close()


def test_what_another_listens_at_or_keeps_there_stays():
    backend = RestBackend()
    with Folder() as path, socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        other.listen(1)
        gateway = Gateway(lines(backend.url, listener(path)), environment=TOKENS, wait=False)
        gateway.process.wait(DEADLINE_S)
        assert "another program listens there" in gateway.log(), gateway.log()
        gateway.stop(expect=1)
        with connect(path):
            pass
        other.close()
        os.unlink(path)
        with open(path, "w", encoding="ascii") as file:
            file.write("mine")
        gateway = Gateway(lines(backend.url, listener(path)), environment=TOKENS, wait=False)
        gateway.process.wait(DEADLINE_S)
        assert "what is there is no socket" in gateway.log(), gateway.log()
        gateway.stop(expect=1)
        with open(path, encoding="ascii") as file:
            assert file.read() == "mine"
    backend.close()


def test_one_that_is_replaced_by_a_reload():
    backend = RestBackend()
    with Folder() as path:
        before = lines(backend.url, listener(path))
        with Gateway(before, environment=TOKENS) as gateway:
            with connect(path) as device:
                device.sendall(sentences(1)[0])
                backend.next()
                gateway.write(before.replace("device: engine-7 }", "device: engine-8 }"))
                gateway.reload()
                assert device.recv(1) == b""
            with connect(path) as device:
                device.sendall(sentences(1)[0])
                assert backend.next().path == "/v1/lines/engine-8"
    backend.close()


if __name__ == "__main__":
    support.main(globals())
