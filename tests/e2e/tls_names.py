"""SNI: the certificate that the gateway shows is that of the name it is called by, at every door that speaks TLS or DTLS."""
import atexit
import os
import re
import shutil
import subprocess
import tempfile

import support
from support_tls import Authority
from support_tls_doors import DOORS, KEYS, enters, gateway, replace

FOLDER = tempfile.mkdtemp(prefix="fairlead-pki-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
CERTIFICATES = ("certificates: [{ names: [box.example, 'BOX.local'], certificate: pki/box.crt, key: pki/box.key },"
                " { names: ['*.ships.example'], certificate: pki/ships.crt, key: pki/ships.key },"
                " { names: [aurora.ships.example], certificate: pki/aurora.crt, key: pki/aurora.key }]")


def make():
    ca = Authority(FOLDER, "ca")
    for name in ("server", "box", "ships", "aurora"):
        ca.issue(name, "server", f"the one for {name}")
    ca.issue("engine-7")
    return ca


CA = make()
FILES = {f"{name}.{kind}": CA.read(kind, name) for name in ("server", "box", "ships", "aurora") for kind in ("crt", "key")}
FILES["ca.crt"] = CA.read()


def shown(gate, door, name):
    """The common name of the certificate that a caller of this name gets."""
    version = ["-dtls1_2"] if door == "coaps" else []
    who = ["-servername", name] if name else ["-noservername"]
    done = subprocess.run(["openssl", "s_client", "-connect", f"{gate.address}:{gate.port(door)}", *version, *who], input=b"Q",
                          capture_output=True, timeout=support.DEADLINE_S, check=False)
    # "CN = " in OpenSSL 3.0, "CN=" in 3.5.
    return re.search(r"subject=CN ?= ?the one for (\w+)", done.stdout.decode("latin-1")).group(1)


def test_the_name_says_which_certificate():
    backend = support.RestBackend()
    with gateway(backend, FILES, "client_certificate: optional, " + CERTIFICATES) as gate:
        for door in DOORS:
            for name, wanted in ((None, "server"), ("localhost", "server"), ("box.example", "box"), ("box.local", "box"),
                                 ("Box.Example", "box"), ("andrea.ships.example", "ships"), ("aurora.ships.example", "aurora"),
                                 ("ships.example", "server"), ("a.b.ships.example", "server"), ("xbox.example", "server")):
                assert shown(gate, door, name) == wanted, (door, name)
            # Clients with certificates of their own come in under any of them.
            assert enters(gate, door, FOLDER, "engine-7"), door


def test_these_files_are_renewed_as_well():
    backend = support.RestBackend()
    with gateway(backend, FILES, "client_certificate: none, " + CERTIFICATES) as gate:
        assert shown(gate, "mqtt", "box.example") == "box"
        replace(gate, "box.crt", FILES["ships.crt"])
        replace(gate, "box.key", FILES["ships.key"])
        for door in DOORS:
            support.wait_until(lambda door=door: shown(gate, door, "box.example") == "ships", "the new certificate")
            assert shown(gate, door, "aurora.ships.example") == "aurora"


def test_what_makes_no_sense_is_a_mistake():
    for tls, what in (("certificates: [{ names: [], certificate: pki/box.crt, key: pki/box.key }]", "no name"),
                      ("certificates: [{ names: ['a.*.example'], certificate: pki/box.crt, key: pki/box.key }]", "a host's name"),
                      ("certificates: [{ names: ['https://box.example'], certificate: pki/box.crt, key: pki/box.key }]", "a host's name"),
                      ("certificates: [{ names: [box.example], certificate: pki/box.crt, key: pki/ships.key }]", "key: "),
                      ("certificates: [{ names: [box.example], certificate: pki/box.crt }]", "key"),
                      ("certificates: [{ name: box.example, certificate: pki/box.crt, key: pki/box.key }]", "names")):
        folder = tempfile.mkdtemp(dir=FOLDER)
        os.symlink(FOLDER, os.path.join(folder, "pki"))
        for door in ("http", "mqtt"):
            listener = f"  - {{ name: {door}, protocol: {door}, bind: '127.0.0.1:1', tls: {{ {KEYS}, {tls} }} }}"
            path = os.path.join(folder, "fairlead.yaml")
            with open(path, "w", encoding="utf-8") as out:
                out.write(support.fleet("http://127.0.0.1:1", listener))
            done = support.run(support.BINARY, "check", "-c", path, expect=2, env=dict(os.environ, **support.TOKENS))
            assert what in done.err and ":4:" in done.err, done.err


support.main(globals())
