"""`fairlead board` says which board a machine is, what is there and what is not, and where each setting's value is from."""
import json
import os
import re
import shutil
import tempfile

import support
import support_board

EMPTY = "endpoints: []\n"


def call(machine, *arguments, expect=0, configuration=None, binary=None):
    """What it prints; a configuration is called FILE in it, the machine's root ROOT."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "it.yaml")
        if configuration is not None:
            with open(path, "w", encoding="utf-8") as out:
                out.write(configuration)
            arguments += ("-c", path)
        done = support.run(binary or support.BINARY, "board", *arguments, expect=expect, cwd=folder,
                           env=dict(os.environ, **machine.environment))
        return (done.out + done.err).replace(path, "FILE").replace(machine.root, "ROOT")


def told(machine, *arguments, **options):
    return json.loads(call(machine, "--json", *arguments, **options))


def setting(answer, key):
    found = [one for one in answer["settings"] if one["key"] == key]
    assert len(found) == 1, (key, answer["settings"])
    return found[0]


def raspberry(machine):
    machine.raspberry_pi_4()
    machine.tty("ttyAMA2", "fe201400.serial")
    machine.file("dev/watchdog0")
    machine.file("sys/class/leds/ACT/brightness", "0\n")


def test_what_was_found():
    with support_board.Machine(memory_kib=1024 * 1024) as machine:
        raspberry(machine)
        answer = told(machine)
        assert answer["board"]["name"] == "raspberry-pi-4" and answer["board"]["title"] == "Raspberry Pi 4", answer
        assert answer["board"]["matched"] == "compatible raspberrypi,4-model-b", answer
        assert answer["model"] == "Raspberry Pi 4 Model B Rev 1.4", answer
        assert (answer["identity"], answer["identity_way"]) == ("10000000a1b2c3d4", "device-tree-serial"), answer
        assert answer["memory_bytes"] == 1 << 30 and answer["state"] is None, answer
        ports = {port["name"]: port for port in answer["serial"]}
        assert ports["uart2"]["there"] and ports["uart2"]["device"] == "/dev/ttyAMA2", ports
        assert not ports["uart3"]["there"] and ports["uart3"]["device"] == "fe201600.serial", ports
        leds = {led["role"]: led for led in answer["leds"]}
        assert leds["running"] == {"role": "running", "led": "ACT", "there": True, "inverted": False}, leds
        assert not leds["fault"]["there"] and leds["fault"]["led"] == "PWR, led1" and "link" not in leds, leds
        assert answer["watchdog"] == {"device": "/dev/watchdog0", "there": True, "timeout_ms": 15000}, answer
        text = call(machine)
        for line in ("Raspberry Pi 4 (raspberry-pi-4), by compatible raspberrypi,4-model-b\n",
                     "identity  10000000a1b2c3d4 (device-tree-serial)\n", "memory    1024 MiB\n",
                     "          uart2    /dev/ttyAMA2; GPIO 0 and 1, pins 27 and 28\n",
                     "          uart3    not there (fe201600.serial); GPIO 4 and 5, pins 7 and 29\n",
                     "leds      running  ACT\n", "          fault    not there (PWR, led1)\n",
                     "watchdog  /dev/watchdog0, 15 s\n"):
            assert line in text, (line, text)


def test_a_root_and_a_name():
    with support_board.Machine() as machine, support_board.Machine() as other:
        machine.raspberry_pi_4()
        other.raspberry_pi_4(serial="100000000badcafe")
        assert told(machine, "--root", other.root)["identity"] == "100000000badcafe"
        answer = told(machine, "--name", "beaglebone")
        assert answer["board"]["name"] == "beaglebone" and answer["board"]["matched"] is None, answer
        assert "BeagleBone (beaglebone), not recognised by anything\n" in call(machine, "--name", "beaglebone")
        text = call(machine, "--name", "beagle", expect=2)
        assert 'there is no board "beagle"; there are beaglebone, generic' in text, text


def test_where_each_value_is_from():
    with support_board.Machine(memory_kib=256 * 1024) as machine:
        raspberry(machine)
        state = os.path.join(machine.root, "state")
        machine.holds(machine.root, "SD")
        answer = told(machine, configuration=f"gateway:\n  state: {state}\n  limits: {{ values_memory: 2MiB }}\n{EMPTY}")
        board = os.path.join(support_board.BOARDS, "raspberry-pi-4", "board.yaml")
        assert answer["state"] == {"folder": "ROOT/state", "kind": "sd", "device": "mmcblk0p2", "file_system": None}, answer
        assert setting(answer, "gateway.name") == {"key": "gateway.name", "value": "10000000a1b2c3d4", "from": "machine",
                                                   "at": "the identity"}
        assert setting(answer, "gateway.limits.values_memory") == {
            "key": "gateway.limits.values_memory", "value": "2MiB", "from": "configuration", "at": "FILE:3"}
        assert setting(answer, "gateway.limits.memory") == {"key": "gateway.limits.memory", "value": "16MiB",
                                                            "from": "machine", "at": "the memory there is"}
        assert setting(answer, "gateway.limits.body")["from"] == "built in"
        saved = setting(answer, "gateway.save_within")
        assert (saved["value"], saved["from"]) == ("1s", "board") and saved["at"].startswith(board + ":"), saved
        with open(board, encoding="utf-8") as file:
            assert "save_within: 1s" in file.readlines()[int(saved["at"].rsplit(":", 1)[1]) - 1]
        assert setting(answer, "audit.file_size")["value"] == "4MiB"
        text = call(machine, configuration=f"gateway: {{ state: {state} }}\n{EMPTY}")
        assert "state     ROOT/state: sd, mmcblk0p2\n" in text, text
        assert "gateway.limits.memory          16MiB              machine, the memory there is\n" in text, text


def test_none():
    with support_board.Machine() as machine:
        answer = told(machine, configuration="gateway: { board: none }\n" + EMPTY)
        assert answer["board"] is None and setting(answer, "gateway.name")["value"] == "fairlead", answer
        assert "no board: gateway.board is none" in call(machine, configuration="gateway: { board: none }\n" + EMPTY)
        machine.environment["FAIRLEAD_BOARDS"] = "/nonexistent"
        assert "no boards in /nonexistent" in call(machine, expect=1)
        assert "no boards in /nonexistent" in call(machine, "--list", expect=1)


def test_mistakes():
    with support_board.Machine() as machine:
        assert "FILE:1:12: gateway.nmae: unknown key; did you mean name?" in call(
            machine, expect=2, configuration="gateway: { nmae: x }\n" + EMPTY)
        machine.environment["FAIRLEAD_BOARDS"] = os.path.join(machine.root, "boards")
        machine.file("boards/mine/board.yaml", "title: [\n")
        assert "ROOT/boards/mine/board.yaml:2:1: " in call(machine, expect=2)
        assert "Usage:" in call(machine, "--what", expect=2)
        assert "Usage:" in call(machine, "--name", expect=2)
        assert "Usage:" in call(machine, "--udev", "--json", expect=2)


def test_the_list():
    with support_board.Machine() as machine:
        names = [board["name"] for board in told(machine, "--list")]
        assert names == ["beaglebone", "generic", "imx8m", "raspberry-pi-4", "raspberry-pi-5", "x86"], names
        text = call(machine, "--list")
        assert "raspberry-pi-5   Raspberry Pi 5\n" in text, text


def test_rules_for_udev():
    with support_board.Machine() as machine:
        text = call(machine, "--udev", "--name", "beaglebone")
        assert ('SUBSYSTEM=="tty", KERNELS=="48022000.serial", SYMLINK+="fairlead/uart1", OPTIONS+="link_priority=3"\n'
                'SUBSYSTEM=="tty", KERNEL=="ttyS1", SYMLINK+="fairlead/uart1", OPTIONS+="link_priority=2"\n') in text, text
        assert 'SUBSYSTEM=="leds", ACTION=="add|change", KERNEL=="beaglebone:green:usr2", ' in text, text
        assert 'KERNEL=="watchdog0", GROUP="fairlead", MODE="0660"\n' in text, text
        assert 'SYMLINK=="serial0", SYMLINK+="fairlead/uart0"' in call(machine, "--udev", "--name", "raspberry-pi-4")
        rule = r'[A-Z]+(==|=|\+=)"[^"]+"'
        for line in text.strip().split("\n"):
            assert line.startswith("#") or re.fullmatch(f"{rule}(, {rule})*", line), line


def test_every_board_that_comes_along_is_right():
    with support_board.Machine() as machine:
        for board in told(machine, "--list"):
            answer = told(machine, "--name", board["name"])
            assert answer["board"]["file"] == board["file"], answer
            assert call(machine, "--udev", "--name", board["name"]).startswith("# " + board["title"])
            # What it says of storage is checked with every kind of it.
            for kind in ("SD", "MMC"):
                with support_board.Machine() as other:
                    other.holds(other.root, kind)
                    answer = told(other, "--name", board["name"],
                                  configuration=f"gateway: {{ state: {other.root}/state }}\n{EMPTY}")
                    assert setting(answer, "gateway.save_within")["from"] == "board", answer


def test_an_installed_program_finds_its_boards():
    with support_board.Machine() as machine:
        os.makedirs(os.path.join(machine.root, "usr/bin"))
        binary = os.path.join(machine.root, "usr/bin/fairlead")
        shutil.copy(support.BINARY, binary)
        machine.file("usr/share/fairlead/board/mine/board.yaml", "title: my own\n")
        del machine.environment["FAIRLEAD_BOARDS"]
        before = os.environ.pop("FAIRLEAD_BOARDS", None)
        try:
            assert call(machine, "--list", binary=binary) == "mine             my own\n"
        finally:
            os.environ["FAIRLEAD_BOARDS"] = before or ""


if __name__ == "__main__":
    support.main(globals())
