"""Requests and replies with python3-paho-mqtt: user properties, content type, Response Topic and Correlation Data;
3.1.1's reply/ topics; subscriptions to anything else are refused."""
import queue

import support
import support_paho_client

try:
    from paho.mqtt import client as paho
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties
except ImportError:
    support.skip("python3-paho-mqtt is not installed")

LISTENER = '  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}" }'


class Device:
    """A Paho client whose callbacks end in queues."""

    def __init__(self, gateway, protocol):
        self.connected, self.messages, self.granted, self.published = (queue.Queue() for _ in range(4))
        self.client = support_paho_client.make(client_id="device", protocol=protocol)
        self.client.username_pw_set("engine-7", support.TOKENS["TOKEN_7"])
        self.client.on_connect = lambda *arguments: self.connected.put(arguments[3])
        self.client.on_message = lambda _client, _data, message: self.messages.put(message)
        self.client.on_subscribe = lambda _client, _data, _id, codes, *_: self.granted.put(codes)
        self.client.on_publish = lambda _client, _data, mid: self.published.put(mid)
        self.client.connect(gateway.address, gateway.port("mqtt"))
        self.client.loop_start()
        self.connected.get(timeout=support.DEADLINE_S)

    def subscribe(self, topic):
        self.client.subscribe(topic, 1)
        codes = self.granted.get(timeout=support.DEADLINE_S)
        return [getattr(code, "value", code) for code in codes]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.disconnect()
        self.client.loop_stop()


def gateway_and_backend():
    backend = support.RestBackend(lambda seen: (200, {"Content-Type": "application/json"}, b'{"valve":"open"}'))
    return support.Gateway(support.fleet(backend.url, LISTENER), environment=support.TOKENS), backend


def test_mqtt_5_gets_the_reply_on_its_response_topic():
    gateway, backend = gateway_and_backend()
    with gateway, Device(gateway, paho.MQTTv5) as device:
        assert device.subscribe("reply/#") == [0]
        properties = Properties(PacketTypes.PUBLISH)
        properties.ResponseTopic = "reply/valve"
        properties.CorrelationData = b"\1\2\3"
        properties.ContentType = "application/json"
        properties.UserProperty = [("method", "PUT"), ("Trace", "abc")]
        device.client.publish("open/valve", '{"set":"open"}', 1, properties=properties)
        message = device.messages.get(timeout=support.DEADLINE_S)
        assert message.topic == "reply/valve" and message.payload == b'{"valve":"open"}', message.payload
        assert message.properties.CorrelationData == b"\1\2\3"
        assert message.properties.ContentType == "application/json"
        assert ("status", "ok") in message.properties.UserProperty
        seen = backend.next()
        assert (seen.method, seen.path) == ("PUT", "/open/valve"), seen
        device.published.get(timeout=support.DEADLINE_S)


def test_mqtt_3_1_1_gets_it_below_reply():
    gateway, backend = gateway_and_backend()
    with gateway, Device(gateway, paho.MQTTv311) as device:
        assert device.subscribe("reply/open/valve") == [0]
        device.client.publish("open/valve", "{}", 0)
        message = device.messages.get(timeout=support.DEADLINE_S)
        assert message.topic == "reply/open/valve" and message.payload == b'{"valve":"open"}', message.payload
        assert backend.next().method == "POST"


def test_this_is_no_broker():
    gateway, _ = gateway_and_backend()
    with gateway:
        with Device(gateway, paho.MQTTv311) as device:
            assert device.subscribe("ships/#") == [0x80]
        with Device(gateway, paho.MQTTv5) as device:
            assert device.subscribe("ships/#") == [0x87]


if __name__ == "__main__":
    support.main(globals())
