"""The npm package mqtt (MQTT.js), an independent client, as 3.1.1 and as 5: publishing, being refused, requests with replies."""
import support
import support_npm

support_npm.ready()

LISTENERS = '  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}" }'


def gateway_and_backend(answer=None):
    backend = support.RestBackend(answer)
    return support.Gateway(support.fleet(backend.url, LISTENERS), environment=support.TOKENS), backend


def client(gateway, version, **options):
    options = dict({"protocolVersion": version, "clientId": "js", "username": "engine-7",
                    "password": support.TOKENS["TOKEN_7"]}, **options)
    return support_npm.Script("mqtt.js", url=f"mqtt://{gateway.address}:{gateway.port('mqtt')}", options=options)


def tell(script, **what):
    script.tell(support.json.dumps(what))


def test_a_reading_is_acknowledged_when_it_was_delivered():
    for version in (4, 5):
        gateway, backend = gateway_and_backend()
        with gateway, client(gateway, version) as device:
            device.event("connect")
            tell(device, publish="ships/sensors/engine-7", payload=support.READING_TEXT, options={"qos": 1})
            assert backend.next().json() == support.READING
            assert device.event("published").get("error") is None
            backend.nothing_more()


def test_mqtt_5_hears_why_not():
    gateway, backend = gateway_and_backend()
    with gateway, client(gateway, 5) as device:
        device.event("connect")
        tell(device, publish="ships/sensors/engine-8", payload=support.READING_TEXT, options={"qos": 1})
        said = device.event("published")
        assert said["code"] == 0x87, said
        backend.nothing_more()


def test_wrong_passwords_are_told_so():
    gateway, _ = gateway_and_backend()
    for version, code in ((4, 5), (5, 0x86)):
        with client(gateway, version, password="wrong") as device:
            assert device.event("error")["code"] == code
    gateway.stop()


def test_a_request_has_its_reply():
    gateway, backend = gateway_and_backend(lambda seen: (200, {"Content-Type": "application/json"}, b'{"open":true}'))
    with gateway, client(gateway, 5) as device:
        device.event("connect")
        tell(device, subscribe="reply/#")
        device.event("subscribed")
        tell(device, publish="open/valve", payload="{}", options={
            "qos": 1, "properties": {"responseTopic": "reply/1", "userProperties": {"method": "PUT"}}})
        message = device.event("message")
        assert (message["topic"], message["payload"]) == ("reply/1", '{"open":true}'), message
        assert backend.next().method == "PUT"


if __name__ == "__main__":
    support.main(globals())
