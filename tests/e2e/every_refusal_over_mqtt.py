"""Each thing that MQTT can be refused for. Version 5: a reason code, a Reason String with the reason and the request's id.
Version 3.1.1, which has no such words: a return code, or PUBACK withheld and the connection closed. With each a line in the
log, a counter, nothing at the backend that should not be there, and nobody else disturbed."""
# Each lambda is called before its loop goes on.  pylint: disable=cell-var-from-loop
import re
import struct

import support
import support_mqtt as mqtt
from support_refusals import Refusal, World

LISTENER = '  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}" }'
TOPIC = "ships/sensors/engine-7"
READING = support.READING_TEXT
SEVEN = {"user": "engine-7", "password": support.TOKENS["TOKEN_7"]}
NOBODY = {}


def media(name):
    return b"\x03" + mqtt.text(name)


def method(name):
    return b"\x26" + mqtt.text("method") + mqtt.text(name)


# What both versions can say. name: (who, topic, payload, properties, reason code, status)
PUBLICATIONS = {
    "malformed JSON": (SEVEN, TOPIC, '{"value":', 0x99, "malformed"),
    "unknown endpoint": (SEVEN, "no/such/thing", READING, 0x90, "not-found"),
    "wrong method": (SEVEN, "readable/x", READING, 0x90, "method-not-allowed"),
    "no credential": (NOBODY, TOPIC, READING, 0x87, "unauthenticated"),
    "another device's topic": (SEVEN, "ships/sensors/engine-8", READING, 0x87, "forbidden"),
    "another role's topic": (SEVEN, "ships/admin/reset", READING, 0x87, "forbidden"),
    "over the endpoint's limit": (NOBODY, "small/x", '"' + "x" * 400 + '"', 0x97, "too-large"),
    "over the gateway's limit": (NOBODY, "open/x", '"' + "x" * 65536 + '"', 0x97, "too-large"),
    "backend refused": (NOBODY, "gone/x", READING, 0x80, "bad-backend"),
    "backend slow": (NOBODY, "slow/x", READING, 0x80, "timeout"),
    "backend resetting": (NOBODY, "resetting/x", READING, 0x80, "bad-backend"),
    "backend talks garbage": (NOBODY, "garbage/x", READING, 0x80, "bad-backend"),
    "backend's own 400": (NOBODY, "picky/400", READING, 0x99, "invalid"),
    "backend's own 401": (NOBODY, "picky/401", READING, 0x80, "bad-backend"),
    "backend's own 403": (NOBODY, "picky/403", READING, 0x87, "forbidden"),
    "backend's own 404": (NOBODY, "picky/404", READING, 0x90, "not-found"),
    "backend's own 409": (NOBODY, "picky/409", READING, 0x83, "conflict"),
    "backend's own 422": (NOBODY, "picky/422", READING, 0x99, "invalid"),
    "backend's own 429": (NOBODY, "picky/429", READING, 0x97, "too-many"),
    "backend's own 503": (NOBODY, "picky/503", READING, 0x80, "unavailable"),
}

# What only version 5 can say. name: (payload, properties, reason code, status)
ONLY_5 = {
    "malformed CBOR": (b"\x9f", media("application/cbor"), 0x99, "malformed"),
    "malformed XML": ("<reading><value>81.4</reading>", media("text/xml"), 0x99, "malformed"),
    "no UTF-8 though it says so": (b'"\xff"', b"\x01\x01", 0x99, "malformed"),
    "wrong media type": ("81.4", media("text/csv"), 0x99, "unsupported-media"),
    "wrong method by property": (READING, method("DELETE"), 0x90, "method-not-allowed"),
    "unknown method": (READING, method("BREW"), 0x90, "method-not-allowed"),
}

WRONG = {"a guessed token": ("engine-7", "guessed"), "another's user name": ("engine-8", support.TOKENS["TOKEN_7"])}

