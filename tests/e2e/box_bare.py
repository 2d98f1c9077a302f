"""A box that lacks what others have: /proc, all of /etc, time zones, /dev/shm, standard descriptors, descriptors at all."""
import os
import socket

import support
import support_mqtt as mqtt
from support import Gateway, RestBackend, curl, main, run, wait_until
from support_box import Box

CONFIGURATION = """
gateway: {{ name: test, state: "{state}" }}
listeners:
  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}" }}
  - {{ name: mqtt, protocol: mqtt, bind: "{{address}}:{{port_mqtt}}" }}
  - {{ name: coap, protocol: coap, bind: "{{address}}:{{port_coap}}" }}
backends:
  telemetry: {{ protocol: rest, targets: [{{ url: {backend} }}] }}
  elsewhere: {{ protocol: rest, targets: [{{ url: "http://backend.example:9" }}], timeout: 1s }}
endpoints:
  - {{ name: own, path: "/own/{{x}}", methods: [GET, PUT], auth: [none], keep: last }}
  - {{ name: taken, path: "/taken/{{x}}", methods: [POST], auth: [none], to: telemetry }}
  - {{ name: away, path: "/away/{{x}}", methods: [POST], auth: [none], to: elsewhere }}
"""


def put(gate, body):
    return curl("-X", "PUT", "--json", body, gate.url("/own/a"))[0]


def test_without_proc_etc_zones_and_shared_memory():
    backend = RestBackend()
    away = "; ".join(f"[ ! -d {folder} ] || mount -t tmpfs none {folder}"
                     for folder in ("/etc", "/usr/share/zoneinfo", "/dev/shm", "/run", "/sys", "/proc"))
    with Box(then=away) as box:
        configuration = CONFIGURATION.format(state="{state}", backend=backend.url)
        with box.gateway(configuration, environment={"TZ": "Europe/Oslo"}) as gate:
            assert put(gate, "[1]") == 201
            assert curl("--json", "[2]", gate.url("/taken/a"))[0] == 200
            # Nobody knows the name, and nobody is kept waiting but whoever wants it.
            status, _, body = curl("--json", "[3]", gate.url("/away/a"))
            assert status == 502 and "the backend's name cannot be looked up" in body, (status, body)
            assert run("coap-client-openssl", "-B", "9", "-m", "get",
                       f"coap://{gate.address}:{gate.port('coap', socket.SOCK_DGRAM)}/own/a").out == "[1]\n"
            gate.reload()
            assert curl(gate.url("/own/a"))[2] == "[1]"
            # The leak sanitizer wants it at the end.
            box.run("umount", "-n", "/proc")
    backend.close()


def test_with_standard_descriptors_closed():
    backend = RestBackend()
    folder = support.tempfile.mkdtemp(prefix="fairlead-state-")
    script = os.path.join(folder, "start")
    with open(script, "w", encoding="utf-8") as out:
        out.write(f'#!/bin/sh\nexec "{support.BINARY}" "$@" <&- >&- 2>&-\n')
    os.chmod(script, 0o755)
    state = os.path.join(folder, "state")
    with Gateway(CONFIGURATION.format(state=state, backend=backend.url), binary=script, wait=False) as gate:
        wait_until(lambda: run("curl", "-s", gate.url("/own/a"), expect=None).returncode == 0, "it answers")
        assert put(gate, "[1]") == 201
        # What it says goes nowhere, and above all into none of its files and connections.
        gate.signal(support.signal.SIGUSR1)
        assert curl(gate.url("/own/a"))[2] == "[1]"
        for number in range(3):
            assert os.readlink(f"/proc/{gate.process.pid}/fd/{number}") == "/dev/null"
        assert run("sqlite3", f"file:{state}/fairlead.db?mode=ro", "PRAGMA integrity_check").out == "ok\n"
    support.shutil.rmtree(folder)
    backend.close()


def few_descriptors(configuration, number, wait=True):
    """As a service manager or a shell may grant them, hard limit and all."""
    folder = support.tempfile.mkdtemp(prefix="fairlead-few-")
    script = os.path.join(folder, "start")
    with open(script, "w", encoding="utf-8") as out:
        out.write(f'#!/bin/sh\nrm -r {folder}\nulimit -n {number}\nexec "{support.BINARY}" "$@"\n')
    os.chmod(script, 0o755)
    return Gateway(configuration, binary=script, wait=wait)


def test_few_descriptors_are_said_once_and_serve_as_many_as_they_can():
    backend = RestBackend()
    with few_descriptors(CONFIGURATION.format(state="state", backend=backend.url), 40) as gate:
        gate.wait_log("only 40 files may be open")
        waiting = [socket.create_connection((gate.address, gate.port("web"))) for _ in range(60)]
        said = "no connection can be taken: no more files may be open: raise the limit (ulimit -n, LimitNOFILE=)"
        gate.wait_log(said)
        for connection in waiting:
            connection.close()
        assert put(gate, "[1]") == 201
        assert curl("--json", "[2]", gate.url("/taken/a"))[0] == 200
        gate.wait_log("connections are taken again")
        assert sum(said in line for line in gate.lines) == 1, gate.log()
        # Over MQTT likewise: who comes when none is left is turned away, and the next after that is welcome.
        waiting = [socket.create_connection((gate.address, gate.port("mqtt"))) for _ in range(60)]
        for connection in waiting:
            connection.close()

        def welcome():
            try:
                with mqtt.Client(gate.address, gate.port("mqtt"), mqtt.connect()) as client:
                    return client.next() == b"\x20\x02\x00\x00"
            except (OSError, AssertionError):
                return False
        wait_until(welcome, "a connection over MQTT")
        assert curl(gate.url("/own/a"))[2] == "[1]"
    backend.close()


def test_too_few_to_start_with_are_refused():
    for number in (8, 12, 16, 20):
        gate = few_descriptors(CONFIGURATION.format(state="state", backend="http://127.0.0.1:9"), number, wait=False)
        code = gate.process.wait(support.DEADLINE_S)
        gate.stop(expect=code)
        # 2: not even the configuration could be read.
        assert code in (1, 2) and "open" in gate.log() and "ready:" not in gate.log(), (number, code, gate.log())


if __name__ == "__main__":
    main(globals())
