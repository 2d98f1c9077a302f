"""What the tests of binary descriptions share: a description of one's own in the gateway's folder, and a device at a
socket that says and hears bytes."""
import socket

import support
from support import DEADLINE_S, Gateway, RestBackend, fleet

ENDPOINT = """  - { name: things, path: "/things/{thing}", methods: [GET, POST, PUT, PATCH, DELETE], auth: [none], to: telemetry,
      call: { path: "/v1/{thing}", as: application/json } }
"""


def listener(extra=""):
    return f"  - {{ name: frames, protocol: binary, bind: tcp://{{address}}:{{port_frames}}, frame: frames.ksy {extra} }}\n"


def world(description, answer=None, listener_extra="", backend_extra=", retries: 0", extra=ENDPOINT, edit=lambda text: text):
    """A backend, and a gateway with a listener of this description. `edit`: what else its file is to say."""
    backend = RestBackend(answer)
    gateway = Gateway(edit(fleet(backend.url, listener(listener_extra), extra=extra, backend_extra=backend_extra)),
                      files={"frames.ksy": description}, environment=support.TOKENS)
    return backend, gateway


class Device:
    def __init__(self, gateway, name="frames"):
        self.socket = socket.create_connection((gateway.address, gateway.port(name)), DEADLINE_S)
        self.socket.settimeout(DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data):
        self.socket.sendall(data)

    def hears(self, expected):
        """The next bytes are these."""
        got = b""
        while len(got) < len(expected):
            more = self.socket.recv(len(expected) - len(got))
            assert more, f"closed after {got!r}, where {expected!r} was expected"
            got += more
        assert got == expected, f"{got!r}, where {expected!r} was expected"

    def ended(self):
        """Nothing comes any more but the end."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def close(self):
        self.socket.close()
