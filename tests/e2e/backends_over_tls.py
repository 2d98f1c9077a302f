"""Services behind that are called over HTTPS: only the one that is meant, over connections that are kept."""
import concurrent.futures
import json
import os
import shutil
import ssl
import subprocess
import tempfile

import support
from support_http import LISTENER
from support_tls import Authority, make_pki

FOLDER, FILES = make_pki()
PATH = "/open/x"
TRUST = "ca: pki/ca.crt, server_name: localhost"
# Its last words may be lost when it closes at once.
NO_CLIENT = "it refused the TLS handshake", "it broke the TLS handshake off"


def context(name="gateway", client_ca=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(os.path.join(FOLDER, f"{name}.crt"), os.path.join(FOLDER, f"{name}.key"))
    if client_ca:
        made.verify_mode = ssl.CERT_REQUIRED
        made.load_verify_locations(os.path.join(FOLDER, client_ca))
    return made


def configuration(url, trust=TRUST, more=""):
    return support.fleet(url, LISTENER.format(""), backend_extra=f", tls: {{ {trust} }}{more}")


def gateway(url, trust=TRUST, more=""):
    return support.Gateway(configuration(url, trust, more), FILES, support.TOKENS)


def call(running, body="{}", *more):
    return support.curl("--json", body, *more, running.url(PATH))


def refused(running, *whys):
    status, _, body = call(running)
    assert status == 502, (status, body)
    said = [f"no TLS with the backend: {why}" for why in whys]
    if whys == NO_CLIENT:  # TLS 1.3 is done before the service has looked at a certificate; the call may be on its way
        said.append("the backend broke the connection off")
    assert json.loads(body)["detail"] in said, body


def test_a_call_goes_over_a_connection_that_is_kept():
    backend = support.RestBackend(tls=context())
    with gateway(backend.url + "/v2") as running:
        for i in range(20):
            assert call(running, f'{{"i":{i}}}')[0] == 200
            seen = backend.next()
            assert seen.path == "/v2/open/x" and seen.json() == {"i": i}
            assert seen.headers["host"] == backend.url[len("https://"):]
        assert backend.accepted == 1
        assert running.counters("telemetry")["connections"] == 1
    backend.close()


def test_many_calls_at_once():
    backend = support.RestBackend(tls=context())
    with gateway(backend.url, more=", connections: 4") as running:
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            assert all(done.result()[0] == 200 for done in [pool.submit(call, running, f'{{"i":{i}}}') for i in range(100)])
        assert sorted(seen.json()["i"] for seen in backend.seen) == list(range(100))
        assert backend.accepted <= 4
    backend.close()


def test_large_bodies_go_both_ways():
    answer = json.dumps("y" * 900000).encode()
    backend = support.RestBackend(lambda seen: (200, {"Content-Type": "application/json"}, answer), tls=context())
    body = json.dumps("x" * 60000)
    with gateway(backend.url) as running:
        for _ in range(3):
            # From a file: it is longer than an argument may be.
            with tempfile.NamedTemporaryFile("w") as file:
                file.write(body)
                file.flush()
                status, _, got = call(running, f"@{file.name}")
            assert status == 200 and got.encode() == answer
            assert backend.next().body.decode() == body
    backend.close()


def test_only_the_service_that_is_meant_is_told():
    elder = Authority(FOLDER, "elder")
    elder.issue("old", "server", "localhost", since=-2 * 24 * 3600, until=-24 * 3600)
    FILES["pki/elder.crt"] = elder.read("crt")
    for name, trust, why in (
            ("gateway", "ca: pki/ca.crt", "its certificate is for another name"),
            ("gateway", "ca: pki/ca.crt, server_name: ship.example", "its certificate is for another name"),
            ("gateway", "ca: pki/stranger.crt, server_name: localhost", "its certificate is signed by nobody who is trusted here"),
            ("gateway", "server_name: localhost", "its certificate is signed by nobody who is trusted here"),
            ("impostor", TRUST, "its certificate is signed by nobody who is trusted here"),
            ("old", "ca: pki/elder.crt, server_name: localhost", "its certificate has expired")):
        backend = support.RestBackend(tls=context(name))
        with gateway(backend.url, trust) as running:
            refused(running, why)
            assert running.counters("telemetry")["refused"] > 0
        backend.nothing_more()
        backend.close()


def test_a_service_that_asks_who_the_gateway_is():
    backend = support.RestBackend(tls=context(client_ca="ca.crt"))
    with gateway(backend.url) as running:
        refused(running, *NO_CLIENT)
    with gateway(backend.url, TRUST + ", certificate: pki/engine-7.crt, key: pki/engine-7.key") as running:
        assert call(running)[0] == 200
    with gateway(backend.url, TRUST + ", certificate: pki/impostor.crt, key: pki/impostor.key") as running:
        refused(running, *NO_CLIENT)
    backend.close()


def test_what_speaks_no_tls():
    backend = support.RestBackend()
    with gateway(backend.url.replace("http:", "https:"), more=", connect_timeout: 5s") as running:
        assert call(running)[0] in (502, 504)
    backend.nothing_more()
    backend.close()


def test_targets_with_and_without_it():
    secure, plain = support.RestBackend(tls=context()), support.RestBackend()
    text = configuration(secure.url).replace(f"{{ url: {secure.url} }}", f"{{ url: {secure.url} }}, {{ url: {plain.url} }}")
    with support.Gateway(text, FILES, support.TOKENS) as running:
        for _ in range(10):
            assert call(running)[0] == 200
        assert len(secure.seen) == len(plain.seen) == 5
        # One is gone: the other has it all.
        secure.close()
        for _ in range(4):
            support.wait_until(lambda: call(running)[0] == 200, "the other target")
    plain.close()


def test_a_service_that_speaks_protobuf():
    empty = (200, {"Content-Type": "application/x-protobuf"}, b"")
    backend = support.RestBackend(lambda seen: empty, tls=context())
    descriptors = os.path.join(os.path.dirname(support.BINARY), "schemas", "proto", "fleet.pb")
    with open(descriptors, "rb") as file:
        files = dict(FILES, **{"fleet.pb": file.read()})
    text = f"""
listeners: [{{ name: web, protocol: http, bind: "{{address}}:{{port_web}}" }}]
backends:
  fleet: {{ protocol: protobuf, descriptors: fleet.pb, targets: [{{ url: {backend.url} }}], tls: {{ {TRUST} }} }}
endpoints:
  - {{ name: open, path: /open/x, methods: [POST], auth: [none], to: fleet, call: {{ message: fleet.v1.Reading, reply: fleet.v1.Ack, path: /readings }} }}
"""
    with support.Gateway(text, files, support.TOKENS) as running:
        assert call(running, support.READING_TEXT)[0] == 200
        seen = backend.next()
        assert seen.headers["content-type"] == "application/x-protobuf" and seen.path == "/readings", seen
        assert b"temperature" in seen.body, seen
        refuse = support.RestBackend(lambda seen: empty, tls=context("impostor"))
        running.write(text.replace(backend.url, refuse.url))
        running.reload()
        support.wait_until(lambda: call(running, support.READING_TEXT)[0] == 502, "the one that is not meant")
        refuse.nothing_more()
        refuse.close()
    backend.close()


def test_a_service_by_name_and_by_nginx():
    """Nginx in front of the service, as it mostly is."""
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    if not os.path.exists(nginx):
        print("     (without nginx)")
        return
    behind = support.RestBackend()
    port = support.free_port("127.0.0.1")
    folder = tempfile.mkdtemp(prefix="fairlead-nginx-")
    with open(os.path.join(folder, "nginx.conf"), "w", encoding="utf-8") as out:
        out.write(f"""
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {FOLDER}/gateway.crt; ssl_certificate_key {FOLDER}/gateway.key;
    location / {{ proxy_pass {behind.url}; }}
  }}
}}
""")
    server = subprocess.Popen([nginx, "-p", folder, "-c", os.path.join(folder, "nginx.conf"), "-e", f"{folder}/error.log"])
    try:
        with gateway(f"https://localhost:{port}", "ca: pki/ca.crt") as running:
            support.wait_until(lambda: call(running)[0] == 200, "nginx is up")
            for _ in range(20):
                assert call(running)[0] == 200
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)
    behind.close()


