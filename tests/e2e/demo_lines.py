"""Each command that the example fleet prints (board/demo/run) does what is said there: taken from what it prints, and run."""
import os
import re
import signal
import subprocess
import tempfile

import support
from support import BINARY, READING_TEXT, wait_until
from support_demo import copy_of_the_demo

# What tells a command from the others, and what it shows, in the order in which they are printed. ENDS: it ends by itself,
# well; STAYS: it goes on until it is stopped; SAYS_NO: it ends with 1.
ENDS, STAYS, SAYS_NO = "ends", "stays", "says no"
VALUE = re.escape(READING_TEXT)
NOTHING = r"\A\Z"
COMMANDS = [
    (r"curl -i http://\S+/ships/sensors/engine-7 .*Bearer.*--json", ENDS, r"\AHTTP/1\.1 204 "),
    (r"curl -i https://.*--cert ", ENDS, r"\AHTTP/1\.1 204 "),
    (r"coap-client-openssl -m post.*'coap://", ENDS, NOTHING),
    (r"coap-client-openssl -m post.*'coap\+tcp://", ENDS, NOTHING),
    (r"coap-client-openssl -m post.* -k .*coaps://", ENDS, NOTHING),
    (r"coap-client-openssl -m post.* -k .*coaps\+tcp://", ENDS, NOTHING),
    (r"mosquitto_pub -V 5 .* -P ", ENDS, NOTHING),
    (r"mosquitto_pub .*--cert ", ENDS, NOTHING),
    (r"/usr/bin/python3 .*transport='websockets'", ENDS, NOTHING),
    (r"curl -i http://.*reading\.xml", ENDS, r"\AHTTP/1\.1 200 (?s:.*)<ReportReadingResponse"),
    (r"board/demo/send-frame ", ENDS, r"fa06 0000 c186 fa06 0000 c186"),
    (r"printf .*GPGGA", ENDS, NOTHING),
    (r"curl -i http://\S+/ships/sensors/engine-7 .*Bearer \w+'$", ENDS, rf"\AHTTP/1\.1 200 (?s:.*){VALUE}\Z"),
    (r"curl -N .*text/event-stream", STAYS, rf"^id: \w+\r?\ndata: {VALUE}$"),
    (r"coap-client-openssl -s ", STAYS, rf"^{VALUE}$"),
    (r"mosquitto_sub ", STAYS, rf"^ships/sensors/engine-7 {VALUE}$"),
    (r"curl -i -X PUT \S+/ships/actuators/valve-3 ", ENDS, r"\AHTTP/1\.1 202 "),
    (r"board/demo/valve ", STAYS, r'^ships/actuators/valve-3 \{"open":true\}$'),
    (r"curl -i \S+/ships/actuators/valve-3 ", ENDS, r'\AHTTP/1\.1 200 (?s:.*)\{"open":true\}\Z'),
    (r"token=\$\(curl .*/oauth/token .*--cert .*\); curl .*/engine-7 ", ENDS, r"\AHTTP/1\.1 204 "),
    (r".+ client add engine-9 ", ENDS, NOTHING),
    (r"token=\$\(.+ token issue engine-9 .*\); curl .*/engine-9 ", ENDS, r"\AHTTP/1\.1 204 "),
    (r"curl -i .*/engine-8 ", ENDS, r"\AHTTP/1\.1 403 (?s:.*)engine-7 may not POST /ships/sensors/engine-8"),
    (r".+ check .*--as engine-7 POST /ships/sensors/engine-8$", SAYS_NO, r"^allow .*: another path\n(?s:.*)^answer +refused: no rule allows it$"),
    (r".+ audit tail ", ENDS, r" client\.add object=engine-9 (?s:.*) refused who=engine-7 object=/ships/sensors/engine-8 "),
]
# How often a backend was called for each protocol by then.
DELIVERED = {"http": 4, "coap": 4, "mqtt": 3, "soap": 1, "binary": 2}


class Shell:
    """A process that a person would have in a terminal; its output grows in a file. close() is the terminal's end."""

    def __init__(self, folder, *command):
        self.output = tempfile.TemporaryFile()
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=self.output,
                                        stderr=self.errors, start_new_session=True)

    @staticmethod
    def text(file):
        return os.pread(file.fileno(), 1 << 20, 0).decode("utf-8", "replace")

    def shown(self):
        return self.text(self.output)

    def wait_shown(self, pattern):
        def look():
            ended = self.process.poll() is not None  # before what it has written by then is looked at
            found = re.search(pattern, self.shown(), re.M)
            assert found or not ended, f"ended with {self.process.returncode}: {self.shown()}{self.text(self.errors)}"
            return found
        wait_until(look, f"{pattern!r} in {self.shown()!r}")

    def close(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.output.close()
        self.errors.close()


def try_command(folder, line, manner, pattern):
    """Runs it in a shell; gives the shell if it stays."""
    shell = Shell(folder, "bash", "-c", line)
    try:
        if manner == STAYS:
            shell.wait_shown(pattern)
            return shell
        code = shell.process.wait(support.DEADLINE_S)
        said = f"{line}\nended with {code}: {shell.shown()}{shell.text(shell.errors)}"
        assert code == (1 if manner == SAYS_NO else 0), said
        assert re.search(pattern, shell.shown(), re.M), said
    except BaseException:
        shell.close()
        raise
    shell.close()
    return None


def try_commands(folder, gateway, lines):
    followers = []
    try:
        for line, (sign, manner, pattern) in zip(lines, COMMANDS):
            assert re.match(sign, line), f"{line!r} is not {sign!r}"
            shell = try_command(folder, line, manner, pattern)
            if shell:
                followers.append(shell)
        assert len(lines) == len(COMMANDS), f"{len(lines)} commands, of which {len(COMMANDS)} are known"
        for protocol, times in DELIVERED.items():
            line = re.compile(rf"^\S+Z {protocol} (engine-[79]|-) POST /", re.M)
            wait_until(lambda line=line, times=times: len(line.findall(gateway.shown())) == times,
                       f"{times} readings by {protocol}")
    finally:
        for shell in followers:
            shell.close()


def test_each_command_that_the_demo_prints_works():
    with tempfile.TemporaryDirectory(prefix="fairlead-demo-") as folder:
        copy_of_the_demo(folder, support.own_address())
        gateway = Shell(folder, os.path.join("board", "demo", "run"), BINARY)
        try:
            wait_until(lambda: " ready: " in gateway.text(gateway.errors) or gateway.process.poll() is not None, "ready")
            greeting = gateway.shown()
            assert "needs:" not in greeting, greeting
            try_commands(folder, gateway, re.findall(r"^  (\S.*)$", greeting, re.M))
            gateway.process.send_signal(signal.SIGTERM)
            code = gateway.process.wait(support.DEADLINE_S)
            log = gateway.text(gateway.errors)
            assert code == 0, log
            for sign in ("AddressSanitizer", "LeakSanitizer", "runtime error:"):
                assert sign not in log, log
            warnings = [line for line in log.split("\n") if " warning " in line]
            # A demo that warns is no demo, but for what it wants to be refused.
            assert len(warnings) == 1 and " request forbidden " in warnings[0], log
        except BaseException:
            print(gateway.text(gateway.errors)[-8000:])
            raise
        finally:
            gateway.close()


support.main(globals())
