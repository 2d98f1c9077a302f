"""Other people's JSON, CBOR and XML, sent to the daemon: what is well-formed arrives byte for byte, what is not is refused and
never arrives, and what one notation says arrives in the other with each 64-bit integer exact."""
import http.client
import json
import os
import re
import socket
import struct
import threading

import support
from support import RestBackend, vectors

LISTENERS = '  - { name: web, protocol: http, bind: "{address}:{port_web}" }'
TRANSLATED = """
  - { name: to-cbor, path: "/to-cbor/{thing}", auth: [none], to: telemetry, methods: [POST], call: { as: application/cbor } }
  - { name: to-json, path: "/to-json/{thing}", auth: [none], to: telemetry, methods: [POST], call: { as: application/json } }
"""
EXACT = {"time": 1764057600123456789, "least": -9223372036854775808, "most": 18446744073709551615, "odd": 9007199254740993,
         "value": 81.4, "sensor": "température", "flags": [True, False, None], "nested": {"a": []}}


class Client:
    """One connection that is kept alive."""

    def __init__(self, gateway):
        self.connection = http.client.HTTPConnection(gateway.address, gateway.port("web"), timeout=support.DEADLINE_S)

    def post(self, path, body, media, accept=None):
        fields = {"Content-Type": media}
        if accept:
            fields["Accept"] = accept
        self.connection.request("POST", path, body, fields)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def gateway_and_backend(answer=None):
    backend = RestBackend(answer)
    text = support.fleet(backend.url, LISTENERS, TRANSLATED).replace("body: 64KiB", "body: 1MiB")
    return support.Gateway(text, environment=support.TOKENS), backend


def refused(client, backend, name, body, media):
    status, said = client.post("/open/x", body, media)
    assert status == 400, (name, status, said)
    problem = json.loads(said)
    assert problem["detail"] and problem["requestId"], (name, problem)
    assert not backend.seen, (name, backend.seen)


def arrives(client, backend, name, body, media):
    status, said = client.post("/open/x", body, media)
    assert status == 200, (name, status, said)
    assert backend.seen.pop().body == body, name


def cbor(value):
    """The shortest CBOR of what EXACT is made of."""
    def head(major, number):
        for size, more in ((24, ""), (1 << 8, ">B"), (1 << 16, ">H"), (1 << 32, ">I"), (1 << 64, ">Q")):
            if number < size:
                break
        extra = struct.pack(more, number) if more else b""
        return bytes([major << 5 | (number if not more else {1: 24, 2: 25, 4: 26, 8: 27}[len(extra)])]) + extra

    if value is None or isinstance(value, bool):
        return {False: b"\xf4", True: b"\xf5", None: b"\xf6"}[value]
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, float):
        return b"\xfb" + struct.pack(">d", value)
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    return head(5, len(value)) + b"".join(cbor(key) + cbor(member) for key, member in value.items())


