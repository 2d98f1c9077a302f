"""A device acts as itself and for those that it is trusted with, wherever its id stands: in the path or topic, or in what it
sends (`subject`); over HTTP, CoAP, MQTT, SOAP and frames. The service behind is told who sent it and for whom."""
import json
import os
import socket
import subprocess

import support
from support import Gateway, RestBackend, curl, run
from support_coap import POST, connect

CONFIG = """
gateway: {{ name: test, state: state, limits: {{ body: 64KiB }} }}
listeners:
  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}" }}
  - {{ name: coap, protocol: coap, bind: "{{address}}:{{port_coap}}", token_in_query: accept }}
  - {{ name: mqtt, protocol: mqtt, bind: "{{address}}:{{port_mqtt}}" }}
  - {{ name: frames, protocol: binary, bind: "tcp://{{address}}:{{port_frames}}", frame: {frames} }}
auth:
  token: {{ method: token }}
roles:
  sensor: {{ allow: ["POST /ships/sensors/{{self}}", "GET /values/{{self}}", "PUT /values/{{self}}"] }}
  reporter: {{ allow: ["POST /readings", "POST /soap/{{device}}"] }}
  admin: {{ allow: ["* /ships/*"], inherits: [reporter] }}
clients:
  - {{ id: engine-7, roles: [sensor, reporter], token: env:TOKEN_7 }}
  - {{ id: hub, roles: [sensor, reporter], token: env:TOKEN_8, acts_for: [pump-1, "valve-*"] }}
  - {{ id: captain, roles: [admin], token: env:TOKEN_CAPTAIN }}
backends:
  telemetry: {{ protocol: rest, targets: [{{ url: {url} }}] }}
endpoints:
  - {{ name: by-path, path: "/ships/sensors/{{device}}", methods: [POST, GET], auth: [token], subject: "{{device}}",
      protocols: [http, coap, mqtt], to: telemetry }}
  - {{ name: by-frame, path: "/ships/sensors/{{device}}", methods: [POST], auth: [token], subject: /sensor,
      protocols: [binary], to: telemetry, call: {{ as: application/json }} }}
  - {{ name: by-body, path: /readings, methods: [POST, GET], auth: [token], subject: /deviceId, to: telemetry }}
  - {{ name: by-message, path: "/soap/{{kind}}", methods: [POST], auth: [token], subject: /device, operation: Report,
      protocols: [soap], to: telemetry, call: {{ as: application/json }} }}
  - {{ name: values, path: "/values/{{device}}", methods: [GET, PUT], auth: [token], keep: last }}
"""
SEVEN, HUB, CAPTAIN = support.TOKENS["TOKEN_7"], support.TOKENS["TOKEN_8"], support.TOKENS["TOKEN_CAPTAIN"]
LOGINS = {SEVEN: "engine-7", HUB: "hub", CAPTAIN: "captain"}
ENVELOPE = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><r:Report xmlns:r="urn:x"><kind>x</kind>%s<value>1</value>
</r:Report></s:Body></s:Envelope>"""


def gateway(backend):
    frames = os.path.join(support.SOURCE, "schemas", "frames", "reading.ksy")
    return Gateway(CONFIG.format(url=backend.url, frames=frames), environment=support.TOKENS)


# Each sends what is about `device` with a token; True: taken, False: refused as forbidden, in the protocol's own words.
def http(box, path, token, body, media="application/json"):
    status, _, text = curl("-H", f"Authorization: Bearer {token}", "-H", f"Content-Type: {media}", "--data-binary",
                           body, box.url(path))
    assert status in (200, 403), (status, text)
    return status == 200


def coap(box, path, token, body, form=50):
    answer = connect(box).call(POST, path, body.encode(), token=token, form=form)
    assert answer.code in ("2.04", "4.03"), (answer.code, answer.payload)
    return answer.code == "2.04"


def mqtt(box, path, token, body):
    done = run("mosquitto_pub", "-h", box.address, "-p", box.port("mqtt"), "-V", "5", "-q", "1", "-u", LOGINS[token], "-P", token,
               "-t", path.strip("/"), "-m", body, "-D", "publish", "content-type", "application/json", "-d", expect=None)
    refused = "RC:135" in done.out + done.err or "Not authorized" in done.out + done.err
    assert refused or "received PUBACK" in done.out, done.out + done.err
    return not refused


def soap(box, token, members):
    status, _, text = curl("-H", f"Authorization: Bearer {token}", "-H", "Content-Type: text/xml", "-H", 'SOAPAction: ""', "-d",
                           ENVELOPE % members, box.url("/soap"))
    assert status in (200, 500) and ("Fault" in text) == (status == 500), (status, text)
    return status == 200


def frame(box, token, sensor):
    sender = os.path.join(support.SOURCE, "board", "demo", "send-frame")
    frames = subprocess.run([sender, LOGINS[token], token, sensor, "1", "Cel", "1"], stdout=subprocess.PIPE, check=True,
                            timeout=support.DEADLINE_S).stdout
    with socket.create_connection((box.address, box.port("frames")), support.DEADLINE_S) as connection:
        connection.sendall(frames)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while True:
            more = connection.recv(4096)
            if not more:
                break
            answer += more
    # The login is taken; then the reading is, or is not.
    return {(2, 0): True, (1, 1): False}[(answer.count(b"\xfa\x06\0\0"), answer.count(b"\xfa\x15\0\0"))]


# (token, the device, whether it may, for whom that is)
WHO = [(SEVEN, "engine-7", True, None), (SEVEN, "engine-8", False, None), (SEVEN, "pump-1", False, None), (SEVEN, "Engine-7", False, None),
       (HUB, "hub", True, None), (HUB, "pump-1", True, "pump-1"), (HUB, "valve-9", True, "valve-9"), (HUB, "pump-2", False, None),
       (HUB, "valve-", False, None), (HUB, "engine-7", False, None), (CAPTAIN, "engine-7", False, None), (CAPTAIN, "captain", True, None)]


def body_of(device):
    return json.dumps({"deviceId": device, "value": 1})


def went(backend, token, taken, expected, behalf, what):
    assert taken == expected, what
    if not taken:
        backend.nothing_more()
        return
    seen = backend.next()
    assert seen.headers["x-fairlead-client"] == LOGINS[token], (what, seen.headers)
    assert seen.headers.get("x-fairlead-on-behalf-of") == behalf, (what, seen.headers)


def test_the_id_in_the_path_or_topic():
    backend = RestBackend()
    with gateway(backend) as box:
        for token, device, may, behalf in WHO:
            path = f"/ships/sensors/{device}"
            for send in (http, coap, mqtt):
                went(backend, token, send(box, path, token, "1"), may, behalf, (send.__name__, LOGINS[token], device))
        box.wait_log("why=\"captain may not speak for another")


def test_the_id_in_the_message():
    backend = RestBackend()
    with gateway(backend) as box:
        for token, device, may, behalf in WHO:
            what = (LOGINS[token], device)
            for send in (http, coap, mqtt):
                went(backend, token, send(box, "/readings", token, body_of(device)), may, behalf, (send.__name__, *what))
            went(backend, token, soap(box, token, f"<device>{device}</device>"), may, behalf, ("soap", *what))
            if token != CAPTAIN:
                went(backend, token, frame(box, token, device), may, behalf, ("frame", *what))
            xml = f"<r><deviceId>{device}</deviceId></r>"
            went(backend, token, http(box, "/readings", token, xml, "application/xml"), may, behalf, ("xml", *what))
        box.wait_log("why=\"engine-7 may not speak for engine-8\"")


def test_what_does_not_say_whom_it_is_about():
    backend = RestBackend()
    with gateway(backend) as box:
        for body in ("{}", '{"deviceid":"engine-7"}', '{"deviceId":["engine-7"]}', '{"deviceId":"engine-7","DeviceID":"engine-8"}',
                     '{"deviceId":"engine-8","deviceId":"engine-7"}', '[{"deviceId":"engine-7"},{"deviceId":"engine-8"}]', '"engine-7"', '{"deviceId":""}'):
            assert not http(box, "/readings", SEVEN, body), body
            assert not coap(box, "/readings", SEVEN, body), body
            assert not mqtt(box, "/readings", SEVEN, body), body
        assert not soap(box, SEVEN, "")
        assert not soap(box, SEVEN, "<device>engine-7</device><device>engine-8</device>")
        authorization = f"Authorization: Bearer {SEVEN}"
        assert curl("-X", "POST", "-H", authorization, box.url("/readings"))[0] == 403
        assert curl("-H", authorization, "--json", '{"deviceId":', box.url("/readings"))[0] == 400
        assert curl("-H", authorization, "-H", "Content-Type: application/x-thing", "-d", "x", box.url("/readings"))[0] == 415
        assert curl("--json", body_of("engine-7"), box.url("/readings"))[0] == 401
        backend.nothing_more()


def test_the_body_arrives_as_it_was():
    backend = RestBackend()
    with gateway(backend) as box:
        body = '{ "deviceId" : "engine\\u002d7", "value": 81.40, "time": 1764057600123456789 }'
        assert http(box, "/readings", SEVEN, body)
        assert backend.next().body == body.encode()


def test_nobody_says_himself_for_whom_he_acts():
    backend = RestBackend()
    with gateway(backend) as box:
        status, _, _ = curl("-H", f"Authorization: Bearer {SEVEN}", "-H", "X-Fairlead-On-Behalf-Of: pump-1", "-H",
                            "X_Fairlead_On_Behalf_Of: pump-1", "--json", body_of("engine-7"), box.url("/readings"))
        assert status == 200
        assert not [name for name in backend.next().headers if "behalf" in name]


def test_values_of_those_it_acts_for_can_be_followed():
    backend = RestBackend()
    with gateway(backend) as box:
        for token, device, may in ((SEVEN, "engine-7", True), (SEVEN, "pump-1", False), (HUB, "pump-1", True), (HUB, "pump-2", False)):
            status, _, _ = curl("-X", "PUT", "-H", f"Authorization: Bearer {token}", "--json", f'"{device}"', box.url(f"/values/{device}"))
            assert status == (201 if may else 403), (device, status)
        # In the order in which they came: the first is not the first that the hub may hear.
        done = run("mosquitto_sub", "-h", box.address, "-p", box.port("mqtt"), "-V", "5", "-u", "hub", "-P", HUB, "-t", "values/#", "-C", "1")
        assert done.out.split() == ['"pump-1"'], done.out + done.err
        _, _, links = curl("-H", f"Authorization: Bearer {HUB}", box.url("/.well-known/core"))
        assert "</ships/sensors/pump-1>" in links and "</ships/sensors/hub>" in links and "engine-7" not in links, links


support.main(globals())
