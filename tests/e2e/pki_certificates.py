"""The CA's certificates, lists, keys and bundles are what openssl(1) takes them for."""
import os
import re
import stat

import support
from support import BINARY, run
from support_pki import Authority

SECRETS = {"CA_SECRET": "the passphrase of the ca", "P12_SECRET": "the passphrase of the bundle"}


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_a_new_ca():
    ca = Authority("--name", "MV Aurora", "--days", "400")
    assert mode(ca.path("pki")) == 0o700
    assert mode(ca.path("pki", "ca.key")) == 0o600
    text = ca.openssl("x509", "-in", "pki/ca.crt", "-noout", "-text").out
    for part in ("CN = MV Aurora", "prime256v1", "ecdsa-with-SHA256", "CA:TRUE, pathlen:0",
                 "Certificate Sign, CRL Sign\n", "X509v3 Subject Key Identifier"):
        assert part in text, text
    ca.openssl("x509", "-in", "pki/ca.crt", "-noout", "-checkend", str(399 * 86400))
    ca.openssl("x509", "-in", "pki/ca.crt", "-noout", "-checkend", str(401 * 86400), expect=1)
    said = ca.openssl("crl", "-in", "pki/ca.crl", "-CAfile", "pki/ca.crt", "-noout", "-text")
    assert "verify OK" in said.err and "No Revoked Certificates" in said.out, said.out + said.err
    ca.openssl("verify", "-x509_strict", "-check_ss_sig", "-CAfile", "pki/ca.crt", "pki/ca.crt")


def test_a_device_is_a_client_and_nothing_else():
    ca = Authority()
    made = ca.issue("engine-7")
    assert made["certificate"] == "pki/engine-7.crt" and made["key"] == "pki/engine-7.key", made
    assert mode(ca.path("pki", "engine-7.key")) == 0o600
    ca.verify("pki/engine-7.crt", "sslclient")
    ca.verify("pki/engine-7.crt", "sslserver", expect=2)
    text = ca.openssl("x509", "-in", "pki/engine-7.crt", "-noout", "-text").out
    for part in ("CN = engine-7", "CA:FALSE", "Digital Signature\n", "TLS Web Client Authentication\n"):
        assert part in text, text
    serial = ca.openssl("x509", "-in", "pki/engine-7.crt", "-noout", "-serial").out.strip().split("=")[1]
    assert int(serial, 16) == int(made["serial"], 16) and len(made["serial"]) == 32
    public = ca.openssl("x509", "-in", "pki/engine-7.crt", "-noout", "-pubkey").out
    assert ca.openssl("pkey", "-in", "pki/engine-7.key", "-pubout").out == public
    # Nothing that it signs in its turn is believed.
    ca.openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "x.key",
               "-subj", "/CN=captain", "-out", "x.csr")
    ca.openssl("x509", "-req", "-in", "x.csr", "-CA", "pki/engine-7.crt", "-CAkey", "pki/engine-7.key",
               "-CAcreateserial", "-out", "x.crt")
    ca.openssl("verify", "-CAfile", "pki/ca.crt", "-untrusted", "pki/engine-7.crt", "x.crt", expect=2)


def test_a_gateway_is_a_server_under_its_names():
    ca = Authority()
    ca.issue("gateway", "gateway", "--san", "dns:localhost,dns:*.fleet.example,ip:127.0.0.1,ip:fd00::1",
             "--san", "uri:urn:ship:aurora,email:bridge@fleet.example")
    for purpose in ("sslserver", "sslclient"):
        ca.verify("pki/gateway.crt", purpose)
    for right in (("-verify_hostname", "localhost"), ("-verify_hostname", "box.fleet.example"),
                  ("-verify_ip", "127.0.0.1"), ("-verify_ip", "fd00::1"), ("-verify_email", "bridge@fleet.example")):
        ca.verify("pki/gateway.crt", "sslserver", *right)
    for wrong in (("-verify_hostname", "gateway"), ("-verify_hostname", "a.b.fleet.example"), ("-verify_ip", "127.0.0.2")):
        ca.verify("pki/gateway.crt", "sslserver", *wrong, expect=2)
    assert "URI:urn:ship:aurora" in ca.openssl("x509", "-in", "pki/gateway.crt", "-noout", "-ext", "subjectAltName").out
    # Without --san its name is what clients check.
    ca.issue("box.fleet.example", "gateway")
    ca.verify("pki/box.fleet.example.crt", "sslserver", "-verify_hostname", "box.fleet.example")
    ca.issue("10.1.2.3", "gateway")
    ca.verify("pki/10.1.2.3.crt", "sslserver", "-verify_ip", "10.1.2.3")
    done = ca.pki("issue", "the gateway", "--profile", "gateway", "--out", "x", expect=1)
    assert "--san" in done.err and not os.path.exists(ca.path("x.crt"))


