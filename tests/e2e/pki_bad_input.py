"""The CA refuses what it must not sign, overwrites nothing, and says why."""
import os
import shutil

import support
from support import run
from support_pki import Authority

CA = Authority()


def refused(*arguments, code, sign, ca=CA):
    done = ca.pki(*arguments, expect=code)
    assert sign in done.err and not done.out, (arguments, done.err, done.out)


def device(name, *more, code=2, sign=""):
    refused("issue", *more, "--profile", "device", name, code=code, sign=sign)


def test_names_that_are_refused():
    before = CA.index()
    for name, sign in (("", "1 to 64"), ("a" * 65, "1 to 64"), ("a\nb", "U+000A"), ("a\x1b[2J", "U+001B"),
                       ("engine\u202e7", "U+202E"), ("engine\u200b", "U+200B"), ("a\udcff", "UTF-8"), (" a", "space"),
                       ("*", "wildcard"), ("*.fleet.example", "wildcard")):
        device(name, sign=sign)
    for san, sign in (("dns:*.fleet.example", "a device"), ("dns:a b", "DNS name"), ("ip:1.2.3", "IP address"),
                      ("uri:nothing", "URI"), ("email:nobody", "mail address"), ("a.example", "dns:…"),
                      ("dns:a.example,email:copy,dns:b.example", "mail address"), ("dns:a.example\nCA:TRUE", "DNS name"),
                      ("dirName:x", "dns:…"), ("otherName:1.2.3;UTF8:x", "dns:…")):
        device("engine-7", "--san", san, sign=sign)
    refused("issue", "a.*.example", "--profile", "gateway", code=2, sign="wildcard")
    refused("init", "--dir", "other", "--name", "a\x07", code=2, sign="U+0007")
    assert CA.index() == before and not os.path.exists(CA.path("other"))


def test_names_that_are_no_file_names_need_a_place():
    for name in ("../engine", "/engine", "Motor Süd", "ca", ".hidden", "a/b"):
        device(name, code=1, sign="--out")
    made = CA.issue("../engine", "device", "--out", "engine")
    assert made["certificate"] == "engine.crt"
    assert "CN = ../engine\n" in CA.openssl("x509", "-in", "engine.crt", "-noout", "-text").out


def test_nothing_is_overwritten():
    ca = Authority()
    own = {name: ca.read("pki", name) for name in os.listdir(ca.path("pki"))}
    refused("init", code=1, sign="already", ca=ca)
    refused("init", "--dir", "pki/../pki", code=1, sign="already", ca=ca)
    refused("issue", "x", "--profile", "device", "--out", "pki/ca", code=1, sign="own file", ca=ca)
    refused("issue", "x", "--profile", "device", "--out", "pki/ca", "--replace", code=1, sign="own file", ca=ca)
    os.symlink(ca.path("pki", "index"), ca.path("link.p12"))
    ca.environment["SECRET"] = "a secret of the test"
    refused("issue", "x", "--profile", "device", "--p12", "link.p12", "--passphrase", "env:SECRET", "--replace", code=1,
            sign="own file", ca=ca)
    os.makedirs(ca.path("folder.crt"))
    refused("issue", "x", "--profile", "device", "--out", "folder", "--replace", code=1, sign="is a folder", ca=ca)
    refused("issue", "x", "--profile", "device", "--out", "absent/x", code=1, sign="absent/x.key", ca=ca)
    assert own == {name: ca.read("pki", name) for name in own}
    # The files of others stay; those of the same name give way, and that is said.
    with open(ca.path("pki", "engine-7.key"), "w", encoding="utf-8") as out:
        out.write("another's")
    refused("issue", "engine-7", "--profile", "device", code=1, sign="--replace", ca=ca)
    assert ca.index() == [] and ca.read("pki", "engine-7.key") == b"another's"
    os.remove(ca.path("pki", "engine-7.key"))
    first = ca.issue("engine-7")
    done = ca.pki("issue", "engine-7", "--profile", "device")
    assert "renewal" in done.out and first["serial"] in done.out and "replaced" in done.out, done.out
    assert len(ca.index()) == 2
    # A CA of another tool is not taken over.
    os.makedirs(ca.path("foreign"))
    with open(ca.path("foreign", "ca.key"), "w", encoding="utf-8") as out:
        out.write("another's")
    refused("init", "--dir", "foreign", code=1, sign="ca.key", ca=ca)
    assert ca.read("foreign", "ca.key") == b"another's"


