"""Clients written in JavaScript (the npm packages mqtt and coap): second, independent implementations of both protocols.

The packages are installed once into build/npm. Where no npm registry can be reached a test is skipped and says so."""
import fcntl
import json
import os
import shutil
import subprocess
import threading
import time

import support

FOLDER = os.path.join(support.SOURCE, "build", "npm")
RETRY_S = 300
SCRIPTS = os.path.join(support.SOURCE, "tests", "npm")


def _install():
    """Puts the packages where node finds them; the error when that cannot be."""
    wanted = os.path.join(SCRIPTS, "package.json")
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = os.path.join(FOLDER, "installed.json")
        with open(wanted, encoding="utf-8") as file:
            content = file.read()
        if os.path.exists(done):
            with open(done, encoding="utf-8") as file:
                if file.read() == content:
                    return None
        # A registry that could not be reached a moment ago is not waited for by each test anew.
        failed = os.path.join(FOLDER, "failed")
        if os.path.exists(failed) and time.time() - os.path.getmtime(failed) < RETRY_S:
            with open(failed, encoding="utf-8") as file:
                return file.read()
        shutil.copy(wanted, FOLDER)
        result = subprocess.run(["npm", "install", "--omit=dev", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts",
                                 "--fetch-retries=1"],
                                cwd=FOLDER, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                timeout=180, check=False)
        if result.returncode != 0:
            why = result.stdout.decode("utf-8", "replace")[-400:]
            with open(failed, "w", encoding="utf-8") as file:
                file.write(why)
            return why
        with open(done, "w", encoding="utf-8") as file:
            file.write(content)
    return None


def ready():
    """Skips the test program when there are no packages to be had."""
    if not shutil.which("node") or not shutil.which("npm"):
        support.skip("node and npm are not installed")
    why = _install()
    if why:
        support.skip(f"the npm packages mqtt and coap cannot be installed: {why}")


class Script:
    """A script of tests/npm as a child process. It gets its arguments as one JSON text, and prints a JSON text a line;
    a line that is written to it is an instruction, if it takes any."""

    def __init__(self, name, **arguments):
        environment = dict(os.environ, NODE_PATH=os.path.join(FOLDER, "node_modules"))
        self.process = subprocess.Popen(["node", os.path.join(SCRIPTS, name), json.dumps(arguments)], env=environment,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.said, self.errors = [], []
        threads = [threading.Thread(target=self._read, args=pair, daemon=True)
                   for pair in ((self.process.stdout, self.said), (self.process.stderr, self.errors))]
        for thread in threads:
            thread.start()

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def wait(self, wanted, what):
        """The first thing that it said for which wanted(thing) is true."""
        def look():
            for line in list(self.said):
                thing = json.loads(line)
                if wanted(thing):
                    return thing
            if self.process.poll() not in (None, 0):
                raise AssertionError(f"{what}: the script ended with {self.process.returncode}: {self.errors}")
            return None
        return support.wait_until(look, f"{what}; said: {self.said}; errors: {self.errors}")

    def event(self, name):
        return self.wait(lambda thing: thing.get("event") == name, f"event {name}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