def test_nothing_lives_longer_than_the_ca():
    ca = Authority("--days", "30")
    made = ca.issue("engine-7", "device", "--days", "31")
    assert made["shortened"] is True
    end = [ca.openssl("x509", "-in", f"pki/{name}.crt", "-noout", "-enddate").out for name in ("ca", "engine-7")]
    begin = [ca.openssl("x509", "-in", f"pki/{name}.crt", "-noout", "-startdate").out for name in ("ca", "engine-7")]
    assert end[0] == end[1] and begin[0] <= begin[1], (begin, end)
    assert ca.issue("engine-8", "device", "--days", "29")["shortened"] is False


def test_a_ca_beyond_2050_and_2038():
    ca = Authority("--days", "36500")
    ca.issue("engine-7", "device", "--days", "36000")
    ca.verify("pki/engine-7.crt", "sslclient")
    assert re.search(r"notAfter=.* 21\d\d GMT", ca.openssl("x509", "-in", "pki/engine-7.crt", "-noout", "-enddate").out)


def test_what_is_revoked_is_on_the_list_at_once():
    ca = Authority()
    for name in ("engine-7", "engine-8"):
        ca.issue(name)
    first = ca.issue("engine-7", "device", "--out", "again")
    assert len(first["also_valid"]) == 1
    done = ca.pki("revoke", "engine-7", "--reason", "keycompromise")
    assert done.out.count("is revoked (keyCompromise)") == 2, done.out
    for path in ("pki/engine-7.crt", "again.crt"):
        assert "certificate revoked" in ca.verify(path, "sslclient", expect=2).err
    ca.verify("pki/engine-8.crt", "sslclient")
    text = ca.openssl("crl", "-in", "pki/ca.crl", "-noout", "-text").out
    assert text.count("Key Compromise") == 2 and "CRL Number: \n                2\n" in text, text
    # A new certificate of that name is good; by its serial number only that one goes.
    new = ca.issue("engine-7")
    assert new["also_valid"] == []
    ca.verify("pki/engine-7.crt", "sslclient")
    serial = ca.openssl("x509", "-in", "pki/engine-8.crt", "-noout", "-serial").out.strip().split("=")[1]
    answer = ca.json("revoke", "--serial", ":".join(re.findall("..", serial)), "--days", "90")[0]
    assert answer["number"] == 3 and [one["name"] for one in answer["revoked"]] == ["engine-8"], answer
    ca.verify("pki/engine-8.crt", "sslclient", expect=2)
    ca.verify("pki/engine-7.crt", "sslclient")
    # Again is no mistake; the list's days stay as they were said last.
    answer = ca.json("revoke", "engine-8")[0]
    assert answer["revoked"] == [] and answer["number"] == 4, answer
    assert ca.json("crl")[0]["number"] == 5
    assert ca.read("pki", "index").decode().splitlines()[2] == "crl 5 90"
    done = ca.pki("revoke", "engine-9", expect=1)
    assert "no certificate of this name" in done.err and "list" in done.err, done.err


def test_the_list_of_all():
    ca = Authority("--days", "2000")
    ca.issue("engine-7", "device", "--days", "100")
    ca.issue("engine-8", "device", "--days", "29")
    ca.issue("localhost", "gateway")
    ca.pki("revoke", "engine-7", "--reason", "superseded")
    rows = ca.json("list")
    assert [(row["name"], row["profile"], row["state"]) for row in rows] == [
        ("engine-7", "device", "revoked"), ("engine-8", "device", "expires soon"), ("localhost", "gateway", "valid")], rows
    assert rows[0]["reason"] == "superseded" and "reason" not in rows[1]
    table = [line.split("  ") for line in ca.pki("list").out.splitlines()]
    assert [row[0] for row in table] == ["serial".ljust(32)[:len(table[0][0])]] + [row["serial"] for row in rows], table
    assert ca.json("list", "--soon", "1")[1]["state"] == "valid"
    assert [row["name"] for row in ca.json("list", "localhost")] == ["localhost"]


