"""Cloud to device: curl calls a REST path, and a device that is connected over MQTT (python3-paho-mqtt with 3.1.1 and 5,
mosquitto_sub) gets the command and answers; once, twice, late, wrongly or never."""
import threading

import support
import support_mqtt as mqtt
from support_paho import Device, PacketTypes, Properties

LISTENERS = """
  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}" }
  - { name: web, protocol: http, bind: "{address}:{port_web}" }"""
BACKENDS = """
  valves: { protocol: mqtt, listener: mqtt, timeout: 10s }
  hasty: { protocol: mqtt, listener: mqtt, timeout: 1s }
  lamps: { protocol: mqtt, listener: mqtt, reply: none, timeout: 10s }
  claimed: { protocol: mqtt, listener: mqtt, reply: none, known_by: client-id, timeout: 10s }"""
ENDPOINTS = """
  - { name: valves, path: "/ships/valves/{device}", methods: [GET, PUT], auth: [token], roles: [ship-admin], to: valves, call: { path: "/valve/{device}" } }
  - { name: hasty, path: "/ships/hasty/{device}", methods: [PUT], auth: [token], roles: [ship-admin], to: hasty, call: { path: "/valve/{device}" } }
  - { name: lamps, path: "/ships/lamps/{device}", methods: [PUT], auth: [token], roles: [ship-admin], to: lamps, call: { path: "/lamp/{device}" } }
  - { name: claimed, path: "/ships/claimed/{device}", methods: [PUT], auth: [token], roles: [ship-admin], to: claimed, call: { path: "/lamp/{device}" } }
"""


def gateway():
    configuration = support.fleet(support.RestBackend().url, LISTENERS, ENDPOINTS).replace(
        "\nendpoints:", BACKENDS + "\nendpoints:")
    return support.Gateway(configuration, environment=support.TOKENS)


def call(running, path, body=None):
    """(status, headers, body) of GET, or of PUT with a body."""
    what = ("-X", "PUT", "-H", "Content-Type: application/json", "-d", body) if body is not None else ()
    return support.curl("-H", f"Authorization: Bearer {support.TOKENS['TOKEN_CAPTAIN']}", *what, running.url(path))


class Call:
    """The same, while the device is looked at."""

    def __init__(self, running, path, body=None):
        self.result = []
        self.thread = threading.Thread(target=lambda: self.result.append(call(running, path, body)))
        self.thread.start()

    def wait(self):
        self.thread.join(support.DEADLINE_S)
        return self.result[0]


def properties(**what):
    made = Properties(PacketTypes.PUBLISH)
    for name, value in what.items():
        setattr(made, name, value)
    return made


def reply(device, command, payload, **what):
    device.client.publish(command.properties.ResponseTopic, payload, 1, properties=properties(
        CorrelationData=command.properties.CorrelationData, **what))


def test_curl_sets_and_reads_a_valve_over_mqtt_5():
    with gateway() as running, Device(running) as device:
        assert device.subscribe("valve/+", 1) == 1
        setting = Call(running, "/ships/valves/engine-7", '{"open":true}')
        command = device.message()
        assert (command.topic, command.payload) == ("valve/engine-7", b'{"open":true}')
        assert ("method", "PUT") in command.properties.UserProperty and command.properties.ContentType == "application/json"
        assert 1 <= command.properties.MessageExpiryInterval <= 10
        assert command.properties.ResponseTopic == "reply/valve/engine-7"
        reply(device, command, '{"was":false}', ContentType="application/json")
        status, headers, body = setting.wait()
        assert (status, body, headers["content-type"]) == (200, '{"was":false}', "application/json"), (status, body)
        reading = Call(running, "/ships/valves/engine-7")
        command = device.message()
        assert ("method", "GET") in command.properties.UserProperty
        reply(device, command, "no such valve", UserProperty=[("status", "404")])
        status, _, body = reading.wait()
        assert status == 404, (status, body)


def test_and_over_3_1_1():
    with gateway() as running, Device(running, 4) as device:
        assert device.subscribe("valve/engine-7", 1) == 1
        setting = Call(running, "/ships/valves/engine-7", '{"open":true}')
        command = device.message()
        assert (command.topic, command.payload) == ("valve/engine-7", b'{"open":true}')
        device.client.publish("reply/valve/engine-7", '{"was":false}', 1)
        status, _, body = setting.wait()
        assert (status, body) == (200, '{"was":false}'), (status, body)


