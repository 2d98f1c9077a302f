"""curl sets and reads a valve that is connected over MQTT (python3-paho-mqtt, 5 and 3.1.1): the command as the device
sees it, its reply as the caller sees it, and devices that answer twice, late, never or nonsense."""
import json

import support
import support_mqtt
from support_mqtt_device import CLOSED, OPEN, TOKENS, V311, Calling, Device, call, fleet, mqtt_5, request_properties


def gateway_with(backend=", timeout: 20s", extra="", listeners=""):
    return support.Gateway(fleet(backend, extra, listeners), environment=TOKENS)


def test_put_and_get_reach_a_device_that_speaks_mqtt_5():
    with gateway_with() as gateway, Device(gateway) as valve:
        assert valve.codes == [1], valve.codes
        setting = Calling(call, gateway, "PUT", '{"open":true}')
        command = valve.next()
        assert command.topic == "valve/valve-3" and command.payload == OPEN
        assert mqtt_5(command)["method"] == "PUT"
        assert command.properties.ContentType == "application/cbor"
        valve.reply(command, OPEN, status="changed")
        status, headers, body = setting.result()
        assert (status, json.loads(body)) == (200, {"open": True}), (status, body)
        assert headers["content-type"] == "application/json"

        reading = Calling(call, gateway, "GET")
        command = valve.next()
        assert mqtt_5(command)["method"] == "GET" and command.payload == b""
        valve.reply(command, CLOSED)
        status, _, body = reading.result()
        assert (status, json.loads(body)) == (200, {"open": False})


def test_a_device_that_speaks_3_1_1():
    with gateway_with() as gateway, Device(gateway, protocol=V311) as valve:
        setting = Calling(call, gateway, "PUT", '{"open":true}')
        command = valve.next()
        assert command.topic == "valve/valve-3" and command.payload == OPEN
        valve.reply(command, OPEN)
        status, _, body = setting.result()
        # It cannot say what its reply is: it is in the notation that the device is called in.
        assert (status, json.loads(body)) == (200, {"open": True}), (status, body)


def test_the_status_of_the_device_is_the_callers():
    with gateway_with() as gateway, Device(gateway) as valve:
        for said, status in (("409", 409), ("not-found", 404), ("422", 422), ("503", 503), ("created", 201)):
            setting = Calling(call, gateway, "PUT", "{}")
            valve.reply(valve.next(), b"", status=said)
            assert setting.result()[0] == status, (said, setting)


def test_a_device_that_answers_twice_or_nobody():
    with gateway_with() as gateway, Device(gateway) as valve:
        first = Calling(call, gateway, "PUT", '{"n":1}')
        one = valve.next()
        valve.reply(one, b"\xa1an\x01")
        assert json.loads(first.result()[2]) == {"n": 1}
        second = Calling(call, gateway, "PUT", '{"n":2}')
        two = valve.next()
        # The first one once more, and one that nobody asked for: neither is the answer to the second.
        valve.reply(one, b"\xa1an\x01")
        valve.reply(two, b"\xa1an\x03", correlation=b"invented")
        valve.reply(two, b"\xa1an\x02")
        assert json.loads(second.result()[2]) == {"n": 2}
        assert gateway.counters("mqtt")["unasked"] == 2


def test_a_device_that_answers_late_or_never():
    with gateway_with(", timeout: 1s") as gateway, Device(gateway) as valve:
        setting = Calling(call, gateway, "PUT", "{}")
        command = valve.next()
        status, _, body = setting.result()
        assert status == 504, body
        assert "did not reply" in json.loads(body)["detail"], body
        # Its reply is nobody's, and not that of the next call.
        valve.reply(command, OPEN)
        reading = Calling(call, gateway, "GET")
        valve.reply(valve.next(), CLOSED)
        assert json.loads(reading.result()[2]) == {"open": False}


def test_a_device_that_answers_nonsense():
    with gateway_with() as gateway, Device(gateway) as valve:
        reading = Calling(call, gateway, "GET")
        valve.reply(valve.next(), b"\xff\xff\xff")
        status, headers, body = reading.result()
        assert status == 406, (status, headers, body)
        reading = Calling(call, gateway, "GET")
        valve.reply(valve.next(), b"", status="no such status")
        status, _, body = reading.result()
        assert status == 502, (status, body)


def test_a_device_that_is_not_there():
    with gateway_with() as gateway:
        status, _, body = call(gateway, "GET")
        assert status == 503 and "not connected" in json.loads(body)["detail"], body
        assert call(gateway, "PUT", "{}")[0] == 503
        with Device(gateway, topic=""):
            status, _, body = call(gateway, "GET")
            assert status == 503 and "subscribed" in json.loads(body)["detail"], body


