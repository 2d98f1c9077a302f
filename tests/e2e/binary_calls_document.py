"""The worked example of docs/reference/frame-calls.md, as it stands there: its configuration, its curl commands, their
answers, and what its console shows."""
import json
import os
import re
import shlex

import support
from support import Gateway, SOURCE, free_port, run
from support_modbus import Plc

DOCUMENT = os.path.join(SOURCE, "docs", "reference", "frame-calls.md")


def test_the_example_of_the_manual():
    with open(DOCUMENT, encoding="utf-8") as file:
        text = file.read()
    configuration = re.search(r"```yaml\n(gateway:.*?)```", text, re.S).group(1)
    sessions = re.findall(r"^    \$ (curl .*)\n    (.*)$", text, re.M)
    shown = re.search(r"the console shows `(\{.*?\})`", text).group(1)
    assert len(sessions) == 3
    plc = Plc()
    web = f"127.0.0.1:{free_port('127.0.0.1')}"
    configuration = (configuration.replace("tcp://127.0.0.1:5020", plc.url).replace("127.0.0.1:8080", web)
                     .replace("schemas/frames", os.path.join(SOURCE, "schemas", "frames")).replace("every: 1s", "every: 50ms"))
    with Gateway(configuration, environment={"TOKEN_ANN": "secret-of-ann"}) as running:
        running.wait_log("line up")
        support.wait_until(lambda: any(shown in line for line in running.printed), f"{shown} among {running.printed}")
        for command, answer in sessions:
            words = shlex.split(command.replace("$TOKEN", "secret-of-ann").replace("127.0.0.1:8080", web))
            assert json.loads(run("curl", "-sS", *words[1:]).out) == json.loads(answer), command
    plc.close()


if __name__ == "__main__":
    support.main(globals())
