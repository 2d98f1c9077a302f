"""Clients that never rest, in each protocol: what was asked and not answered as it should be, they remember. None of them
asks a second time, but where the protocol itself says so (a QoS 1 message after a reconnection, a CON without an answer)."""
import http.client
import os
import random
import socket
import ssl
import struct
import threading
import time

import support
import support_coap as coap
import support_mqtt as mqtt
from support_tls import make_pki

COAP_REPEAT_S = 2  # ACK_TIMEOUT
TLS_FOLDER, TLS_FILES = make_pki()
TLS = "tls: { certificate: pki/gateway.crt, key: pki/gateway.key }"


def patient_fleet(backend_url, listeners):
    """A fleet whose backend may be slow: a machine that is busy is no failure of what is tested here."""
    return support.fleet(backend_url, listeners).replace("timeout: 3s", f"timeout: {support.DEADLINE_S}s")


class Worker:
    """Once started, a thread that calls self.once(n) with growing numbers until it is stopped. `failed`: what went wrong; `done`: the
    numbers that were answered."""

    def __init__(self, address, port, name):
        self.address, self.port, self.name = address, port, name
        self.failed, self.done = [], []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        n = 0
        while not self.over.is_set() and not self.failed:
            try:
                self.once(n)
                self.done.append(n)
            except Exception as error:  # pylint: disable=broad-except
                self.failed.append(f"{self.name}: {n}: {error!r}")
            n += 1
            time.sleep(self.pause_s)
        self.end()

    pause_s = 0.005

    def once(self, n):
        raise NotImplementedError

    def end(self):
        pass

    def path(self, n):
        return f"/open/{self.name}-{n}"

    def body(self, _n):
        return b'{"n":1}'

    def stop(self):
        self.over.set()
        self.thread.join(support.DEADLINE_S)
        assert not self.thread.is_alive(), f"{self.name} hangs"


