"""The rules that are installed give away the lights of the boards that come along, and nothing else."""
import json
import os

import support
from support_board import Machine

RULES = os.path.join(support.SOURCE, "board", "udev", "99-fairlead-lights.rules")


def call(machine, *arguments):
    return support.run(support.BINARY, "board", *arguments, env=dict(os.environ, **machine.environment)).out


def test_they_are_those_that_the_command_prints():
    with Machine() as machine:
        wanted = set()
        for board in json.loads(call(machine, "--list", "--json")):
            lines = call(machine, "--udev", "--name", board["name"]).splitlines()
            wanted.update(line for line in lines if line.startswith('SUBSYSTEM=="leds"'))
    with open(RULES, encoding="utf-8") as file:
        have = [line for line in file.read().splitlines() if not line.startswith("#")]
    assert have == sorted(wanted), f"make them anew:\n{chr(10).join(sorted(wanted))}"


if __name__ == "__main__":
    support.main(globals())