def test_a_device_that_goes_while_it_is_asked():
    with gateway_with() as gateway:
        valve = Device(gateway)
        reading = Calling(call, gateway, "GET")
        valve.next()
        valve.vanish()
        assert reading.result()[0] in (503, 504)


def test_nobody_hears_anothers_commands():
    with gateway_with() as gateway, Device(gateway) as valve, Device(gateway, "valve-4", topic="") as other:
        assert other.subscribe("valve/valve-3") == [0x87]
        assert other.subscribe("valve/+") == [1]
        setting = Calling(call, gateway, "PUT", '{"open":true}')
        valve.reply(valve.next(), OPEN)
        assert setting.result()[0] == 200
        setting = Calling(call, gateway, "PUT", '{"open":true}', device="valve-4")
        command = other.next()
        assert command.topic == "valve/valve-4"
        other.reply(command, OPEN)
        assert setting.result()[0] == 200
        assert other.commands.empty()


def test_who_only_calls_itself_so_gets_nothing():
    with gateway_with() as gateway, Device(gateway, token="", topic="") as stranger:
        stranger.subscribe("valve/valve-3")
        assert call(gateway, "PUT", "{}")[0] == 503
        assert stranger.commands.empty()


def test_unless_the_configuration_believes_it():
    with gateway_with(", timeout: 20s, known_by: client-id") as gateway, Device(gateway, token="") as valve:
        setting = Calling(call, gateway, "PUT", '{"open":true}')
        valve.reply(valve.next(), OPEN)
        assert setting.result()[0] == 200
        # One that has proved to be somebody is not believed to be somebody else.
        login = support_mqtt.connect(client="valve-4", user="captain", password=TOKENS["TOKEN_CAPTAIN"])
        with support_mqtt.Client(gateway.address, gateway.port("mqtt"), login) as captain:
            captain.expect(b"\x20\x02\0\0")
            captain.send(support_mqtt.subscribe("valve/valve-4", qos=1))
            captain.expect(b"\x90\x03\0\1\x80")
            assert call(gateway, "PUT", "{}", device="valve-4")[0] == 503
            assert captain.alive() == []


def test_who_calls_must_be_allowed_to():
    with gateway_with() as gateway, Device(gateway) as valve:
        assert call(gateway, "PUT", "{}", token=TOKENS["TOKEN_VALVE_4"])[0] == 403
        assert call(gateway, "PUT", "{}", token="guess")[0] == 401
        assert valve.commands.empty()


def test_without_a_reply_it_is_accepted():
    endpoint = ('  - { name: lamps, path: "/ships/lamps/{device}", methods: [PUT], auth: [token], to: lamps,\n'
                '      call: { path: "/lamp/{device}" } }')
    configuration = fleet(extra=endpoint).replace(
        "endpoints:", "  lamps: { protocol: mqtt, listener: mqtt, reply: none }\nendpoints:", 1)
    with support.Gateway(configuration, environment=TOKENS) as gateway, \
            Device(gateway, topic="lamp/valve-3") as lamp:
        status, _, _ = support.curl("-X", "PUT", "-H", "Authorization: Bearer secret-of-captain", "--json",
                                    '{"on":1}', gateway.url("/ships/lamps/valve-3"))
        assert status == 202
        command = lamp.next()
        assert command.payload == b'{"on":1}' and not hasattr(command.properties, "ResponseTopic")


def test_callers_over_mqtt_and_coap():
    listeners = '  - { name: coap, protocol: coap, bind: "{address}:{port_coap}", token_in_query: accept }'
    with gateway_with(listeners=listeners) as gateway, Device(gateway) as valve:
        url = f"coap://{gateway.address}:{gateway.port('coap')}/ships/actuators/valve-3"
        asking = Calling(support.run, "coap-client-openssl", "-m", "get", "-B", "10",
                         url + "?access_token=secret-of-captain")
        valve.reply(valve.next(), b'{"open":true}', media="application/json")
        assert '{"open":true}' in asking.result().out
        with Device(gateway, "captain", topic="") as captain:
            captain.subscribe("reply/#")
            properties = request_properties("reply/to-me", "PUT")
            captain.client.publish("ships/actuators/valve-3", b'{"open":false}', 1, properties=properties)
            command = valve.next()
            assert command.payload == CLOSED
            valve.reply(command, CLOSED)
            answer = captain.next()
            assert json.loads(answer.payload) == {"open": False}, answer.payload


if __name__ == "__main__":
    support.main(dict(globals()))
