"""A reading that a real MQTT client publishes arrives at the REST backend, under the endpoint's role, with either
version and QoS; and is refused without it in MQTT's own words."""
import support
import support_mqtt as mqtt

LISTENER = '  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}" }'


def gateway_and_backend(answer=None, listener=LISTENER):
    backend = support.RestBackend(answer)
    return support.Gateway(support.fleet(backend.url, listener), environment=support.TOKENS), backend


def mosquitto_pub(gateway, version, qos, topic, *more, token="TOKEN_7", user="engine-7", expect=0):
    who = ("-u", user, "-P", support.TOKENS[token]) if token else ()
    return support.run("mosquitto_pub", "-d", "-V", version, "-h", gateway.address, "-p", gateway.port("mqtt"), "-q",
                       qos, "-t", topic, *who, *more, expect=expect)


def test_a_reading_arrives_with_either_version_and_qos():
    gateway, backend = gateway_and_backend()
    with gateway:
        for version in ("311", "5"):
            for qos in (0, 1, 2):
                mosquitto_pub(gateway, version, qos, "ships/sensors/engine-7", "-m", support.READING_TEXT)
                seen = backend.next()
                assert (seen.method, seen.path) == ("POST", "/v1/readings/engine-7"), seen
                assert seen.json() == support.READING, seen
                assert b"1764057600123456789" in seen.body, seen
        backend.nothing_more()
        counters = gateway.counters("mqtt")
        assert counters["connections"] == 6 and counters["malformed"] == 0, counters


def test_another_device_s_topic_is_refused():
    gateway, backend = gateway_and_backend()
    with gateway:
        done = mosquitto_pub(gateway, "5", 1, "ships/sensors/engine-8", "-m", support.READING_TEXT, expect=None)
        assert "RC:135" in done.out, done.out + done.err
        assert "(request " in done.out + done.err, done.out + done.err
        gateway.wait_log("forbidden")
        # 3.1.1 has no negative PUBACK: the connection ends.
        done = mosquitto_pub(gateway, "311", 1, "ships/sensors/engine-8", "-m", support.READING_TEXT, expect=None)
        assert done.returncode != 0 and "connection was lost" in done.err, done.err
        backend.nothing_more()


def test_a_wrong_token_is_refused_at_connect():
    gateway, backend = gateway_and_backend()
    with gateway:
        for version, user, token in (("311", "engine-7", "TOKEN_8"), ("5", "nobody", "TOKEN_7")):
            done = mosquitto_pub(gateway, version, 1, "ships/sensors/engine-7", "-m", "{}", user=user, token=token,
                                 expect=None)
            assert done.returncode != 0, done.out
        for version, connack in ((4, "20020005"), (5, "86")):
            with mqtt.Client(gateway.address, gateway.port("mqtt"), mqtt.connect(version, user="a", password="b")) as raw:
                got = raw.next()
                assert got.hex() == connack or got[3:4].hex() == connack, got.hex()
                assert raw.next() is None
        backend.nothing_more()


def test_without_a_name_only_open_endpoints_answer():
    gateway, backend = gateway_and_backend()
    with gateway:
        mosquitto_pub(gateway, "5", 1, "open/door", "-m", '{"open":true}', token=None)
        assert backend.next().path == "/open/door"
        done = mosquitto_pub(gateway, "5", 1, "ships/sensors/engine-7", "-m", "{}", token=None, expect=None)
        assert "RC:135" in done.out, done.out
        backend.nothing_more()


def test_bad_publications_have_their_reason():
    gateway, backend = gateway_and_backend()
    with gateway:
        for topic, payload, reason in (("nowhere", "{}", 0x90), ("open/door", "{", 0x99), ("open/door", "x" * 70000, 0x97)):
            with mqtt.Client(gateway.address, gateway.port("mqtt"), mqtt.connect(5)) as client:
                assert client.next()[3] == 0
                client.send(mqtt.publish(topic, payload, qos=1, identifier=5, version=5))
                got = client.next()
                assert got[0] == 0x40 and got[2:4] == b"\0\5" and got[4] == reason, got
                assert client.alive() == []
        backend.nothing_more()


def test_a_batch_arrives_in_order():
    gateway, backend = gateway_and_backend()
    count = 200
    with gateway:
        lines = "".join(f'{{"n":{n}}}\n' for n in range(count)).encode()
        support.run("mosquitto_pub", "-V", "5", "-h", gateway.address, "-p", gateway.port("mqtt"), "-q", 1, "-t",
                    "open/batch", "-l", input=lines)
        assert [backend.next().json()["n"] for _ in range(count)] == list(range(count))
        backend.nothing_more()


if __name__ == "__main__":
    support.main(globals())
