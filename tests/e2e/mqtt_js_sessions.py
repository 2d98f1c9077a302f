"""The npm package mqtt (MQTT.js) with all that a session has: QoS 2 in a burst, last values, a session that is kept, commands."""
import http.client
import json
import threading

import support
import support_npm

support_npm.ready()

LISTENERS = """
  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}" }
  - { name: web, protocol: http, bind: "{address}:{port_web}" }"""
BACKENDS = "\n  valves: { protocol: mqtt, listener: mqtt, timeout: 5s }"
ENDPOINTS = """
  - { name: weather, path: "/weather/{place}", methods: [GET, PUT], auth: [none], keep: last }
  - { name: valves, path: "/ships/valves/{device}", methods: [PUT], auth: [token], roles: [ship-admin], to: valves, call: { path: "/valve/{device}" } }
"""


def gateway(backend=None):
    configuration = support.fleet((backend or support.RestBackend()).url, LISTENERS, ENDPOINTS).replace(
        "\nendpoints:", BACKENDS + "\nendpoints:").replace("name: test,", "name: test, state: state,")
    return support.Gateway(configuration, environment=support.TOKENS)


def client(running, version, answers=None, **options):
    options = dict({"protocolVersion": version, "clientId": "js", "username": "engine-7",
                    "password": support.TOKENS["TOKEN_7"]}, **options)
    return support_npm.Script("mqtt.js", url=f"mqtt://{running.address}:{running.port('mqtt')}", options=options, answers=answers)


def tell(script, **what):
    script.tell(json.dumps(what))


def put(running, path, body):
    web = http.client.HTTPConnection(running.address, running.port("web"), timeout=support.DEADLINE_S)
    web.request("PUT", path, body, {"Content-Type": "application/json", "Authorization": f"Bearer {support.TOKENS['TOKEN_CAPTAIN']}"})
    answer = web.getresponse()
    result = answer.status, answer.read().decode()
    web.close()
    return result


def test_a_burst_with_qos_2_arrives_once_each():
    for version in (4, 5):
        backend = support.RestBackend(lambda seen: (204, {}, b""))
        with gateway(backend) as running, client(running, version) as device:
            device.event("connect")
            for n in range(60):  # more than it was told to have in flight
                tell(device, publish="open/x", payload=json.dumps({"n": n}), options={"qos": 2})
            assert [backend.next().json()["n"] for _ in range(60)] == list(range(60))
            support.wait_until(lambda: sum('"published"' in line for line in list(device.said)) == 60, "all are acknowledged")
            backend.nothing_more()


def test_it_follows_values_and_its_session_is_kept():
    for version in (4, 5):
        keep = {"clean": False, **({"properties": {"sessionExpiryInterval": 600}} if version == 5 else {})}
        with gateway() as running:
            put(running, "/weather/bremen", "1")
            with client(running, version, **keep) as device:
                assert not device.event("connect")["connack"]["sessionPresent"]
                tell(device, subscribe="weather/+", options={"qos": 2})
                assert device.event("subscribed")["granted"][0]["qos"] == 2
                first = device.event("message")
                assert (first["payload"], first["retain"], first["qos"]) == ("1", True, 2), first
                put(running, "/weather/bremen", "2")
                second = device.wait(lambda thing: thing.get("payload") == "2", "the change")
                assert not second["retain"], second
                tell(device, drop=True)
                device.event("close")
            put(running, "/weather/kiel", "3")
            with client(running, version, **keep) as device:
                assert device.event("connect")["connack"]["sessionPresent"]
                third = device.wait(lambda thing: thing.get("payload") == "3", "what it has missed")
                assert (third["topic"], third["retain"]) == ("weather/kiel", False), third


def test_it_is_a_device_that_answers():
    for version in (4, 5):
        with gateway() as running, client(running, version, answers={"valve/engine-7": '{"was":false}'}) as device:
            device.event("connect")
            tell(device, subscribe="valve/#", options={"qos": 1})
            device.event("subscribed")
            result = []
            caller = threading.Thread(target=lambda: result.append(put(running, "/ships/valves/engine-7", '{"open":true}')))
            caller.start()
            assert device.event("message")["payload"] == '{"open":true}'
            caller.join(support.DEADLINE_S)
            assert result == [(200, '{"was":false}')], result


if __name__ == "__main__":
    support.main(globals())
