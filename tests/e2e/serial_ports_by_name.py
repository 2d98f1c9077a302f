"""A serial port by the name that the board has for it: it is where the board says, also when another of its devices is there later; an
unknown name is a mistake that lists those that there are."""
import os
import tempfile

import support
from support import Gateway, RestBackend, TOKENS, wait_until
from support_board import Machine
from support_lines import NMEA_KSY, Port, lines, sentences

BOARD = """
title: a box of the test's
serial:
  - { name: nmea, device: [/dev/ttyFIRST, /dev/ttySECOND] }
  - { name: rs485-1, device: /dev/ttyRS485, rs485: true, rts: low, rts_before: 2ms, rts_after: 1ms }
"""


def machine_with_ports():
    machine = Machine()
    machine.file("boards/mine/board.yaml", BOARD)
    machine.file("dev/null", "")
    machine.environment.update(TOKENS, FAIRLEAD_BOARDS=os.path.join(machine.root, "boards"))
    return machine


def text(backend, where, key="bind", board="mine"):
    listener = (f'  - {{ name: line, protocol: binary, {key}: "{where}", frame: {NMEA_KSY}, path: "/lines/{{device}}",\n'
                f'      device: engine-7, retry: 20ms }}\n')
    return lines(backend, listener).replace("name: test,", f"name: test, board: {board},")


def check(machine, where, **more):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fairlead.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text("http://127.0.0.1:9", where, **more))
        done = support.run(support.BINARY, "check", "-c", path, expect=None, env=dict(os.environ, **machine.environment))
        return done.returncode, done.out + done.err


def test_it_is_the_one_that_is_there():
    with machine_with_ports() as machine:
        second = Port(os.path.join(machine.root, "dev", "ttySECOND"))
        for key in ("bind", "connect"):
            backend = RestBackend()
            with Gateway(text(backend.url, "serial://nmea?baud=4800", key=key), environment=machine.environment) as gateway:
                assert gateway.wait_log("line up").endswith("dev/ttySECOND")
                second.write(sentences(1)[0])
                assert backend.next().path == "/v1/lines/engine-7"
            backend.close()


def test_another_of_its_devices_is_found_later():
    with machine_with_ports() as machine:
        backend = RestBackend()
        with Gateway(text(backend.url, "serial://nmea"), environment=machine.environment) as gateway:
            gateway.wait_log("line down listener=line to=serial://nmea")
            for name in ("ttySECOND", "ttyFIRST"):
                port = Port(os.path.join(machine.root, "dev", name))
                gateway.wait_log("dev/" + name)
                port.write(sentences(1)[0])
                backend.next()
                port.pull()
                wait_until(lambda: "line lost" in gateway.lines[-1] or "line down" in gateway.lines[-1], "it is missed")
            assert gateway.counters("line")["connections"] == 2
        backend.close()


def test_its_wiring_is_the_boards():
    """A pseudo-terminal cannot switch a direction: that it was asked to shows in what it says."""
    with machine_with_ports() as machine:
        Port(os.path.join(machine.root, "dev", "ttyRS485"))
        backend = RestBackend()
        with Gateway(text(backend.url, "serial://rs485-1"), environment=machine.environment) as gateway:
            gateway.wait_log("the port's driver cannot switch the direction")
        with Gateway(text(backend.url, "serial://rs485-1?rs485=off"), environment=machine.environment) as gateway:
            gateway.wait_log("line up")
            # A board that says otherwise is followed by the next reload, though the configuration is the same.
            gateway.write(text(backend.url, "serial://rs485-1"))
            gateway.reload()
            gateway.wait_log("cannot switch the direction")
            machine.file("boards/mine/board.yaml", BOARD.replace("rs485: true, rts: low, rts_before: 2ms, rts_after: 1ms", ""))
            gateway.reload()
            wait_until(lambda: len([line for line in gateway.lines if "line up" in line]) == 2, "it is a plain port now")
        backend.close()


def test_mistakes():
    with machine_with_ports() as machine:
        assert check(machine, "serial://nmea?baud=4800")[0] == 0
        assert check(machine, "serial://rs485-1?rts-after=3")[0] == 0
        code, said = check(machine, "serial://gps")
        assert code == 2 and "the board mine has no serial port gps; it has nmea, rs485-1" in said, said
        code, said = check(machine, "serial://gps", key="connect")
        assert code == 2 and "it has nmea, rs485-1" in said, said
        code, said = check(machine, "serial://nmea?rts-after=3")
        assert code == 2 and "go with rs485=on" in said, said
        code, said = check(machine, "serial://nmea?baud=fast")
        assert code == 2 and "a rate is from 50" in said, said
        code, said = check(machine, "serial://nmea", board="none")
        assert code == 2 and "no board is in force (gateway.board); say its path" in said, said


if __name__ == "__main__":
    support.main(globals())
