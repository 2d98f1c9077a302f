"""A box whose disk is full: at the start (a refusal that says so, and nothing spoilt), and under load and free again: what was
acknowledged is kept, what was not kept is not acknowledged, the rest goes on, and all comes back by itself."""
import json
import signal
import threading

import support
import support_admin as admin
import support_mqtt as mqtt
import support_mqtt_device as valves
from support import RestBackend, curl, main, wait_until
from support_box import Box

VALUES = """
gateway: {{ name: test, state: "{{state}}" }}
listeners:
  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}" }}
  - {{ name: mqtt, protocol: mqtt, bind: "{{address}}:{{port_mqtt}}" }}
backends:
  telemetry: {{ protocol: rest, targets: [{{ url: {backend} }}] }}
endpoints:
  - {{ name: own, path: "/own/{{x}}", methods: [GET, PUT, DELETE], auth: [none], keep: last }}
  - {{ name: taken, path: "/taken/{{x}}", methods: [GET, POST], auth: [none], keep: last, to: telemetry }}
"""


def put(gate, name, body):
    return curl("-X", "PUT", "--json", body, gate.url("/own/" + name))


def test_a_full_disk_at_the_start_is_said_and_spoils_nothing():
    backend = RestBackend()
    configuration = VALUES.format(backend=backend.url)
    with Box() as box:
        # At the very first start, with room for nothing or a part of it.
        for leave in (0, 4096, 16384, 32768):
            box.fill(leave)
            said = box.refusal(configuration)
            assert "its file system is full (df) or has no inode left (df -i)" in said, (leave, said)
            assert "listening" not in said, said
            box.free()
        with box.gateway(configuration) as gate:
            assert put(gate, "a", "[1]")[0] == 201
    backend.close()


def test_what_was_kept_before_is_served_from_a_full_disk():
    backend = RestBackend()
    with Box() as box, box.gateway(VALUES.format(backend=backend.url)) as gate:
        assert put(gate, "a", "[1]")[0] == 201
        # After a power cut, and after an orderly stop.
        for number in (signal.SIGKILL, signal.SIGTERM):
            gate.signal(number)
            gate.process.wait(support.DEADLINE_S)
            box.fill()
            gate.start()
            assert curl(gate.url("/own/a"))[2] == "[1]"
            status, _, body = put(gate, "a", "[2]")
            assert status == 507 and "disk is full" in body, (status, body)
            assert curl(gate.url("/own/a"))[2] == "[1]"
            assert curl("--json", "[7]", gate.url("/taken/x"))[0] == 200
            box.free()
            assert wait_until(lambda: put(gate, "a", "[1]")[0] == 204, "room again")
    backend.close()


def test_no_inode_left_is_said_as_well():
    with Box("size=1m,nr_inodes=3") as box:
        said = box.refusal(VALUES.format(backend="http://127.0.0.1:1"))
        assert "no inode left (df -i)" in said, said


