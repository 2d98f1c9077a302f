"""A box whose disk is small, full or read-only: the gateway in a mount namespace of its own, with its state folder on a file
system that the test has made for it. What is mounted there is gone with the Box, and nobody else ever sees it.

Needs mount namespaces: root's, or a user's own (unshare -r)."""
import os
import subprocess
import tempfile
import shutil

import support

# Everything but the state folder becomes read-only. What cannot be changed is no place for files (proc, sysfs).
ALL_READ_ONLY = """
while read -r _ on _; do
	[ "$on" = "$STATE" ] || mount -o remount,bind,ro "$on" 2>/dev/null
done </proc/self/mounts
true
"""


def _namespace():
    """(what makes a mount namespace, what enters the one of a process)"""
    for make, enter in (["unshare", "-m"], ["nsenter", "-m"]), (["unshare", "-rm"], ["nsenter", "-U", "--preserve-credentials", "-m"]):
        if subprocess.run(make + ["mount", "-t", "tmpfs", "none", "/mnt"], check=False,
                          stderr=subprocess.DEVNULL).returncode == 0:
            return make, enter
    return support.skip("no file system can be mounted here")


class Box:
    """The state folder is a tmpfs with these mount options, until the end of the Box: .gateway() starts one there, again and
    again if need be. `then`: commands of sh that change the place further; $STATE is the folder."""

    def __init__(self, options="size=1m", then=""):
        make, self.enter = _namespace()
        self.folder = tempfile.mkdtemp(prefix="fairlead-box-")
        self.state = os.path.join(self.folder, "state")
        os.mkdir(self.state)
        place = f'mount -t tmpfs -o mode=700,{options} none "$STATE" && {{ {then or "true"}\n}} && echo made && exec sleep 600'
        self.holder = subprocess.Popen(make + ["sh", "-c", place], stdout=subprocess.PIPE, text=True,
                                       env=dict(os.environ, STATE=self.state))
        assert self.holder.stdout.readline() == "made\n"

    def run(self, *command, **options):
        """A command in there."""
        return support.run(*self.enter, "-t", str(self.holder.pid), *command, **options)

    def gateway(self, configuration, limits="", **options):
        """`limits`: commands of sh just before it starts, such as ulimit."""
        script = os.path.join(self.folder, "start")
        with open(script, "w", encoding="utf-8") as out:
            out.write(f"#!/bin/sh\n{limits}\nexec {' '.join(self.enter)} -t {self.holder.pid} \"{support.BINARY}\" \"$@\"\n")
        os.chmod(script, 0o755)
        return support.Gateway(configuration.replace("{state}", self.state), binary=script, **options)

    def refusal(self, configuration):
        """What a gateway says that cannot start there: exit code 1, and neither a sanitizer's report nor a stop."""
        gate = self.gateway(configuration, wait=False)
        try:
            gate.process.wait(support.DEADLINE_S)
        finally:
            gate.stop(expect=1)
        return gate.log()

    def inside(self, name=""):
        """A path of the state folder for this process."""
        return f"/proc/{self.holder.pid}/root{self.state}/{name}"

    def fill(self, leave=0):
        """Leaves no room, or so many bytes."""
        with open(self.inside("filler"), "ab", buffering=0) as out:
            try:
                while True:
                    out.write(b"\0" * 4096)
            except OSError:
                pass
            out.truncate(max(0, out.tell() - leave))

    def free(self):
        os.remove(self.inside("filler"))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()
        self.holder.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)
