"""A body of a device's own bytes becomes what its description says, whatever protocol it comes in: the bytes themselves over HTTP,
CoAP and MQTT, or as text in the JSON document of a LoRaWAN network server; what makes no sense is refused in the protocol's
words, with the byte and the field."""
import base64
import json
import os
import re
import tempfile

import support
from support import Gateway, RestBackend, curl, run
from support_coap_device import RealDevice

SENSOR = """meta: { id: sensor, endian: le }
params: [{ id: f_port, type: u1 }]
seq: [{ id: records, type: record, repeat: eos }]
types:
  record:
    seq:
      - { id: channel, type: u1 }
      - { id: kind, type: u1, valid: { any-of: [0x75, 0x67, 0x68] } }
      - { id: body, type: { switch-on: kind, cases: { 0x75: battery, 0x67: temperature, 0x68: humidity } } }
    -fairlead-emit: body
  battery: { seq: [{ id: battery, type: u1 }] }
  temperature: { seq: [{ id: temperature, type: s2, -fairlead-scale: 0.1, -fairlead-unit: Cel }] }
  humidity: { seq: [{ id: humidity, type: u1, -fairlead-scale: 0.5, -fairlead-unit: "%RH" }] }
-fairlead: { emit: { $merge: [records, { port: f_port }] } }
"""
PACK = """meta: { id: pack, endian: le }
seq: [{ id: temperature, type: s2, -fairlead-scale: 0.1, -fairlead-unit: Cel }]
-fairlead: { emit: { $senml: _root, $base: '"urn:dev:7:"' } }
"""
COMMAND = """meta: { id: command, endian: be }
seq:
  - { id: kind, type: u1 }
  - { id: length, type: u1 }
  - { id: body, size: length, type: { switch-on: kind, cases: { 1: interval, 2: limit } } }
types:
  interval: { seq: [{ id: tag, contents: [0x10] }, { id: seconds, type: u2 }] }
  limit: { seq: [{ id: degrees, type: s2, -fairlead-scale: 0.1 }] }
"""
BYTES = bytes([1, 0x75, 92, 3, 0x67, 52, 1, 4, 0x68, 101])
MEANS = {"battery": 92, "temperature": 30.8, "humidity": 50.5, "port": 5}
CONFIGURATION = """gateway: { name: box, state: state }
listeners:
  - { name: web, protocol: http, bind: {address}:{port_web} }
  - { name: coap, protocol: coap, bind: {address}:{port_coap} }
  - { name: mqtt, protocol: mqtt, bind: {address}:{port_mqtt} }
backends:
  rest: { protocol: rest, targets: [{ url: URL }] }
endpoints:
  - name: raw
    path: /raw/{device}/{port}
    methods: [POST]
    auth: [none]
    request: { decode: sensor.ksy, with: { f_port: "{port}" } }
    to: rest
    call: { path: "/v1/{device}" }
  - name: uplinks
    path: /uplinks
    methods: [POST]
    auth: [none]
    request: { decode: sensor.ksy, at: /data, with: { f_port: "{#/fPort}" } }
    to: rest
  - name: events
    path: /events
    methods: [POST]
    auth: [none]
    request: { decode: sensor.ksy, at: /uplink_message/frm_payload, encoding: hex, into: /uplink_message/decoded_payload,
               with: { f_port: "{?port=9}" } }
    to: rest
    call: { as: application/cbor }
  - { name: packs, path: /packs, methods: [POST], auth: [none], request: { decode: pack.ksy }, to: rest,
      call: { as: application/senml+json } }
  - { name: commands, path: /commands, methods: [POST], auth: [none], to: rest, call: { encode: command.ksy } }
  - { name: intervals, path: "/intervals/{device}", methods: [PUT], auth: [none], to: rest,
      call: { method: POST, path: "/down/{device}", encode: command.ksy, type: interval, as: application/vnd.maker,
              with: { seconds: "{#/minutes}" } } }
  - { name: downlinks, path: "/downlinks/{eui}", methods: [POST], auth: [none], to: rest,
      call: { path: "/api/devices/{eui}/queue", encode: command.ksy, at: /queueItem/data,
              with: { queueItem: { confirmed: true, fPort: 10, data: "{#}" } } } }
  - { name: digits, path: /digits, methods: [POST], auth: [none], to: rest,
      call: { encode: command.ksy, at: /payload, encoding: hex, as: application/cbor } }
  - { name: kept, path: /kept, methods: [GET, POST], auth: [none], keep: last, request: { decode: pack.ksy } }
"""