class Load:
    """Values that come without end, each greater than the last of its name; what was acknowledged is remembered."""

    def __init__(self, gate, names):
        self.gate, self.acknowledged, self.refused, self.ended = gate, {}, 0, threading.Event()
        self.threads = [threading.Thread(target=self.send, args=(name,), daemon=True) for name in names]
        for thread in self.threads:
            thread.start()

    def send(self, name):
        number = 0
        while not self.ended.is_set():
            number += 1
            status, _, body = put(self.gate, name, json.dumps([number] + [0] * 400))
            if status in (201, 204):
                self.acknowledged[name] = number
            else:
                assert status == 507 and "disk is full" in body, (status, body)
                self.refused += 1

    def end(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()


def value(gate, name):
    return json.loads(curl(gate.url("/own/" + name))[2])[0]


def test_values_under_load_while_the_disk_fills_and_is_free_again():
    backend = RestBackend()
    configuration = VALUES.format(backend=backend.url)
    with Box("size=2m") as box, box.gateway(configuration) as gate:
        load = Load(gate, ("a", "b", "c"))
        wait_until(lambda: len(load.acknowledged) == 3, "values are kept")
        for _ in range(3):
            before = load.refused
            box.fill()
            wait_until(lambda: load.refused > before + 3, "the disk is full")
            # What needs no disk now goes on; what only follows the backend is kept in memory until the disk is free.
            assert curl("--json", "[7]", gate.url("/taken/x"))[0] == 200
            assert curl(gate.url("/taken/x"))[2] == "[7]"
            box.free()
            seen = dict(load.acknowledged)
            wait_until(lambda: all(load.acknowledged[name] > seen[name] for name in seen), "values are kept again")
        load.end()
        gate.wait_log("the disk takes nothing")
        gate.wait_log("the disk takes records again")
        for name, number in load.acknowledged.items():
            assert value(gate, name) == number, name
        gate.kill()
        gate.start()
        for name, number in load.acknowledged.items():
            assert value(gate, name) == number, name
        assert curl(gate.url("/taken/x"))[2] == "[7]"
    backend.close()


def test_mqtt_goes_on_and_its_sessions_are_kept_when_there_is_room():
    backend = RestBackend(lambda seen: (204, {}, b""))
    configuration = VALUES.format(backend=backend.url)
    with Box() as box, box.gateway(configuration) as gate:
        port = gate.port("mqtt")
        box.fill()
        with mqtt.Client(gate.address, port, mqtt.connect(client="kept", clean=False)) as client:
            assert client.next()[:2] == b"\x20\x02"
            client.send(mqtt.subscribe("own/a", qos=1))
            assert client.next()[0] == 0x90
            # What a backend takes is acknowledged; what the disk is to keep is not.
            client.send(mqtt.publish("taken/x", b"[7]", qos=1, identifier=7))
            client.expect(b"\x40\x02\x00\x07")
        assert backend.next().body == b"[7]"
        box.free()
        wait_until(lambda: box.run("sqlite3", f"file:{box.state}/fairlead.db?mode=ro", "SELECT count(*) FROM mqtt_sessions")
                   .out.strip() == "1", "the session is on disk")
        gate.kill()
        gate.start()
        with mqtt.Client(gate.address, gate.port("mqtt"), mqtt.connect(client="kept", clean=False)) as client:
            # Session Present.
            client.expect(b"\x20\x02\x01\x00")
    backend.close()


def test_commands_for_a_device_that_is_away():
    configuration = valves.fleet(", timeout: 5s, mailbox: { expire: 1h }", gateway='state: "{state}"')
    with Box() as box, box.gateway(configuration, environment=valves.TOKENS) as gate:
        def command(n):
            status, _, body = valves.call(gate, "PUT", json.dumps({"n": n}))
            return status, body

        assert command(1)[0] == 202
        box.fill()
        # The first may find room in what the database has already.
        status, body = wait_until(lambda: (said := command(9))[0] != 202 and said, "a full disk")
        assert status == 507 and "disk is full" in body, (status, body)
        box.free()
        assert command(2)[0] == 202
        gate.kill()
        gate.start()
        with valves.Device(gate) as valve:
            numbers = []
            while not numbers or numbers[-1] != 2:
                taken = valve.next()
                numbers.append(taken.payload[-1])
                valve.reply(taken, status="changed")
            # All that were acknowledged with 202, in order, and none that was refused.
            assert numbers[0] == 1 and set(numbers[1:-1]) <= {9}, numbers
        wait_until(lambda: not gate.counters("valves", "mailbox")["waiting"], "nothing waits any more")


def test_clients_and_the_audit_log():
    backend = RestBackend()
    text = admin.CONFIGURATION.format(backend=backend.url, limits="", clients="").replace("state: state,", 'state: "{state}",')
    with Box() as box, box.gateway(text, environment={"BOSS": admin.BOSS, "GUEST": admin.GUEST}) as gate:
        def boss(method, path, body=None):
            return admin.call(gate, method, "/admin/v1/" + path, body, token=admin.BOSS)

        def add(name):
            return boss("POST", "clients", {"id": name, "roles": ["ship-sensor"], "token": True})

        status, said = add("engine-7")
        assert status == 201, said
        token = admin.secret_of(said)

        def on_disk():
            return box.run("sqlite3", f"file:{box.state}/fairlead.db?mode=ro",
                           "SELECT hex(head), hex(body) FROM clients WHERE client = 'engine-7'").out

        before = on_disk()
        box.fill()
        status, said = add("engine-8")
        assert status == 507 and "disk is full" in said["detail"], (status, said)
        assert boss("GET", "clients/engine-8")[0] == 404
        # Who is known is served, and whoever is to be out is out at once, whatever the disk says.
        assert admin.post(gate, "engine-7", token) == 200
        assert boss("POST", "clients/engine-7/disable", {})[0] == 507
        assert admin.post(gate, "engine-7", token) == 401
        box.free()
        status, said = add("engine-8")
        assert status == 201, said
        wait_until(lambda: '"engine-8"' in box.run("sh", "-c", f"cat {box.state}/audit/*").out, "the audit log goes on")
        box.run(support.BINARY, "audit", "verify", "--dir", f"{box.state}/audit")
        # What was taken away while the disk was full is out for good: the disk is asked again until it takes it.
        wait_until(lambda: on_disk() != before, "engine-7 is disabled on disk")
        gate.kill()
        gate.start()
        assert admin.post(gate, "engine-8", admin.secret_of(said)) == 200
        assert admin.post(gate, "engine-7", token) == 401
    backend.close()


if __name__ == "__main__":
    main(globals())
