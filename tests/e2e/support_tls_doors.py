"""Every listener that speaks TLS, in one gateway, and somebody who knocks at each with a certificate."""
import os
import ssl

import support
import support_mqtt
from support_coap import coap_client
from support_http import Client, get

DOORS = ("web", "mqtt", "coaps", "coaptcp")
KEYS = "certificate: pki/server.crt, key: pki/server.key, client_ca: pki/ca.crt"


def listeners(tls):
    return f"""
  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}", tls: {{ {tls} }} }}
  - {{ name: mqtt, protocol: mqtt, bind: "{{address}}:{{port_mqtt}}", tls: {{ {tls} }} }}
  - {{ name: coaps, protocol: coap, bind: "{{address}}:{{port_coaps}}", tls: {{ {tls} }} }}
  - {{ name: coaptcp, protocol: coap, bind: "tcp://{{address}}:{{port_coaptcp}}", tls: {{ {tls} }} }}
"""


def gateway(backend, files, tls, more=""):
    """`files` by their names in pki/; `more`: endpoints."""
    text = support.fleet(backend.url, listeners(KEYS + ", " + tls), more)
    text = text.replace("gateway: { name: test,", "gateway: { name: test, state: state,")
    return support.Gateway(text, files={"pki/" + name: content for name, content in files.items()}, environment=support.TOKENS)


def replace(gate, name, content):
    """As a careful tool replaces a file: the new one takes the old one's name when it is whole."""
    path = os.path.join(gate.folder, "pki", name)
    with open(path + ".new", "wb") as out:
        out.write(content)
    os.rename(path + ".new", path)


def context(folder, certificate=None, version=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(os.path.join(folder, "ca.crt"))
    if certificate:
        made.load_cert_chain(os.path.join(folder, certificate + ".crt"), os.path.join(folder, certificate + ".key"))
    if version:
        made.maximum_version = version
    return made


class Visitor:
    """A TLS connection to one of the doors but coaps, which has said something and was answered."""

    def __init__(self, gate, door, tls, session=None):
        self.client = Client(gate, name=door)
        try:
            self.client.socket = tls.wrap_socket(self.client.socket, server_hostname="localhost", session=session)
            self.socket = self.client.socket
            self.knock(door)
        except BaseException:
            self.client.socket.close()
            raise

    def knock(self, door):
        if door == "web":
            assert self.client.ask(get("/open/a")).status == 200
        elif door == "mqtt":
            self.socket.sendall(support_mqtt.connect(5, f"visitor-{id(self)}"))
            head = self.read(2)
            assert head[0] == 0x20 and self.read(head[1])[1] == 0, head
        else:
            self.socket.sendall(b"\x00\xe1")  # CSM
            first = self.read(1)
            assert self.read((first[0] >> 4) + 1)[0] == 0xe1, first

    def read(self, n):
        got = b""
        while len(got) < n:
            more = self.socket.recv(n - len(got))
            assert more, f"closed after {got!r}"
            got += more
        return got

    def rest(self):
        """All until the gateway closes."""
        got = b""
        while True:
            more = self.socket.recv(4096)
            if not more:
                return got
            got += more

    def close(self):
        self.socket.close()


def enters(gate, door, folder, certificate):
    """Is a client with this certificate let in, and answered?"""
    if door == "coaps":
        who = ["-c", os.path.join(folder, certificate + ".crt"), "-j", os.path.join(folder, certificate + ".key"), "-n"]
        return '{"ok":true}' in coap_client(gate, "get", "/open/a", "-B", "3", *who, scheme="coaps", name="coaps")
    try:
        Visitor(gate, door, context(folder, certificate)).close()
    except (ssl.SSLError, ConnectionError, AssertionError):
        return False
    return True