def test_a_request_proves_its_key_and_brings_no_more():
    ca = Authority()
    for form, key in (("PEM", ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")), ("DER", ("rsa:2048",)),
                      ("PEM", ("ec", "-pkeyopt", "ec_paramgen_curve:P-384"))):
        ca.openssl("req", "-new", "-newkey", *key, "-nodes", "-keyout", "x.key", "-subj", "/CN=captain/O=Fleet",
                   "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "extendedKeyUsage=serverAuth",
                   "-addext", "subjectAltName=DNS:engine.example,IP:10.0.0.7,IP:fd00::7,URI:urn:a:b,email:a@b.example",
                   "-outform", form, "-out", "x.csr")
        made = ca.issue("engine-7", "device", "--csr", "x.csr", "--out", "plain", "--replace")
        assert "key" not in made and not os.path.exists(ca.path("plain.key")), made
        ca.verify("plain.crt", "sslclient")
        ca.verify("plain.crt", "sslserver", expect=2)
        text = ca.openssl("x509", "-in", "plain.crt", "-noout", "-text").out
        assert "CN = engine-7\n" in text and "captain" not in text and "Alternative" not in text, text
        public = ca.openssl("x509", "-in", "plain.crt", "-noout", "-pubkey").out
        assert ca.openssl("pkey", "-in", "x.key", "-pubout").out == public
        ca.issue("engine-7", "device", "--csr", "x.csr", "--csr-names", "--out", "named", "--replace")
        names = ca.openssl("x509", "-in", "named.crt", "-noout", "-ext", "subjectAltName").out
        assert "DNS:engine.example, IP Address:10.0.0.7, IP Address:FD00:0:0:0:0:0:0:7, URI:urn:a:b, " \
               "email:a@b.example" in names, names


def test_a_bundle_opens_with_its_passphrase():
    ca = Authority(environment=SECRETS)
    made = ca.issue("engine-7", "device", "--p12", "engine-7.p12", "--passphrase", "env:P12_SECRET")
    assert "key" not in made and sorted(os.listdir(ca.folder)) == ["engine-7.p12", "pki"], os.listdir(ca.folder)
    assert not os.path.exists(ca.path("pki", "engine-7.key"))
    assert mode(ca.path("engine-7.p12")) == 0o600
    said = ca.openssl("pkcs12", "-in", "engine-7.p12", "-info", "-noenc", "-passin", "pass:" + SECRETS["P12_SECRET"])
    assert said.out.count("BEGIN CERTIFICATE") == 2 and "BEGIN PRIVATE KEY" in said.out
    assert said.err.count("PBES2, PBKDF2, AES-256-CBC") == 2 and "MAC: sha256" in said.err, said.err
    with open(ca.path("opened.pem"), "w", encoding="utf-8") as out:
        out.write(said.out)
    ca.verify("opened.pem", "sslclient")
    ca.openssl("pkcs12", "-in", "engine-7.p12", "-noout", "-passin", "pass:wrong", expect=1)


def test_an_encrypted_ca():
    ca = Authority("--passphrase", "env:CA_SECRET", environment=SECRETS)
    assert b"ENCRYPTED PRIVATE KEY" in ca.read("pki", "ca.key")
    ca.openssl("pkey", "-in", "pki/ca.key", "-noout", "-passin", "pass:" + SECRETS["CA_SECRET"])
    parsed = ca.openssl("asn1parse", "-in", "pki/ca.key").out
    for part in ("PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc", ":0927C0"):
        assert part in parsed, parsed
    done = ca.pki("issue", "engine-7", "--profile", "device", expect=1)
    assert "encrypted" in done.err and "passphrase" in done.err, done.err
    done = ca.pki("issue", "engine-7", "--profile", "device", "--ca-passphrase", "env:P12_SECRET", expect=1)
    assert "does not open" in done.err, done.err
    with open(ca.path("secret"), "w", encoding="utf-8") as out:
        out.write(SECRETS["CA_SECRET"] + "\r\n")
    ca.pki("issue", "engine-7", "--profile", "device", "--ca-passphrase", "file:secret")
    ca.pki("revoke", "engine-7", "--ca-passphrase", "env:CA_SECRET")
    ca.pki("crl", "--ca-passphrase", "env:CA_SECRET")
    assert [row["state"] for row in ca.json("list")] == ["revoked"]


def test_nothing_secret_is_shown():
    ca = Authority("--passphrase", "env:CA_SECRET", environment=SECRETS)
    shown = ""
    for arguments in (("init", "--passphrase", "env:CA_SECRET", "--dir", "other"),
                      ("issue", "a", "--profile", "device", "--ca-passphrase", "env:CA_SECRET", "--p12", "a.p12",
                       "--passphrase", "env:P12_SECRET"),
                      ("issue", "b", "--profile", "device", "--ca-passphrase", "env:CA_SECRET", "--json"),
                      ("issue", "b", "--profile", "device", "--ca-passphrase", "env:P12_SECRET"), ("list",)):
        done = ca.pki(*arguments, expect=None)
        shown += done.out + done.err
    key = ca.read("pki", "b.key").decode().splitlines()
    for secret in (*SECRETS.values(), *key[1:-1]):
        assert secret not in shown, shown
    assert "PRIVATE" not in shown


def test_the_folder_is_beside_the_configuration():
    ca = Authority(init=False)
    os.makedirs(ca.path("etc"))
    ca.pki("init", "-c", "etc/fairlead.yaml")
    ca.pki("issue", "engine-7", "--profile=device", "--dir=etc/pki")
    assert os.path.exists(ca.path("etc", "pki", "engine-7.crt"))
    assert [row["name"] for row in ca.json("list", "-c", "etc/fairlead.yaml")] == ["engine-7"]


def test_help_is_everywhere():
    for command in ((), ("init",), ("issue",), ("revoke",), ("crl",), ("list",)):
        done = run(BINARY, "pki", *command, "--help")
        assert done.out.startswith("Usage: fairlead pki") and not done.err
    assert "  pki " in run(BINARY, "--help").out


support.main(globals())