def gateway_for(backend, **more):
    return Gateway(CONFIGURATION.replace("URL", backend.url), files={"sensor.ksy": SENSOR, "pack.ksy": PACK, "command.ksy": COMMAND}, **more)


def payload_file(gateway, content):
    path = os.path.join(gateway.folder, "payload.bin")
    with open(path, "wb") as out:
        out.write(content)
    return path


def over_http(gateway, path, content, media="application/octet-stream"):
    return curl(gateway.url(path), "-H", f"Content-Type: {media}" if media else "Content-Type:",
                "--data-binary", f"@{payload_file(gateway, content)}")


def over_coap(gateway, path, content):
    done = run("coap-client-openssl", "-m", "post", "-v", "6", "-B", "10", "-f", payload_file(gateway, content),
               f"coap://{gateway.address}:{gateway.port('coap')}{path}")
    return done.out + done.err


def over_mqtt(gateway, path, content):
    done = run("mosquitto_pub", "-h", gateway.address, "-p", gateway.port("mqtt"), "-V", "5", "-q", "1", "-i", "sensor",
               "-t", path.lstrip("/"), "-f", payload_file(gateway, content), "-d", expect=None)
    return done.out + done.err


def test_bytes_of_a_device_arrive_as_json_whatever_was_spoken():
    backend = RestBackend()
    with gateway_for(backend) as gateway:
        for media in ("application/octet-stream", "", "application/vnd.maker.frame"):
            assert over_http(gateway, "/raw/d1/5", BYTES, media)[0] == 200
        assert "2.04" in over_coap(gateway, "/raw/d1/5", BYTES)
        assert "received PUBACK" in over_mqtt(gateway, "/raw/d1/5", BYTES)
        for _ in range(5):
            seen = backend.next()
            assert (seen.path, seen.headers["content-type"]) == ("/v1/d1", "application/json"), seen
            assert seen.json() == MEANS and b"30.8" in seen.body, seen
    backend.nothing_more()
    backend.close()


def test_a_network_servers_document_is_looked_into():
    backend = RestBackend()
    with gateway_for(backend) as gateway:
        event = {"deviceInfo": {"devEui": "0102"}, "fPort": 5, "data": base64.b64encode(BYTES).decode()}
        assert over_http(gateway, "/uplinks", json.dumps(event).encode(), "application/json")[0] == 200
        assert backend.next().json() == MEANS
        event = {"end_device_ids": {"device_id": "x"}, "uplink_message": {"frm_payload": BYTES.hex(), "f_cnt": 3}}
        assert over_http(gateway, "/events?port=7", json.dumps(event).encode(), "application/json")[0] == 200
        seen = backend.next()
        assert seen.headers["content-type"] == "application/cbor"
        assert b"decoded_payload" in seen.body and b"end_device_ids" in seen.body and b"f_cnt" in seen.body, seen
    backend.close()


def test_senml_and_the_last_value():
    backend = RestBackend()
    with gateway_for(backend) as gateway:
        assert over_http(gateway, "/packs", b"\x34\x01")[0] == 200
        seen = backend.next()
        assert seen.headers["content-type"] == "application/senml+json"
        assert seen.json() == [{"n": "urn:dev:7:temperature", "u": "Cel", "v": 30.8}]
        status, _, body = over_http(gateway, "/kept", b"\x34\x01")
        assert status < 300, body
        status, headers, body = curl(gateway.url("/kept"))
        assert (status, headers["content-type"]) == (200, "application/json")
        assert json.loads(body)[0]["v"] == 30.8, body
        status, headers, body = curl(gateway.url("/kept"), "-H", "Accept: application/senml+json")
        assert headers["content-type"] == "application/senml+json" and b'"Cel"' in body.encode(), body
    backend.close()