def test_only_publishing_is_202():
    with gateway() as running, Device(running, 4) as device:
        assert device.subscribe("lamp/#", 1) == 1
        assert call(running, "/ships/lamps/engine-7", '{"on":true}')[0] == 202
        device.hears("lamp/engine-7", '{"on":true}')


def test_mosquitto_sub_is_a_device():
    with gateway() as running:
        waiting = []
        thread = threading.Thread(target=lambda: waiting.append(support.run(
            "mosquitto_sub", "-V", 5, "-h", running.address, "-p", running.port("mqtt"), "-q", 1, "-t", "lamp/engine-7", "-C", 1,
            "-u", "engine-7", "-P", support.TOKENS["TOKEN_7"])))
        thread.start()
        support.wait_until(lambda: call(running, "/ships/lamps/engine-7", '{"on":true}')[0] == 202, "the device has subscribed")
        thread.join()
        assert waiting[0].out == '{"on":true}\n', waiting


def test_who_is_not_there():
    with gateway() as running:
        assert call(running, "/ships/lamps/engine-7", "1")[0] == 503
        with Device(running, 4) as device:  # connected, and subscribed to nothing
            assert call(running, "/ships/lamps/engine-7", "1")[0] == 503
            # What can never come for it is not granted.
            assert device.subscribe("lamp/engine-8", 1) == 0x80
            assert device.subscribe("lamp/engine-7", 1) == 1
            assert call(running, "/ships/lamps/engine-8", "1")[0] == 503
            assert call(running, "/ships/lamps/engine-7", "1")[0] == 202
            device.hears("lamp/engine-7", "1")
            device.nothing()
        # Who only calls itself so gets nothing, unless the backend says that it may.
        with Device(running, 4, client="engine-7", user=None) as stranger:
            assert stranger.subscribe("lamp/engine-7", 1) == 1
            assert call(running, "/ships/lamps/engine-7", "1")[0] == 503
            assert call(running, "/ships/claimed/engine-7", "2")[0] == 202
            stranger.hears("lamp/engine-7", "2")
            stranger.nothing()


def test_a_device_that_answers_twice_or_late_or_never():
    with gateway() as running, Device(running) as device:
        assert device.subscribe("valve/+", 1) == 1
        first = Call(running, "/ships/valves/engine-7", "1")
        command = device.message()
        reply(device, command, '"once"')
        reply(device, command, '"twice"')
        assert first.wait()[2] == '"once"'
        # Never: the call's time is over. Then it comes.
        second = Call(running, "/ships/hasty/engine-7", "2")
        command = device.message()
        status, _, body = second.wait()
        # (Nor acknowledged, where the machine is very busy.)
        assert status == 504 and "the device" in body, (status, body)
        reply(device, command, '"late"')
        # An invented one, and the right one of the next call is not the late one.
        third = Call(running, "/ships/valves/engine-7", "3")
        command = device.message()
        device.client.publish("reply/valve/engine-7", '"forged"', 1, properties=properties(CorrelationData=b"12345678"))
        reply(device, command, '"third"')
        assert third.wait()[2] == '"third"'
        for _ in range(5):
            device.published.get(timeout=support.DEADLINE_S)
        assert running.counters("mqtt")["unasked"] == 3
        running.wait_log("a reply that nobody waits for")


def test_a_connection_that_breaks():
    with gateway() as running:
        hello = mqtt.connect(4, client="c", user="engine-7", password=support.TOKENS["TOKEN_7"])
        with mqtt.Client(running.address, running.port("mqtt"), hello) as client:
            client.next()
            client.send(mqtt.subscribe("lamp/+", qos=1))
            client.next()
            setting = Call(running, "/ships/lamps/engine-7", "1")
            client.expect(mqtt.publish("lamp/engine-7", "1", qos=1, identifier=1))
        status, _, body = setting.wait()
        assert status == 503 and "connection of the device has ended" in body, (status, body)


def test_a_device_that_never_acknowledges():
    with gateway() as running:
        hello = mqtt.connect(4, client="c", user="engine-7", password=support.TOKENS["TOKEN_7"])
        with mqtt.Client(running.address, running.port("mqtt"), hello) as client:
            client.next()
            client.send(mqtt.subscribe("lamp/+", qos=1))
            client.next()
            calls = [Call(running, "/ships/lamps/engine-7", str(n)) for n in range(24)]
            statuses = sorted(one.wait()[0] for one in calls)
            assert statuses == [429] * 8 + [504] * 16, statuses
            assert len(client.alive()) == 16


if __name__ == "__main__":
    support.main(globals())
