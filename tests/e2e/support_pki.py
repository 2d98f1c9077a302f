"""A CA of `fairlead pki` in a folder of its own."""
import atexit
import json
import os
import shutil
import tempfile

from support import BINARY, run


class Authority:
    """`fairlead pki init` in a new folder. Paths are relative to .folder, the CA's is "pki" there."""

    def __init__(self, *arguments, environment=None, init=True):
        self.folder = tempfile.mkdtemp(prefix="fairlead-pki-")
        self.environment = dict(os.environ, **(environment or {}))
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        if init:
            self.pki("init", *arguments)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def pki(self, *arguments, expect=0, **options):
        done = run(BINARY, "pki", *arguments, expect=expect, cwd=self.folder, env=self.environment, **options)
        for sign in ("AddressSanitizer", "LeakSanitizer", "runtime error:"):
            assert sign not in done.err, done.err
        return done

    def json(self, *arguments):
        """The answer in JSON: a value for each line."""
        return [json.loads(line) for line in self.pki(*arguments, "--json").out.splitlines()]

    def issue(self, name, profile="device", *arguments):
        return self.json("issue", name, "--profile", profile, *arguments)[0]

    def openssl(self, *arguments, expect=0, **options):
        return run("openssl", *arguments, expect=expect, cwd=self.folder, **options)

    def verify(self, path, purpose, *arguments, expect=0):
        """What openssl(1) says of a certificate, with the list."""
        return self.openssl("verify", "-purpose", purpose, "-CAfile", "pki/ca.crt", "-crl_check", "-CRLfile",
                            "pki/ca.crl", "-x509_strict", *arguments, path, expect=expect)

    def read(self, *names):
        with open(self.path(*names), "rb") as file:
            return file.read()

    def index(self):
        """The lines of certificates, as lists of fields."""
        lines = self.read("pki", "index").decode().splitlines()
        return [line.split("\t") for line in lines[3:]]

    def files(self):
        """For a gateway's folder."""
        return {f"pki/{name}": self.read("pki", name) for name in os.listdir(self.path("pki"))}
