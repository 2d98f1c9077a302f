"""A broker that is away, restarts, is too fast or lets the gateway in no more: the gateway comes back to it, says what
happened once, and what the broker keeps for it is not lost."""
import json
import signal
import threading

import support
import support_broker as site


def warnings(gateway):
    return [line for line in gateway.lines if " warning mqtt " in line]


def test_it_starts_without_the_broker_and_joins_it_later():
    with site.Mosquitto(start=False) as broker:
        backend = support.RestBackend()
        gateway = support.Gateway(site.fleet(backend.url, site.listener(broker)), environment=site.ENVIRONMENT)
        with gateway:
            gateway.wait_log("cannot join")
            support.wait_until(lambda: gateway.counters("site")["failed"] >= 2, "a second attempt")
            assert len(warnings(gateway)) == 1, warnings(gateway)
            broker.start()
            gateway.wait_log("listener=site subscribed")
            broker.publish("ships/engine-7/sensors", support.READING_TEXT)
            assert backend.next().json() == support.READING
        backend.nothing_more()


def test_a_broker_that_is_killed_and_comes_back_is_joined_again():
    for version in ("5", "3.1.1"):
        with site.Mosquitto() as broker:
            backend = support.RestBackend()
            gateway = site.gateway(site.fleet(backend.url, site.listener(broker, f"version: {version}")))
            with gateway:
                for turn in range(1, 3):
                    broker.publish("ships/engine-7/sensors", json.dumps({"turn": turn}))
                    assert backend.next().json() == {"turn": turn}
                    broker.stop(kill=turn == 1)
                    support.wait_until(lambda: sum("has lost" in line for line in gateway.lines) == turn, "lost")
                    broker.start()
                    support.wait_until(
                        lambda: sum("subscribed to 1" in line for line in gateway.lines) == turn + 1, "back")
                counters = gateway.counters("site")
                assert counters["connections"] == 3 and counters["failed"] >= 2, counters
            backend.nothing_more()


def test_a_kept_session_brings_what_was_published_meanwhile():
    for version in ("5", "3.1.1"):
        with site.Mosquitto() as broker:
            backend = support.RestBackend()
            configuration = site.fleet(backend.url, site.listener(
                broker, f"version: {version}, client_id: mv-aurora, session: 1d, qos: 2"))
            with site.gateway(configuration):
                pass
            for i in range(20):
                broker.publish("ships/engine-7/sensors", json.dumps({"n": i}), "engine-7", "5", 1)
            with site.gateway(configuration):
                assert [backend.next().json()["n"] for _ in range(20)] == list(range(20))
            backend.nothing_more()


def test_the_next_broker_is_joined_when_one_is_away():
    with site.Mosquitto() as first, site.Mosquitto() as second:
        backend = support.RestBackend()
        gateway = site.gateway(site.fleet(backend.url, site.listener(first, f'failover: ["{second.url}"]')))
        with gateway:
            first.publish("ships/engine-7/sensors", '{"by":1}')
            assert backend.next().json() == {"by": 1}
            first.stop(kill=True)
            gateway.wait_log(f"joined {second.url}")
            support.wait_until(lambda: sum("subscribed to 1" in line for line in gateway.lines) == 2, "there")
            second.publish("ships/engine-7/sensors", '{"by":2}')
            assert backend.next().json() == {"by": 2}
        backend.nothing_more()


def test_why_it_cannot_join_is_said_once():
    with site.Mosquitto() as broker:
        for version, why in (("5", "ot authorized"), ("3.1.1", "not authorized")):
            environment = dict(site.ENVIRONMENT, SITE_PASSWORD="wrong")
            gateway = support.Gateway(site.fleet("http://127.0.0.1:1", site.listener(broker, f"version: {version}")),
                                      environment=environment)
            with gateway:
                assert why in gateway.wait_log("cannot join")
                support.wait_until(lambda: gateway.counters("site")["failed"] >= 2, "a second attempt")
                assert len(warnings(gateway)) == 1, warnings(gateway)
            assert "wrong" not in gateway.log(), gateway.log()


