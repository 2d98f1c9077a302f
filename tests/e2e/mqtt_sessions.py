"""Sessions outlive the connection and the gateway: what a client subscribed to, what it has not acknowledged, QoS 2 messages
that it has not released. Only its own caller finds it, and only until it expires."""
import signal

import support
import support_mqtt as mqtt
from support_paho import Device

LISTENERS = """
  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}" }
  - { name: web, protocol: http, bind: "{address}:{port_web}" }"""
KEPT = '  - { name: weather, path: "/weather/{place}", methods: [GET, PUT], auth: [none], keep: last }\n'
SEVEN = {"user": "engine-7", "password": support.TOKENS["TOKEN_7"]}


def configuration(backend, state, listeners=LISTENERS):
    return support.fleet(backend.url, listeners, KEPT).replace("name: test,", f"name: test, state: {state},")


class Site:
    """A gateway that can be started again where it was."""

    def __init__(self):
        self.backend = support.RestBackend(lambda seen: (204, {}, b""))
        self.state = support.tempfile.mkdtemp(prefix="fairlead-state-")
        self.gateway = self.start()

    def start(self):
        return support.Gateway(configuration(self.backend, self.state), environment=support.TOKENS)

    def restart(self, number=signal.SIGTERM):
        if number == signal.SIGTERM:
            self.gateway.stop()
        else:
            self.gateway.process.send_signal(number)
            self.gateway.process.wait()
        self.gateway = self.start()

    def on_disk(self, key):
        """The record's bytes, in hexadecimal."""
        return support.run("sqlite3", f"file:{self.state}/fairlead.db?mode=ro",
                           f"SELECT hex(head) FROM mqtt_sessions WHERE session = '{key}'").out

    def put(self, place, body):
        status, _, text = support.curl("-X", "PUT", "-H", "Content-Type: application/json", "-d", body,
                                       self.gateway.url(f"/weather/{place}"))
        assert status in (201, 204), (status, text)

    def connect(self, **options):
        return mqtt.Client(self.gateway.address, self.gateway.port("mqtt"), mqtt.connect(**dict(SEVEN, **options)))

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.gateway.__exit__(kind, value, trace)
        support.shutil.rmtree(self.state, ignore_errors=True)


def test_a_session_survives_a_restart_in_order():
    for version in (4, 5):
        with Site() as site:
            device = Device(site.gateway, version, expiry=3600)
            assert device.subscribe("weather/+", 1) == 1
            site.put("bremen", "1")
            device.hears("weather/bremen", "1")
            device.close()
            site.restart()
            site.put("bremen", "2")
            with Device(site.gateway, version, expiry=3600) as device:
                assert device.present
                device.hears("weather/bremen", "2", retain=False)
                site.put("kiel", "3")
                device.hears("weather/kiel", "3")


def test_a_session_survives_a_crash():
    with Site() as site:
        with site.connect(client="c", clean=False) as client:
            client.expect(b"\x20\x02\0\0")
            client.send(mqtt.subscribe("weather/+", qos=1))
            client.expect(b"\x90\x03\0\x01\x01")
            client.send(mqtt.publish("open/x", '{"n":1}', qos=2, identifier=7))
            client.expect(b"\x50\x02\0\7")
            # One message that is not released, with identifier 7: on disk within a moment.
            support.wait_until(lambda: "00010007" in site.on_disk("mqtt/c"), "the session on disk")
            site.restart(signal.SIGKILL)
        with site.connect(client="c", clean=False) as client:
            client.expect(b"\x20\x02\1\0")
            client.send(mqtt.publish("open/x", '{"n":1}', qos=2, identifier=7, dup=True))
            client.expect(b"\x50\x02\0\7")
            site.put("bremen", "1")
            client.expect(mqtt.publish("weather/bremen", "1", qos=1, identifier=1))
        assert [seen.path for seen in site.backend.seen] == ["/open/x"], site.backend.seen


