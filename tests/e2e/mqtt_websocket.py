"""MQTT over WebSocket: python3-paho-mqtt plain and over TLS, and clients on raw sockets that break the rules."""
import os
import queue
import socket
import struct

import support
import support_mqtt as wire
import support_paho_client
from support_tls import make_pki

HANDSHAKE = ("GET /mqtt HTTP/1.1\r\nHost: box\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Protocol: mqtt\r\n\r\n")


def gateway(backend, more="", files=None):
    listener = f'  - {{ name: ws, protocol: mqtt, transport: websocket, bind: "{{address}}:{{port_ws}}"{more} }}'
    return support.Gateway(support.fleet(backend.url, listener), files=files, environment=support.TOKENS)


def frame(payload, opcode=2, fin=True, mask=b"\1\2\3\4", reserved=0):
    head = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    flag = 0x80 if mask else 0
    if len(payload) < 126:
        head += bytes([flag | len(payload)])
    elif len(payload) < 65536:
        head += bytes([flag | 126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([flag | 127]) + struct.pack(">Q", len(payload))
    if mask:
        payload = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload))
    return head + (mask or b"") + payload


class Raw:
    """A client by hand: head() is the answer to the handshake, next() a frame as (opcode, payload), None at the end."""

    def __init__(self, gate, handshake=HANDSHAKE):
        self.socket = socket.create_connection((gate.address, gate.port("ws")), timeout=support.DEADLINE_S)
        self.input = b""
        self.send(handshake.encode())

    def send(self, bytes_):
        self.socket.sendall(bytes_)

    def _more(self):
        try:
            more = self.socket.recv(65536)
        except ConnectionResetError:
            more = b""
        self.input += more
        return bool(more)

    def head(self):
        while b"\r\n\r\n" not in self.input and self._more():
            pass
        head, _, self.input = self.input.partition(b"\r\n\r\n")
        return head.decode()

    def _take(self, count):
        while len(self.input) < count:
            if not self._more():
                return None
        taken, self.input = self.input[:count], self.input[count:]
        return taken

    def next(self):
        head = self._take(2)
        if not head:
            return None
        length = head[1]
        assert not length & 0x80, "a server's frames are not masked"
        if length > 125:
            length = int.from_bytes(self._take(2 if length == 126 else 8), "big")
        return head[0] & 15, self._take(length)

    def ends(self):
        while self._more():
            pass
        return True


def test_paho_publishes_over_websocket():
    backend = support.RestBackend()
    with gateway(backend) as gate:
        publish_by_paho(gate)
        assert len(backend.seen) == 30
        assert len(backend.seen[-1].body) == 30000


def publish_by_paho(gate, tls=None):
    client = support_paho_client.make(client_id="device", transport="websockets")
    client.ws_set_options(path="/mqtt")
    client.username_pw_set("engine-7", support.TOKENS["TOKEN_7"])
    if tls:
        client.tls_set(tls)
        client.tls_insecure_set(True)
    acknowledged = queue.Queue()
    client.on_publish = lambda _client, _data, mid: acknowledged.put(mid)
    client.connect(gate.address, gate.port("ws"))
    client.loop_start()
    for size in range(30):
        client.publish("ships/sensors/engine-7", '"' + "x" * (size * 1000 if size < 29 else 29998) + '"', qos=1)
    for _ in range(30):
        acknowledged.get(timeout=support.DEADLINE_S)
    client.disconnect()
    client.loop_stop()


def test_paho_publishes_over_websocket_over_tls():
    folder, files = make_pki()
    backend = support.RestBackend()
    with gateway(backend, ", tls: { certificate: pki/gateway.crt, key: pki/gateway.key }", files) as gate:
        publish_by_paho(gate, os.path.join(folder, "ca.crt"))
        assert len(backend.seen) == 30


