"""Devices behind a real Mosquitto, on the files of board/mosquitto, are called as if they were a web service: the reply
comes back by its correlation; late, second and forged ones do not count; without a reply the broker's acknowledgement
ends the call."""
import json

import support
import support_broker as site

EXTRA = """
  - name: valve
    path: /valves/{device}
    methods: [GET, PUT, POST]
    auth: [token]
    roles: [ship-admin]
    to: valves
    call: { path: "/command/{device}/valve" }
  - name: horn
    path: /horns/{device}
    methods: [POST]
    auth: [token]
    roles: [ship-admin]
    to: horns
    call: { path: "/command/{device}/horn" }
"""
BACKENDS = """
  valves: { protocol: mqtt, listener: site, timeout: 20s }
  horns: { protocol: mqtt, listener: site, reply: none, timeout: 20s }
"""
WEB = '  - { name: web, protocol: http, bind: "{address}:{port_web}" }\n'


def configuration(broker, more="", timeout="20s"):
    text = site.fleet("http://127.0.0.1:1", WEB + site.listener(broker, more), extra=EXTRA)
    return text.replace("endpoints:", BACKENDS.strip("\n").replace("20s", timeout) + "\nendpoints:")


def call(gateway, path, *arguments):
    return support.curl(gateway.url(path), "-H", f"Authorization: Bearer {support.TOKENS['TOKEN_CAPTAIN']}", *arguments)


def hear(broker, user, *how):
    return support.run("mosquitto_sub", "-V", "311", "-h", broker.address, "-p", broker.port, "-u", user, "-P",
                       site.PASSWORDS[user], "-i", f"{user}-kept", "-c", "-q", 1, "-t", f"command/{user}/#", *how)


def reply_to(device, message, payload, user=(), correlation=None):
    if correlation is None:
        correlation = message.properties.CorrelationData
    device.client.publish(message.properties.ResponseTopic, payload, 1, properties=site.properties(
        user, CorrelationData=correlation, ContentType="application/json"))


def test_a_device_s_reply_answers_the_call():
    with site.Mosquitto() as broker, site.gateway(configuration(broker)) as gateway:
        def answer(device, message):
            asked = site.user_properties(message)["method"]
            reply_to(device, message, json.dumps({"asked": asked, "sent": message.payload.decode()}),
                     [("ETag", '"7"')])

        with broker.client(subscribe=["command/engine-7/#"], on_message=answer) as device:
            for _ in range(3):
                status, headers, body = call(gateway, "/valves/engine-7")
                assert (status, json.loads(body)) == (200, {"asked": "GET", "sent": ""}), (status, body)
                assert headers["content-type"] == "application/json", headers
                assert headers["etag"] == '"7"', headers
            status, _, body = call(gateway, "/valves/engine-7", "-X", "PUT", "--json", '{"open":true}')
            assert (status, json.loads(body)) == (200, {"asked": "PUT", "sent": '{"open":true}'}), (status, body)
            message = device.messages[-1]
            assert message.topic == "command/engine-7/valve" and message.qos == 1
            assert message.properties.ContentType == "application/json"
            assert 0 < message.properties.MessageExpiryInterval <= 20
            assert message.properties.ResponseTopic.startswith("reply/fairlead/fairlead-")
            assert message.properties.ResponseTopic.endswith("/engine-7")
            correlations = {one.properties.CorrelationData for one in device.messages}
            assert len(correlations) == 4, correlations


def test_what_the_device_says_is_wrong_is_the_call_s_status():
    with site.Mosquitto() as broker, site.gateway(configuration(broker)) as gateway:
        def answer(device, message):
            reply_to(device, message, '{"why":"no such valve"}', [("status", "not-found")])

        with broker.client(subscribe=["command/engine-7/#"], on_message=answer):
            status, _, body = call(gateway, "/valves/engine-7")
            assert (status, json.loads(body)) == (404, {"why": "no such valve"}), (status, body)


def test_second_late_and_forged_replies_do_not_count():
    with site.Mosquitto() as broker, site.gateway(configuration(broker)) as gateway:
        def answer(device, message):
            reply_to(device, message, '"forged"', correlation=b"0123456789abcdef")
            reply_to(device, message, '"forged"', correlation=b"")
            reply_to(device, message, '"right"')
            reply_to(device, message, '"second"')

        with broker.client(subscribe=["command/engine-7/#"], on_message=answer):
            for _ in range(2):
                status, _, body = call(gateway, "/valves/engine-7")
                assert (status, body) == (200, '"right"'), (status, body)
            support.wait_until(lambda: gateway.counters("site")["unasked"] == 6, "three of each call's four")


