"""The gateway's own life: check, start, reload, drain, counters."""
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

import support
from support import Gateway, RestBackend, TOKENS, curl, fleet, run, wait_until

WEB = "  - { name: web, protocol: http, bind: {address}:{port_web} }\n"
BEARER_7 = ("-H", "Authorization: Bearer secret-of-engine-7", "-H", "Content-Type: application/json")


def test_check_says_every_mistake_with_its_place():
    broken = """gateway: { limits: { body: huge } }
listeners:
  - { name: web, protocol: htp, bind: 1.2.3.4:80 }
  - { name: web2, protocol: http, bnd: 1.2.3.4:80 }
roles: { sensor: { allow: ["POST"] } }
clients: [{ id: a, roles: [sensr], token: plain }]
backends: { one: { protocol: rest } }
endpoints:
  - { name: e, path: a, methods: [PSOT], auth: [token], to: two }
"""
    path = "/tmp/fairlead-check-%d.yaml" % os.getpid()
    with open(path, "w", encoding="utf-8") as out:
        out.write(broken)
    try:
        done = run(support.BINARY, "check", "-c", path, expect=2)
    finally:
        os.unlink(path)
    for place, part in [(1, "gateway.limits.body"), (3, "no listener speaks \"htp\"; there are binary, coap, admin, http, mqtt"), (4, "did you mean bind?"),
                        (4, "the key bind is missing"), (5, "say METHOD /path"), (6, "clients[0].token"),
                        (7, "targets"), (9, "endpoints[0].path"), (9, "PSOT"), (9, "endpoints[0].auth[0]"),
                        (9, "endpoints[0].to")]:
        assert any(line.startswith(f"{path}:{place}:") and part in line for line in done.err.split("\n")), \
            f"line {place}: {part}\n{done.err}"
    assert "mqtt, mqtt" not in done.err  # two adapters speak it


def test_check_finds_what_would_never_work():
    broken = """gateway: { limits: { memory: 1MiB, connections: 0 } }
backends: { one: { protocol: console, timeout: 99999999d } }
roles: { sensor: { allow: ["GET /a%2f"] } }
endpoints:
  - { name: a, path: "/ä", methods: [POST], auth: [none], to: one }
  - { name: a, path: /b, methods: [GET], auth: [none], to: one, operation: B }
  - { name: c, path: "/c/*", methods: [POST], auth: [none], to: one, operation: C, protocols: [] }
  - { name: d, path: /d, methods: [POST], auth: [none], to: one, call: { path: "/d?x=1" } }
  - { name: e, path: /e, methods: [POST], auth: [none], to: one, call: [{ path: /d }] }
"""
    path = "/tmp/fairlead-never-%d.yaml" % os.getpid()
    with open(path, "w", encoding="utf-8") as out:
        out.write(broken)
    try:
        done = run(support.BINARY, "check", "-c", path, expect=2)
    finally:
        os.unlink(path)
    for place, part in [(1, "gateway.limits: body is above 0, and half of memory"), (1, "gateway.limits.connections: connections is from 1"), (2, "is no duration"),
                        (3, "as no request has it"), (5, "as no request has it"), (6, "a second endpoint of this name"),
                        (6, "an operation comes as a POST"), (7, "for the * of the path"),
                        (7, "without a protocol serves nobody"), (8, "a path has no ?"), (9, "call: must be a map")]:
        assert any(line.startswith(f"{path}:{place}:") and part in line for line in done.err.split("\n")), \
            f"line {place}: {part}\n{done.err}"


def test_check_of_a_valid_file_and_of_none():
    backend = RestBackend()
    path = "/tmp/fairlead-valid-%d.yaml" % os.getpid()
    with open(path, "w", encoding="utf-8") as out:
        out.write(fleet(backend.url, "  - { name: web, protocol: http, bind: 127.0.0.1:1 }"))
    try:
        done = run(support.BINARY, "check", "-c", path, env=dict(os.environ, **TOKENS))
        assert "valid" in done.out
        missing = dict(os.environ)
        missing.pop("TOKEN_7", None)
        done = run(support.BINARY, "check", "-c", path, env=missing, expect=2)
        assert "TOKEN_7 is not set" in done.err, done.err
    finally:
        os.unlink(path)
    done = run(support.BINARY, "check", "-c", "/nowhere/fairlead.yaml", expect=2)
    assert "cannot be read: No such file" in done.err
    backend.close()


def test_the_schema_in_the_project_is_what_the_tables_say():
    done = run(support.BINARY, "check", "--schema")
    with open(os.path.join(support.SOURCE, "schemas", "fairlead.schema.json"), encoding="utf-8") as kept:
        assert json.load(kept) == json.loads(done.out), \
            "renew it: fairlead check --schema > schemas/fairlead.schema.json"


