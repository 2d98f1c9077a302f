"""Connections that say nothing, one client identifier that is taken over again and again: bounded, counted, told."""
import support
import support_mqtt as mqtt

LISTENER = '  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}", connecting_max: 20, take_overs: 5, connect_timeout: 60s }'


def gateway():
    return support.Gateway(support.fleet(support.RestBackend().url, LISTENER), environment=support.TOKENS)


def test_connections_that_say_nothing_leave_room_for_others():
    with gateway() as running:
        port = running.port("mqtt")
        silent = [mqtt.Client(running.address, port) for _ in range(20)]
        support.wait_until(lambda: running.counters("mqtt")["connections"] == 20, "they are all there")
        with mqtt.Client(running.address, port) as one_more:
            assert one_more.next() is None
        assert running.counters("mqtt")["refused"] == 1
        # One of them speaks at last: it is let in, and makes room for another.
        silent[0].send(mqtt.connect(client="late"))
        silent[0].expect(b"\x20\x02\0\0")
        with mqtt.Client(running.address, port, mqtt.connect(client="next")) as client:
            client.expect(b"\x20\x02\0\0")
            assert client.alive() == []
        for client in silent:
            client.close()


def test_a_name_that_is_taken_over_again_and_again():
    with gateway() as running:
        port = running.port("mqtt")
        clients = []
        for n in range(6):
            clients.append(mqtt.Client(running.address, port, mqtt.connect(5, client="twin")))
            assert clients[-1].next()[3] == 0
            if n:
                got = clients[-2].next()
                assert got[0] == 0xE0 and got[2] == 0x8E, got
        with mqtt.Client(running.address, port, mqtt.connect(5, client="twin")) as one_more:
            got = one_more.next()
            assert got[0] == 0x20 and got[3] == 0x9F and b"taken over too often" in got, got
        with mqtt.Client(running.address, port, mqtt.connect(4, client="twin")) as one_more:
            one_more.expect(b"\x20\x02\0\3")
        # Who is there stays.
        assert clients[-1].alive() == []
        assert running.counters("mqtt")["answered.too-many"] == 2
        for client in clients:
            client.close()


def test_a_client_that_comes_and_goes():
    """A thousand times, each with a session to be kept: one session is."""
    with gateway() as running:
        for _ in range(1000):
            with mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(5, client="flap", clean=False,
                                                                                 properties=b"\x11\0\0\0\x3c")) as client:
                assert client.next()[3] == 0
                client.send(mqtt.DISCONNECT)
                assert client.next() is None
        assert running.counters("mqtt")["connections"] == 1000


def test_who_never_acknowledges_does_not_hold_what_others_need():
    listeners = """
  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}", deliver_memory: 64KiB }
  - { name: web, protocol: http, bind: "{address}:{port_web}" }"""
    kept = '  - { name: weather, path: "/weather/{place}", methods: [GET, PUT], auth: [none], keep: last }\n'
    text = support.fleet("http://127.0.0.1:9", listeners, kept).replace("name: test,", "name: test, state: state,")
    with support.Gateway(text, environment=support.TOKENS) as gateway:
        def subscriber(name, topic):
            client = mqtt.Client(gateway.address, gateway.port("mqtt"), mqtt.connect(5, name), mqtt.subscribe(topic, 1, 1, 5))
            assert client.next()[3] == 0 and client.next()[-1] == 1
            return client

        def put(place):
            body = '"' + "w" * 20000 + '"'
            status, _, said = support.curl("-X", "PUT", "-H", "Content-Type: application/json", "-d", body,
                                           gateway.url(f"/weather/{place}"))
            assert status in (201, 204), (status, said)

        with subscriber("idle", "weather/#") as idle:
            for place in range(5):
                put(place)
            with subscriber("well", "weather/here") as well:
                put("here")
                assert well.next()[0] == 0x32
                last = idle.all()[-1]
                assert (last[0], last[2]) == (0xE0, 0x97), last[:40]


if __name__ == "__main__":
    support.main(globals())
