"""Each caller gets the answer in the notation that it accepts, and each backend the body in the one that it takes."""
import base64
import json
import os
import tempfile

import support
from support_coap import ACCEPT, CBOR, GET, JSON, POST, PUT, coap_client, connect, listener, number

TEXT, OCTETS, XML, SENML_JSON, SENSML_JSON, SENML_CBOR, PNG = 0, 42, 41, 110, 111, 112, 23
TIME = "1764057600.123456789"
PACK = f'[{{"n":"urn:dev:valve-3","u":"Cel","v":81.40,"t":{TIME}}}]'
MAP = '{"a":1}'
LISTENERS = listener() + """
  - { name: web, protocol: http, bind: "{address}:{port_web}" }
  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}" }"""
AS_JSON = """
  - { name: json, path: "/json/{thing}", methods: [POST, PUT], auth: [none], to: telemetry, call: { as: application/json } }
  - { name: senml, path: "/senml/{thing}", methods: [POST], auth: [none], to: telemetry, call: { as: application/senml+cbor } }
"""


def gateway(backend):
    return support.Gateway(support.fleet(backend.url, LISTENERS, AS_JSON), environment=support.TOKENS)


def json_backend(body):
    return support.RestBackend(lambda seen: (200, {"Content-Type": "application/json"}, body.encode()))


def coap_get(box, accept, path="/open/x"):
    """coap-client's own view: what it prints (a refusal), and the bytes that it was given."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "answer")
        said = coap_client(box, "get", path, "-A", str(accept), "-o", out)
        content = b""
        if os.path.exists(out):
            with open(out, "rb") as answer:
                content = answer.read()
        return said, content


def http_get(box, accept, path="/open/x"):
    """(status, media type, body bytes) by curl."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "answer")
        done = support.run("curl", "-sS", "--max-time", support.DEADLINE_S, "-o", out, "-w",
                           "%{http_code} %{content_type}", "-H", f"Accept: {accept}", box.url(path))
        with open(out, "rb") as answer:
            status, _, media = done.out.partition(" ")
            return int(status), media, answer.read()


def cbor_text(text):
    return bytes([0x60 | len(text)]) + text.encode()


# urn:dev:valve-3, 81.4 as a double, and the time with all of its digits: a decimal fraction, tag 4.
PACK_CBOR = (b"\x81\xa4\x00" + cbor_text("urn:dev:valve-3") + b"\x01\x63Cel\x02\xfb\x40\x54\x59\x99\x99\x99\x99\x9a"
             + b"\x06\xc4\x82\x28\x1b" + (1764057600123456789).to_bytes(8, "big"))


def test_each_notation_by_coap_client_and_by_curl():
    for body, forms in (
            (PACK, ((JSON, "application/json", PACK.encode()),
                    (SENML_JSON, "application/senml+json", PACK.encode()),
                    (SENML_CBOR, "application/senml+cbor", PACK_CBOR))),
            (MAP, ((JSON, "application/json", MAP.encode()), (CBOR, "application/cbor", b"\xa1aa\x01"))),
            ("81.40", ((TEXT, "text/plain;charset=utf-8", b"81.40"), (JSON, "application/json", b"81.40"))),
            ('"warm"', ((TEXT, "text/plain;charset=utf-8", b"warm"), (CBOR, "application/cbor", cbor_text("warm"))))):
        backend = json_backend(body)
        with gateway(backend) as box:
            for form, media, expected in forms:
                said, content = coap_get(box, form)
                assert content == expected, (form, said, content, expected)
                status, given, content = http_get(box, media)
                assert (status, given, content) == (200, media, expected), (media, status, given, content)


def test_bytes():
    backend = support.RestBackend(lambda seen: (200, {"Content-Type": "application/octet-stream"}, b"\x00\x01\xfe"))
    with gateway(backend) as box:
        assert coap_get(box, OCTETS)[1] == b"\x00\x01\xfe"
        assert coap_get(box, CBOR)[1] == b"\x43\x00\x01\xfe"
        assert http_get(box, "application/json")[2] == b'"AAH+"'
        assert http_get(box, "*/*") == (200, "application/octet-stream", b"\x00\x01\xfe")


def test_what_cannot_be_had_is_refused_and_said():
    backend = json_backend(MAP)
    with gateway(backend) as box:
        for form in (TEXT, OCTETS, SENML_JSON, SENML_CBOR, PNG):
            said, content = coap_get(box, form)
            assert "4.06 there is application/js" in said and not content, (form, said, content)
            answer = connect(box).call(GET, "/open/x", options=[(ACCEPT, number(form))])
            assert answer.code == "4.06" and answer.payload.startswith(b"there is "), (form, answer.payload)
        status, media, content = http_get(box, "image/png, text/plain;q=0.5")
        assert (status, media) == (406, "application/problem+json"), (status, media)
        assert json.loads(content)["detail"] == \
            "there is application/json, application/cbor, application/xml", content
        status, headers, _ = support.curl("-I", "-H", "Accept: image/png", box.url("/open/x"))
        assert status == 406, (status, headers)
        assert box.counters("coap")["answered.not-acceptable"] == 10


