"""QoS 2: one effect at the backend for each message, whatever the client repeats and wherever its connection breaks."""
import threading

import support
import support_mqtt as mqtt

LISTENER = '  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}" }'
PUBREL = b"\x62\x02\0\x09"


def gateway(backend):
    return support.Gateway(support.fleet(backend.url, LISTENER), environment=support.TOKENS)


def reading(dup=False):
    return mqtt.publish("open/x", '{"n":9}', qos=2, identifier=9, dup=dup)


def client(running):
    return mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(clean=False))


def test_pubrec_waits_for_the_backend():
    release = threading.Event()

    def answer(_):
        release.wait(support.DEADLINE_S)
        return 204, {}, b""

    backend = support.RestBackend(answer)
    with gateway(backend) as running, client(running) as session:
        session.expect(b"\x20\x02\0\0")
        session.send(reading())
        backend.next()
        assert session.alive() == []
        release.set()
        session.expect(b"\x50\x02\0\x09")
        session.send(PUBREL)
        session.expect(b"\x70\x02\0\x09")
        backend.nothing_more()


def test_a_connection_lost_at_any_moment_makes_no_second_reading():
    release = threading.Event()

    def answer(_):
        release.wait(support.DEADLINE_S)
        return 204, {}, b""

    backend = support.RestBackend(answer)
    with gateway(backend) as running:
        with client(running) as session:  # lost before PUBREC
            session.expect(b"\x20\x02\0\0")
            session.send(reading())
            backend.next()
        with client(running) as session:  # sent again while the backend still thinks, and lost again
            session.expect(b"\x20\x02\1\0")
            session.send(reading(dup=True))
            assert session.alive() == []
        release.set()
        with client(running) as session:  # PUBREC lost
            session.expect(b"\x20\x02\1\0")
            session.send(reading(dup=True))
            session.expect(b"\x50\x02\0\x09")
        with client(running) as session:
            session.expect(b"\x20\x02\1\0")
            session.send(reading(dup=True))
            session.expect(b"\x50\x02\0\x09")
            session.send(PUBREL)
            session.expect(b"\x70\x02\0\x09")
        with client(running) as session:  # PUBCOMP lost
            session.expect(b"\x20\x02\1\0")
            session.send(PUBREL)
            session.expect(b"\x70\x02\0\x09")
        backend.nothing_more()


def test_identifiers_that_are_never_released_are_bounded():
    backend = support.RestBackend(lambda seen: (204, {}, b""))
    listener = LISTENER.replace(" }", ", unreleased_max: 50 }")
    configuration = support.fleet(backend.url, listener)
    with support.Gateway(configuration, environment=support.TOKENS) as running:
        with mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(5)) as session:
            session.next()
            for n in range(1, 51):
                session.send(mqtt.publish("open/x", "{}", qos=2, identifier=n, version=5))
            for n in range(1, 51):
                session.expect(bytes([0x50, 2, 0, n]))
            session.send(mqtt.publish("open/x", "{}", qos=2, identifier=51, version=5))
            got = session.all()
            assert len(got) == 1 and got[0][0] == 0xE0 and got[0][2] == 0x93, got
        assert running.counters("mqtt")["malformed"] == 1


if __name__ == "__main__":
    support.main(globals())
