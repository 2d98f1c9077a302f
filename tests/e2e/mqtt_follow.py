"""Clients follow last values by subscription: python3-paho-mqtt with 3.1.1 and 5, mosquitto_sub, and one by hand that never
acknowledges. What is retained, what each may hear, what a client that was away hears when it is back."""
import http.client

import support
import support_mqtt as mqtt
from support_paho import Device

LISTENERS = """
  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}" }
  - { name: web, protocol: http, bind: "{address}:{port_web}" }"""
KEPT = """
  - { name: state, path: "/ships/sensors/{device}/state", methods: [GET, PUT, DELETE], auth: [token], roles: [ship-admin, own-state], keep: last }
  - { name: weather, path: "/weather/{place}", methods: [GET, PUT, DELETE], auth: [none], keep: last }
"""


def gateway(listeners=LISTENERS):
    configuration = support.fleet(support.RestBackend().url, listeners, KEPT).replace(
        "name: test,", "name: test, state: state,").replace(
        "clients:", '  own-state: { allow: ["* /ships/sensors/{self}/state"] }\nclients:').replace(
            "id: engine-7, roles: [ship-sensor]", "id: engine-7, roles: [ship-sensor, own-state]")
    return support.Gateway(configuration, environment=support.TOKENS)


def put(running, path, body):
    web = http.client.HTTPConnection(running.address, running.port("web"), timeout=support.DEADLINE_S)
    web.request("PUT", path, body, {"Content-Type": "application/json", "Authorization": f"Bearer {support.TOKENS['TOKEN_CAPTAIN']}"})
    answer = web.getresponse()
    assert answer.status in (200, 201, 204), (answer.status, answer.read())
    web.close()


def test_what_is_there_and_what_changes():
    for version in (4, 5):
        for qos in (0, 1, 2):
            with gateway() as running:
                put(running, "/ships/sensors/engine-7/state", '{"n":1}')
                with Device(running, version) as device:
                    assert device.subscribe("ships/sensors/+/state", qos) == qos
                    got = device.hears("ships/sensors/engine-7/state", '{"n":1}', retain=True)
                    assert got.qos == qos
                    if version == 5:
                        assert got.properties.ContentType == "application/json"
                    put(running, "/ships/sensors/engine-7/state", '{"n":2}')
                    device.hears("ships/sensors/engine-7/state", '{"n":2}', retain=False)
                    # What others may not see is not heard, though the filter takes it in.
                    put(running, "/ships/sensors/engine-8/state", '{"n":3}')
                    put(running, "/ships/sensors/engine-7/state", '{"n":4}')
                    device.hears("ships/sensors/engine-7/state", '{"n":4}')
                    device.nothing()


def test_a_value_published_with_mqtt_is_heard_by_mqtt():
    with gateway() as running, Device(running, 5, client="a") as one, Device(running, 4, client="b") as two:
        assert one.subscribe("weather/#", 1) == 1
        assert two.subscribe("/weather/+", 0) == 0
        one.publish("weather/bremen", '"rain"', qos=2, retain=True, UserProperty=[("method", "PUT")], ContentType="application/json")
        one.hears("weather/bremen", '"rain"')
        two.hears("/weather/bremen", '"rain"')


def test_an_empty_retained_message_deletes_the_value():
    with gateway() as running, Device(running) as device:
        device.publish("weather/bremen", '"rain"', retain=True, UserProperty=[("method", "PUT")], ContentType="application/json")
        assert support.curl(running.url("/weather/bremen"))[0] == 200
        device.publish("weather/bremen", b"", retain=True)
        assert support.curl(running.url("/weather/bremen"))[0] == 404
    # As mosquitto_pub does it; and where DELETE is not served it is refused.
    with gateway() as running:
        put(running, "/weather/bremen", '"rain"')
        support.run("mosquitto_pub", "-V", 5, "-h", running.address, "-p", running.port("mqtt"), "-q", 2, "-t", "weather/bremen", "-r", "-n")
        assert support.curl(running.url("/weather/bremen"))[0] == 404
        done = support.run("mosquitto_pub", "-d", "-V", 5, "-h", running.address, "-p", running.port("mqtt"), "-q", 1, "-t",
                           "ships/sensors/engine-7", "-r", "-n", "-u", "engine-7", "-P", support.TOKENS["TOKEN_7"], expect=None)
        assert "RC:144" in done.out, done.out


