"""A serial line, as a pseudo-terminal: every byte arrives as it is, in order; what is noise is passed over; a port that is
pulled is found again; and another program does not take it at the same time."""
import fcntl
import os
import random
import struct
import tempfile
import termios
import threading

import support
from support import READING, Gateway, RestBackend, TOKENS, wait_until
from support_lines import NMEA_KSY, READING_KSY, TAKEN, Port, lines, sent, sentences

QUICK = "retry: 20ms, retry_max: 100ms"


def listener(path, more="", frame=NMEA_KSY, key="bind", where="/lines/{device}"):
    return (f'  - {{ name: line, protocol: binary, {key}: "serial://{path}{more}", frame: {frame}, path: "{where}",\n'
            f'      device: engine-7, {QUICK} }}\n')


class World:
    """A port in a folder, and a gateway that reads it."""

    def __init__(self, plugged=True, **settings):
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "ttyUSB0")
        self.port = Port(self.path) if plugged else None
        self.backend = RestBackend()
        self.gateway = Gateway(lines(self.backend.url, listener(self.path, **settings)), environment=TOKENS)

    def __enter__(self):
        if self.port:
            self.gateway.wait_log("line up")
        return self

    def __exit__(self, *what):
        self.gateway.__exit__(*what)
        self.backend.close()
        self.folder.cleanup()

    def got(self, n):
        return [self.backend.next().json()["sentence"].encode() + b"\r\n" for _ in range(n)]


def test_sentences_arrive_in_order():
    for key in ("bind", "connect"):
        with World(more="?baud=4800", key=key) as world:
            stream = sentences(300)
            world.port.write(b"".join(stream))
            seen = world.backend.next()
            assert seen.path == "/v1/lines/engine-7" and seen.headers["x-fairlead-client"] == "engine-7", seen
            assert world.got(299) == stream[1:]
            world.backend.nothing_more()


def test_the_port_is_set_as_is_said():
    with World(more="?baud=4800") as world:
        flags = termios.tcgetattr(world.port.port)
        assert flags[0] & (termios.IXON | termios.ICRNL | termios.ISTRIP | termios.IGNPAR) == 0 and flags[0] & termios.PARMRK
        assert flags[1] & termios.OPOST == 0 and flags[3] & (termios.ICANON | termios.ECHO | termios.ISIG) == 0
        assert flags[4] == flags[5] == termios.B4800
    with World(more="?baud=12345&stop=2&parity=even&bits=8") as world:
        flags = termios.tcgetattr(world.port.port)
        assert flags[2] & termios.CSTOPB and flags[0] & termios.INPCK
        # Linux's struct termios2 ends with the rates, as numbers.
        settings = fcntl.ioctl(world.port.port, 0x802c542a, bytes(44))
        assert struct.unpack("II", settings[36:]) == (12345, 12345), settings


def test_every_byte_arrives_as_it_is_and_answers_go_back():
    reading = sent("--reading", "engine-7", "-", "temperature", "81.4", "Cel", "1764057600123456789")
    with World(frame=READING_KSY, where="/ships/sensors/{device}") as world:
        world.port.write(sent("--login", "engine-7", TOKENS["TOKEN_7"]))
        assert world.port.read(6)[1] == TAKEN
        for _ in range(20):
            world.port.write(reading)
            assert world.port.read(6)[1] == TAKEN
            assert world.backend.next().json() == READING
        # A value in which every byte that means something to a terminal stands, and the one that marks bad bytes.
        odd = bytes([0xff, 0x00, 0x03, 0x04, 0x0d, 0x0a, 0x11, 0x13, 0x1a, 0x7f, 0xff, 0xff])
        for at in range(len(odd) - 8 + 1):
            number = int.from_bytes(odd[at:at + 8], "big")
            world.port.write(sent("--reading", "engine-7", "-", "temperature", "81.4", "Cel", str(number)))
            assert world.port.read(6)[1] == TAKEN
            assert world.backend.next().json()["time"] == number
        assert world.gateway.counters("line")["malformed"] == 0


def test_noise_is_passed_over():
    noise = random.Random(7)
    with World() as world:
        stream, sentence = b"", sentences(40)
        for one in sentence:
            stream += bytes(noise.choices([byte for byte in range(256) if chr(byte) not in "$!"], k=700)) + b"\r\n" + one
        world.port.write(stream)
        assert world.got(40) == sentence
        assert world.gateway.counters("line")["malformed"] >= 40
        assert world.gateway.counters("line")["connections"] == 1
        world.backend.nothing_more()