def test_what_was_not_acknowledged_survives():
    with Site() as site:
        with site.connect(client="c", clean=False) as client:
            client.expect(b"\x20\x02\0\0")
            client.send(mqtt.subscribe("weather/+", qos=2))
            client.expect(b"\x90\x03\0\x01\x02")
            site.put("bremen", "1")
            client.expect(mqtt.publish("weather/bremen", "1", qos=2, identifier=1))
            site.put("kiel", "2")
            client.expect(mqtt.publish("weather/kiel", "2", qos=2, identifier=2))
            client.send(b"\x50\x02\0\x01")
            client.expect(b"\x62\x02\0\x01")
        site.restart()
        with site.connect(client="c", clean=False) as client:
            client.expect(b"\x20\x02\1\0")
            client.expect(b"\x62\x02\0\x01")
            client.expect(mqtt.publish("weather/kiel", "2", qos=2, identifier=2, dup=True))
            client.send(b"\x70\x02\0\x01\x50\x02\0\x02")
            client.expect(b"\x62\x02\0\x02")
            client.send(b"\x70\x02\0\x02")
            assert client.alive() == []


def test_only_the_same_caller_finds_it():
    with Site() as site:
        with site.connect(client="c", clean=False) as client:
            client.expect(b"\x20\x02\0\0")
        site.restart()
        with site.connect(client="c", clean=False, user="engine-8", password=support.TOKENS["TOKEN_8"]) as stranger:
            stranger.expect(b"\x20\x02\0\2")
        with site.connect(client="c", clean=True, user=None, password=None) as stranger:
            stranger.expect(b"\x20\x02\0\2")
        with site.connect(client="c", clean=False) as client:
            client.expect(b"\x20\x02\1\0")


def test_strangers_push_out_nobody():
    listeners = LISTENERS.replace('{port_mqtt}"', '{port_mqtt}", sessions: 3')
    backend = support.RestBackend()
    with support.Gateway(configuration(backend, "state", listeners), environment=support.TOKENS) as gateway:
        def come_and_go(client, **who):
            """Was its session there?"""
            with mqtt.Client(gateway.address, gateway.port("mqtt"), mqtt.connect(client=client, clean=False, **who)) as one:
                present = one.next()[2]
                one.send(mqtt.DISCONNECT)
                assert one.next() is None
                return present
        assert [come_and_go("mine", **SEVEN), come_and_go("mine", **SEVEN)] == [0, 1]
        for i in range(10):
            assert not come_and_go(f"stranger-{i}")
        assert [come_and_go("mine", **SEVEN), come_and_go("stranger-9"), come_and_go("stranger-2")] == [1, 1, 0]
        for i in range(4):
            come_and_go(f"mine-{i}", **SEVEN)
        assert [come_and_go("mine-3", **SEVEN), come_and_go("stranger-9"), come_and_go("mine", **SEVEN)] == [1, 0, 0]


def test_an_expired_one_is_gone():
    def a_stranger_is_let_in():
        with site.connect(version=5, client="c", user="engine-8", password=support.TOKENS["TOKEN_8"]) as stranger:
            return stranger.next()[3] == 0

    with Site() as site:
        with site.connect(version=5, client="c", clean=False, properties=b"\x11\0\0\0\4") as client:
            assert client.next()[2:4] == b"\0\0"
            assert not a_stranger_is_let_in()
        support.wait_until(a_stranger_is_let_in, "the session has expired")


def test_a_reload_keeps_sessions():
    with Site() as site:
        device = Device(site.gateway, 5, expiry=3600)
        assert device.subscribe("weather/+", 1) == 1
        site.put("bremen", "1")
        device.hears("weather/bremen", "1")
        device.vanish()
        changed = LISTENERS.replace("{port_mqtt}\" }", "{port_mqtt}\", in_flight: 2 }")
        site.gateway.write(configuration(site.backend, site.state, changed))
        site.gateway.reload()
        site.put("bremen", "2")
        # An old listener may still hold the port for a moment.
        with Device(site.gateway, 5, expiry=3600) as device:
            assert device.present
            device.hears("weather/bremen", "2")


if __name__ == "__main__":
    support.main(globals())
