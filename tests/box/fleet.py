"""The example fleet in the box: board/demo's configuration where the package wants it, with secrets made for this run, and what
callers need to speak to it from outside."""
import http.client
import os
import re
import subprocess

from machine import SOURCE, support

import support_load

DEMO = os.path.join(SOURCE, "board", "demo")
READING = os.path.join(DEMO, "reading.json")
FORWARDS = ["80", "1883", "5027", "5683", "5683/udp", "5684", "5684/udp", "8080", "8443", "8883", "9001", "10110"]
# What the unit promises and the demo has no use for: a socket in /run/fairlead, a port below 1024, a folder elsewhere.
LISTENERS = """  - { name: ais, protocol: binary, bind: "unix:///run/fairlead/ais.sock?mode=660", frame: /usr/share/fairlead/schemas/frames/nmea0183.ksy }
  - { name: low, protocol: http, bind: "0.0.0.0:80" }
"""
BACKENDS = "  filed: { protocol: file, path: /srv/readings/readings.jsonl }\n"
ENDPOINTS = """  - { name: filed, path: "/filed/{x}", methods: [POST], auth: [none], to: filed }
  - { name: kept, path: "/kept/{x}", methods: [GET, PUT, POST], auth: [none], keep: last }
"""


def configuration():
    with open(os.path.join(DEMO, "fairlead.yaml"), encoding="utf-8") as text:
        fleet = text.read()
    for old, new in (("state: state ", "state: /var/lib/fairlead "), ("../../schemas", "/usr/share/fairlead/schemas"), ("file:pki/engine-7.token", "env:ENGINE_7"),
                     ("\nauth:\n", LISTENERS + "\nauth:\n"), ("\nbackends:\n", "\nbackends:\n" + BACKENDS), ("\nendpoints:\n", "\nendpoints:\n" + ENDPOINTS),
                     ("messages: 16", "messages: 500"), ("body: 256KiB,", "body: 256KiB, values: 50000,")):
        assert old in fleet, old
        fleet = fleet.replace(old, new)
    return re.sub(r"(?<=[ :])pki/", "/etc/fairlead/pki/", fleet)


class Fleet:
    def __init__(self, box, binary):
        """`binary`: a fairlead that runs here, for the certificates."""
        self.box, self.ports = box, box.ports
        demo = os.path.join(box.folder, "demo")
        os.makedirs(demo)
        subprocess.run(["cp", os.path.join(DEMO, "make-pki"), demo], check=True)
        subprocess.run([os.path.join(demo, "make-pki"), binary], check=True)
        self.pki = os.path.join(demo, "pki")
        subprocess.run(["cp", "-r", self.pki, box.share], check=True)
        box.put("fleet.yaml", configuration())

    def secret(self, name):
        with open(os.path.join(self.pki, name), encoding="ascii") as text:
            return text.read().strip()

    def lay_out(self):
        """As docs/reference/service.md says it is done."""
        self.box.run("""set -e
rm -rf /etc/fairlead/pki
cp -r /box/pki /etc/fairlead/pki
cp /box/fleet.yaml /etc/fairlead/fairlead.yaml
chown -R root:fairlead /etc/fairlead/pki
chmod 750 /etc/fairlead/pki
chmod 640 /etc/fairlead/pki/*
(umask 077; echo "ENGINE_7='$(cat /etc/fairlead/pki/engine-7.token)'" >/etc/fairlead/environment)
mkdir -p /srv/readings /etc/systemd/system/fairlead.service.d
chown fairlead: /srv/readings
printf '[Service]\\nReadWritePaths=/srv/readings\\n' >/etc/systemd/system/fairlead.service.d/readings.conf
systemctl daemon-reload
systemctl restart fairlead""")

    def url(self, path, port="8080", scheme="http"):
        return f"{scheme}://127.0.0.1:{self.ports[port]}{path}"

    def signed(self):
        return ["--cacert", f"{self.pki}/ca.crt", "--cert", f"{self.pki}/engine-7.crt", "--key", f"{self.pki}/engine-7.key"]

    def operator(self):
        return ["-H", "Authorization: Bearer " + self.secret("operator.token")]

    def put(self, path, body):
        """A value is kept; who gets here has it acknowledged."""
        code = support.curl("-X", "PUT", "--json", body, self.url(path))[0]
        assert code in (200, 201, 204), code

    def get(self, path):
        code, _, body = support.curl(self.url(path))
        assert code == 200, (path, code)
        return body


class Caller:
    """PUTs numbers, each to a path of its own; .acknowledged is what was answered. `keep`: over one connection as long as that lasts."""

    def __init__(self, fleet, index, keep):
        self.port, self.index, self.keep = fleet.ports["8080"], index, keep
        self.acknowledged, self.connection = [], None

    def __call__(self):
        number = len(self.acknowledged)
        path = f"/kept/{self.index}-{number}"
        if not self.connection:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            self.connection.request("PUT", path, str(number), {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            answer.read()
        except Exception:
            self.drop()
            raise
        if not self.keep or answer.will_close:
            self.drop()
        assert answer.status in (200, 201, 204), answer.status
        self.acknowledged.append(path)

    def drop(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class Device:
    """The same over another protocol, by a client of tests/e2e/support_load.py: it says a thing again only where its protocol does."""

    def __init__(self, fleet, index, kind, port):
        self.client, self.acknowledged, self.number = kind("127.0.0.1", fleet.ports[port], index), [], 0
        self.client.path = lambda n: f"/kept/{index}-{n}"
        self.client.body = lambda n: str(n).encode()

    def __call__(self):
        number = self.number
        self.number += 1
        try:
            self.client.once(number)
        except Exception:
            self.client.end()
            raise
        self.acknowledged.append(self.client.path(number))


def callers(fleet, name):
    """By HTTP two that keep their connections and two that do not; one by MQTT with QoS 1, and two by CoAP."""
    devices = [Device(fleet, f"{name}-{kind.__name__.lower()}", kind, port)
               for kind, port in ((support_load.Mqtt, "1883"), (support_load.Coap, "5683/udp"), (support_load.CoapTcp, "5683"))]
    return [Caller(fleet, f"{name}{index}", keep=index % 2 == 0) for index in range(4)] + devices
