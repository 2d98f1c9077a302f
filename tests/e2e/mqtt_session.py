"""How long a connection lives: silence, take-over, wills, good-byes."""
import support
import support_mqtt as mqtt

LISTENER = '  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}", connect_timeout: 200ms }'


def gateway(backend):
    return support.Gateway(support.fleet(backend.url, LISTENER), environment=support.TOKENS)


def test_a_connection_that_says_nothing_is_closed():
    with gateway(support.RestBackend()) as running:
        with mqtt.Client(running.address, running.port("mqtt")) as silent:
            assert silent.next() is None
        with mqtt.Client(running.address, running.port("mqtt"), mqtt.connect()[:5]) as slow:
            assert slow.next() is None
        support.wait_until(lambda: running.counters("mqtt")["expired"] == 2, "both expired")


def test_a_client_that_misses_its_keep_alive_is_gone_and_its_will_is_published():
    backend = support.RestBackend()
    with gateway(backend) as running:
        first = mqtt.connect(keep_alive=1, will=("open/gone", '{"gone":true}'))
        with mqtt.Client(running.address, running.port("mqtt"), first) as client:
            client.expect(b"\x20\x02\0\0")
            assert client.next() is None
        seen = backend.next()
        assert (seen.path, seen.json()) == ("/open/gone", {"gone": True}), seen


def test_a_good_bye_takes_the_will_back():
    backend = support.RestBackend()
    with gateway(backend) as running:
        with mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(will=("open/gone", "{}"))) as client:
            client.expect(b"\x20\x02\0\0")
            client.send(mqtt.publish("open/x", "{}") + mqtt.DISCONNECT)
            assert client.next() is None
        assert backend.next().path == "/open/x"
        backend.nothing_more()


def test_a_will_waits_for_its_delay_and_is_taken_back_by_a_return():
    backend = support.RestBackend()
    delay = b"\x18\0\0\0\5"  # seconds
    hello = mqtt.connect(5, clean=False, properties=b"\x11\0\0\0\x3c", will=("open/gone", '{"gone":true}'), will_properties=delay)
    with gateway(backend) as running:
        with mqtt.Client(running.address, running.port("mqtt"), hello) as client:
            client.next()
        # Back at once: there is none. What is published then is the first that the backend sees.
        with mqtt.Client(running.address, running.port("mqtt"), hello) as client:
            assert client.next()[2] == 1
            client.send(mqtt.publish("open/x", "{}", version=5))
            assert backend.next().path == "/open/x"
        # Not back: it is published.
        assert backend.next().path == "/open/gone"
        backend.nothing_more()


def test_only_the_same_client_takes_over():
    seven = {"user": "engine-7", "password": support.TOKENS["TOKEN_7"]}
    eight = {"user": "engine-8", "password": support.TOKENS["TOKEN_8"]}
    with gateway(support.RestBackend()) as running:
        port = running.port("mqtt")
        with mqtt.Client(running.address, port, mqtt.connect(5, client="c", **seven)) as first:
            assert first.next()[3] == 0
            with mqtt.Client(running.address, port, mqtt.connect(5, client="c", **eight)) as stranger:
                got = stranger.next()
                assert got[0] == 0x20 and got[3] == 0x85, got
                assert stranger.next() is None
            assert first.alive() == []
            with mqtt.Client(running.address, port, mqtt.connect(4, client="c", **seven)) as second:
                second.expect(b"\x20\x02\0\0")
                got = first.next()
                assert got[0] == 0xE0 and got[2] == 0x8E, got
                assert first.next() is None
                assert second.alive() == []


def test_a_thousand_connections_are_served():
    """Each lives, and the gateway says so one by one."""
    with gateway(support.RestBackend()) as running:
        clients = []
        for n in range(1000):
            clients.append(mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(client=f"c{n}")))
        for client in clients:
            client.expect(b"\x20\x02\0\0")
        for client in clients:
            assert client.alive() == []
        for client in clients:
            client.close()


if __name__ == "__main__":
    support.main(globals())
