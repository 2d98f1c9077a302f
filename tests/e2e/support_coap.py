"""A small CoAP client of our own, to say exactly what goes over the wire; and coap-client, a real one."""
import random
import socket

import support

CON, NON, ACK, RST = range(4)
GET, POST, PUT, DELETE, FETCH = 1, 2, 3, 4, 5
URI_PATH, CONTENT_FORMAT, URI_QUERY, ACCEPT, BLOCK2, BLOCK1 = 11, 12, 15, 17, 23, 27
JSON, CBOR = 50, 60


def code(text):
    """"4.04" as the byte that it is."""
    large, small = text.split(".")
    return int(large) << 5 | int(small)


def number(value):
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def _extended(value):
    if value < 13:
        return value, b""
    if value < 269:
        return 13, bytes([value - 13])
    return 14, (value - 269).to_bytes(2, "big")


class Message:
    def __init__(self, kind, what, mid, token=b"", options=(), payload=b""):
        self.kind, self.what, self.mid, self.token = kind, what, mid, token
        self.options, self.payload = list(options), payload

    @property
    def code(self):
        return f"{self.what >> 5}.{self.what & 31:02d}"

    def option(self, wanted):
        return next((value for option, value in self.options if option == wanted), None)

    def pack(self):
        out = bytes([0x40 | self.kind << 4 | len(self.token), self.what]) + self.mid.to_bytes(2, "big") + self.token
        last = 0
        for option, value in sorted(self.options, key=lambda pair: pair[0]):
            delta, more_delta = _extended(option - last)
            length, more_length = _extended(len(value))
            out += bytes([delta << 4 | length]) + more_delta + more_length + value
            last = option
        return out + (b"\xff" + self.payload if self.payload else b"")

    @staticmethod
    def parse(data):
        message = Message(data[0] >> 4 & 3, data[1], int.from_bytes(data[2:4], "big"), data[4:4 + (data[0] & 15)])
        at, last = 4 + (data[0] & 15), 0
        while at < len(data) and data[at] != 0xff:
            parts = [data[at] >> 4, data[at] & 15]
            at += 1
            for i, part in enumerate(parts):
                if part == 13:
                    parts[i] = 13 + data[at]
                    at += 1
                elif part == 14:
                    parts[i] = 269 + int.from_bytes(data[at:at + 2], "big")
                    at += 2
            last += parts[0]
            message.options.append((last, data[at:at + parts[1]]))
            at += parts[1]
        message.payload = data[at + 1:]
        return message


def stream_pack(what, token=b"", options=(), payload=b""):
    """The form that messages have over TCP (RFC 8323)."""
    rest = Message(CON, what, 0, b"", options, payload).pack()[4:]
    nibble, base, more = next(form for form in ((15, 65805, 4), (14, 269, 2), (13, 13, 1), (len(rest), len(rest), 0))
                              if len(rest) >= form[1])
    return bytes([nibble << 4 | len(token)]) + (len(rest) - base).to_bytes(more, "big") + bytes([what]) + token + rest


def stream_parse(data):
    """The first message and its length; (None, 0): it is not whole."""
    if not data:
        return None, 0
    base, more = {13: (13, 1), 14: (269, 2), 15: (65805, 4)}.get(data[0] >> 4, (data[0] >> 4, 0))
    length = base + int.from_bytes(data[1:1 + more], "big")
    start, token = 2 + more, data[0] & 15
    if len(data) < start + token + length:
        return None, 0
    end = start + token + length
    header = bytes([0x40 | token, data[1 + more], 0, 0])
    return Message.parse(header + data[start:end]), end


class Client:
    """One UDP peer."""

    def __init__(self, address, port):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.settimeout(support.DEADLINE_S)
        self.socket.connect((address, port))
        self.mid = random.randrange(1 << 16)

    def send(self, data):
        self.socket.send(data)

    def receive(self):
        return Message.parse(self.socket.recv(65536))

    def request(self, what, path, body=b"", kind=CON, token=None, form=None, options=()):
        """The message of a request; `token` is the caller's, for Uri-Query."""
        self.mid = (self.mid + 1) % (1 << 16)
        all_options = [(URI_PATH, part.encode()) for part in path.strip("/").split("/")] + list(options)
        if token:
            all_options.append((URI_QUERY, b"access_token=" + token.encode()))
        if form is not None:
            all_options.append((CONTENT_FORMAT, number(form)))
        return Message(kind, what, self.mid, self.mid.to_bytes(2, "big"), all_options, body)

    def call(self, *arguments, **options):
        """The answer to a request; checks that it belongs to it."""
        request = self.request(*arguments, **options)
        self.send(request.pack())
        answer = self.receive()
        assert answer.token == request.token, answer.pack()
        return answer

    def fetch(self, what, path, **options):
        """The answer with all of its body, block by block."""
        more = options.pop("options", [])
        answer = self.call(what, path, options=more, **options)
        body, block = answer.payload, answer.option(BLOCK2)
        while block and int.from_bytes(block, "big") & 8:
            following = (int.from_bytes(block, "big") & ~8) + 16
            part = self.call(what, path, options=more + [(BLOCK2, number(following))], **options)
            assert part.code == answer.code, (part.code, part.payload)
            body, block = body + part.payload, part.option(BLOCK2)
        answer.payload = body
        return answer


def listener(extra="token_in_query: accept"):
    return "  - { name: coap, protocol: coap, bind: \"{address}:{port_coap}\", " + extra + " }"


def connect(gateway):
    return Client(gateway.address, gateway.port("coap"))


def coap_client(gateway, method, path, *arguments, scheme="coap", name="coap"):
    """Runs libcoap's own client; returns what it printed."""
    uri = f"{scheme}://{gateway.address}:{gateway.port(name)}{path}"
    done = support.run("coap-client-openssl", "-B", "10", "-m", method, *arguments, uri, expect=None)
    return done.out + done.err