def test_mistakes_in_its_settings():
    for url, trust, said in (
            ("http://10.0.0.5", TRUST, "no target begins with https://"),
            ("https://10.0.0.5", "ca: pki/ca.key", "pki/ca.key"),
            ("https://10.0.0.5", "ca: pki/none.crt", "pki/none.crt"),
            ("https://10.0.0.5", "ca: pki/ca.crt, key: pki/ca.key", "certificate and key go together"),
            ("https://10.0.0.5", "certificate: pki/engine-7.crt, key: pki/gateway.key", "is not the key of the certificate"),
            ("https://user@10.0.0.5", TRUST, "no user"),
            ("ftp://10.0.0.5", TRUST, "http or https")):
        with tempfile.TemporaryDirectory() as folder:
            os.symlink(FOLDER, os.path.join(folder, "pki"))
            path = os.path.join(folder, "fairlead.yaml")
            with open(path, "w", encoding="utf-8") as out:
                out.write(configuration(url, trust).replace("{address}:{port_web}", "127.0.0.1:0"))
            done = support.run(support.BINARY, "check", "-c", path, expect=2, env=dict(os.environ, **support.TOKENS))
            assert said in done.out + done.err, (url, trust, done.out, done.err)


if __name__ == "__main__":
    support.main(globals())
