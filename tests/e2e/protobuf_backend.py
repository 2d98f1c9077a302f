"""A service that speaks protobuf over HTTP gets the message that the schema says, and its answer comes back as what
the caller speaks. The service decodes and encodes with Google's own implementation."""
import json
import os

from support import BINARY, READING, READING_TEXT, Gateway, RestBackend, curl, main, run, skip

try:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
except ImportError:
    skip("python3-protobuf is not installed")

DESCRIPTORS = os.path.join(os.path.dirname(BINARY), "schemas", "proto", "fleet.pb")
with open(DESCRIPTORS, "rb") as file:
    SET = file.read()
POOL = descriptor_pool.DescriptorPool()
for each in descriptor_pb2.FileDescriptorSet.FromString(SET).file:
    POOL.Add(each)
FACTORY = message_factory.MessageFactory(POOL)


def message_type(name):
    return FACTORY.GetPrototype(POOL.FindMessageTypeByName("fleet.v1." + name))


Reading, Position, Ack = message_type("Reading"), message_type("Position"), message_type("Ack")


def acknowledge(seen):
    return 200, {"Content-Type": "application/x-protobuf"}, Ack(accepted=True, id="r-17").SerializeToString()


def configuration(url, call="message: fleet.v1.Reading, reply: fleet.v1.Ack, path: /v1/readings"):
    return f"""
gateway: {{ name: test, limits: {{ body: 64KiB }} }}
listeners:
  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}" }}
backends:
  fleet: {{ protocol: protobuf, descriptors: fleet.pb, targets: [{{ url: "{url}" }}], timeout: 3s }}
endpoints:
  - {{ name: readings, path: /readings, methods: [POST], auth: [none], to: fleet, call: {{ {call} }} }}
  - {{ name: positions, path: "/positions/{{device}}", methods: [POST, PUT], auth: [none], to: fleet,
      call: {{ rpc: fleet.v1.Positions/Report }} }}
"""


def gateway(backend, **more):
    return Gateway(configuration(backend.url, **more), files={"fleet.pb": SET})


def post(running, path, body, *more):
    return curl("-H", "Content-Type: application/json", "-d", body, *more, running.url(path))


def test_a_reading_arrives_as_the_message():
    backend = RestBackend(acknowledge)
    with gateway(backend) as running:
        status, headers, body = post(running, "/readings", READING_TEXT)
        assert status == 200, body
        assert headers["content-type"].startswith("application/json"), headers
        assert json.loads(body) == {"accepted": True, "id": "r-17", "detail": ""}, body
    seen = backend.next()
    assert (seen.method, seen.path) == ("POST", "/v1/readings"), seen
    assert seen.headers["content-type"] == "application/x-protobuf", seen.headers
    assert Reading.FromString(seen.body) == Reading(**READING), seen
    backend.nothing_more()


def test_an_rpc_names_both_messages_and_any_method_posts():
    backend = RestBackend(acknowledge)
    with gateway(backend) as running:
        status, _, body = post(running, "/positions/ship-1", '{"latitude":59.9,"longitude":10.7,"speed":0}', "-X", "PUT")
        assert status == 200, body
    seen = backend.next()
    assert (seen.method, seen.path) == ("POST", "/positions/ship-1"), seen
    position = Position.FromString(seen.body)
    assert position.latitude == 59.9 and position.HasField("speed") and not position.HasField("course"), position


def test_what_does_not_fit_is_refused_and_never_sent():
    backend = RestBackend(acknowledge)
    with gateway(backend) as running:
        status, _, body = post(running, "/readings", '{"sensor":"t","colour":"red"}')
        assert status in (400, 422), body
        assert "no field named colour in fleet.v1.Reading" in body, body
        status, _, body = post(running, "/readings", '{"time":"soon"}')
        assert status in (400, 422) and "fleet.v1.Reading.time" in body, body
        status, _, body = post(running, "/readings", '{"value":')
        assert status == 400, body
        backend.nothing_more()
        assert running.process.poll() is None


def test_what_the_service_says_instead_is_passed_on():
    answers = iter([
        (404, {"Content-Type": "application/json"}, b'{"error":"no such device"}'),
        (200, {"Content-Type": "application/json"}, b'{"note":"not protobuf"}'),
        (200, {"Content-Type": "application/x-protobuf"}, b"\xff\xff"),
        (204, {}, b""),
        (200, {"Content-Type": "application/x-protobuf"}, b""),
    ])
    backend = RestBackend(lambda seen: next(answers))
    with gateway(backend) as running:
        status, _, body = post(running, "/readings", "{}")
        assert status == 404, (status, body)
        status, _, body = post(running, "/readings", "{}")
        assert status == 200 and json.loads(body) == {"note": "not protobuf"}, (status, body)
        status, _, body = post(running, "/readings", "{}")
        assert status == 502, (status, body)
        status, _, body = post(running, "/readings", "{}")
        assert status in (200, 204) and not body, (status, body)
        status, _, body = post(running, "/readings", "{}")
        assert json.loads(body) == {"accepted": False, "id": "", "detail": ""}, (status, body)


def test_an_absent_service_is_an_answer_too():
    backend = RestBackend(acknowledge)
    backend.close()
    with gateway(backend) as running:
        status, _, body = post(running, "/readings", READING_TEXT)
        assert status in (502, 503), (status, body)


def test_check_names_what_the_descriptors_do_not_have(folder=None):
    backend = RestBackend(acknowledge)
    with gateway(backend) as running:
        for call, why in [
                ("message: fleet.v1.Readings", "no message named fleet.v1.Readings in the descriptors; the nearest is fleet.v1.Reading"),
                ("rpc: fleet.v1.Position/Report", "the nearest is fleet.v1.Positions/Report"),
                ("path: /v1/readings", "call: names no message"),
                ("rpc: fleet.v1.Positions/Report, message: fleet.v1.Ack", "both"),
        ]:
            running.write(configuration(backend.url, call=call))
            checked = run(BINARY, "check", "-c", running.path, expect=2)
            assert why in checked.out + checked.err, (call, checked.out, checked.err)


if __name__ == "__main__":
    main(globals())