# Packets that are none, after CONNECT. name: (bytes of version 3.1.1, bytes of version 5, reason code of version 5)
PACKETS = {
    "a reserved type": (b"\x00\x00", b"\x00\x00", 0x81),
    "QoS 3": (b"\x36\x05\x00\x01x\x00\x01", b"\x36\x06\x00\x01x\x00\x01\x00", 0x81),
    "a topic cut off": (b"\x32\x04\x00\x09op", b"\x32\x04\x00\x09op", 0x81),
    "a topic with a wildcard": (mqtt.publish("open/#", "1"), mqtt.publish("open/#", "1", version=5), None),
    "a length of five bytes": (b"\x30\xff\xff\xff\xff\x01", b"\x30\xff\xff\xff\xff\x01", 0x81),
    "a second CONNECT": (mqtt.connect(4), mqtt.connect(5), 0x82),
    "an unknown property": (None, b"\x30\x06\x00\x01x\x02\x7f\x00", 0x81),
    "an alias that stands for nothing": (None, mqtt.publish("", "1", version=5, properties=b"\x23\x00\x05"), 0x82),
    "a packet of two megabytes": (b"\x30" + mqtt.variable(2 << 20), b"\x30" + mqtt.variable(2 << 20), 0x95),
}


def told(packet, reason, rest):
    """A packet's reason code, and the Reason String among its properties."""
    length = rest[0] if rest else 0
    assert length < 0x80 or len(rest) > length, packet
    found = re.search(rb"\x1f(..)(.*)", rest, re.S)
    assert found, packet
    text = found.group(2)[:struct.unpack(">H", found.group(1))[0]].decode()
    why, request_id = re.fullmatch(r"(.+) \(request ([0-9a-f]{16})\)", text).groups()
    return Refusal(reason, why, request_id)


def connected(gateway, version, who, client="test"):
    session = mqtt.Client(gateway.address, gateway.port("mqtt"), mqtt.connect(version, client=client, **who))
    got = session.next()
    assert got[0] == 0x20 and got[3] == 0, got
    return session


def publish_5(gateway, who, topic, payload, properties=b""):
    with connected(gateway, 5, who) as session:
        session.send(mqtt.publish(topic, payload, qos=1, identifier=77, version=5, properties=properties))
        got = session.next()
        assert got and got[0] == 0x40 and got[2:4] == b"\0\x4d", got
        assert session.alive() == []  # a refusal is no reason to go
        return told(got, got[4], got[5:])


def publish_311(gateway, who, topic, payload):
    with connected(gateway, 4, who) as session:
        session.send(mqtt.publish(topic, payload, qos=1, identifier=77))
        assert session.all() == []
        return Refusal("closed")


def neighbour(gateway, version):
    session = connected(gateway, version, SEVEN, client="neighbour")

    def good():
        session.send(mqtt.publish(TOPIC, READING, qos=1, identifier=1, version=version))
        session.expect(b"\x40\x02\0\x01")
    return good


def test_every_row_in_version_5():
    with World(LISTENER) as world:
        good = neighbour(world.gateway, 5)
        rows = {name: (who, topic, payload, b"", code, status)
                for name, (who, topic, payload, code, status) in PUBLICATIONS.items()}
        rows.update({name: (SEVEN, TOPIC, payload, properties, code, status)
                     for name, (payload, properties, code, status) in ONLY_5.items()})
        for name, (who, topic, payload, properties, code, status) in rows.items():
            said = world.refused(name, "mqtt", status, lambda: publish_5(world.gateway, who, topic, payload, properties),
                                 good, "mqtt")
            assert said == code, (name, hex(said))
        assert len(world.resetting.seen) == 1, "a PUBLISH that may have been taken was sent again"
        for secret in (*support.TOKENS.values(), "guessed"):
            assert secret not in world.gateway.log(), secret


def test_every_row_in_version_3_1_1():
    with World(LISTENER) as world:
        good = neighbour(world.gateway, 4)
        for name, (who, topic, payload, _, status) in PUBLICATIONS.items():
            said = world.refused(name, "mqtt", status, lambda: publish_311(world.gateway, who, topic, payload), good, "mqtt")
            assert said == "closed", (name, said)
        assert len(world.resetting.seen) == 1, "a PUBLISH that may have been taken was sent again"


def test_a_wrong_credential_ends_at_connect():
    def connect(gateway, version, user, password):
        with mqtt.Client(gateway.address, gateway.port("mqtt"), mqtt.connect(version, user=user, password=password)) as session:
            got = session.next()
            assert got[0] == 0x20 and got[2] == 0 and session.next() is None, got
            return told(got, got[3], got[4:]) if version == 5 else Refusal(got[3])

    with World(LISTENER) as world:
        for version, code in ((4, 5), (5, 0x86)):
            good = neighbour(world.gateway, version)
            for name, (user, password) in WRONG.items():
                said = world.refused(name, "mqtt", "unauthenticated", lambda: connect(world.gateway, version, user, password),
                                     good, "mqtt")
                assert said == code, (name, version, said)