def test_after_an_effect_the_answer_goes_out_as_it_came():
    backend = json_backend(MAP)
    with gateway(backend) as box:
        for method in (POST, PUT):
            answer = connect(box).call(method, "/open/x", b"{}", form=JSON, options=[(ACCEPT, number(PNG))])
            assert (answer.code, answer.option(12), answer.payload) == ("2.04", number(JSON), MAP.encode())
            backend.next()
        backend.nothing_more()


def test_a_service_is_told_that_json_will_do():
    backend = json_backend(MAP)
    with gateway(backend) as box:
        assert coap_get(box, CBOR)[1] == b"\xa1aa\x01"
        assert backend.next().headers["accept"] == "application/cbor, application/json;q=0.001"
        http_get(box, "application/*")
        assert backend.next().headers["accept"] == "application/*"


def test_a_browser_gets_json_and_no_xml():
    backend = json_backend(MAP)
    with gateway(backend) as box:
        accept = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
        assert http_get(box, accept)[1:] == ("application/json", MAP.encode())
        assert http_get(box, "application/cbor, */*;q=0.1")[1:] == ("application/cbor", b"\xa1aa\x01")
        assert http_get(box, "application/xml")[1] == "application/xml"
        assert coap_get(box, XML)[1].startswith(b"<?xml")


SHORT = b'[{"bn":"ship7/","bt":1764057600,"bu":"Cel","bv":20.1},{"n":"oil","v":0.2,"t":0.123456789},{"n":"log","vd":"AP8"}]'
RESOLVED = b'[{"n":"ship7/oil","u":"Cel","v":20.3,"t":1764057600.123456789},{"n":"ship7/log","u":"Cel","vd":"AP8=","t":1764057600}]'


def test_senml_is_resolved_for_who_does_not_speak_it():
    backend = support.RestBackend()
    with gateway(backend) as box:
        for form in (SENML_JSON, SENSML_JSON):
            assert connect(box).call(POST, "/json/x", SHORT, form=form).code == "2.04"
            seen = backend.next()
            assert (seen.headers["content-type"], seen.body) == ("application/json", RESOLVED), seen.body
        said = coap_client(box, "post", "/json/x", "-t", str(SENML_JSON), "-e", SHORT.decode())
        assert backend.next().body == RESOLVED, said
        pack = b"\x81\xa3\x21\x65ship7\x24\x14\x02\xf9\x34\x00"
        assert connect(box).call(POST, "/json/x", pack, form=SENML_CBOR).code == "2.04"
        assert backend.next().body == b'[{"n":"ship7","v":20.25}]'
        status, _, body = support.curl("-H", "Content-Type: application/senml+json", "--data-binary", SHORT.decode(),
                                       box.url("/json/x"))
        assert status == 200, body
        assert backend.next().body == RESOLVED
        support.run("mosquitto_pub", "-V", "5", "-h", box.address, "-p", box.port("mqtt"), "-q", "1", "-t", "json/x",
                    "-D", "publish", "content-type", "application/senml+json", "-m", SHORT.decode())
        assert backend.next().body == RESOLVED
        # Who takes SenML gets the same bytes, or the other notation of it.
        assert connect(box).call(POST, "/open/x", SHORT, form=SENML_JSON).code == "2.04"
        assert backend.next().body == SHORT
        assert connect(box).call(POST, "/senml/x", pack, form=SENML_CBOR).code == "2.04"
        assert backend.next().body == pack
        assert connect(box).call(POST, "/senml/x", b'{"n":"a","vb":true}', form=JSON).code == "2.04"
        assert backend.next().body == b"\x81\xa2\x00aa\x04\xf5"
        # What is none is refused before it gets anywhere.
        for path, body, form, code, why in (
                ("/json/x", b'[{"v":1}]', SENML_JSON, "4.00", "record 1: a name is missing"),
                ("/open/x", b'[{"n":"a","v":1,"x_":1}]', SENML_JSON, "4.00", "record 1: the field x_ must be understood"),
                ("/open/x", b"\x81\xa1\x00aa", SENML_CBOR, "4.00", "record 1: a value is missing"),
                ("/senml/x", b'{"value":81.4}', JSON, "4.22", "record 1: a name is missing")):
            answer = connect(box).call(POST, path, body, form=form)
            assert answer.code == code, (path, body, answer.code, answer.payload)
            assert why in box.wait_log(f"id={answer.payload.decode().rpartition('[')[2].rstrip(']')}")
        backend.nothing_more()


def test_texts_and_bytes_reach_a_service_that_takes_json():
    backend = support.RestBackend()
    with gateway(backend) as box:
        for form, body, expected in ((TEXT, b"81.40", b'"81.40"'), (TEXT, "grün".encode(), '"grün"'.encode()),
                                     (OCTETS, b"\x00\xff", b'"' + base64.b64encode(b"\x00\xff") + b'"')):
            assert connect(box).call(POST, "/json/x", body, form=form).code == "2.04"
            assert backend.next().body == expected
        assert connect(box).call(POST, "/json/x", b"\xff", form=TEXT).code == "4.00"
        status, _, _ = support.curl("-H", "Content-Type: text/plain; charset=iso-8859-1", "-d", "81.4", box.url("/json/x"))
        assert status == 415
        backend.nothing_more()


support.main(globals())