def test_requests_that_are_refused():
    def request(path, *more, key=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
        CA.openssl("req", "-new", "-newkey", *key, "-nodes", "-keyout", "x.key", "-subj", "/CN=x", *more, "-out", path)

    def csr(path, sign, *more):
        device("engine-7", "--csr", path, *more, "--out", "made", code=1, sign=sign)

    before = CA.index()
    request("good.csr", "-outform", "DER")
    good = bytearray(CA.read("good.csr"))
    # Its key is another, its signature is another, it is longer than it says, it is cut off.
    changes = {"key": (good.index(b"\x03\x42\x00\x04") + 20, 1), "signature": (len(good) - 1, 1)}
    for name, (at, bit) in changes.items():
        wrong = bytearray(good)
        wrong[at] ^= bit
        with open(CA.path(name + ".csr"), "wb") as out:
            out.write(wrong)
    csr("signature.csr", "not signed by the key")
    csr("key.csr", "")
    for name, content in (("more", good + b"\0"), ("less", good[:-1]), ("text", b"hello"), ("nothing", b""),
                          ("large", b"-" * 65537)):
        with open(CA.path(name + ".csr"), "wb") as out:
            out.write(content)
        csr(name + ".csr", ".csr" if name in ("nothing", "large") else "certificate request")
    csr("absent.csr", "absent.csr")
    csr("pki", "pki")
    for key, sign in ((("rsa:1024",), "1024 bits"), (("ed25519",), "kind"),
                      (("ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"), "curve"),
                      (("ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"), "curve")):
        request("x.csr", key=key)
        csr("x.csr", sign)
    for names, sign in (("DNS:*.fleet.example", "DNS name"), ("otherName:1.2.3.4;UTF8:captain", "neither"),
                        ("RID:1.2.3.4", "neither"), ("URI:nothing", "URI"),
                        (",".join(f"DNS:d{i}" for i in range(33)), "at most 32")):
        request("x.csr", "-addext", "subjectAltName=" + names)
        csr("x.csr", sign, "--csr-names")
    # A name with a NUL in it, which a careless reader takes for the part before.
    request("x.csr", "-addext", "subjectAltName=DER:3019821765782e6578616d706c6500652e65782e6578616d706c65")
    csr("x.csr", "ex.example?e.ex.example", "--csr-names")
    assert CA.index() == before and not os.path.exists(CA.path("made.crt"))


def test_wrong_usage_is_told():
    for arguments, sign in ((("issue",), "name"), (("issue", "a"), "--profile"), (("issue", "a", "--profile", "ca"), "--profile"),
                            (("issue", "a", "b"), "b"), (("issue", "a", "--frob"), "--frob"),
                            (("issue", "a", "--profile"), "must follow"),
                            (("issue", "a", "--profile", "device", "--days", "0"), "--days"),
                            (("issue", "a", "--profile", "device", "--days", "36501"), "--days"),
                            (("issue", "a", "--profile", "device", "--days", "1x"), "--days"),
                            (("issue", "a", "--profile", "device", "--p12", "x"), "--passphrase"),
                            (("issue", "a", "--profile", "device", "--passphrase", "env:HOME"), "--p12"),
                            (("issue", "a", "--profile", "device", "--p12", "x", "--csr", "x", "--passphrase", "env:HOME"),
                             "private key"),
                            (("issue", "a", "--profile", "device", "--p12", "x", "--passphrase", "plain"), "env:NAME"),
                            (("issue", "a", "--profile", "device", "--p12", "x", "--passphrase", "env:FAIRLEAD_ABSENT"),
                             "not set"),
                            (("issue", "a", "--profile", "device", "--csr-names"), "--csr"),
                            (("revoke",), "--serial"), (("revoke", "a", "--serial", "1"), "--serial"),
                            (("revoke", "--serial", "xyz"), "hexadecimal"), (("revoke", "a", "--reason", "bored"), "superseded"),
                            (("list", "--days", "1"), "--days"), (("init", "--dir", ""), "--dir"),
                            (("init", "--dir", "a", "--dir", "b"), "twice"), (("frob",), "frob"), ((), "Usage")):
        refused(*arguments, code=2, sign=sign)
    for command in (("list",), ("crl",), ("issue", "a", "--profile", "device"), ("revoke", "a")):
        refused(*command, "--dir", "nowhere", code=1, sign="fairlead pki init")
    assert not os.path.exists(CA.path("nowhere"))


def test_a_ca_that_is_not_whole_is_not_used():
    def changed(name, change, sign):
        ca = Authority()
        ca.issue("engine-7")
        path = ca.path("pki", name)
        content = ca.read("pki", name)
        os.remove(path)
        if change(content) is not None:
            with open(path, "wb") as out:
                out.write(change(content))
        refused("issue", "engine-8", "--profile", "device", code=1, sign=sign, ca=ca)
        assert not os.path.exists(ca.path("pki", "engine-8.crt"))

    other = Authority()
    changed("index", lambda content: content[:-1], "cut off")
    changed("index", lambda content: content + content.splitlines(True)[-1], "twice")
    changed("index", lambda content: content.replace(b"device", b"captain"), "index:4:")
    changed("ca.key", lambda content: None, "ca.key")
    changed("ca.key", lambda content: b"nothing", "ca.key")
    changed("ca.key", lambda content: other.read("pki", "ca.key"), "is not the key of")
    changed("ca.crt", lambda content: b"", "ca.crt")
    ca = Authority()
    ca.issue("engine-7")
    shutil.copy(ca.path("pki", "engine-7.crt"), ca.path("pki", "ca.crt"))
    refused("issue", "engine-8", "--profile", "device", code=1, sign="not that of a CA", ca=ca)


def test_what_is_not_as_it_should_be_is_warned_of():
    ca = Authority()
    os.chmod(ca.path("pki", "ca.key"), 0o644)
    done = ca.pki("list")
    assert "warning" in done.err and "chmod 600" in done.err, done.err
    os.chmod(ca.path("pki", "ca.key"), 0o600)
    assert not ca.pki("list").err
    ca.pki("crl", "--days", "3")
    assert "ends at" in ca.pki("list").err
    os.remove(ca.path("pki", "ca.crl"))
    assert "fairlead pki crl" in ca.pki("list").err
    ca.issue("engine-7")  # writes it again, with another number
    assert "CRL Number: \n                3\n" in ca.openssl("crl", "-in", "pki/ca.crl", "-noout", "-text").out


def test_an_answer_that_cannot_be_written_is_a_failure():
    if not os.path.exists("/dev/full"):
        support.skip("there is no /dev/full")
    done = run("sh", "-c", f'exec "{support.BINARY}" pki list --dir "{CA.path("pki")}" >/dev/full', expect=1)
    assert "could not be written" in done.err, done.err


support.main(globals())