def test_packets_that_are_no_mqtt():
    def say(gateway, version, bytes_):
        with connected(gateway, version, NOBODY) as session:
            session.send(bytes_)
            got = session.all()
            if version == 4:
                assert got == [], got
                return Refusal("closed")
            assert len(got) == 1 and got[0][0] == 0xE0, got
            return told(got[0], got[0][2], got[0][3:])

    with World(LISTENER) as world:
        for version in (4, 5):
            good = neighbour(world.gateway, version)
            for name, (older, newer, code) in PACKETS.items():
                bytes_ = older if version == 4 else newer
                if not bytes_:
                    continue
                said = world.refused(name, "mqtt", "malformed", lambda: say(world.gateway, version, bytes_), good, "mqtt", True)
                assert said == ("closed" if version == 4 else code or said), (name, said)


def test_what_cannot_begin():
    """Refused in CONNACK where there are words for it, else closed. name: (bytes, answer, status, is it no packet at all)"""
    rows = {
        "no CONNECT first": (mqtt.PINGREQ, [], "malformed", True),
        "no MQTT at all": (b"GET / HTTP/1.1\r\n\r\n", [], "malformed", True),
        "MQTT 3.1": (b"\x10\x0e\0\6MQIsdp\3\2\0\x3c\0\0", ["20020001"], "malformed", True),
        "a level to come": (mqtt.packet(0x10, mqtt.text("MQTT") + b"\x06\x02\0\x3c\0" + mqtt.text("x")), ["84"], "malformed", True),
        "flags that are reserved": (mqtt.packet(0x10, mqtt.text("MQTT") + b"\x04\x03\0\x3c" + mqtt.text("x")), [], "malformed", True),
        "no name and no clean session": (mqtt.connect(4, client="", clean=False), ["20020002"], "invalid", False),
        "enhanced authentication": (mqtt.connect(5, properties=b"\x15" + mqtt.text("SCRAM")), ["8c"], "invalid", False),
    }

    def say(gateway, bytes_, answer):
        with mqtt.Client(gateway.address, gateway.port("mqtt"), bytes_) as session:
            got = session.all()
            if not answer or len(answer[0]) == 8:
                assert [packet.hex() for packet in got] == answer, got
                return Refusal("refused")
            assert got[0][0] == 0x20 and got[0][3:4].hex() == answer[0] and len(got) == 1, got
            told(got[0], got[0][3], got[0][4:])
            return told(got[0], "refused", got[0][4:])

    with World(LISTENER) as world:
        good = neighbour(world.gateway, 5)
        for name, (bytes_, answer, status, is_packet) in rows.items():
            world.refused(name, "mqtt", status, lambda: say(world.gateway, bytes_, answer), good, "mqtt", is_packet)


def test_mosquitto_pub_reads_the_refusals():
    def say(gateway, version, who, topic, payload):
        known = ("-u", who["user"], "-P", who["password"]) if who else ()
        done = support.run("mosquitto_pub", "-d", "-V", version, "-h", gateway.address, "-p", gateway.port("mqtt"), "-q", 1,
                           "-t", topic, "-m", payload, *known, expect=None)
        text = done.out + done.err
        if version == "311":
            assert done.returncode != 0 and "connection was lost" in text, text
            return Refusal("closed")
        # Of a Reason String it prints all.
        why, request_id = re.search(r"([^\n]*) \(request ([0-9a-f]{16})\)", text).groups()
        return Refusal(int(re.search(r"RC:(\d+)", text).group(1)), why, request_id)

    with World(LISTENER) as world:
        for version in ("5", "311"):
            good = neighbour(world.gateway, 5)
            for name, (who, topic, payload, code, status) in PUBLICATIONS.items():
                if len(payload) > 60000:
                    continue
                said = world.refused(name, "mqtt", status, lambda: say(world.gateway, version, who, topic, payload), good, "mqtt")
                assert said == (code if version == "5" else "closed"), (name, said)


if __name__ == "__main__":
    support.main(globals())
