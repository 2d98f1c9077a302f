"""Who published is who the backend sees, and nobody else can be: with a real Mosquitto on the very files of
board/mosquitto, in which only addresses, paths and passwords are replaced."""
import json

import support
import support_broker as site

ANYTHING = "user fairlead\ntopic readwrite #\nuser engine-7\ntopic readwrite #\nuser engine-8\ntopic readwrite #\n"


def world(broker, **options):
    backend = support.RestBackend()
    auth = options.pop("auth", "site: { method: broker, listeners: [site] }")
    extra = options.pop("extra", "")
    return site.gateway(site.fleet(backend.url, site.listener(broker, **options), auth, extra)), backend


def refused(gateway, status, part):
    line = gateway.wait_log(part)
    assert f"request {status} " in line or f" {status} id=" in line, line


def test_the_backend_sees_who_published():
    with site.Mosquitto() as broker:
        gateway, backend = world(broker)
        with gateway:
            for user in ("engine-7", "engine-8"):
                for version in ("5", "311"):
                    broker.publish(f"ships/{user}/sensors", support.READING_TEXT, user, version)
                    seen = backend.next()
                    assert seen.path == f"/v1/readings/{user}", seen
                    assert seen.headers["x-fairlead-client"] == user, seen.headers
                    assert seen.json() == support.READING, seen
        backend.nothing_more()


def test_no_device_publishes_as_another():
    with site.Mosquitto() as broker:
        gateway, backend = world(broker)
        with gateway:
            for version in ("5", "311"):
                done = broker.publish("ships/engine-8/sensors", '{"forged":1}', "engine-7", version, 1, "-d",
                                      expect=None)
                assert version == "311" or "RC:135" in done.out, done.out + done.err
            broker.publish("ships/engine-7/sensors", '{"honest":1}')
            assert backend.next().json() == {"honest": 1}
        backend.nothing_more()


def test_strangers_do_not_get_in_and_the_gateway_s_user_reports_nothing():
    with site.Mosquitto() as broker:
        gateway, backend = world(broker)
        with gateway:
            done = support.run("mosquitto_pub", "-h", broker.address, "-p", broker.port, "-t", "ships/engine-7/sensors",
                               "-m", "{}", expect=None)
            assert done.returncode != 0 and "not authorised" in done.err, done.err
            done = broker.publish("ships/engine-7/sensors", "{}", "fairlead", "5", 1, "-d", expect=None)
            assert "RC:135" in done.out, done.out
            broker.publish("ships/engine-7/sensors", '{"honest":1}')
            assert backend.next().json() == {"honest": 1}
        backend.nothing_more()


def test_devices_hear_only_what_is_theirs():
    with site.Mosquitto() as broker:
        gateway, _ = world(broker)
        with gateway, broker.client("engine-8", subscribe=["#"]) as spy, \
                broker.client("engine-7", subscribe=["reply/engine-7/#"]) as device:
            device.publish("ships/engine-7/sensors", "{}", properties=site.properties(
                ResponseTopic="reply/engine-7/x", CorrelationData=b"1"))
            assert json.loads(device.next().payload) == {"ok": True}
            # A reply topic of another's is not written to, though the gateway's user may.
            device.publish("ships/engine-7/sensors", "{}", properties=site.properties(
                ResponseTopic="reply/engine-8/x", CorrelationData=b"2"))
            gateway.wait_log("not to reply/engine-8/x")
            device.publish("ships/engine-7/sensors", "{}", properties=site.properties(
                ResponseTopic="reply/engine-7/y", CorrelationData=b"3"))
            assert device.next(1).topic == "reply/engine-7/y"
            assert not spy.messages, spy.messages


def test_a_topic_that_names_nobody_is_refused():
    with site.Mosquitto(acl=ANYTHING) as broker:
        gateway, backend = world(broker, subscribe='["#"]')
        with gateway:
            for topic, why in (("public", "too short"), ("ships//sensors", "no client's id"),
                               ("ships/engine 7/sensors", "no client's id"),
                               ("ships/engine-9/sensors", "engine-9 is no client here")):
                broker.publish(topic, "{}")
                refused(gateway, "unauthenticated", why)
            # Somebody's role is for oneself.
            broker.publish("public/engine-7", "{}")
            assert backend.next().path == "/public/engine-7"
        backend.nothing_more()


def test_a_property_says_nothing_where_the_topic_rules():
    with site.Mosquitto() as broker:
        gateway, backend = world(broker)
        with gateway:
            broker.publish("ships/engine-7/sensors", "{}", "engine-7", "5", 1, "-D", "publish", "user-property", "client",
                           "engine-8", "-D", "publish", "user-property", "x-fairlead-client", "engine-8")
            seen = backend.next()
            assert seen.headers["x-fairlead-client"] == "engine-7", seen.headers
        backend.nothing_more()


