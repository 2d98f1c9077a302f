"""The npm package coap, an independent client: confirmable and not, bodies in blocks both ways, refusals, observing."""
import json

import support
import support_npm

support_npm.ready()

LISTENERS = '  - { name: coap, protocol: coap, bind: "{address}:{port_coap}", token_in_query: accept }'
WEB = '\n  - { name: web, protocol: http, bind: "{address}:{port_web}" }'
LARGE = json.dumps({"log": ["line %04d of a long answer" % n for n in range(400)]})


def ask(gateway, *requests):
    """The responses in order."""
    with support_npm.Script("coap.js", host=gateway.address, port=gateway.port("coap"), requests=requests) as script:
        return [script.wait(lambda thing, n=n: thing.get("index") == n, f"answer {n}") for n in range(len(requests))]


def gateway_and_backend(answer=None):
    backend = support.RestBackend(answer)
    gateway = support.Gateway(support.fleet(backend.url, LISTENERS), environment=support.TOKENS)
    return gateway, backend


def test_a_reading_arrives_whatever_its_kind_of_message():
    gateway, backend = gateway_and_backend()
    token = "access_token=" + support.TOKENS["TOKEN_7"]
    post = {"method": "POST", "path": "/ships/sensors/engine-7", "query": token, "payload": support.READING_TEXT,
            "options": {"Content-Format": "application/json"}}
    with gateway:
        answers = ask(gateway, post, dict(post, confirmable=False))
        assert [answer["code"] for answer in answers] == ["2.04", "2.04"], answers
        assert backend.next().json() == support.READING and backend.next().json() == support.READING
        backend.nothing_more()


def test_long_bodies_go_in_blocks_both_ways():
    gateway, backend = gateway_and_backend(lambda seen: (200, {"Content-Type": "application/json"}, seen.body))
    with gateway:
        answer, = ask(gateway, {"method": "PUT", "path": "/open/log", "payload": LARGE, "block": 5,
                                "options": {"Content-Format": "application/json"}})
        assert answer["code"] == "2.04", answer
        assert answer["payload"] == LARGE
        assert backend.next().body.decode() == LARGE


def test_refusals_have_their_codes():
    gateway, backend = gateway_and_backend()
    with gateway:
        answers = ask(gateway, {"method": "POST", "path": "/ships/sensors/engine-7", "payload": "{}"},
                      {"path": "/nowhere"}, {"method": "DELETE", "path": "/ships/admin/x"},
                      {"method": "POST", "path": "/open/x", "payload": "{", "options": {"Content-Format": "application/json"}})
        assert [answer["code"] for answer in answers] == ["4.01", "4.04", "4.05", "4.00"], answers
        backend.nothing_more()


KEPT = """  - name: kept
    path: /kept/{device}
    methods: [GET, PUT]
    auth: [none]
    keep: last
    to: telemetry
"""


def put(gateway, body):
    status, _, _ = support.curl("-X", "PUT", "-H", "Content-Type: application/json", "-d", body, gateway.url("/kept/a"))
    assert status == 200, status


def test_it_observes_what_others_send():
    backend = support.RestBackend()
    configuration = support.fleet(backend.url, LISTENERS + WEB, extra=KEPT).replace("name: test", "name: test, state: state")
    with support.Gateway(configuration, environment=support.TOKENS) as gateway:
        put(gateway, '{"level":1}')
        observe = {"path": "/kept/a", "observe": True, "options": {"Accept": "application/json"}}
        with support_npm.Script("coap.js", host=gateway.address, port=gateway.port("coap"), requests=[observe]) as script:
            first = script.event("response")
            assert (first["code"], first["payload"], first["format"]) == ("2.05", '{"level":1}', "application/json"), first
            for level in (2, 3):
                put(gateway, '{"level":%d}' % level)
                script.wait(lambda thing, level=level: thing["payload"] == '{"level":%d}' % level, f"level {level}")


if __name__ == "__main__":
    support.main(globals())