def test_mosquitto_sub_gets_the_retained_value():
    with gateway() as running:
        put(running, "/weather/bremen", '"rain"')
        for version in ("311", "5"):
            for qos in (0, 1, 2):
                done = support.run("mosquitto_sub", "-V", version, "-h", running.address, "-p", running.port("mqtt"), "-q", qos,
                                   "-t", "weather/+", "-C", 1, "-F", "%t %p %r")
                assert done.out == 'weather/bremen "rain" 1\n', done.out


def test_what_is_no_broker_s_is_refused():
    with gateway() as running:
        for version in (4, 5):
            with Device(running, version) as device:
                refused = {"nowhere/#": 0x87, "ships/sensors/engine-8/state": 0x87, "$share/group/weather/+": 0x9E, "$SYS/#": 0x87}
                for topic, code in refused.items():
                    assert device.subscribe(topic) == (code if version == 5 else 0x80), topic
                assert device.subscribe("weather/x") == 1
        # And with words, which Paho does not show.
        with mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(5)) as client:
            client.next()
            client.send(mqtt.subscribe("nowhere/#", version=5))
            got = client.next()
            assert b"this is a gateway's listener, not a broker: no endpoint that keeps values is matched by /nowhere/#" in got, got
            assert b"(request " in got and got[-1] == 0x87, got


def test_retain_handling_and_identifiers():
    with gateway() as running, Device(running) as device:
        put(running, "/weather/bremen", "1")
        assert device.subscribe("weather/+", retainHandling=2) == 1
        put(running, "/weather/kiel", "2")
        device.hears("weather/kiel", "2", retain=False)
        assert device.subscribe("weather/+", retainHandling=1) == 1
        assert device.subscribe("weather/+", retainAsPublished=True) == 1
        heard = {device.message().payload: None, device.message().payload: None}
        assert set(heard) == {b"1", b"2"}
        put(running, "/weather/kiel", "3")
        device.hears("weather/kiel", "3", retain=True)
        device.nothing()


def test_no_local():
    with gateway() as running, Device(running, client="a") as one, Device(running, client="b") as two:
        assert one.subscribe("weather/+", noLocal=True) == 1
        assert two.subscribe("weather/+", noLocal=True) == 1
        for device, other, body in ((one, two, "1"), (two, one, "2")):
            device.publish("weather/bremen", body, UserProperty=[("method", "PUT")], ContentType="application/json")
            other.hears("weather/bremen", body)
        put(running, "/weather/bremen", "3")
        one.hears("weather/bremen", "3")
        two.hears("weather/bremen", "3")
        # What it brought itself is not retained for it either, even when it asks anew.
        two.publish("weather/bremen", "4", UserProperty=[("method", "PUT")], ContentType="application/json")
        one.hears("weather/bremen", "4")
        assert two.subscribe("weather/bremen", noLocal=True) == 1
        put(running, "/weather/kiel", "5")
        two.hears("weather/kiel", "5")