# (media type, well-formed, not)
OWN = (
    ("application/json", [b'{"time":1764057600123456789}', b" [1, 2.50, \"\\ud83d\\udea2\"]\n", b"0"],
     [b"", b" ", b'{"time":1764057600123456789,}', b"[1", b"nul", b'"\xff"', b"\xef\xbb\xbf[]", b"[" * 100000]),
    ("application/cbor", [cbor(EXACT), b"\xf6", b"\x9f\x01\xff"],
     [b"", cbor(EXACT)[:-1], cbor(EXACT) + b"\x00", b"\x1c", b"\xff", b"\x81" * 100000]),
    ("application/xml", [b"<r>1</r>", b"<?xml version='1.0'?><r a='1'><b/></r>"],
     [b"", b"<r>", b"<r></s>", b"<r/><s/>", b"<!DOCTYPE r><r/>", b'<!DOCTYPE r SYSTEM "http://elsewhere/r.dtd"><r/>',
      b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><r>&x;</r>', b"<a>" * 100000]),
)


def test_what_is_well_formed_arrives_and_what_is_not_does_not():
    gateway, backend = gateway_and_backend()
    with gateway:
        client = Client(gateway)
        for media, good, bad in OWN:
            for body in good:
                arrives(client, backend, (media, body), body, media)
            for body in bad:
                refused(client, backend, (media, body[:80]), body, media)


def test_a_call_without_a_body_is_none_that_lost_it():
    """Nothing is said to be JSON here, or the method has no body."""
    gateway, backend = gateway_and_backend()
    with gateway:
        for arguments in (("-X", "POST"), ("-X", "GET", "-H", "Content-Type: application/json"),
                          ("-X", "DELETE", "-H", "Content-Type: application/json")):
            status, _, said = support.curl(*arguments, gateway.url("/open/x"))
            assert status == 200, (arguments, said)
            assert backend.next().body == b""


def test_json_becomes_cbor_and_the_answer_json():
    gateway, backend = gateway_and_backend(lambda seen: (200, {"Content-Type": "application/cbor"}, seen.body))
    with gateway:
        status, said = Client(gateway).post("/to-cbor/x", json.dumps(EXACT).encode(), "application/json")
        seen = backend.next()
        assert seen.headers["content-type"] == "application/cbor", seen.headers
        assert seen.body == cbor(EXACT), seen.body.hex()
        assert (status, json.loads(said)) == (200, EXACT), said
        assert b"1764057600123456789" in said and b"18446744073709551615" in said, said
        assert b"-9223372036854775808" in said, said


def test_cbor_becomes_json_and_the_answer_cbor():
    gateway, backend = gateway_and_backend(lambda seen: (200, {"Content-Type": "application/json"}, seen.body))
    with gateway:
        client = Client(gateway)
        status, said = client.post("/to-json/x", cbor(EXACT), "application/cbor")
        seen = backend.next()
        assert seen.headers["content-type"] == "application/json", seen.headers
        assert seen.json() == EXACT, seen.body
        assert b"1764057600123456789" in seen.body and b"18446744073709551615" in seen.body, seen.body
        assert (status, said) == (200, cbor(EXACT)), said.hex()
        status, said = client.post("/to-json/x", cbor(EXACT), "application/cbor", accept="application/json")
        assert (status, json.loads(said)) == (200, EXACT), said


def test_malformed_bodies_do_not_disturb_a_neighbour():
    """While one client sends nothing but what is malformed, another one's readings all arrive."""
    gateway, backend = gateway_and_backend()
    with gateway:
        done = threading.Event()

        def attack():
            client = Client(gateway)
            while not done.is_set():
                assert client.post("/open/x", b"[" * 100000, "application/json")[0] == 400
        attackers = [threading.Thread(target=attack) for _ in range(4)]
        for attacker in attackers:
            attacker.start()
        client = Client(gateway)
        for n in range(100):
            assert client.post("/open/x", b'{"n":%d}' % n, "application/json")[0] == 200
        done.set()
        for attacker in attackers:
            attacker.join()
        assert [seen.json()["n"] for seen in backend.seen] == list(range(100))


def test_json():
    """y_ is taken, n_ is refused, i_ is one or the other."""
    folder = os.path.join(vectors("jsontestsuite"), "test_parsing")
    files = {name: open(os.path.join(folder, name), "rb").read() for name in os.listdir(folder)}
    gateway, backend = gateway_and_backend()
    with gateway:
        client = Client(gateway)
        for name, body in sorted(files.items()):
            if name.startswith("y_"):
                arrives(client, backend, name, body, "application/json")
            elif name.startswith("n_"):
                refused(client, backend, name, body, "application/json")
            else:
                status, said = client.post("/open/x", body, "application/json")
                taken = [seen.body for seen in backend.seen]
                assert (status, taken) in ((200, [body]), (400, [])), (name, status, said)
                backend.seen.clear()
        counters = gateway.counters("web")
        assert counters["connections"] == 1, counters
        assert counters["answered.malformed"] >= sum(name.startswith("n_") for name in files), counters


def test_cbor_that_is_not_well_formed():
    with open(os.path.join(vectors("cbor-notwellformed"), "not_well_formed.json"), encoding="utf-8") as file:
        rows = json.load(file)
    gateway, backend = gateway_and_backend()
    with gateway:
        client = Client(gateway)
        for row in rows:
            refused(client, backend, row["comment"], bytes.fromhex(row["hex"]), "application/cbor")


def xml_attacks():
    """(name, bytes) of each whole file, and of each line of the lists."""
    folder = vectors("xxe-payloads")
    for name in sorted(os.listdir(os.path.join(folder, "Files"))):
        with open(os.path.join(folder, "Files", name), "rb") as file:
            yield name, file.read()
    for name in sorted(os.listdir(os.path.join(folder, "Intruders"))):
        with open(os.path.join(folder, "Intruders", name), "rb") as file:
            for number, line in enumerate(file.read().split(b"\n"), 1):
                if line.strip():
                    yield f"{name}:{number}", line


def test_xml_attacks():
    """Each URL in them is replaced by one of ours, where nobody may ever come."""
    trap = socket.create_server((support.own_address(), 0))
    trap.setblocking(False)
    lure = b"http://%s:%d" % (trap.getsockname()[0].encode(), trap.getsockname()[1])
    gateway, backend = gateway_and_backend()
    with gateway:
        client, doctypes = Client(gateway), 0
        for name, body in xml_attacks():
            body = re.sub(rb"(?:https?|ftp|gopher|netdoc)://[^\"'/\s<>]*", lure, body)
            for media in ("text/xml", "application/xml"):
                if b"<!DOCTYPE" in body:
                    doctypes += 1
                    refused(client, backend, name, body, media)
                    continue
                status, said = client.post("/open/x", body, media)
                taken = [seen.body for seen in backend.seen]
                assert (status, taken) in ((200, [body]), (400, [])), (name, status, said)
                backend.seen.clear()
        assert doctypes > 20, doctypes
        try:
            raise AssertionError(f"somebody came: {trap.accept()[1]}")
        except BlockingIOError:
            pass
        assert "root:" not in gateway.log()
    trap.close()


if __name__ == "__main__":
    support.main(globals())
