"""CoAP devices that the gateway calls: libcoap's example server, a real one, and a scripted one that says exactly what
goes over the wire."""
import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import threading

import support
from support_coap import ACK, CON, NON, Message, code


class RealDevice:
    """coap-server-openssl: /time, /async (a separate answer), /example_data (PUT, GET, in blocks), and whatever is PUT
    (-d). With `secure` arguments (-k KEY, or -c -j -C) coaps listens at port + 1."""

    def __init__(self, *secure, address=None, port=None, program="coap-server-openssl"):
        self.program = program
        self.address = address or support.own_address()
        self.port = port or self._pair()
        self.secure = secure
        self.folder = tempfile.mkdtemp(prefix="coap-device-")
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)
        self.start()

    def _pair(self):
        """A port that is free, as is the next one, for UDP and TCP."""
        while True:
            port = support.free_port(self.address, socket.SOCK_DGRAM)
            try:
                for kind, number in ((socket.SOCK_STREAM, port), (socket.SOCK_DGRAM, port + 1), (socket.SOCK_STREAM, port + 1)):
                    with socket.socket(socket.AF_INET, kind) as probe:
                        probe.bind((self.address, number))
                return port
            except (OSError, OverflowError):
                continue

    def start(self):
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "-A", self.address, "-p", str(self.port), "-d", "20", "-v", "6", *self.secure],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        support.wait_until(self._listens, self.program + " to listen")

    def _listens(self):
        """A ping is answered."""
        assert self.process.poll() is None, self.log()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.2)
            try:
                probe.connect((self.address, self.port))
                probe.send(Message(CON, 0, 4711).pack())
                return Message.parse(probe.recv(64)).mid == 4711
            except OSError:
                return False

    def log(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as log:
            return log.read()

    def stop(self):
        self.process.terminate()
        self.process.wait(support.DEADLINE_S)

    def url(self, scheme="coap"):
        return f"{scheme}://{self.address}:{self.port + scheme.startswith('coaps')}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


class ScriptedDevice:
    """A UDP socket that hands every request to `script(device, message)` and remembers all messages in .seen. The script
    answers by answer(), ack(), or send()."""

    def __init__(self, script, address=None):
        self.script = script
        self.address = address or support.own_address()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((self.address, 0))
        self.port = self.socket.getsockname()[1]
        self.seen = []
        self.peer = None
        self.mid = 100
        self.state = {}
        self.running = True
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while self.running:
            try:
                data, self.peer = self.socket.recvfrom(65536)
            except OSError:
                return
            if not self.running:
                return
            message = Message.parse(data)
            self.seen.append(message)
            self.script(self, message)

    def send(self, data):
        self.socket.sendto(data, self.peer)

    def answer(self, message, what, payload=b"", options=(), kind=ACK, token=None):
        """In the acknowledgement, or (kind CON, NON) in a message of its own."""
        mid = message.mid
        if kind != ACK:
            self.mid += 1
            mid = self.mid
        self.send(Message(kind, code(what), mid, message.token if token is None else token, options, payload).pack())

    def ack(self, message):
        self.send(Message(ACK, 0, message.mid).pack())

    def requests(self):
        return [message for message in self.seen if message.kind in (CON, NON) and 0 < message.what < 32]

    def url(self):
        return f"coap://{self.address}:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.running = False
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"\x40\0\0\0", (self.address, self.port))
        self.thread.join(support.DEADLINE_S)
        self.socket.close()


def configuration(url, settings="timeout: 20s", extra=""):
    """Everything below /raw/ goes to the device as it is; /ships/actuators/{device} is JSON here and CBOR there."""
    return f"""
gateway: {{ name: test, limits: {{ body: 256KiB }} }}
listeners:
  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}" }}
backends:
  valve: {{ protocol: coap, targets: [{{ url: "{url}" }}], {settings} }}
endpoints:
  - name: raw
    path: /raw/*
    methods: [GET, PUT, POST, DELETE, PATCH]
    auth: [none]
    accept: ["*/*"]
    to: valve
    call: {{ path: "/{{*}}" }}
  - name: valves
    path: /ships/actuators/{{device}}
    methods: [GET, PUT]
    auth: [none]
    to: valve
    call: {{ path: "/valve/{{device}}", as: application/cbor }}
{extra}
"""