def read_answer(connection):
    """(status, close) of an answer on a raw connection, read whole."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            raise ConnectionError(f"the connection ended after {data!r}")
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
    while len(body) < int(fields.get(b"content-length", 0)):
        body += connection.recv(65536)
    return int(head.split()[1]), fields.get(b"connection") == b"close"


class RawKeepAlive(Worker):
    """Puts the next request on the same connection, unless the answer before has said that it closes."""
    connection = None

    def once(self, n):
        if not self.connection:
            self.connection = socket.create_connection((self.address, self.port), support.DEADLINE_S)
        self.connection.sendall(f"GET {self.path(n)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        status, close = read_answer(self.connection)
        assert status == 200, status
        if close:
            self.end()

    def end(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class RawPipeline(RawKeepAlive):
    """Three requests at once; what follows the answer that closes was not taken, and is sent again over the next connection."""

    def once(self, n):
        left = 3
        while left:
            if not self.connection:
                self.connection = socket.create_connection((self.address, self.port), support.DEADLINE_S)
            self.connection.sendall(f"GET {self.path(n)} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * left)
            data = b""
            while left:
                while b"\r\n\r\n" not in data:
                    more = self.connection.recv(65536)
                    assert more, "the connection ended without an answer"
                    data += more
                head, _, data = data.partition(b"\r\n\r\n")
                fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
                length = int(fields.get(b"content-length", 0))
                while len(data) < length:
                    data += self.connection.recv(65536)
                data = data[length:]
                assert b" 200 " in head, head
                left -= 1
                if fields.get(b"connection") == b"close":
                    self.end()
                    break


class PythonKeepAlive(Worker):
    """http.client as it is: it opens a new connection after an answer with "Connection: close", and never repeats."""
    connection = None

    def new_connection(self):
        return http.client.HTTPConnection(self.address, self.port, timeout=support.DEADLINE_S)

    def once(self, n):
        if not self.connection:
            self.connection = self.new_connection()
        self.connection.request("POST", self.path(n), self.body(n), {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status

    def end(self):
        if self.connection:
            self.connection.close()


class TlsKeepAlive(PythonKeepAlive):
    """The same over TLS."""

    def new_connection(self):
        return tls_connection(self)


def tls_connection(worker):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # the tests' certificates have no addresses
    context.load_verify_locations(os.path.join(TLS_FOLDER, "ca.crt"))
    return http.client.HTTPSConnection(worker.address, worker.port, timeout=support.DEADLINE_S, context=context)


class PythonNew(Worker):
    """A connection for each request."""

    def new_connection(self):
        return http.client.HTTPConnection(self.address, self.port, timeout=support.DEADLINE_S)

    def once(self, n):
        connection = self.new_connection()
        connection.request("GET", self.path(n), headers={"Connection": "close"})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        assert answer.status == 200, answer.status


class TlsNew(PythonNew):
    """A connection and a handshake for each request."""

    def new_connection(self):
        return tls_connection(self)


class Mqtt(Worker):
    """QoS 1, one message at a time: what was not acknowledged is published again over the next connection, as MQTT wants it
    [MQTT-4.4.0-1]. A connection that is refused or reset is a failure; one whose CONNECT has met a listener that is going may be
    closed, or told to come again (server unavailable)."""
    client = None

    def connect(self):
        self.client = mqtt.Client(self.address, self.port, mqtt.connect(client=self.name))
        got = self.client.next()
        if got is None or got == b"\x20\x02\x00\x03":
            self.end()
            time.sleep(self.pause_s)
        else:
            assert got == b"\x20\x02\x00\x00", got

    def once(self, n):
        packet = mqtt.publish(self.path(n)[1:], self.body(n), qos=1, identifier=n % 65535 + 1)
        for attempt in range(20):
            while not self.client:
                self.connect()
            self.client.send(packet if not attempt else bytes([packet[0] | 8]) + packet[1:])
            got = self.client.next()
            if got:
                assert got == b"\x40\x02" + struct.pack(">H", n % 65535 + 1), got
                return
            self.end()
        raise AssertionError("twenty connections ended without an acknowledgement")

    def end(self):
        if self.client:
            self.client.close()
        self.client = None


class Coap(Worker):
    """CON, repeated as RFC 7252 says."""
    client = None

    def once(self, n):
        if not self.client:
            self.client = coap.Client(self.address, self.port)
        asked = self.client.request(coap.POST, self.path(n), self.body(n), form=coap.JSON)
        for copy in range(5):
            self.client.socket.settimeout(COAP_REPEAT_S << copy)
            self.client.send(asked.pack())
            try:
                answer = self.client.receive()
                while answer.token != asked.token:
                    answer = self.client.receive()
            except socket.timeout:
                continue
            if answer.kind == coap.CON:
                self.client.send(coap.Message(coap.ACK, 0, answer.mid).pack())
            assert answer.code.startswith("2."), answer.code
            return
        raise AssertionError("no answer to five copies")


class CoapTcp(Worker):
    """Over TCP (RFC 8323): after the gateway's Release the answers that are due are awaited, and the next request takes
    another connection."""
    connection = None
    csm = coap.stream_pack(0xE1)

    def once(self, n):
        token = random.randbytes(4)
        if not self.connection:
            self.connection = socket.create_connection((self.address, self.port), support.DEADLINE_S)
            self.connection.sendall(self.csm)
            self.data = b""
        options = [(coap.URI_PATH, part.encode()) for part in self.path(n).strip("/").split("/")]
        self.connection.sendall(coap.stream_pack(coap.POST, token, options + [(coap.CONTENT_FORMAT, bytes([coap.JSON]))],
                                                 self.body(n)))
        released = False
        while True:
            message, length = coap.stream_parse(self.data)
            if not message:
                more = self.connection.recv(65536)
                if not more:
                    raise ConnectionError("the connection ended without an answer")
                self.data += more
                continue
            self.data = self.data[length:]
            released = released or message.code == "7.04"
            if message.token == token and not message.code.startswith("7."):
                assert message.code.startswith("2."), message.code
                break
        if released or b"\xe4" in self.data:
            self.end()

    def end(self):
        if self.connection:
            self.connection.close()
        self.connection = None


class Load:
    """Workers of these classes, by the ports that they call."""

    def __init__(self, address, workers):
        self.workers = [kind(address, port, f"{kind.__name__.lower()}{i}") for i, (kind, port) in enumerate(workers)]
        for worker in self.workers:
            worker.thread.start()

    def failures(self):
        return [line for worker in self.workers for line in worker.failed]

    def done(self):
        return sum(len(worker.done) for worker in self.workers)

    def go_on(self, times=1):
        """Waits until each has been answered so many times more."""
        marks = [len(worker.done) + times for worker in self.workers]
        support.wait_until(lambda: self.failures() or all(len(worker.done) >= mark for worker, mark
                                                          in zip(self.workers, marks)), "each client is answered")
        assert not self.failures(), self.failures()

    def stop(self):
        for worker in self.workers:
            worker.over.set()
        for worker in self.workers:
            worker.stop()
        assert not self.failures(), self.failures()

    def missing(self, paths):
        """What was answered and never arrived."""
        return [worker.path(n) for worker in self.workers for n in worker.done if worker.path(n) not in paths]
