"""A serial port that vanishes comes back by itself: under another number behind the same name, set up as before, with nothing that
was received lost and nothing doubled; also one that was not there when the gateway started, nor the folder that it stands in."""
import os
import tempfile
import termios
import threading

import support
from support import Gateway, RestBackend, TOKENS, wait_until
from support_lines import NMEA_KSY, READING_KSY, TAKEN, Port, lines, sent, sentences

QUICK = "retry: 20ms"


def listener(name, path, device="engine-7", frame=NMEA_KSY, retry=QUICK):
    return (f'  - {{ name: {name}, protocol: binary, bind: "serial://{path}?baud=4800&parity=even&stop=2", frame: {frame},\n'
            f'      path: "/lines/{{device}}", device: {device}, {retry} }}\n')


def said(gateway, part, listener_name="line"):
    return [line for line in list(gateway.lines) if part in line and f"listener={listener_name} " in line]


def settings(port):
    flags = termios.tcgetattr(port.port)
    return flags[0:4] + flags[4:6]


def number(port):
    return os.ttyname(port.port)


def test_it_returns_under_another_number_with_the_same_settings():
    with tempfile.TemporaryDirectory() as folder, RestBackendOf() as backend:
        path = os.path.join(folder, "usb-adapter")
        port = Port(path)
        with Gateway(lines(backend.url, listener("line", path)), environment=TOKENS) as gateway:
            gateway.wait_log("line up")
            before, seen = settings(port), [number(port)]
            assert before[4] == termios.B4800
            for turn in range(3):
                stream = sentences(5, first=10 * turn)
                port.write(b"".join(stream))
                assert [backend.next().json()["sentence"].encode() + b"\r\n" for _ in range(5)] == stream
                os.unlink(path)
                following = Port(path + "-not-named-yet")  # takes another number, for the old one is not free yet
                os.unlink(following.path)
                following.path = path
                os.close(port.device)
                os.close(port.port)
                wait_until(lambda: len(said(gateway, "line down")) == turn + 1, "it is missed")
                assert gateway.counters("line")["failed"] > 0
                os.symlink(number(following), path)
                wait_until(lambda: len(said(gateway, "line up")) == turn + 2, "it is back")
                port = following
                assert settings(port) == before and number(port) != seen[-1], (seen, number(port))
                seen.append(number(port))
            assert len(said(gateway, "line lost")) == 3, gateway.log()
            assert gateway.counters("line")["connections"] == 4
            backend.nothing_more()


def test_what_was_received_before_it_went_is_neither_lost_nor_doubled():
    """The backend holds the first message back while the rest arrives, the port goes, comes back, and brings more."""
    with tempfile.TemporaryDirectory() as folder:
        path, let_go = os.path.join(folder, "ttyUSB0"), threading.Event()

        def answer(seen):
            let_go.wait(support.DEADLINE_S)
            return 200, {"Content-Type": "application/json"}, b'{"ok":true}'
        with RestBackendOf(answer) as backend:
            port = Port(path)
            with Gateway(lines(backend.url, listener("line", path)), environment=TOKENS) as gateway:
                gateway.wait_log("line up")
                stream = sentences(20)
                port.write(b"".join(stream))
                assert backend.next().json()["sentence"].encode() + b"\r\n" == stream[0]
                wait_until(lambda: port.unread() == 0, "it has read all")
                # What is under way keeps it from reading; the end of the line is seen when it reads on.
                port.pull()
                port = Port(path)
                let_go.set()
                wait_until(lambda: len(said(gateway, "line up")) == 2, "it is back")
                more = sentences(20, first=20)
                port.write(b"".join(more))
                got = [backend.next().json()["sentence"].encode() + b"\r\n" for _ in range(39)]
                assert got == stream[1:] + more, got
                backend.nothing_more()


def test_one_that_was_away_at_the_start_with_its_folder():
    with tempfile.TemporaryDirectory() as folder, RestBackendOf() as backend:
        paths = [os.path.join(folder, "serial", "by-id", name) for name in ("a", "b")]
        text = listener("one", paths[0]) + listener("other", paths[1], device="engine-8")
        with Gateway(lines(backend.url, text), environment=TOKENS) as gateway:
            for name in ("one", "other"):
                wait_until(lambda: gateway.counters(name)["failed"] >= 5, "it is looked for again and again")
                assert len(said(gateway, "line down", name)) == 1, gateway.log()
            os.makedirs(os.path.dirname(paths[0]))
            ports = [Port(path) for path in paths]
            for name, port, device in zip(("one", "other"), ports, ("engine-7", "engine-8")):
                wait_until(lambda: said(gateway, "line up", name), "it is found")
                port.write(sentences(1)[0])
                assert backend.next().path == f"/v1/lines/{device}"
            backend.nothing_more()


def test_an_answer_that_the_port_cannot_take_any_more_hurts_nobody():
    reading = sent("--reading", "engine-7", "-", "temperature", "81.4", "Cel", "1764057600123456789")
    with tempfile.TemporaryDirectory() as folder:
        path, let_go = os.path.join(folder, "ttyUSB0"), threading.Event()

        def answer(seen):
            let_go.wait(support.DEADLINE_S)
            return 200, {"Content-Type": "application/json"}, b'{"ok":true}'
        with RestBackendOf(answer) as backend:
            port = Port(path)
            text = listener("line", path, frame=READING_KSY).replace("/lines/{device}", "/ships/sensors/{device}")
            with Gateway(lines(backend.url, text), environment=TOKENS) as gateway:
                gateway.wait_log("line up")
                login = sent("--login", "engine-7", TOKENS["TOKEN_7"])
                port.write(login)
                assert port.read(6)[1] == TAKEN
                port.write(reading)
                backend.next()
                port.pull()
                port = Port(path)
                let_go.set()
                wait_until(lambda: len(said(gateway, "line up")) == 2, "it is back")
                port.write(login + reading)
                assert [port.read(6)[1] for _ in range(2)] == [TAKEN, TAKEN]
                backend.next()
                backend.nothing_more()


class RestBackendOf(RestBackend):
    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.close()


if __name__ == "__main__":
    support.main(globals())
