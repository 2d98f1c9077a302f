"""The main promise: one reading, sent in every protocol, arrives at a REST backend as the same JSON and at a protobuf
backend as the same message; without the endpoint's role it is refused in the protocol's own words."""
import os
import socket
import subprocess
import sys
import tempfile

import support
from support import Gateway, READING, READING_TEXT, RestBackend, TOKENS, curl, fleet, run

LISTENERS = """  - { name: web, protocol: http, bind: {address}:{port_web} }
  - { name: coap, protocol: coap, bind: {address}:{port_coap}, token_in_query: accept }
  - { name: mqtt, protocol: mqtt, bind: {address}:{port_mqtt} }
  - { name: frames, protocol: binary, bind: tcp://{address}:{port_frames}, frame: SCHEMAS/frames/reading.ksy }
""".replace("SCHEMAS", os.path.join(support.SOURCE, "schemas"))

ENVELOPE = """<?xml version="1.0" encoding="utf-8"?>
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>
<r:ReportReading xmlns:r="urn:fairlead:readings"><device>%s</device><sensor>temperature</sensor><value>81.4</value><unit>Cel</unit>
<time>1764057600123456789</time></r:ReportReading></soap:Body></soap:Envelope>"""


def send_http(gateway, device):
    status, _, body = curl(gateway.url(f"/ships/sensors/{device}"), "-H", "Authorization: Bearer secret-of-engine-7",
                           "-H", "Content-Type: application/json", "-d", READING_TEXT)
    return {200: "ok", 204: "ok", 403: "forbidden"}.get(status, status), body


def send_coap(gateway, device):
    done = run("coap-client-openssl", "-m", "post", "-t", "json", "-v", "6", "-e", READING_TEXT, "-B", "10",
               f"coap://{gateway.address}:{gateway.port('coap')}/ships/sensors/{device}?access_token=secret-of-engine-7")
    text = done.out + done.err
    return ("forbidden" if "4.03" in text else "ok" if "2.04" in text else text), text


def send_mqtt(gateway, device):
    done = run("mosquitto_pub", "-h", gateway.address, "-p", gateway.port("mqtt"), "-V", "5", "-q", "1", "-u", "engine-7",
               "-P", "secret-of-engine-7", "-t", f"ships/sensors/{device}", "-m", READING_TEXT, "-d", expect=None)
    text = done.out + done.err
    if "RC:135" in text or "Not authorized" in text:
        return "forbidden", text
    return ("ok" if "received PUBACK" in text or done.returncode == 0 else text), text


def send_soap(gateway, device):
    status, headers, body = curl(gateway.url("/ships"), "-H", "Authorization: Bearer secret-of-engine-7", "-H",
                                 "Content-Type: text/xml; charset=utf-8", "-H", 'SOAPAction: ""', "-d", ENVELOPE % device)
    assert headers["content-type"].startswith("text/xml"), headers
    if status == 200 and "ReportReadingResponse" in body:
        return "ok", body
    assert status == 500 and "Fault" in body, body
    return ("forbidden" if "may not POST" in body else body), body


def send_frame(gateway, device):
    """Login as engine-7, then a reading; a frame cannot name another device than the one that logged in."""
    sender = os.path.join(support.SOURCE, "board", "demo", "send-frame")
    frames = subprocess.run([sender, "engine-7", "secret-of-engine-7" if device == "engine-7" else "guessed"],
                            stdout=subprocess.PIPE, check=True, timeout=support.DEADLINE_S).stdout
    with socket.create_connection((gateway.address, gateway.port("frames")), support.DEADLINE_S) as connection:
        connection.sendall(frames)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while True:
            more = connection.recv(4096)
            if not more:
                break
            answer += more
    # An ack for the login and one for the reading; or a nak for the login, and the end.
    taken, refused = answer.count(b"\xfa\x06\0\0"), answer.count(b"\xfa\x15\0\0")
    return {(2, 0): "ok", (0, 1): "forbidden"}.get((taken, refused), (taken, refused)), answer


SENDERS = [send_http, send_coap, send_mqtt, send_soap, send_frame]


def test_the_same_json_arrives_whatever_was_spoken():
    backend = RestBackend()
    with Gateway(fleet(backend.url, LISTENERS), environment=TOKENS) as gateway:
        for send in SENDERS:
            outcome, said = send(gateway, "engine-7")
            assert outcome == "ok", (send.__name__, said)
            seen = backend.next()
            assert (seen.method, seen.path) == ("POST", "/v1/readings/engine-7"), (send.__name__, seen)
            assert seen.headers["content-type"] == "application/json", (send.__name__, seen.headers)
            assert seen.json() == READING, (send.__name__, seen)
            assert b"1764057600123456789" in seen.body and b"81.4" in seen.body, seen
            assert seen.headers["x-fairlead-client"] == "engine-7", (send.__name__, seen.headers)
    backend.nothing_more()
    backend.close()


def test_another_devices_path_is_refused_whatever_was_spoken():
    backend = RestBackend()
    with Gateway(fleet(backend.url, LISTENERS), environment=TOKENS) as gateway:
        for send in SENDERS:
            outcome, said = send(gateway, "engine-8")
            assert outcome == "forbidden", (send.__name__, said)
    backend.nothing_more()
    backend.close()


def descriptor_set():
    """(bytes of the FileDescriptorSet, the Python message class) of schemas/proto/fleet.proto."""
    folder = tempfile.mkdtemp(prefix="fairlead-proto-")
    proto = os.path.join(support.SOURCE, "schemas", "proto")
    run("protoc", "-I", proto, "--include_imports", f"--descriptor_set_out={folder}/fleet.pb", f"--python_out={folder}",
        os.path.join(proto, "fleet.proto"))
    sys.path.insert(0, folder)
    import fleet_pb2  # pylint: disable=import-error,import-outside-toplevel
    with open(f"{folder}/fleet.pb", "rb") as content:
        return content.read(), fleet_pb2


def test_the_same_message_arrives_at_a_protobuf_backend():
    descriptors, fleet_pb2 = descriptor_set()
    backend = RestBackend(lambda seen: (200, {"Content-Type": "application/x-protobuf"}, b""))
    configuration = fleet(backend.url, LISTENERS).replace("protocol: rest,", "protocol: protobuf, descriptors: fleet.pb,").replace(
        'path: "/v1/readings/{device}", as: application/json', 'path: "/v1/readings/{device}", message: fleet.v1.Reading')
    # The other endpoints' bodies are no message of the set: they get a console.
    head, _, tail = configuration.partition("  - name: ship-admin\n")
    configuration = head.replace("backends:", "backends:\n  screen: { protocol: console }") + "  - name: ship-admin\n" + \
        tail.replace("to: telemetry", "to: screen")
    with Gateway(configuration, files={"fleet.pb": descriptors}, environment=TOKENS) as gateway:
        for send in SENDERS:
            outcome, said = send(gateway, "engine-7")
            assert outcome == "ok", (send.__name__, said)
            seen = backend.next()
            assert seen.headers["content-type"].startswith("application/x-protobuf"), seen.headers
            message = fleet_pb2.Reading.FromString(seen.body)
            assert (message.sensor, message.value, message.unit, message.time) == \
                ("temperature", 81.4, "Cel", 1764057600123456789), (send.__name__, message)
        outcome, _ = send_http(gateway, "engine-8")
        assert outcome == "forbidden"
    backend.nothing_more()
    backend.close()


if __name__ == "__main__":
    support.main(globals())
