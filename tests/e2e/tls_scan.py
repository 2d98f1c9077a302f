"""sslscan at every TCP port that speaks TLS: what is offered, and nothing else is. DTLS has no scanner: openssl s_client asks."""
import atexit
import os
import re
import shutil
import subprocess
import tempfile

import support
from support_tls import Authority
from support_tls_doors import KEYS, listeners

FOLDER = tempfile.mkdtemp(prefix="fairlead-pki-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
READING_KSY = os.path.join(support.SOURCE, "schemas", "frames", "reading.ksy")
AEAD = r"ECDHE-(ECDSA|RSA)-(AES\d+-GCM-SHA\d+|CHACHA20-POLY1305|AES\d+-CCM8?)|TLS_(AES_\d+_GCM_SHA\d+|CHACHA20_POLY1305_SHA256|AES_128_CCM(_8)?_SHA256)"


def gateway():
    ca = Authority(FOLDER, "ca")
    ca.issue("server", "server", "localhost")
    tls = KEYS + ", client_certificate: optional"
    more = f"""
  - {{ name: wss, protocol: mqtt, transport: websocket, bind: "{{address}}:{{port_wss}}", tls: {{ {tls} }} }}
  - {{ name: frames, protocol: binary, bind: "tcp://{{address}}:{{port_frames}}", frame: {READING_KSY}, path: "/open/{{device}}", tls: {{ {tls} }} }}
"""
    files = {f"pki/{name}.{kind}": ca.read(kind, name) for name, kind in (("server", "crt"), ("server", "key"), ("ca", "crt"))}
    return support.Gateway(support.fleet("http://127.0.0.1:1", listeners(tls) + more), files=files, environment=support.TOKENS)


def scan(gate, door):
    done = subprocess.run(["sslscan", "--no-colour", "--show-ciphers", f"{gate.address}:{gate.port(door)}"], capture_output=True, check=True,
                          timeout=4 * support.DEADLINE_S)
    return done.stdout.decode()


def test_nothing_weak_is_offered():
    with gateway() as gate:
        for door in ("web", "mqtt", "coaptcp", "wss", "frames"):
            said = scan(gate, door)
            for old in ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"):
                assert re.search(rf"{old} +disabled", said), (door, said)
            assert re.search(r"TLSv1.2 +enabled", said), (door, said)
            if door == "web":
                assert re.search(r"TLSv1.3 +enabled", said), (door, said)
            assert "Session renegotiation not supported" in said, (door, said)
            assert "Compression disabled" in said or "OpenSSL version does not support compression" in said, (door, said)
            offered = re.findall(r"(?:Preferred|Accepted) +(TLSv1\.\d) +\d+ bits +(\S+)", said)
            assert offered, (door, said)
            for version, suite in offered:
                assert re.fullmatch(AEAD, suite), (door, version, suite)


def test_dtls_offers_no_more():
    with gateway() as gate:
        def connects(*arguments):
            done = subprocess.run(["openssl", "s_client", "-connect", f"{gate.address}:{gate.port('coaps')}", *arguments], input=b"Q",
                                  capture_output=True, timeout=support.DEADLINE_S, check=False)
            found = re.search(r"Cipher is (\S+)", done.stdout.decode("latin-1"))
            return found.group(1) if found and found.group(1) != "(NONE)" else None
        assert re.fullmatch(AEAD, connects("-dtls1_2"))
        assert not connects("-dtls1", "-cipher", "ALL@SECLEVEL=0")
        for weak in ("ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES128-SHA", "AES128-GCM-SHA256", "NULL", "PSK", "DHE"):
            assert not connects("-dtls1_2", "-cipher", weak + "@SECLEVEL=0"), weak


support.main(globals())