def test_a_port_that_is_pulled_and_plugged_again():
    with World() as world:
        for turn in range(3):
            stream = sentences(5, first=10 * turn)
            world.port.write(b"".join(stream))
            assert world.got(5) == stream
            # Half a sentence, and then it is gone.
            world.port.write(stream[0][:20])
            wait_until(lambda: world.gateway.counters("line")["messages"] >= 5 * (turn + 1), "the sentences")
            world.port.pull()
            wait_until(lambda: len([line for line in world.gateway.lines if "line down" in line]) == turn + 1, "it is missed")
            world.port = Port(world.path)
            wait_until(lambda: len([line for line in world.gateway.lines if "line up" in line]) == turn + 2, "it is back")
        log = world.gateway.log()
        assert "is it plugged in?" in log and "line lost" in log
        assert world.gateway.counters("line")["connections"] == 4
        world.backend.nothing_more()


def test_one_that_is_not_there_yet_is_waited_for():
    with World(plugged=False) as world:
        assert f"to=serial://{world.path}" in world.gateway.wait_log("line down")
        port = Port(world.path)
        world.gateway.wait_log("line up")
        stream = sentences(3)
        port.write(b"".join(stream))
        assert world.got(3) == stream


def test_what_is_no_port_and_one_that_another_has():
    with World(plugged=False) as world:
        with open(world.path, "w", encoding="ascii") as file:
            file.write("nothing")
        world.gateway.wait_log("this is no serial port")
        os.unlink(world.path)
    with World() as world:
        second = Gateway(lines(world.backend.url, listener(world.path)), environment=TOKENS)
        second.wait_log("another program has the port")
        stream = sentences(3)
        world.port.write(b"".join(stream))
        assert world.got(3) == stream
        # The first one gives it up, and the second finds it.
        world.gateway.stop()
        second.wait_log("line up")
        world.gateway = second
        world.port.write(stream[0])
        assert world.got(1) == stream[:1]


def test_a_driver_that_cannot_switch_the_direction_says_so():
    with World(plugged=False, more="?rs485=on") as world:
        Port(world.path)
        assert "rs485=off" in world.gateway.wait_log("line down listener=line to=serial://" + world.path +
                                                     "?rs485=on why=the port's driver")


def test_a_listener_that_is_replaced_takes_the_port_over():
    with World() as world:
        before = lines(world.backend.url, listener(world.path))
        world.gateway.write(before.replace("engine-7, retry", "engine-8, retry"))
        world.gateway.reload()
        wait_until(lambda: len([line for line in world.gateway.lines if "line up" in line]) == 2, "it is opened again")
        world.port.write(sentences(1)[0])
        assert world.backend.next().path == "/v1/lines/engine-8"


def test_what_a_replaced_listener_has_read_is_handed_on():
    with World() as world:
        gate, answer = threading.Event(), world.backend.answer
        world.backend.answer = lambda seen: (gate.wait(support.DEADLINE_S), answer(seen))[1]
        stream = sentences(41)
        # All of it has been read, and the first sentence is under way; the last one is not whole yet.
        world.port.write(b"".join(stream[:40]) + stream[40][:30])
        seen = world.backend.next()
        before = lines(world.backend.url, listener(world.path))
        world.gateway.write(before.replace("engine-7, retry", "engine-8, retry"))
        world.gateway.reload()
        gate.set()
        got = [seen.json()["sentence"].encode() + b"\r\n"] + world.got(39)
        assert got == stream[:40], got
        world.port.write(stream[40][30:])
        assert world.got(1) == stream[40:]
        wait_until(lambda: len([line for line in world.gateway.lines if "line up" in line]) == 2, "it is opened again")
        world.port.write(stream[0])
        assert world.backend.next().path == "/v1/lines/engine-8"


def test_a_frame_that_is_never_whole():
    with World() as world:
        text = open(world.gateway.path, encoding="utf-8").read()
        world.gateway.write(text.replace(QUICK, QUICK + ", frame_timeout: 50ms"))
        world.gateway.reload()
        wait_until(lambda: len([line for line in world.gateway.lines if "line up" in line]) == 2, "it is opened again")
        world.port.write(b"$GPGGA,half of")
        wait_until(lambda: world.gateway.counters("line")["malformed"] == 1, "it is given up")
        stream = sentences(2)
        world.port.write(b"".join(stream))
        assert world.got(2) == stream
        assert world.gateway.counters("line")["connections"] == 1


if __name__ == "__main__":
    support.main(globals())
