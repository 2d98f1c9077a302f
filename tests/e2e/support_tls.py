"""Keys and certificates, made by openssl(1) when a test begins."""
import atexit
import os
import shutil
import tempfile
import time

from support import run


def make_pki():
    """A CA, a stranger's CA, and what they signed: {name: bytes}, and the folder they are in."""
    folder = tempfile.mkdtemp(prefix="fairlead-pki-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)

    def openssl(*arguments):
        run("openssl", *arguments, cwd=folder)

    def authority(name):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", f"{name}.key",
                "-out", f"{name}.crt")

    def signed(name, subject, by):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={subject}",
                "-addext", "subjectAltName=DNS:localhost", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.crt", "-CAkey", f"{by}.key", "-CAcreateserial",
                "-days", "2", "-copy_extensions", "copy", "-out", f"{name}.crt")

    authority("ca")
    authority("stranger")
    signed("gateway", "localhost", "ca")
    signed("engine-7", "engine-7", "ca")
    signed("impostor", "engine-7", "stranger")
    files = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            files[f"pki/{name}"] = file.read()
    return folder, files


def _length(n):
    if n < 128:
        return bytes([n])
    digits = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(digits)]) + digits


def _sequence(content, tag=0x30):
    return bytes([tag]) + _length(len(content)) + content


def _value(der):
    """(value, what follows) of the first element."""
    n, at = der[1], 2
    if n & 0x80:
        n, at = int.from_bytes(der[2:2 + (n & 0x7f)], "big"), 2 + (n & 0x7f)
    return der[at:at + n], der[at + n:]


def time_from_now(seconds):
    """As openssl(1) takes it."""
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + seconds))


class Authority:
    """An authority that keeps a list of what it has revoked: openssl ca(1). Its files are NAME.crt, NAME.key, NAME.crl."""

    def __init__(self, folder, name, subject=None, by=None):
        self.folder, self.name = folder, name
        with open(self._path("cnf"), "w", encoding="ascii") as out:
            out.write(f"[ca]\ndefault_ca = me\n[me]\ndatabase = {name}.db\nnew_certs_dir = .\nrand_serial = yes\ndefault_md = sha256\npolicy = any\n"
                      "unique_subject = no\n[any]\ncommonName = supplied\norganizationalUnitName = optional\n[client]\nkeyUsage = critical, digitalSignature\n"
                      "extendedKeyUsage = clientAuth\n[server]\nkeyUsage = critical, digitalSignature\nextendedKeyUsage = serverAuth\n"
                      "subjectAltName = DNS:localhost\n[encipher]\nkeyUsage = critical, keyEncipherment\n[bare]\n"
                      "basicConstraints = CA:FALSE\n[authority]\nbasicConstraints = critical, CA:TRUE\n"
                      "keyUsage = critical, keyCertSign, cRLSign\n")
        open(self._path("db"), "w", encoding="ascii").close()
        if by:
            by.issue(name, "authority", subject)
        else:
            self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9", "-subj",
                          f"/CN={subject or name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-keyout", f"{name}.key",
                          "-out", f"{name}.crt")

    def _path(self, kind, name=None):
        return os.path.join(self.folder, f"{name or self.name}.{kind}")

    def _openssl(self, *arguments):
        run("openssl", *arguments, cwd=self.folder)

    def _ca(self, *arguments):
        self._openssl("ca", "-config", f"{self.name}.cnf", "-batch", "-cert", f"{self.name}.crt", "-keyfile", f"{self.name}.key",
                      *arguments)

    def issue(self, name, profile="client", subject=None, since=-60, until=9 * 24 * 3600):
        """NAME.crt and NAME.key; good from `since` to `until` seconds from now."""
        self._openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={subject or name}",
                      "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self._ca("-in", f"{name}.csr", "-out", f"{name}.crt", "-notext", "-startdate", time_from_now(since),
                 "-enddate", time_from_now(until), "-extensions", profile)

    def issue_with_nul(self, name, subject):
        """One whose common name is `subject`, in which "~" stands for a NUL: no tool makes it, so it is changed and signed again."""
        self.issue(name, "bare", subject)
        self._openssl("x509", "-in", f"{name}.crt", "-outform", "DER", "-out", f"{name}.der")
        with open(self._path("der", name), "rb") as file:
            body, _ = _value(file.read())
        tbs, rest = _value(body)
        algorithm, _ = _value(rest)
        tbs = _sequence(tbs.replace(subject.encode(), subject.replace("~", "\0").encode()))
        with open(self._path("tbs", name), "wb") as out:
            out.write(tbs)
        self._openssl("dgst", "-sha256", "-sign", f"{self.name}.key", "-out", f"{name}.sig", f"{name}.tbs")
        with open(self._path("sig", name), "rb") as file:
            signature = file.read()
        with open(self._path("der", name), "wb") as out:
            out.write(_sequence(tbs + _sequence(algorithm) + _sequence(b"\0" + signature, 3)))
        self._openssl("x509", "-inform", "DER", "-in", f"{name}.der", "-out", f"{name}.crt")

    def revoke(self, *names):
        """On the next list."""
        for name in names:
            self._ca("-revoke", f"{name}.crt")

    def write_list(self, until=9 * 24 * 3600, since=-3600):
        """NAME.crl; returns its text."""
        self._ca("-gencrl", "-crl_lastupdate", time_from_now(since), "-crl_nextupdate", time_from_now(until), "-out",
                 f"{self.name}.crl")
        return self.read("crl")

    def read(self, kind="crt", name=None):
        with open(self._path(kind, name), "rb") as file:
            return file.read()