def test_one_who_was_away_hears_the_newest():
    for version in (4, 5):
        with gateway() as running:
            device = Device(running, version, expiry=60)
            assert not device.present
            assert device.subscribe("weather/+") == 1
            put(running, "/weather/bremen", "0")
            put(running, "/weather/kiel", "0")
            device.hears("weather/bremen", "0")
            device.hears("weather/kiel", "0")
            device.close()
            for n in range(1, 20):
                put(running, "/weather/bremen", str(n))
            with Device(running, version, expiry=60) as device:
                assert device.present
                device.hears("weather/bremen", "19", retain=False)
                put(running, "/weather/kiel", "20")
                device.hears("weather/kiel", "20")
                device.nothing()
            # Nobody else has it, and a clean start ends it.
            with Device(running, version, client="device") as device:
                assert not device.present
                put(running, "/weather/kiel", "21")
                assert device.subscribe("weather/bremen") == 1
                device.hears("weather/bremen", "19")
                device.nothing()


def test_what_was_not_acknowledged_comes_again():
    with gateway() as running:
        port = running.port("mqtt")
        put(running, "/weather/bremen", "1")
        with mqtt.Client(running.address, port, mqtt.connect(4, client="c", clean=False)) as client:
            client.expect(b"\x20\x02\0\0")
            client.send(mqtt.subscribe("weather/bremen", qos=1))
            client.expect(b"\x90\x03\0\x01\x01")
            client.expect(mqtt.publish("weather/bremen", "1", qos=1, retain=True))
        with mqtt.Client(running.address, port, mqtt.connect(4, client="c", clean=False)) as client:
            client.expect(b"\x20\x02\1\0")
            client.expect(mqtt.publish("weather/bremen", "1", qos=1, retain=True, dup=True))
            client.send(b"\x40\x02\0\x01")
            assert client.alive() == []
        with mqtt.Client(running.address, port, mqtt.connect(4, client="c", clean=False)) as client:
            client.expect(b"\x20\x02\1\0")
            assert client.alive() == []


def test_one_that_never_acknowledges_holds_nobody():
    with gateway() as running, mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(5, client="mute")) as mute:
        mute.next()
        mute.send(mqtt.subscribe("weather/+", qos=1, version=5))
        mute.next()
        with Device(running) as device:
            assert device.subscribe("weather/+", 0) == 0
            for n in range(100):
                put(running, f"/weather/{n}", str(n))
            for n in range(100):
                device.hears(f"weather/{n}", str(n))
        got = mute.alive()
        assert len(got) == 20, len(got)
        assert running.counters("mqtt")["lagged"] >= 1
        # It wakes up, and lacks nothing.
        heard = {packet.rpartition(b"application/json")[2] for packet in got}
        while len(heard) < 100:
            for packet in got:
                at = 2 + 2 + packet[3]
                mute.send(b"\x40\x02" + packet[at:at + 2])
            got = [mute.next()] + mute.alive()
            heard |= {packet.rpartition(b"application/json")[2] for packet in got}
        assert heard == {str(n).encode() for n in range(100)}, heard


def test_a_subscriber_that_reads_nothing_is_bounded():
    with gateway() as running:
        deaf = mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(4, client="deaf", keep_alive=0))
        deaf.socket.setsockopt(support.socket.SOL_SOCKET, support.socket.SO_RCVBUF, 65536)
        deaf.next()
        deaf.send(mqtt.subscribe("weather/+"))
        deaf.next()
        big = '"' + "x" * 30000 + '"'
        for n in range(300):
            put(running, f"/weather/{n % 10}", big)
        # Nine megabytes were put. It begins to read, and hears the newest of each.
        put(running, "/weather/last", '"end"')
        while b'"end"' not in deaf.next():
            pass
        deaf.close()


def test_a_flood_of_filters_is_bounded():
    with gateway() as running, mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(5)) as client:
        client.next()
        codes = []
        for n in range(100):
            client.send(mqtt.subscribe(f"weather/{n}", identifier=n + 1, version=5))
        for n in range(100):
            got = client.next()
            assert got[0] == 0x90 and got[3] == n + 1, got
            codes.append(got[-1])
        assert codes == [0] * 32 + [0x97] * 68, codes
        assert client.alive() == []


if __name__ == "__main__":
    support.main(globals())