def test_another_device_cannot_reply():
    with site.Mosquitto() as broker, site.gateway(configuration(broker, timeout="2s")) as gateway:
        with broker.client("engine-8", subscribe=["command/#"]) as spy, \
                broker.client("engine-7", subscribe=["command/engine-7/#"]) as device:
            status, _, _ = call(gateway, "/valves/engine-7")
            assert status == 504, status
            message = device.next()
            assert not spy.messages
            # Even with all that it takes, and in time (there is none waiting any more: a second one is made).
            reply_to(spy, message, '"not mine"')
            spy.publish("ships/engine-8/sensors", "{}")
            gateway.wait_log("listener=site protocol=mqtt")  # refused by the backend that is not there
            assert gateway.counters("site")["unasked"] == 0


def test_without_a_reply_the_broker_s_acknowledgement_is_the_answer():
    for version in ("5", "3.1.1"):
        with site.Mosquitto() as broker, site.gateway(configuration(broker, f"version: {version}")) as gateway:
            status, _, _ = call(gateway, "/horns/engine-7", "--json", '{"long":true}')
            assert status == 202, status  # nobody is there, and no broker says so
            with broker.client(version=4, subscribe=["command/engine-7/#"]) as device:
                status, _, _ = call(gateway, "/horns/engine-7", "--json", '{"long":true}')
                assert status == 202, status
                assert device.next().payload == b'{"long":true}'


def test_version_3_replies_by_topic_one_at_a_time():
    with site.Mosquitto() as broker, site.gateway(configuration(broker, "version: 3.1.1")) as gateway:
        def answer(device, message):
            device.client.publish("reply/" + message.topic, message.payload, 1)

        with broker.client(version=4, subscribe=["command/engine-7/#"], on_message=answer):
            for i in range(3):
                status, _, body = call(gateway, "/valves/engine-7", "--json", str(i))
                assert (status, body) == (200, str(i)), (status, body)


def test_a_device_that_says_nothing_is_a_timeout():
    for version in ("5", "3.1.1"):
        with site.Mosquitto() as broker, \
                site.gateway(configuration(broker, f"version: {version}", "1s")) as gateway:
            status, _, body = call(gateway, "/valves/engine-7")
            assert status == 504 and "no reply came" in body, (status, body)
            assert gateway.counters("site")["expired"] == 1


def test_while_the_broker_is_away_nothing_can_be_called():
    with site.Mosquitto() as broker, site.gateway(configuration(broker)) as gateway:
        broker.stop(kill=True)
        gateway.wait_log("has lost")
        status, _, body = call(gateway, "/horns/engine-7", "--json", "{}")
        assert status == 503 and "the broker is not connected" in body, (status, body)
        broker.start()
        support.wait_until(lambda: sum("subscribed to 1" in line for line in gateway.lines) == 2, "joined again")
        assert call(gateway, "/horns/engine-7", "--json", "{}")[0] == 202


def test_what_waits_in_a_mailbox_is_delivered_when_the_broker_is_back():
    with site.Mosquitto() as broker:
        text = configuration(broker).replace("name: test,", "name: test, state: state,").replace(
            "reply: none,", "reply: none, mailbox: { messages: 8, expire: 1h },")
        with site.gateway(text) as gateway:
            devices = ("engine-7", "engine-8")
            for device in devices:  # the broker keeps a session of each
                hear(broker, device, "-E")
            broker.stop()
            gateway.wait_log("has lost")
            for device in devices:
                for n in range(2):
                    assert call(gateway, f"/horns/{device}", "--json", json.dumps({"n": n}))[0] == 202
            broker.start()
            for device in devices:
                lines = hear(broker, device, "-C", 2, "-W", support.DEADLINE_S).out.split("\n")
                assert [json.loads(line) for line in lines[:2]] == [{"n": 0}, {"n": 1}], lines


def test_a_command_that_the_broker_forbids_is_said():
    with site.Mosquitto() as broker, site.gateway(configuration(broker).replace(
            "/command/{device}/horn", "/elsewhere/{device}")) as gateway:
        status, _, body = call(gateway, "/horns/engine-7", "--json", "{}")
        assert status == 502 and "ot authorized" in body, (status, body)


if __name__ == "__main__":
    support.main(globals())
