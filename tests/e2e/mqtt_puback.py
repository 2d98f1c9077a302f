"""PUBACK leaves when the backend has taken the message, and not before; a backend that is ill is never covered up."""
import threading
import time

import support
import support_mqtt as mqtt

LISTENER = '  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}" }'


def gateway(backend, listener=LISTENER, **options):
    return support.Gateway(support.fleet(backend.url, listener, **options), environment=support.TOKENS)


def test_puback_waits_for_the_backend():
    release = threading.Event()

    def answer(_):
        release.wait(support.DEADLINE_S)
        return 204, {}, b""

    backend = support.RestBackend(answer)
    with gateway(backend) as running, mqtt.Client(running.address, running.port("mqtt"), mqtt.connect()) as client:
        client.expect(b"\x20\x02\0\0")
        client.send(mqtt.publish("open/x", "{}", qos=1, identifier=9))
        backend.next()
        assert client.alive() == []  # pings are answered meanwhile, the publication is not
        release.set()
        client.expect(b"\x40\x02\0\x09")


def test_a_failing_backend_withholds_puback_and_the_client_sends_again():
    backend = support.RestBackend(lambda seen: (503, {}, b"") if len(backend.seen) <= 1 else (204, {}, b""))
    with gateway(backend) as running:
        first = mqtt.publish("open/x", '{"n":1}', qos=1, identifier=1)
        second = mqtt.publish("open/x", '{"n":2}', qos=1, identifier=2)
        with mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(clean=False)) as client:
            client.expect(b"\x20\x02\0\0")
            client.send(first + second)
            assert client.all() == []
        assert [seen.json()["n"] for seen in backend.seen] == [1]
        with mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(clean=False)) as client:
            client.expect(b"\x20\x02\x01\0")
            client.send(mqtt.publish("open/x", '{"n":1}', qos=1, identifier=1, dup=True)
                        + mqtt.publish("open/x", '{"n":2}', qos=1, identifier=2, dup=True))
            client.expect(b"\x40\x02\0\x01")
            client.expect(b"\x40\x02\0\x02")
        assert [seen.json()["n"] for seen in backend.seen] == [1, 1, 2]


def test_mqtt_5_is_told_that_the_backend_is_ill():
    def answer(_):
        raise ConnectionError

    backend = support.RestBackend(answer)
    with gateway(backend) as running, mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(5)) as client:
        client.next()
        client.send(mqtt.publish("open/x", "{}", qos=1, identifier=3, version=5))
        got = client.next()
        assert got[0] == 0x40 and got[4] == 0x80, got
        assert client.alive() == []


def test_many_in_flight_when_asked_for():
    """With in_flight above 1 a single session keeps several calls under way; PUBACKs stay in order."""
    barrier = threading.Barrier(4)

    def answer(_):
        barrier.wait(support.DEADLINE_S)
        return 204, {}, b""

    backend = support.RestBackend(answer)
    listener = LISTENER.replace(" }", ", in_flight: 4 }")
    with gateway(backend, listener) as running, \
            mqtt.Client(running.address, running.port("mqtt"), mqtt.connect()) as client:
        client.expect(b"\x20\x02\0\0")
        for n in range(1, 9):
            client.send(mqtt.publish("open/x", "{}", qos=1, identifier=n))
        for n in range(1, 9):
            client.expect(bytes([0x40, 2, 0, n]))


def test_stop_answers_what_is_under_way():
    release = threading.Event()

    def answer(_):
        release.wait(support.DEADLINE_S)
        return 204, {}, b""

    backend = support.RestBackend(answer)
    running = gateway(backend)
    with mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(5)) as client, \
            mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(5, client="idle")) as idle:
        client.next()
        idle.next()
        client.send(mqtt.publish("open/x", "{}", qos=1, identifier=1, version=5))
        backend.next()
        running.signal(support.signal.SIGTERM)
        got = idle.next()
        assert got[0] == 0xE0 and got[2] == 0x8B, got
        release.set()
        client.expect(b"\x40\x02\0\x01")
        got = client.next()
        assert got[0] == 0xE0 and got[2] == 0x8B, got
        # Neither client closes its side: the gateway ends all the same.
        before = time.monotonic()
        running.stop()
        assert time.monotonic() - before < 20


if __name__ == "__main__":
    support.main(globals())