def test_what_makes_no_sense_is_refused_in_the_protocols_words():
    backend = RestBackend()
    with gateway_for(backend) as gateway:
        status, _, body = over_http(gateway, "/raw/d1/5", BYTES[:5])
        assert status == 400, body
        assert "sensor.ksy: byte 5, in records[1].body.temperature" in json.loads(body)["detail"], body
        status, _, body = over_http(gateway, "/raw/d1/5", b"\1\x99")
        assert status == 400 and "byte 1, in records[0].kind" in json.loads(body)["detail"], body
        assert over_http(gateway, "/raw/d1/port", BYTES)[0] == 400
        assert "4.00" in over_coap(gateway, "/raw/d1/5", BYTES[:5])
        said = over_mqtt(gateway, "/raw/d1/5", BYTES[:5])
        assert "RC:153" in said, said
        for document, why in (({"fPort": 5}, "no payload at /data"), ({"data": "A", "fPort": 5}, "no base64"),
                              ({"data": 5}, "no payload at /data"), ([1], "no payload at /data")):
            status, _, body = over_http(gateway, "/uplinks", json.dumps(document).encode(), "application/json")
            assert status == 400 and why in json.loads(body)["detail"], (document, body)
        assert over_http(gateway, "/uplinks", b"{", "application/json")[0] == 400
        gateway.wait_log("sensor.ksy: byte 5, in records[1].body.temperature")
        backend.nothing_more()
        assert over_http(gateway, "/raw/d1/5", BYTES)[0] == 200
    backend.close()


def test_commands_are_written_as_the_device_wants_them():
    backend = RestBackend()
    with gateway_for(backend) as gateway:
        def send(path, value, method="POST"):
            return curl(gateway.url(path), "-X", method, "-H", "Content-Type: application/json", "-d", json.dumps(value))

        assert send("/commands", {"kind": 1, "body": {"seconds": 600}})[0] == 200
        seen = backend.next()
        assert (seen.headers["content-type"], seen.body) == ("application/octet-stream", bytes([1, 3, 0x10, 2, 88])), seen
        assert send("/commands", {"kind": 2, "body": {"degrees": -2.5}})[0] == 200
        assert backend.next().body == bytes([2, 2, 0xff, 0xe7])
        assert send("/intervals/d7", {"minutes": 10}, "PUT")[0] == 200
        seen = backend.next()
        assert (seen.method, seen.path, seen.headers["content-type"]) == ("POST", "/down/d7", "application/vnd.maker"), seen
        assert seen.body == bytes([0x10, 0, 10])
        assert send("/downlinks/0102", {"kind": 1, "body": {"seconds": 600}})[0] == 200
        seen = backend.next()
        assert (seen.path, seen.headers["content-type"]) == ("/api/devices/0102/queue", "application/json"), seen
        assert seen.json() == {"queueItem": {"confirmed": True, "fPort": 10, "data": "AQMQAlg="}}, seen
        assert send("/digits", {"id": 7, "payload": {"kind": 2, "body": {"degrees": 1}}})[0] == 200
        assert b"0202000a" in backend.next().body
        status, _, body = send("/digits", {"id": 7})
        assert status == 422 and "nothing at /payload" in json.loads(body)["detail"], body
        for wrong, why in (({"kind": 1, "body": {"seconds": 70000}}, "body.seconds"), ({"kind": 1}, "body.seconds"),
                           ({"kind": 1, "body": {"seconds": "x"}}, "body.seconds")):
            status, _, body = send("/commands", wrong)
            assert status == 422 and "command.ksy: " + why in json.loads(body)["detail"], body
        backend.nothing_more()
    backend.close()