def slow_reader(gateway):
    """A client that has read the beginning of a long answer."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    client.settimeout(support.DEADLINE_S)
    client.connect((gateway.address, gateway.port("web")))
    client.sendall(b"GET /open/long HTTP/1.1\r\nHost: x\r\n\r\n")
    return client, client.recv(1000)


def test_a_long_answer_leaves_whole_when_its_listener_goes():
    body = b"x" * 6000000
    backend = RestBackend(lambda seen: (200, {"Content-Type": "text/plain"}, body))

    def configuration(more=""):
        listener = WEB.replace(" }", more + " }")
        return fleet(backend.url, listener, backend_extra=", answer: 8MiB").replace("body: 64KiB", "body: 2MiB")
    with Gateway(configuration(), environment=TOKENS) as gateway:
        for leave in ("reload", "stop"):
            client, answer = slow_reader(gateway)
            if leave == "reload":
                gateway.write(configuration(", idle: 70s"))
                gateway.reload()
            else:
                gateway.signal(signal.SIGTERM)
                gateway.wait_log("stopping:")
            with client:
                for piece in iter(lambda: client.recv(65536), b""):
                    answer += piece
            assert answer.endswith(b"\r\n\r\n" + body), (leave, len(answer))
    backend.close()


def test_help_and_wrong_usage():
    for command in ([], ["run"], ["check"], ["frame"], ["version"]):
        assert "Usage: fairlead" in run(support.BINARY, *command, "--help").out
    run(support.BINARY, expect=2)
    run(support.BINARY, "nonsense", expect=2)
    run(support.BINARY, "run", "--nonsense", expect=2)
    spoken = re.search("^listeners: (.*)$", run(support.BINARY, "version").out, re.M).group(1).split()
    assert "mqtt" in spoken and len(spoken) == len(set(spoken)), spoken  # two adapters speak MQTT


def test_closed_standard_descriptors_are_no_sockets():
    backend = RestBackend()
    with tempfile.TemporaryDirectory() as folder:
        closing = os.path.join(folder, "closing")
        with open(closing, "w", encoding="ascii") as out:
            out.write(f"#!/bin/sh\nexec '{support.BINARY}' \"$@\" <&- >&-\n")
        os.chmod(closing, 0o700)
        configuration = fleet(backend.url, WEB).replace("name: test", "name: test, core_dumps: true")  # or /proc shows nothing
        with Gateway(configuration, environment=TOKENS, binary=closing) as gateway:
            for descriptor in (0, 1):
                assert os.readlink(f"/proc/{gateway.process.pid}/fd/{descriptor}") == "/dev/null"
    backend.close()


def test_a_port_in_use_is_said_and_exits_with_1():
    backend = RestBackend()
    with Gateway(fleet(backend.url, WEB), environment=TOKENS) as first:
        second = Gateway(fleet(backend.url, f"  - {{ name: web, protocol: http, bind: {first.address}:{first.port('web')} }}"),
                         environment=TOKENS, wait=False)
        assert second.process.wait(support.DEADLINE_S) == 1
        wait_until(lambda: "web" in second.log() and "use" in second.log(), "the reason")
    backend.close()


def test_a_client_certificate_is_an_identity():
    folder = "/tmp/fairlead-pki-%d" % os.getpid()
    files = make_pki(folder)
    backend = RestBackend()
    secure = WEB + """  - name: webs
    protocol: http
    bind: {address}:{port_webs}
    tls: { certificate: gateway.crt, key: gateway.key, client_ca: ca.crt, client_certificate: optional }