def test_a_property_names_the_publisher_where_all_are_trusted():
    with site.Mosquitto(acl=ANYTHING) as broker:
        gateway, backend = world(broker, publisher="{ user_property: client }")
        with gateway:
            def publish(*clients, topic="ships/engine-8/sensors", version="5"):
                more = [part for client in clients for part in ("-D", "publish", "user-property", "client", client)]
                broker.publish(topic, "{}", "engine-7", version, 1, *more)

            publish("engine-8")
            assert backend.next().headers["x-fairlead-client"] == "engine-8"
            publish("engine-7")  # believed, and may not report for engine-8
            refused(gateway, "forbidden", "client=engine-7")
            publish()
            refused(gateway, "unauthenticated", "no user property says")
            publish("engine-8", "engine-8")
            refused(gateway, "unauthenticated", "more than once")
            publish("engine-8/..")
            refused(gateway, "unauthenticated", "no client's id")
        backend.nothing_more()


def test_without_a_publisher_messages_are_anonymous():
    with site.Mosquitto(acl=ANYTHING) as broker:
        backend = support.RestBackend()
        configuration = site.fleet(backend.url, site.listener(broker, subscribe='["#"]', publisher=None),
                                   auth="site: { method: token }")
        gateway = site.gateway(configuration)
        with gateway:
            broker.publish("ships/engine-7/sensors", "{}")
            refused(gateway, "unauthenticated", "asks who is calling")
            broker.publish("public/x", "{}")
            assert "x-fairlead-client" not in backend.next().headers
        backend.nothing_more()


def test_only_the_listeners_that_are_named_are_believed():
    with site.Mosquitto() as broker:
        backend = support.RestBackend()
        listeners = site.listener(broker) + "\n" + site.listener(broker).replace("name: site", "name: other")
        gateway = site.gateway(site.fleet(backend.url, listeners, "site: { method: broker, listeners: [other] }"))
        with gateway:
            gateway.wait_log("listener=other subscribed")
            broker.publish("ships/engine-7/sensors", "{}")
            refused(gateway, "unauthenticated", "site is not believed about who published")
            assert backend.next().headers["x-fairlead-client"] == "engine-7"  # by the other
        backend.nothing_more()


def test_mistakes_are_said_by_check():
    backend = "http://127.0.0.1:1"
    plain = site.listener("mqtt://127.0.0.1:1884")
    cases = [
        (plain, "site: { method: broker, listeners: [sight] }", "no listener of this name"),
        (plain.replace("publisher: { topic_segment: 2 }, ", ""), None, "site has no `publisher`"),
        ('  - { name: site, protocol: mqtt, bind: "127.0.0.1:1883" }', None, "site joins no broker"),
        (plain, "site: { method: broker, listeners: [] }", "which listeners are believed?"),
        (plain.replace("topic_segment: 2", "topic_segment: 0"), None, "topic_segment must be from 1 to 64"),
        (plain.replace("{ topic_segment: 2 }", "{ }"), None, "topic_segment or user_property"),
        (plain.replace("topic_segment: 2 }", "user_property: c }, version: 3.1.1"), None, "has no user properties"),
        (plain.replace("mqtt://", "http://"), None, "a broker is mqtt://host:port"),
        (plain.replace("mqtt://", "mqtts://").replace("publisher", "failover: [mqtt://b], publisher"), None,
         "some brokers with TLS and some without"),
        (plain.replace("publisher", "tls: { }, publisher"), None, "TLS is for mqtts:// brokers"),
        (plain.replace("publisher", "session: 1d, publisher"), None, "whose session is the broker to keep?"),
        (plain.replace("publisher", "client_id: a/b, publisher"), None, "it is a part of a topic"),
        (plain.replace("ships/+/sensors/#", "ships/#/x"), None, "no topic filter"),
        (plain.replace("ships/+/sensors/#", "$share/a+b/x"), None, "no topic filter"),
        (plain.replace("publisher", "qos: 3, publisher"), None, "qos must be from 0 to 2"),
        (plain.replace("publisher", "version: 4, publisher"), None, "5, 3.1.1 or auto"),
        (plain.replace("publisher", "keep_alive: 1s, publisher"), None, "keep_alive must be from 10s"),
        (plain.replace("publisher", 'bind: "127.0.0.1:1", publisher'), None, "unknown key"),
        (plain.replace("user: fairlead, ", ""), None, "user is missing"),
    ]
    for listeners, auth, says in cases:
        configuration = site.fleet(backend, listeners, auth or "site: { method: broker, listeners: [site] }")
        gateway = support.Gateway(configuration, environment=site.ENVIRONMENT, wait=False)
        assert gateway.process.wait(support.DEADLINE_S) == 2, says
        gateway.stop(2)
        assert says in gateway.log(), (says, gateway.log())


if __name__ == "__main__":
    support.main(globals())