def test_a_command_reaches_a_real_device_as_bytes():
    with RealDevice() as device:
        configuration = f"""gateway: {{ name: box }}
listeners: [ {{ name: web, protocol: http, bind: {{address}}:{{port_web}} }} ]
backends: {{ meters: {{ protocol: coap, targets: [{{ url: "{device.url()}" }}] }} }}
endpoints:
  - {{ name: limit, path: /limit, methods: [PUT], auth: [none], to: meters,
      call: {{ path: /meter, encode: command.ksy, with: {{ kind: 2, body: {{ degrees: "{{#/value}}" }} }} }} }}
  - {{ name: meter, path: /meter, methods: [GET], auth: [none], to: meters, call: {{ path: /meter }} }}
"""
        with Gateway(configuration, files={"command.ksy": COMMAND}) as gateway:
            status, _, body = curl(gateway.url("/limit"), "-X", "PUT", "--json", '{"value":21.5}')
            assert status == 201, body
            kept = os.path.join(gateway.folder, "kept.bin")
            status, headers, _ = curl(gateway.url("/meter"), "-D", "-", "-o", kept)
            assert (status, headers["content-type"]) == (200, "application/octet-stream"), headers
            with open(kept, "rb") as content:
                assert content.read().endswith(b"\r\n\r\n" + bytes([2, 2, 0, 215]))


def test_a_reload_reads_the_description_again():
    backend = RestBackend()
    with gateway_for(backend) as gateway:
        path = os.path.join(gateway.folder, "sensor.ksy")

        def change(text):
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
            gateway.reload()

        change(SENSOR.replace("type: s2", "type: s3"))
        gateway.wait_log("sensor.ksy:12:49: the type \"s3\" is not known")
        assert over_http(gateway, "/raw/d1/5", BYTES)[0] == 200
        assert backend.next().json() == MEANS
        change(SENSOR.replace("id: battery", "id: charge"))
        assert over_http(gateway, "/raw/d1/5", BYTES)[0] == 200
        assert backend.next().json()["charge"] == 92
    backend.close()


def test_mistakes_in_the_file_have_their_place():
    mistakes = [("decode: sensor.ksy, with: { f_port: \"{port}\" }", "decode: sensor.ksy, with: { fport: 5 }",
                 "no parameter \"fport\""),
                ("with: { f_port: \"{port}\" }", "with: { f_port: \"{who}\" }", "has no {who}"),
                ("with: { f_port: \"{port}\" }", "with: { f_port: \"{#/x}\" }", "goes with `at`"),
                ("at: /data,", "at: data,", "a JSON pointer is expected"),
                ("request: { decode: pack.ksy }, to", "request: { decode: pack.ksy, into: /x }, to", "goes with `at`"),
                ("encoding: hex", "encoding: octal", "octal"),
                ("encode: command.ksy }", "encode: command.ksy, type: nothing }", "no type \"nothing\""),
                ("encode: command.ksy }", "type: interval }", "goes with encode"),
                ("encode: command.ksy }", "encode: none.ksy }", "none.ksy"),
                ("encode: command.ksy }", "encode: command.ksy, at: data }", "a JSON pointer is expected"),
                ("encode: command.ksy }", "encoding: hex }", "goes with encode"),
                ("request: { decode: sensor.ksy, at", "request: { decode: fairlead.yaml, at", "ends in .ksy")]
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("sensor.ksy", SENSOR), ("pack.ksy", PACK), ("command.ksy", COMMAND)):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
                out.write(text)
        path = os.path.join(folder, "fairlead.yaml")
        right = re.sub(r"{address}:{port_\w+}", "127.0.0.1:0", CONFIGURATION).replace("URL", "http://127.0.0.1:9")
        for old, new, said in [("", "", None)] + mistakes:
            assert old in right, old
            with open(path, "w", encoding="utf-8") as out:
                out.write(right.replace(old, new, 1))
            done = run(support.BINARY, "check", "-c", path, expect=2 if said else 0)
            assert not said or (said in done.err and re.search(r"fairlead.yaml:\d+:\d+: ", done.err)), (new, done.err)


if __name__ == "__main__":
    support.main(globals())