"""
    configuration = fleet(backend.url, secure).replace("auth:\n  token: { method: token }",
                                                       "auth:\n  token: { method: token }\n  device-cert: { method: mtls }")
    configuration = configuration.replace("auth: [token]", "auth: [device-cert, token]")
    try:
        with Gateway(configuration, files=files, environment=TOKENS) as gateway:
            url = f"https://localhost:{gateway.port('webs')}/ships/sensors/"
            base = ("--resolve", f"localhost:{gateway.port('webs')}:{gateway.address}", "--cacert", f"{folder}/ca.crt",
                    "-H", "Content-Type: application/json", "-d", support.READING_TEXT)
            mine = ("--cert", f"{folder}/engine-7.crt", "--key", f"{folder}/engine-7.key")
            stranger = ("--cert", f"{folder}/stranger.crt", "--key", f"{folder}/stranger.key")
            assert curl(url + "engine-7", *base, *mine)[0] == 200
            seen = backend.next()
            assert seen.json() == support.READING and seen.headers["x-fairlead-client"] == "engine-7"
            assert curl(url + "engine-8", *base, *mine)[0] == 403
            assert curl(url + "engine-7", *base, *stranger)[0] == 401
            assert curl(url + "engine-7", *base)[0] == 401
            # Signed by a CA that is not ours: the handshake, or the request, fails; nothing gets through.
            done = run("curl", "-sS", "-i", url + "engine-7", *base, "--cert", f"{folder}/forged.crt", "--key",
                       f"{folder}/forged.key", expect=None)
            assert done.returncode != 0 or "HTTP/1.1 401" in done.out, done.out
            backend.nothing_more()
    finally:
        run("rm", "-rf", folder)
    backend.close()


def make_pki(folder):
    os.makedirs(folder)

    def openssl(*arguments):
        run("openssl", *arguments, cwd=folder)

    def authority(name):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                f"{name}.key", "-out", f"{name}.crt", "-days", "2", "-subj", f"/CN={name}",
                "-addext", "keyUsage=critical,keyCertSign")

    def issue(name, subject, ca, extension):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
                "-out", f"{name}.csr", "-subj", f"/CN={subject}")
        with open(os.path.join(folder, "extension"), "w", encoding="ascii") as out:
            out.write(extension)
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key", "-CAcreateserial",
                "-days", "2", "-out", f"{name}.crt", "-extfile", "extension")

    authority("ca")
    authority("other")
    issue("gateway", "localhost", "ca", "subjectAltName=DNS:localhost")
    issue("engine-7", "engine-7", "ca", "extendedKeyUsage=clientAuth")
    issue("stranger", "stranger", "ca", "extendedKeyUsage=clientAuth")
    issue("forged", "engine-7", "other", "extendedKeyUsage=clientAuth")
    files = {}
    for name in ("ca.crt", "gateway.crt", "gateway.key"):
        with open(os.path.join(folder, name), "rb") as content:
            files[name] = content.read()
    return files


def test_reload_keeps_connections_and_a_broken_file_changes_nothing():
    backend = RestBackend()
    configuration = fleet(backend.url, WEB)
    with Gateway(configuration, environment=TOKENS) as gateway:
        with socket.create_connection((gateway.address, gateway.port("web")), support.DEADLINE_S) as held:
            def ask(path):
                held.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                return read_response(held)
            assert ask("/open/1")[0] == 200
            gateway.write(configuration.replace("path: /open/{thing}", "path: /opened/{thing}"))
            gateway.reload()
            assert ask("/open/1")[0] == 404
            assert ask("/opened/1")[0] == 200
            gateway.write(configuration.replace("to: telemetry", "to: nowhere"))
            gateway.reload()
            gateway.wait_log("no backend of this name")
            assert ask("/opened/1")[0] == 200
    backend.close()


def read_response(connection):
    """(status, headers, body) of one HTTP response with a Content-Length."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        assert more, f"closed after {data!r}"
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in lines[1:]}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    return int(lines[0].split()[1]), headers, body