def test_frames_may_cut_packets_anywhere():
    backend = support.RestBackend()
    with gateway(backend) as gate:
        raw = Raw(gate)
        assert raw.head().startswith("HTTP/1.1 101 ")
        packets = wire.connect() + wire.publish("open/a", "{}", qos=1) + wire.PINGREQ
        for byte in packets[:20]:
            raw.send(frame(bytes([byte])))
        raw.send(frame(packets[20:30], fin=False) + frame(b"are you there", opcode=9) + frame(packets[30:], opcode=0))
        got, data = [], b""
        while len(data) < 10:
            got.append(raw.next())
            if got[-1][0] == 2:
                data += got[-1][1]
        assert (10, b"are you there") in got
        assert data == b"\x20\x02\0\0" + wire.PINGRESP + b"\x40\x02\0\1" or data == b"\x20\x02\0\0\x40\x02\0\1" + wire.PINGRESP
        # The close handshake: with the client's own code, then the end.
        raw.send(frame(struct.pack(">H", 3000) + b"bye", opcode=8))
        assert raw.next() == (8, struct.pack(">H", 3000))
        assert raw.ends()


def test_the_handshake_and_packets_may_come_in_one_piece():
    with gateway(support.RestBackend()) as gate:
        raw = Raw(gate, "")
        raw.send(HANDSHAKE.encode() + frame(wire.connect()) + frame(wire.PINGREQ))
        assert raw.head().startswith("HTTP/1.1 101 ")
        data = b""
        while len(data) < 6:
            data += raw.next()[1]
        assert data == b"\x20\x02\0\0" + wire.PINGRESP


def test_broken_rules_have_their_codes():
    with gateway(support.RestBackend()) as gate:
        for bad, code in ((frame(b"text", opcode=1), 1003), (frame(b"x", mask=None), 1002), (frame(b"x", reserved=4), 1002),
                          (frame(b"x", opcode=3), 1002), (frame(b"x", opcode=0), 1002),
                          (frame(b"x" * 126, opcode=9), 1002), (frame(b"", opcode=9, fin=False), 1002),
                          (frame(b"\x03", opcode=8), 1002), (frame(b"\x03\xee", opcode=8), 1002)):
            raw = Raw(gate)
            raw.head()
            raw.send(frame(wire.connect()))
            assert raw.next() == (2, b"\x20\x02\0\0")
            raw.send(bad)
            assert raw.next() == (8, struct.pack(">H", code)), (bad, code)
            assert raw.ends()
        assert gate.counters("ws")["connections"] == 9


def test_a_handshake_that_is_none_is_answered_in_http():
    with gateway(support.RestBackend(), ", handshake: 2s") as gate:
        refused = 0
        for change, status in ((("/mqtt HTTP", "/other HTTP"), 404), (("Upgrade: websocket\r\n", ""), 426),
                               (("Version: 13", "Version: 8"), 426), (("Protocol: mqtt", "Protocol: amqp"), 400),
                               (("GET", "PUT"), 400), (("Host: box", "Host: box\r\nX: " + "x" * 9000), 400)):
            raw = Raw(gate, HANDSHAKE.replace(*change, 1))
            assert raw.head().startswith(f"HTTP/1.1 {status} "), change
            assert raw.ends()
            refused += 1
        # MQTT without WebSocket, and one that says nothing.
        for first in (wire.connect().decode("latin-1"), ""):
            assert Raw(gate, first).ends()
            refused += 1
        support.wait_until(lambda: gate.counters("ws")["refused"] == refused, "the refusals' count")
        assert gate.counters("ws")["connections"] == 0


def test_a_stop_says_goodbye():
    gate = gateway(support.RestBackend())
    raw = Raw(gate)
    raw.head()
    raw.send(frame(wire.connect(version=5)))
    assert raw.next()[1][:1] == b"\x20"
    gate.signal(15)
    got = [raw.next(), raw.next()]
    assert b"the gateway is shutting down" in got[0][1] and got[1] == (8, struct.pack(">H", 1000)), got
    assert raw.ends()
    gate.stop()


support.main(globals())
