"""A python3-paho-mqtt client whose callbacks end in queues."""
import queue

import support
from support_paho_client import Client

try:
    from paho.mqtt import client as paho
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties
    from paho.mqtt.subscribeoptions import SubscribeOptions
except ImportError:
    support.skip("python3-paho-mqtt is not installed")


def value(code):
    return getattr(code, "value", code)


class Device(Client):
    """Connected when it is made. `expiry`: MQTT 5's session expiry in seconds; 3.1.1 keeps its session with any."""

    def __init__(self, gateway, version=5, client="device", user="engine-7", password=None, expiry=0, port="mqtt", will=None,
                 clean=None):
        self.version = version
        self.connected, self.messages, self.granted, self.published, self.ended = (queue.Queue() for _ in range(5))
        options = {} if version == 5 else {"clean_session": not expiry}
        super().__init__(client_id=client, protocol=paho.MQTTv5 if version == 5 else paho.MQTTv311, **options)
        if user:
            self.client.username_pw_set(user, password or support.TOKENS["TOKEN_7"])
        if will:
            self.client.will_set(*will[:2], **(will[2] if len(will) > 2 else {}))
        self.client.on_connect = lambda *arguments: self.connected.put((value(arguments[3]), arguments[2]))
        self.client.on_message = lambda _client, _data, message: self.messages.put(message)
        self.client.on_subscribe = lambda _client, _data, _id, codes, *_: self.granted.put(codes)
        self.client.on_publish = lambda _client, _data, mid: self.published.put(mid)
        self.client.on_disconnect = lambda *arguments: self.ended.put(value(arguments[2]))
        more = {}
        if version == 5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = expiry
            more = {"properties": properties, "clean_start": clean if clean is not None else not expiry}
        self.client.connect(gateway.address, gateway.port(port), **more)
        self.client.loop_start()
        code, flags = self.connected.get(timeout=support.DEADLINE_S)
        assert code == 0, code
        self.present = bool(flags["session present"] if isinstance(flags, dict) else flags.session_present)

    def subscribe(self, topic, qos=1, **options):
        """The code that SUBACK has for it."""
        if options:
            self.client.subscribe(topic, options=SubscribeOptions(qos=qos, **options))
        else:
            self.client.subscribe(topic, qos)
        return [value(code) for code in self.granted.get(timeout=support.DEADLINE_S)][0]

    def publish(self, topic, payload, qos=1, retain=False, **properties):
        """Returns when it is acknowledged. Properties by Paho's names."""
        more = {}
        if properties:
            more["properties"] = Properties(PacketTypes.PUBLISH)
            for name, what in properties.items():
                setattr(more["properties"], name, what)
        self.client.publish(topic, payload, qos, retain, **more)
        self.published.get(timeout=support.DEADLINE_S)

    def message(self):
        return self.messages.get(timeout=support.DEADLINE_S)

    def hears(self, topic, payload, retain=None):
        got = self.message()
        assert (got.topic, got.payload.decode()) == (topic, payload), (got.topic, got.payload)
        assert retain is None or bool(got.retain) == retain, (topic, payload, got.retain)
        return got

    def nothing(self):
        assert self.messages.empty(), [(m.topic, m.payload) for m in list(self.messages.queue)]
