"""A device on Paho: it subscribes to the topic that its commands come on, and answers them as the test says."""
import queue

import support
from support_paho_client import Client

try:
    from paho.mqtt import client as paho
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties
except ImportError:
    support.skip("python3-paho-mqtt is not installed")

V5, V311 = paho.MQTTv5, paho.MQTTv311

# CBOR of {"open": true} and {"open": false}.
OPEN, CLOSED = b"\xa1\x64open\xf5", b"\xa1\x64open\xf4"


def mqtt_5(message):
    """What MQTT 5 says of a message, as a dictionary of its user properties."""
    return dict(getattr(message.properties, "UserProperty", []))


def request_properties(response_topic, method):
    """Of a publication that is a request with a body in JSON."""
    properties = Properties(PacketTypes.PUBLISH)
    properties.ResponseTopic = response_topic
    properties.ContentType = "application/json"
    properties.UserProperty = [("method", method)]
    return properties


class Device(Client):
    """Connected, and subscribed to `topic` ("valve/NAME"; "": nothing) with QoS 1. Commands wait in a queue; reply()
    answers one. `token` "": without a login. `keep`: its session outlives the connection."""

    def __init__(self, gateway, name="valve-3", protocol=V5, topic=None, token=None, keep=False):
        self.name, self.protocol = name, protocol
        self.connected, self.commands, self.granted, self.published = (queue.Queue() for _ in range(4))
        options = {"clean_session": not keep} if protocol == V311 else {}
        super().__init__(client_id=name, protocol=protocol, **options)
        if token != "":
            self.client.username_pw_set(name, token or TOKENS["TOKEN_" + name.replace("-", "_").upper()])
        self.client.on_connect = lambda *arguments: self.connected.put(arguments[3])
        self.client.on_message = lambda _client, _data, message: self.commands.put(message)
        self.client.on_subscribe = lambda _client, _data, _id, codes, *_: self.granted.put(codes)
        self.client.on_publish = lambda _client, _data, mid: self.published.put(mid)
        more = {}
        if protocol == V5:
            more["properties"] = Properties(PacketTypes.CONNECT)
            more["properties"].SessionExpiryInterval = 3600 if keep else 0
            more["clean_start"] = not keep
        self.client.connect(gateway.address, gateway.port("mqtt"), **more)
        self.client.loop_start()
        self.connected.get(timeout=support.DEADLINE_S)
        if topic != "":
            self.codes = self.subscribe(topic or f"valve/{name}")

    def subscribe(self, topic):
        self.client.subscribe(topic, 1)
        codes = self.granted.get(timeout=support.DEADLINE_S)
        return [getattr(code, "value", code) for code in codes]

    def next(self):
        try:
            return self.commands.get(timeout=support.DEADLINE_S)
        except queue.Empty:
            raise AssertionError(f"no command came to {self.name}") from None

    def reply(self, command, body=b"", media="application/cbor", status=None, correlation=None):
        """Published, and acknowledged by the gateway."""
        properties, topic = None, "reply/" + command.topic
        if self.protocol == V5:
            topic = command.properties.ResponseTopic
            properties = Properties(PacketTypes.PUBLISH)
            properties.CorrelationData = correlation or command.properties.CorrelationData
            if media:
                properties.ContentType = media
            if status:
                properties.UserProperty = [("status", status)]
        self.client.publish(topic, body, 1, properties=properties)
        self.published.get(timeout=support.DEADLINE_S)


TOKENS = {"TOKEN_VALVE_3": "secret-of-valve-3", "TOKEN_VALVE_4": "secret-of-valve-4",
          "TOKEN_CAPTAIN": "secret-of-captain"}


def fleet(backend="", extra="", listeners="", gateway=""):
    """Valves behind MQTT, and a captain who may set them. `backend` is more of the backend's settings."""
    return f"""
gateway: {{ {gateway} }}
listeners:
  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}" }}
  - {{ name: mqtt, protocol: mqtt, bind: "{{address}}:{{port_mqtt}}" }}
{listeners}
auth:
  token: {{ method: token }}
roles:
  valve: {{ allow: ["POST /ships/sensors/{{self}}"] }}
  ship-admin: {{ allow: ["* /ships/*"] }}
clients:
  - {{ id: valve-3, roles: [valve], token: env:TOKEN_VALVE_3 }}
  - {{ id: valve-4, roles: [valve], token: env:TOKEN_VALVE_4 }}
  - {{ id: captain, roles: [ship-admin], token: env:TOKEN_CAPTAIN }}
backends:
  valves: {{ protocol: mqtt, listener: mqtt {backend} }}
endpoints:
  - name: actuators
    path: /ships/actuators/{{device}}
    methods: [GET, PUT, POST]
    auth: [token]
    roles: [ship-admin]
    to: valves
    call: {{ path: "/valve/{{device}}", as: application/cbor }}
{extra}
"""


def call(gateway, method, body=None, device="valve-3", token="secret-of-captain"):
    """(status, headers, body) of a call over HTTP."""
    arguments = ["-X", method, "-H", f"Authorization: Bearer {token}", "-H", "Accept: application/json"]
    if body is not None:
        arguments += ["-H", "Content-Type: application/json", "--data-binary", body]
    return support.curl(*arguments, gateway.url(f"/ships/actuators/{device}"))


class Calling:
    """The same in the background: what the device has to answer meanwhile. result() is its outcome."""

    def __init__(self, function, *arguments, **named):
        self.outcome = queue.Queue()

        def run():
            try:
                self.outcome.put(function(*arguments, **named))
            except Exception as error:  # pylint: disable=broad-except
                self.outcome.put(error)
        support.threading.Thread(target=run, daemon=True).start()

    def result(self):
        outcome = self.outcome.get(timeout=support.DEADLINE_S)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome
