"""Messages of a real Mosquitto arrive at the REST backend, with either version and every QoS; answers go back through
the broker; what the broker has retained is not an event."""
import json

import support
import support_broker as site

# The public endpoint takes anybody's: these tests are not about who published.
ACL = "pattern readwrite #\n" "topic readwrite #\n" "user fairlead\ntopic readwrite #\nuser engine-7\ntopic readwrite #\n"


def world(broker, more="", subscribe='["public/#"]'):
    backend = support.RestBackend()
    configuration = site.fleet(backend.url, site.listener(broker, more, subscribe, None),
                               auth="other: { method: token }")
    return site.gateway(configuration.replace("auth: [site, token]", "auth: [token]")), backend


def test_readings_arrive_with_either_version_and_every_qos():
    with site.Mosquitto(acl=ACL) as broker:
        for version, says in (("5", "with MQTT 5"), ("3.1.1", "with MQTT 3.1.1"), ("auto", "with MQTT 5")):
            for qos in (0, 1, 2):
                gateway, backend = world(broker, f"version: {version}, qos: {qos}")
                with gateway:
                    gateway.wait_log(says)
                    for publisher in ("5", "311"):
                        broker.publish("public/temperature", support.READING_TEXT, "engine-7", publisher, qos)
                        seen = backend.next()
                        assert (seen.method, seen.path) == ("POST", "/public/temperature"), seen
                        assert seen.json() == support.READING, seen
                        assert b"1764057600123456789" in seen.body, seen
                    counters = gateway.counters("site")
                    assert counters["messages"] == 2 and counters["connections"] == 1, counters
                backend.nothing_more()
                backend.close()


def test_a_thousand_readings_of_one_topic_keep_their_order():
    with site.Mosquitto(acl=ACL) as broker:
        gateway, backend = world(broker)
        with gateway, broker.client() as device:
            for i in range(1000):
                device.client.publish("public/counter", json.dumps({"n": i}), 1)
            got = [backend.next().json()["n"] for _ in range(1000)]
            assert got == list(range(1000)), got
        backend.nothing_more()


def test_method_media_and_fields_come_from_the_properties():
    with site.Mosquitto(acl=ACL) as broker:
        gateway, backend = world(broker)
        with gateway, broker.client() as device:
            device.publish("public/p", b"\xa1\x61\x61\x01", properties=site.properties(
                [("X-Voyage", "12")], ContentType="application/cbor"))
            seen = backend.next()
            assert seen.headers["content-type"] == "application/cbor" and seen.body == b"\xa1\x61\x61\x01", seen.headers
            device.publish("public/p", "", properties=site.properties([("method", "GET")]))
            assert backend.next().method == "GET"
            device.publish("public/p", "{}", properties=site.properties([("method", "CONNECT")]))
            gateway.wait_log("method-not-allowed")
            device.publish("public/p", b"\xff", properties=site.properties(PayloadFormatIndicator=1))
            gateway.wait_log("is said to be UTF-8")
        backend.nothing_more()


def test_the_answer_is_published_where_the_message_wants_it():
    with site.Mosquitto(acl=ACL) as broker:
        gateway, _ = world(broker)
        with gateway, broker.client(subscribe=["reply/#", "evil/#"]) as device:
            device.publish("public/ask", "{}", properties=site.properties(
                ResponseTopic="reply/engine-7/asked", CorrelationData=b"\0\x01\xff"))
            answer = device.next()
            assert (answer.topic, json.loads(answer.payload)) == ("reply/engine-7/asked", {"ok": True}), answer.payload
            assert answer.properties.CorrelationData == b"\0\x01\xff"
            assert answer.properties.ContentType == "application/json"
            assert site.user_properties(answer) == {"status": "ok"}
            # A refusal has words.
            device.publish("public/none/such", "{}", properties=site.properties(ResponseTopic="reply/engine-7/asked"))
            answer = device.next(1)
            assert site.user_properties(answer) == {"status": "not-found"}, site.user_properties(answer)
            assert b"(request " in answer.payload, answer.payload
            # The gateway is not to be had publishing elsewhere.
            device.publish("public/ask", "{}", properties=site.properties(ResponseTopic="evil/topic"))
            gateway.wait_log("not to evil/topic")
            device.publish("public/ask", "{}", properties=site.properties(ResponseTopic="reply/engine-7/last"))
            assert device.next(2).topic == "reply/engine-7/last"


def test_version_3_is_answered_by_topic_if_that_is_wanted():
    with site.Mosquitto(acl=ACL) as broker:
        gateway, _ = world(broker, "version: 3.1.1, replies: true")
        with gateway, broker.client(version=4, subscribe=["reply/public/#"]) as device:
            device.publish("public/ask", "{}")
            answer = device.next()
            assert (answer.topic, json.loads(answer.payload)) == ("reply/public/ask", {"ok": True}), answer.topic


def test_what_is_retained_is_taken_only_if_that_is_said():
    with site.Mosquitto(acl=ACL) as broker, broker.client() as device:
        device.publish("public/old", '{"old":true}', retain=True)
        for version in ("5", "3.1.1"):
            gateway, backend = world(broker, f"version: {version}")
            with gateway:
                device.publish("public/new", '{"new":true}')
                assert backend.next().json() == {"new": True}
            backend.nothing_more()
            gateway, backend = world(broker, f"version: {version}, retained: take")
            with gateway:
                assert backend.next().json() == {"old": True}
            backend.nothing_more()


def test_refusals_are_counted_and_logged_like_any_other():
    with site.Mosquitto(acl=ACL) as broker:
        gateway, backend = world(broker)
        with gateway, broker.client() as device:
            device.publish("public/bad", "{no json", properties=site.properties(ContentType="application/json"))
            line = gateway.wait_log("listener=site protocol=mqtt")
            assert f"peer={broker.address}:{broker.port}" in line and "id=" in line, line
            assert gateway.counters("site")["answered.malformed"] == 1
        backend.nothing_more()


if __name__ == "__main__":
    support.main(globals())
