"""The first message that a server accepts: tried for without a pause from the moment it is started."""
import socket
import struct
import time

DEADLINE_S = 60
PAUSE_S = 0.0002


class Tcp:
    """`exchange`: pairs of what is sent and how the answer to it begins."""

    def __init__(self, address, port, exchange):
        self.where, self.exchange = (address, port), exchange

    def once(self):
        """The connection, when all of it was accepted; None: nobody is there yet, or it was not."""
        client = socket.socket()
        client.settimeout(DEADLINE_S)
        try:
            client.connect(self.where)
            for sent, wanted in self.exchange:
                client.sendall(sent)
                answer = b""
                while len(answer) < len(wanted):
                    more = client.recv(4096)
                    if not more:
                        raise ConnectionError
                    answer += more
                if not answer.startswith(wanted):
                    raise ConnectionError
            return client
        except OSError:
            client.close()
            return None


class Coap:
    """A confirmable POST with a query, and 2.xx in answer."""

    def __init__(self, address, port, target, body):
        path, query = target.split("?")
        self.where = (address, port)
        options, number = b"", 0
        for option, value in [(11, part) for part in path.strip("/").split("/")] + [(12, None), (15, query)]:
            encoded = b"\x32" if value is None else value.encode()  # Content-Format 50: JSON
            long = len(encoded) >= 13
            options += bytes([(option - number) << 4 | (13 if long else len(encoded))]) + (bytes([len(encoded) - 13]) if long else b"")
            options += encoded
            number = option
        self.message = struct.pack(">BBH", 0x40, 2, 1) + options + b"\xff" + body

    def once(self):
        client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        client.settimeout(0.5)
        try:
            client.connect(self.where)
            client.send(self.message)
            answer = client.recv(2048)
            return client if len(answer) >= 4 and answer[1] >> 5 == 2 else None
        except OSError:
            client.close()
            return None


def wait_for(probe, server):
    """When it was accepted, by the monotonic clock."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        client = probe.once()
        now = time.monotonic()
        if client:
            client.close()
            return now
        if server.process.poll() is not None:
            raise SystemExit(f"{server.process.args[0]} ended with {server.process.returncode}")
        time.sleep(PAUSE_S)
    raise SystemExit(f"{server.process.args[0]} accepts nothing")
