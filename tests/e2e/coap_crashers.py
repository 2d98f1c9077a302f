"""Datagrams that crashed CoAP stacks, against the running gateway: over UDP, and as messages of a
TCP connection. Each is answered with a refusal, a reset or silence, never with more than three times its length, and the
gateway goes on."""
import json
import socket

import support
from support_coap import GET, RST, connect, listener, stream_pack, stream_parse

ANSWER_S = 0.02  # silence is an answer, too: nothing depends on how long it is waited for


def packets():
    with open(support.vectors("coap-crashers/crashers.json"), encoding="utf-8") as file:
        for packet in json.load(file)["packets"]:
            yield bytes.fromhex(packet["hex"])


def is_alive(box):
    assert connect(box).call(GET, "/open/x").payload == b'{"ok":true}'


def send(box, data):
    peer = connect(box)
    peer.socket.settimeout(ANSWER_S)
    peer.socket.send(data)
    got = []
    try:
        while True:
            got.append(peer.socket.recv(65536))
    except TimeoutError:
        pass
    peer.socket.close()
    assert sum(map(len, got)) <= 3 * len(data), (data.hex(), got)
    return got


def test_datagrams():
    backend = support.RestBackend()
    with support.Gateway(support.fleet(backend.url, listener()), environment=support.TOKENS) as box:
        sent = 0
        for data in packets():
            for answer in send(box, data):
                kind, what = answer[0] >> 4 & 3, answer[1]
                assert kind == RST or what >> 5 >= 4 or what == 0, (data.hex(), answer.hex())
            sent += 1
            is_alive(box)
        assert sent


def test_the_same_in_a_stream():
    backend = support.RestBackend()
    config = support.fleet(backend.url, listener().replace('bind: "', 'bind: "tcp://'))
    with support.Gateway(config, environment=support.TOKENS) as box:
        for data in packets():
            # As it is, and with the header that the same message has in a stream.
            token, rest = data[0] & 15, data[4 + (data[0] & 15):]
            length = bytes([0xd0 | token, max(0, len(rest) - 13)])
            for what in (data, length + data[1:2] + data[4:]):
                with socket.create_connection((box.address, box.port("coap")), timeout=support.DEADLINE_S) as stream:
                    stream.sendall(stream_pack(0xe1) + what)
                    stream.shutdown(socket.SHUT_WR)
                    while stream.recv(65536):
                        pass
        with socket.create_connection((box.address, box.port("coap")), timeout=support.DEADLINE_S) as stream:
            stream.sendall(stream_pack(0xe1) + stream_pack(GET, b"t", [(11, b"open"), (11, b"x")]))
            unread, heard = b"", []
            while len(heard) < 2:
                unread += stream.recv(65536)
                message, used = stream_parse(unread)
                while message:
                    heard.append(message)
                    unread = unread[used:]
                    message, used = stream_parse(unread)
            assert heard[1].payload == b'{"ok":true}', heard[1].pack()


support.main(globals())