def test_a_broker_without_version_5_is_joined_with_3():
    """A server that knows 3.1.1 only, as far as CONNACK and SUBACK."""
    import socket
    import support_mqtt as mqtt
    address = support.own_address()
    server = socket.create_server((address, 0))
    levels = []

    def serve():
        while True:
            try:
                stream, _ = server.accept()
            except OSError:
                return
            with stream:
                packet = stream.recv(4096)
                levels.append(packet[8])
                stream.sendall(mqtt.packet(0x20, b"\0\0" if packet[8] == 4 else b"\0\1"))
                if packet[8] == 4:
                    packet = stream.recv(4096)
                    stream.sendall(mqtt.packet(0x90, packet[2:4] + b"\1"))
                    stream.sendall(mqtt.publish("ships/engine-7/sensors", '{"by":3}'))
                    while stream.recv(4096):
                        pass
    threading.Thread(target=serve, daemon=True).start()
    backend = support.RestBackend()
    url = f"mqtt://{address}:{server.getsockname()[1]}"
    with site.gateway(site.fleet(backend.url, site.listener(url))) as gateway:
        gateway.wait_log("with MQTT 3.1.1")
        assert backend.next().json() == {"by": 3}
        assert levels == [5, 4], levels
    server.close()


def test_a_slow_backend_holds_the_broker_back_and_nothing_is_lost():
    gate = threading.Event()

    def answer(seen):
        gate.wait(support.DEADLINE_S)
        return 204, {}, b""

    count, size = 1200, 10000
    with site.Mosquitto() as broker:
        backend = support.RestBackend(answer)
        configuration = site.fleet(backend.url, site.listener(broker)).replace("timeout: 3s", "timeout: 60s")
        with site.gateway(configuration) as gateway, broker.client() as device:
            for i in range(count):
                device.client.publish("ships/engine-7/sensors", json.dumps({"n": i, "pad": "x" * size}), 1)
            info = device.client.publish("ships/engine-7/sensors", json.dumps({"n": count}), 1)
            info.wait_for_publish(support.DEADLINE_S)
            # All of it is at the broker. What the gateway holds of it is bounded: 256 messages, twice that at most.
            support.wait_until(lambda: gateway.counters("site")["bytes_in"] >= 256 * size, "the gateway is full")
            assert gateway.counters("site")["bytes_in"] < 520 * size
            assert gateway.counters("site")["inflight"] == 1
            gate.set()
            got = [backend.next().json()["n"] for _ in range(count + 1)]
            assert got == list(range(count + 1)), got
            assert gateway.counters("site")["refused"] == 0
        backend.nothing_more()


def test_messages_that_were_taken_over_are_delivered_at_a_stop():
    gate = threading.Event()

    def answer(seen):
        gate.wait(support.DEADLINE_S)
        return 204, {}, b""

    with site.Mosquitto() as broker:
        backend = support.RestBackend(answer)
        with site.gateway(site.fleet(backend.url, site.listener(broker))) as gateway:
            for i in range(10):
                broker.publish("ships/engine-7/sensors", json.dumps({"n": i}))
            backend.next()
            each = len("ships/engine-7/sensors") + len('{"n": 0}')
            support.wait_until(lambda: gateway.counters("site")["bytes_in"] == 10 * each, "all are taken over")
            gateway.signal(signal.SIGTERM)
            gateway.wait_log("stopping")
            gate.set()
            assert [backend.next().json()["n"] for _ in range(9)] == list(range(1, 10))
        assert "are lost" not in gateway.log() and "too late" not in gateway.log(), gateway.log()


def test_a_reload_keeps_the_connection_of_what_did_not_change():
    with site.Mosquitto() as broker:
        backend = support.RestBackend()
        configuration = site.fleet(backend.url, site.listener(broker, "client_id: mv-aurora"))
        with site.gateway(configuration) as gateway:
            gateway.write(configuration.replace("name: test", "name: other"))
            gateway.reload()
            assert gateway.counters("site")["connections"] == 1
            broker.publish("ships/engine-7/sensors", '{"n":1}')
            assert backend.next().json() == {"n": 1}
            gateway.write(configuration.replace("ships/+/sensors/#", "ships/+/sensors").replace("aurora", "borea"))
            gateway.reload()
            gateway.wait_log("as mv-borea")
            support.wait_until(lambda: sum("subscribed to 1" in line for line in gateway.lines) == 2, "joined anew")
            broker.publish("ships/engine-7/sensors", '{"n":2}')
            assert backend.next().json() == {"n": 2}
            # The same client id: the broker hands it over.
            gateway.write(configuration.replace("aurora", "borea"))
            gateway.reload()
            support.wait_until(lambda: sum("subscribed to 1" in line for line in gateway.lines) == 3, "joined anew")
            broker.publish("ships/engine-7/sensors", '{"n":3}')
            assert backend.next().json() == {"n": 3}
        backend.nothing_more()


if __name__ == "__main__":
    support.main(globals())
