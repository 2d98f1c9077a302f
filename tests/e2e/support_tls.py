"""Keys and certificates, made by openssl(1) when a test begins."""
import atexit
import os
import shutil
import tempfile

from support import run


def make_pki():
    """A CA, a stranger's CA, and what they signed: {name: bytes}, and the folder they are in."""
    folder = tempfile.mkdtemp(prefix="fairlead-pki-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)

    def openssl(*arguments):
        run("openssl", *arguments, cwd=folder)

    def authority(name):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign", "-keyout", f"{name}.key",
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