def test_reload_under_load_loses_nothing():
    backend = RestBackend()
    configuration = fleet(backend.url, WEB)
    with Gateway(configuration, environment=TOKENS) as gateway:
        stop, failed, done = threading.Event(), [], []

        def load():
            with socket.create_connection((gateway.address, gateway.port("web")), support.DEADLINE_S) as held:
                while not stop.is_set():
                    held.sendall(b"POST /open/1 HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                                 b"Content-Length: 2\r\n\r\n{}")
                    status = read_response(held)[0]
                    (done if status == 200 else failed).append(status)
        threads = [threading.Thread(target=load) for _ in range(4)]
        for thread in threads:
            thread.start()
        for turn in range(8):
            gateway.write(configuration + f"# {turn}\n")
            gateway.reload()
            wanted = len(done) + 8  # two calls of each: so the load goes on under each configuration
            wait_until(lambda wanted=wanted: failed or len(done) >= wanted, "calls under this configuration")
        stop.set()
        for thread in threads:
            thread.join()
        assert not failed, failed
    assert len(backend.seen) == len(done)
    backend.close()


def test_a_listener_is_added_moved_and_removed():
    backend = RestBackend()
    with Gateway(fleet(backend.url, WEB), environment=TOKENS) as gateway:
        both = WEB + "  - { name: more, protocol: http, bind: {address}:{port_more} }\n"
        gateway.write(fleet(backend.url, both))
        gateway.reload()
        assert curl(gateway.url("/open/1", "more"))[0] == 200
        gateway.write(fleet(backend.url, WEB.replace("port_web", "port_moved")))
        gateway.reload()
        assert curl(gateway.url("/open/1", "moved"))[0] == 200
        for name in ("web", "more"):
            run("curl", "-sS", gateway.url("/open/1", name), expect=7)
    backend.close()


def test_a_listener_that_cannot_move_stays_where_it_is():
    backend = RestBackend()
    with Gateway(fleet(backend.url, WEB), environment=TOKENS) as gateway:
        moved = fleet(backend.url, WEB.replace("port_web", "port_moved")).replace("/open/{thing}", "/opened/{thing}")
        with socket.socket() as occupant:
            occupant.bind((gateway.address, gateway.port("moved")))
            occupant.listen()
            gateway.write(moved)
            gateway.reload()
            gateway.wait_log("the old one goes on")
            assert curl(gateway.url("/opened/1"))[0] == 200
        gateway.reload()
        assert curl(gateway.url("/opened/1", "moved"))[0] == 200
        run("curl", "-sS", gateway.url("/opened/1"), expect=7)
    backend.close()


def test_listeners_swap_addresses_and_names():
    backend = RestBackend()
    both = WEB + "  - { name: more, protocol: http, bind: {address}:{port_more} }\n"
    with Gateway(fleet(backend.url, both), environment=TOKENS) as gateway:
        swapped = both.replace("port_web", "port_x").replace("port_more", "port_web").replace("port_x", "port_more")
        for listeners in (swapped, both.replace("name: web", "name: www")):
            gateway.write(fleet(backend.url, listeners))
            gateway.reload()
            for name in ("web", "more"):
                assert curl(gateway.url("/open/1", name))[0] == 200
        assert " is down" not in gateway.log() and "goes on" not in gateway.log(), gateway.log()
    backend.close()


def test_sigterm_answers_what_is_under_way():
    release = threading.Event()

    def slow(seen):
        release.wait(support.DEADLINE_S)
        return 200, {"Content-Type": "application/json"}, b"{}"
    backend = RestBackend(slow)
    gateway = Gateway(fleet(backend.url, WEB, backend_extra=", retries: 0"), environment=TOKENS)
    client = subprocess.Popen(["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", gateway.url("/open/1")],
                              stdout=subprocess.PIPE)
    backend.next()
    gateway.signal(signal.SIGTERM)
    gateway.wait_log("stopping: 1 requests")
    run("curl", "-sS", gateway.url("/open/1"), expect=7)
    release.set()
    assert client.communicate(timeout=support.DEADLINE_S)[0] == b"200"
    gateway.stop()
    backend.close()


def test_refusals_are_logged_with_the_id_that_the_caller_got_and_counted():
    backend = RestBackend()
    with Gateway(fleet(backend.url, WEB), environment=TOKENS) as gateway:
        status, headers, body = curl(gateway.url("/ships/sensors/engine-8"), *BEARER_7, "-d", "{}")
        assert status == 403, body
        problem = json.loads(body)
        assert "engine-7 may not POST" in problem["detail"], problem
        line = gateway.wait_log(headers["x-request-id"])
        assert " forbidden " in line and "client=engine-7" in line, line
        assert gateway.counters("web")["answered.forbidden"] == 1
        assert "secret-of" not in gateway.log()
    backend.close()


def test_dead_slow_and_babbling_backends_are_said():
    over = threading.Event()

    def answer(seen):
        if "slow" in seen.path:
            over.wait(support.DEADLINE_S)
        if "reset" in seen.path:
            raise ConnectionError
        if "odd" in seen.path:
            return 599, {}, b""
        return 200, {"Content-Type": "application/json"}, b"{}"
    backend = RestBackend(answer)
    dead = support.free_port(support.own_address())
    extra = """  - { name: dead, path: /dead, methods: [GET], auth: [none], to: dead }
"""
    configuration = fleet(backend.url, WEB, extra).replace(
        "backends:", f"backends:\n  dead: {{ protocol: rest, targets: [{{ url: http://127.0.0.1:{dead} }}] }}").replace(
            "timeout: 3s", "timeout: 2s")
    with Gateway(configuration, environment=TOKENS) as gateway:
        for path, wanted in (("/dead", 502), ("/open/slow", 504), ("/open/reset", 502), ("/open/fine", 200)):
            status, _, body = curl(gateway.url(path))
            assert status == wanted, (path, status, body)
            if wanted != 200:
                assert json.loads(body)["detail"], body
        assert curl(gateway.url("/open/odd"))[0] in (502, 503)
        over.set()
    backend.close()


if __name__ == "__main__":
    support.main(globals())
