"""Into the journal go lines whose priority it understands, without a second time; elsewhere, whatever the environment claims,
lines with time and level as ever."""
import os
import re
import signal
import socket
import subprocess
import tempfile

import support
from support import BINARY, TOKENS, Gateway, RestBackend, curl, fleet, wait_until

WEB = '  - { name: web, protocol: http, bind: "{address}:{port_web}" }\n'
PLAIN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* (error|warning|info|debug) \w+ ")
PREFIXED = re.compile(r"<([3467])>\w+ ")


def named(fd, device=0, inode=0):
    """What systemd would put into JOURNAL_STREAM for this descriptor, or for another one."""
    about = os.fstat(fd)
    return f"{about.st_dev + device}:{about.st_ino + inode}"


class Journal(Gateway):
    """A gateway whose standard error is a socket (as the journal's is) or a pipe that JOURNAL_STREAM names."""

    def __init__(self, text, kind="socket", stream=None, **options):
        self.kind, self.stream = kind, stream
        super().__init__(text, environment=TOKENS, **options)

    def start(self, wait=True):
        self.lines, self.printed = [], []
        if self.kind == "socket":
            ours, theirs = (end.detach() for end in socket.socketpair())
        else:
            ours, theirs = os.pipe()
        self.environment["JOURNAL_STREAM"] = self.stream(theirs) if self.stream else named(theirs)
        self.process = subprocess.Popen([self.binary, "run", "-c", self.path], cwd=self.folder, env=self.environment,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs)
        os.close(theirs)
        self._readers = [self._reader(os.fdopen(ours, "rb"), self.lines), self._reader(self.process.stdout, self.printed)]
        if wait:
            self.wait_log("ready:")


def priorities(gateway):
    """The priority of each line; all must be of this form, and without a time."""
    found = [PREFIXED.match(line) for line in gateway.lines]
    assert found and all(found), gateway.log()
    assert not re.search(r"\d\d:\d\d:\d\d", gateway.log()), gateway.log()
    return {match.group(1) for match in found}


def test_every_level_is_a_priority():
    text = fleet("http://127.0.0.1:1", WEB)  # where nobody is
    for kind in ("socket", "pipe"):
        with Journal(text, kind) as gateway:
            assert gateway.wait_log("ready:").startswith("<6>core fairlead ")
            gateway.signal(signal.SIGUSR2)  # the debug log

            def talked():
                assert curl("--json", "{}", gateway.url("/ships/sensors/engine-7"))[0] == 401
                assert curl("--json", "{}", gateway.url("/open/x"))[0] in (502, 503)
                return any(line.startswith("<7>") for line in gateway.lines)
            wait_until(talked, "a line of the debug log")
            gateway.write(text.replace("listeners:", "listners:"))
            gateway.reload()
            assert gateway.wait_log("listners").startswith("<3>"), gateway.log()
            with Journal(text) as other:  # its own stream, and not this one's
                assert priorities(other) == {"6"}
            gateway.signal(signal.SIGTERM)
            gateway.process.wait(support.DEADLINE_S)
            wait_until(lambda: " stopped" in gateway.log(), "the end of the log")
            assert priorities(gateway) == {"3", "4", "6", "7"}, gateway.log()


def test_the_variable_is_not_believed_of_another_stream():
    backend = RestBackend()
    wrong = [lambda fd: named(fd, inode=1), lambda fd: named(fd, device=1), lambda fd: named(0), lambda fd: "", lambda fd: "0:0",
             lambda fd: ":".join(reversed(named(fd).split(":"))), lambda fd: named(fd) + " ", lambda fd: "+" + named(fd),
             lambda fd: named(fd) + ":1", lambda fd: named(fd).split(":")[0], lambda fd: named(fd)[:-1], lambda fd: "9" * 400]
    for stream in wrong:
        with Journal(fleet(backend.url, WEB), stream=stream) as gateway:
            assert gateway.lines and all(PLAIN.match(line) for line in gateway.lines), gateway.log()
    backend.close()


def said(text, redirected=False, arguments=("run",)):
    """What a gateway that does not start leaves in the journal, or, behind a shell's 2>, in a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fairlead.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        ours, theirs = os.pipe()
        shell = 'exec "$@" 2>err' if redirected else 'exec "$@"'
        done = subprocess.run(["sh", "-c", shell, "sh", BINARY, *arguments, "-c", path], cwd=folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=theirs, timeout=support.DEADLINE_S, check=False,
                              env=dict(os.environ, **TOKENS, JOURNAL_STREAM=named(theirs)))
        os.close(theirs)
        with os.fdopen(ours, encoding="utf-8") as journal:
            lines = journal.read().splitlines()
        if redirected:
            assert not lines, lines
            with open(os.path.join(folder, "err"), encoding="utf-8") as err:
                lines = err.read().splitlines()
        assert done.returncode in (1, 2) and lines, (done.returncode, lines)
        return lines


def test_why_it_does_not_start_is_an_error():
    with socket.create_server((support.own_address(), 0)) as taken:
        address, port = taken.getsockname()
        good = fleet("http://127.0.0.1:1", WEB).replace("{address}", address).replace("{port_web}", str(port))
        bad = good.replace("listeners:", "listners:").replace("backends:", '"back\\nends":')
        for text, arguments in ((good, ("run",)), (bad, ("run",)), (bad, ("check",))):
            lines = said(text, arguments=arguments)
            # One line a mistake, whatever it quotes.
            assert all(re.match(r"<3>\S", line) for line in lines), lines
            elsewhere = said(text, redirected=True, arguments=arguments)
            assert len(elsewhere) == len(lines) and not any(line.startswith("<") for line in elsewhere), elsewhere


if __name__ == "__main__":
    support.main(globals())
