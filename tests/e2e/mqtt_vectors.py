"""Scripted packets of Mosquitto's own tests: our listener ends the connection exactly where its authors say that a
server does, and hands on nothing out of the packet that it was ended for.

The scripts were written for a broker. Where a gateway's listener offers less, the outcome differs, by these rules and no
others:
  - MQTT 3.1 (protocol name MQIsdp) is not spoken: the connection is refused;
  - what others publish cannot be heard: a script that goes on with what a broker publishes ends there;
  - 0x87 in the CONNACK for topics that begin with $ is Mosquitto's own; only wills on them are refused here.
"""
import glob
import json
import os
import re

import support
import support_mqtt as mqtt

TOKEN = re.compile(r"'([^']*)'|([rskmvHLi])(\d+)|([0-9A-Fa-f]{2}(?:[0-9A-Fa-f]{2})*)|\s+")
NUMBERS = {"r": mqtt.variable, "v": mqtt.variable, "s": 2, "k": 2, "m": 2, "H": 2, "L": 4, "i": 1}


def encode(payload):
    out, at = b"", 0
    while at < len(payload):
        found = TOKEN.match(payload, at)
        assert found, f"not understood: {payload[at:]!r}"
        at = found.end()
        literal, kind, number, digits = found.groups()
        if literal is not None:
            out += literal.encode()
        elif kind:
            how = NUMBERS[kind]
            out += how(int(number)) if callable(how) else int(number).to_bytes(how, "big")
        elif digits:
            out += bytes.fromhex(digits)
    return out


def reduced(messages):
    """The messages up to where a listener without these features ends; and whether it ends there."""
    kept = []
    for message in messages:
        if message["type"] == "external_publish" or message["type"] == "recv" and message["payload"].startswith("3"):
            return kept, "open"
        kept.append(message)
        if message["type"] != "send":
            continue
        bytes_ = encode(message["payload"])
        if bytes_[0] & 0xF0 == 0x10 and b"MQIsdp" in bytes_:
            return kept, "closed"
    return kept, None


def play(gateway, version, script):
    """True: the connection was closed."""
    with mqtt.Client(gateway.address, gateway.port("mqtt")) as client:
        if script["connect"]:
            client.send(mqtt.connect(version, client="vector"))
            assert client.next()[0] == 0x20
        for message in script["msgs"]:
            if message["type"] == "send":
                client.send(encode(message["payload"]))
        if script["closed"]:
            client.all()
            return True
        # Still open? Then one more publication is acknowledged, and behind it nothing of this script is under way.
        client.send(mqtt.publish("end", "of script", qos=1, identifier=0xFFFF, version=version))
        for got in iter(client.next, None):
            if got[0] == 0x40 and got[2:4] == b"\xff\xff":
                client.send(mqtt.DISCONNECT)
                return False
        return True


def settle(gateway):
    """What the last connection of this client published is through when the next one's publication is."""
    with mqtt.Client(gateway.address, gateway.port("mqtt"), mqtt.connect(4, client="vector")) as client:
        client.expect(b"\x20\x02\0\0")
        client.send(mqtt.publish("end", "of script", qos=1, identifier=1))
        client.expect(b"\x40\x02\0\1")


def scripts():
    folder = support.vectors("mosquitto-packets/test/broker/data")
    for path in sorted(glob.glob(os.path.join(folder, "*.json"))):
        with open(path, encoding="utf-8") as file:
            groups = json.load(file)
        for group in groups:
            for test in group["tests"]:
                version = test.get("ver", group.get("ver", 4))
                messages, verdict = reduced(test["msgs"])
                closed = test.get("expect_disconnect", group.get("expect_disconnect", True))
                yield version, {
                    "name": f"{os.path.basename(path)}: {group['group']}: {test['name']}",
                    "connect": test.get("connect", group.get("connect", True)),
                    "msgs": messages,
                    "closed": {"closed": True, "open": False, None: closed}[verdict],
                    "by_rule": verdict is not None,
                }


def test_packets_end_as_their_authors_say():
    backend = support.RestBackend(lambda seen: (204, {}, b""))
    configuration = f"""
listeners:
  - {{ name: mqtt, protocol: mqtt, bind: "{{address}}:{{port_mqtt}}" }}
backends:
  rest: {{ protocol: rest, targets: [{{ url: {backend.url} }}] }}
endpoints:
  - {{ name: any, path: "/*", methods: [POST], auth: [none], to: rest, media: text/plain, accept: ["*/*"] }}
"""
    with support.Gateway(configuration) as gateway:
        wrong, played, by_rule = [], 0, 0
        for version, script in scripts():
            before = len(backend.seen)
            # A connection that is not closed when it should be shows as a time-out of the client's socket.
            try:
                closed = play(gateway, version, script)
            except TimeoutError:
                closed = False
            played += 1
            by_rule += script["by_rule"]
            if closed != script["closed"]:
                wrong.append(f"{script['name']}: {'closed' if closed else 'left open'}")
            # Before the packet that ends it a script may have published something; the same thing again is one message.
            earlier = {message["payload"] for message in script["msgs"][:-1]
                       if message["type"] == "send" and message["payload"].startswith("3")}
            if script["closed"] and earlier:
                settle(gateway)
                before += 1
            if script["closed"] and len(backend.seen) > before + len(earlier):
                wrong.append(f"{script['name']}: handed on {backend.seen[before:]}")
        print(f"{played} scripts played, {by_rule} of them by a rule above")
        assert not wrong, "\n".join(wrong)
        assert played


if __name__ == "__main__":
    support.main(globals())
