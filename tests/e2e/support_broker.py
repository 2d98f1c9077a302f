"""A real Mosquitto, set up by the files of board/mosquitto, and what a gateway that joins it looks like."""
import os
import shutil
import subprocess
import tempfile

import paho.mqtt.client as paho
import support
import support_paho_client

PASSWORDS = {"fairlead": "secret-of-fairlead", "engine-7": "secret-of-7", "engine-8": "secret-of-8"}
ENVIRONMENT = dict(support.TOKENS, SITE_PASSWORD=PASSWORDS["fairlead"])
BOARD = os.path.join(support.SOURCE, "board", "mosquitto")


class Mosquitto:
    """The broker as a child process; start() and stop() as often as wanted, on the same port and with the same state.
    `more` stands in the configuration after the listener."""

    def __init__(self, more="", acl=None, port=None, start=True, address=None):
        self.address = address or support.own_address()
        self.port = port or support.free_port(self.address)
        self.folder = tempfile.mkdtemp(prefix="fairlead-mosquitto-")
        self.process = None
        self.log_path = os.path.join(self.folder, "log")
        passwords = os.path.join(self.folder, "fairlead.passwords")
        with open(passwords, "w", encoding="utf-8") as out:
            out.write("".join(f"{user}:{password}\n" for user, password in PASSWORDS.items()))
        os.chmod(passwords, 0o600)
        support.run("mosquitto_passwd", "-U", passwords)
        shutil.copy(os.path.join(BOARD, "acl"), os.path.join(self.folder, "fairlead.acl"))
        if acl is not None:
            self._write("fairlead.acl", acl)
        with open(os.path.join(BOARD, "mosquitto.conf"), encoding="utf-8") as board:
            text = board.read()
        text = text.replace("/etc/mosquitto/", self.folder + "/").replace("/var/lib/mosquitto/", self.folder + "/")
        text = text.replace("listener 1884 127.0.0.1", f"listener {self.port} {self.address}\n{more}")
        # Started by root it would become another user, whose the folder is not.
        user = "user root\n" if os.geteuid() == 0 else ""
        self._write("mosquitto.conf", user + "log_type all\n" + text)
        if start:
            self.start()

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as out:
            out.write(text)

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(["mosquitto", "-c", os.path.join(self.folder, "mosquitto.conf"), "-v"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def listening():
            assert self.process.poll() is None, self.log()
            return f"socket on port {self.port}" in self.log() and self._answers()
        support.wait_until(listening, "mosquitto listens")

    def _answers(self):
        import socket
        try:
            socket.create_connection((self.address, self.port), timeout=5).close()
            return True
        except OSError:
            return False

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def wait_log(self, part):
        support.wait_until(lambda: part in self.log(), f"mosquitto's log says {part!r}")

    def stop(self, kill=False):
        if self.process:
            (self.process.kill if kill else self.process.terminate)()
            self.process.wait(support.DEADLINE_S)
        self.process = None

    @property
    def url(self):
        return f"mqtt://{self.address}:{self.port}"

    def publish(self, topic, message, user="engine-7", version="5", qos=1, *more, expect=0):
        """As a device does, with mosquitto_pub."""
        return support.run("mosquitto_pub", "-V", version, "-h", self.address, "-p", self.port, "-u", user, "-P",
                           PASSWORDS[user], "-i", f"{user}-pub", "-q", qos, "-t", topic, "-m", message, *more,
                           expect=expect)

    def client(self, user="engine-7", version=5, subscribe=(), **options):
        return Client(self, user, version, subscribe, **options)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.stop(kill=True)
        shutil.rmtree(self.folder, ignore_errors=True)


class Client:
    """A device at the broker, by python3-paho. `.messages` is what came; `on_message` may answer."""

    def __init__(self, broker, user, version, subscribe, on_message=None, client_id=None):
        self.messages = []
        self.granted = []
        protocol = paho.MQTTv5 if version == 5 else paho.MQTTv311
        self.client = support_paho_client.make(client_id=client_id or f"{user}-device", protocol=protocol)
        self.client.username_pw_set(user, PASSWORDS[user])
        self.client.on_message = lambda client, data, message: self._take(message, on_message)
        self.client.on_subscribe = lambda *arguments: self.granted.append(arguments)
        self.client.connect(broker.address, broker.port)
        self.client.loop_start()
        support.wait_until(self.client.is_connected, "the device is connected")
        for topic in subscribe:
            self.client.subscribe(topic, 1)
        support.wait_until(lambda: len(self.granted) == len(subscribe), "its subscriptions are granted")

    def _take(self, message, on_message):
        self.messages.append(message)
        if on_message:
            on_message(self, message)

    def publish(self, topic, payload, qos=1, properties=None, retain=False):
        info = self.client.publish(topic, payload, qos, retain, properties)
        info.wait_for_publish(support.DEADLINE_S)

    def next(self, number=0):
        support.wait_until(lambda: len(self.messages) > number, "a message at the device")
        return self.messages[number]

    def close(self):
        self.client.disconnect()
        self.client.loop_stop()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()


def properties(user=(), **named):
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties
    made = Properties(PacketTypes.PUBLISH)
    for name, value in named.items():
        setattr(made, name, value)
    if user:
        made.UserProperty = list(user)
    return made


def user_properties(message):
    return dict(getattr(message.properties, "UserProperty", []))


def listener(broker, more="", subscribe='["ships/+/sensors/#"]', publisher="{ topic_segment: 2 }"):
    """The listener `site`, that joins the broker (or the one at this URL)."""
    url = broker if isinstance(broker, str) else broker.url
    who = f"publisher: {publisher}, " if publisher else ""
    return (f'  - {{ name: site, protocol: mqtt, broker: "{url}", subscribe: {subscribe}, user: fairlead, '
            f"password: env:SITE_PASSWORD, {who}{more} }}")


def fleet(backend_url, listeners, auth="site: { method: broker, listeners: [site] }", extra=""):
    """Devices report to ships/DEVICE/sensors; /public is open to anybody."""
    return f"""
gateway: {{ name: test, limits: {{ body: 64KiB }} }}
listeners:
{listeners}
auth:
  {auth}
  token: {{ method: token }}
roles:
  ship-sensor: {{ allow: ["POST /ships/{{self}}/sensors", "GET /ships/{{self}}/sensors"] }}
  ship-admin: {{ allow: ["* /*"] }}
clients:
  - {{ id: engine-7, roles: [ship-sensor], token: env:TOKEN_7 }}
  - {{ id: engine-8, roles: [ship-sensor], token: env:TOKEN_8 }}
  - {{ id: captain, roles: [ship-admin], token: env:TOKEN_CAPTAIN }}
backends:
  telemetry: {{ protocol: rest, targets: [{{ url: {backend_url} }}], timeout: 3s }}
endpoints:
  - name: readings
    path: /ships/{{device}}/sensors
    methods: [POST, GET]
    auth: [site, token]
    roles: [ship-sensor, ship-admin]
    to: telemetry
    call: {{ path: "/v1/readings/{{device}}", as: application/json }}
  - name: public
    path: /public/{{thing}}
    methods: [POST, GET]
    auth: [none]
    to: telemetry
{extra}
"""


def gateway(configuration, **options):
    """Running, and the broker joined."""
    made = support.Gateway(configuration, environment=ENVIRONMENT, **options)
    made.wait_log("listener=site subscribed")
    return made
