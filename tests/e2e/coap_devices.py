"""Plain REST calls reach a real CoAP device: libcoap's server. JSON from curl, CBOR at the device; bodies in blocks both
ways; answers that come late; a device that goes away and returns."""
import json
import os
import tempfile

import support
from support import curl
from support_coap_device import RealDevice, configuration

ANY = "application/octet-stream"


def test_get_and_put_read_and_set_a_device():
    with RealDevice() as device, support.Gateway(configuration(device.url())) as gateway:
        valve = gateway.url("/ships/actuators/valve-3")
        status, _, body = curl(valve)
        assert status == 404 and "4.04" in body, body
        status, _, body = curl("-X", "PUT", "--json", '{"open":true,"percent":12.5}', valve)
        assert status == 201, (status, body)
        status, headers, body = curl("-H", "Accept: application/json", valve)
        assert (status, headers["content-type"]) == (200, "application/json"), (status, headers)
        assert body == '{"open":true,"percent":12.5}', body
        status, headers, _ = curl("-H", "Accept: application/cbor", "-o", "/dev/null", "-D", "-", valve)
        assert (status, headers["content-type"]) == (200, "application/cbor"), headers
        done = support.run("coap-client-openssl", "-B", "10", "-v", "7", device.url() + "/valve/valve-3")
        assert "application/cbor" in done.out + done.err, done.out + done.err
        assert curl("-X", "PUT", "--json", '{"open":false}', valve)[0] == 204
        assert json.loads(curl("-H", "Accept: application/json", valve)[2]) == {"open": False}


def test_bodies_go_in_blocks_both_ways():
    for block in (16, 256, 1024):
        settings = f"timeout: 20s, block: {block}"
        with RealDevice() as device, support.Gateway(configuration(device.url(), settings)) as gateway:
            text = "".join(f"{i:08d}" for i in range(1500))
            put = ("-X", "PUT", "-H", f"Content-Type: {ANY}", "--data-binary", text)
            status, _, body = curl(*put, gateway.url("/raw/log"))
            assert status == 201, (block, status, body)
            status, headers, body = curl(gateway.url("/raw/log"))
            assert (status, body) == (200, text), (block, status, len(body))
            assert headers["content-type"] == ANY, headers


def test_a_separate_answer_is_waited_for():
    with RealDevice() as device, support.Gateway(configuration(device.url())) as gateway:
        status, _, body = curl(gateway.url("/raw/async?1"))
        assert (status, body) == (200, "done"), (status, body)


def test_freshness_and_queries_pass():
    with RealDevice() as device, support.Gateway(configuration(device.url())) as gateway:
        status, headers, body = curl(gateway.url("/raw/time?ticks"))
        assert status == 200 and body.isdigit(), (status, body)
        assert headers["cache-control"] == "max-age=1", headers


def test_delete_and_an_etag():
    with RealDevice() as device, support.Gateway(configuration(device.url())) as gateway:
        put = ("-X", "PUT", "-H", f"Content-Type: {ANY}", "--data-binary", "x" * 2000)
        assert curl(*put, gateway.url("/raw/thing"))[0] == 201
        headers = curl(gateway.url("/raw/thing"))[1]
        assert headers["etag"].startswith('"'), headers
        assert curl("-X", "DELETE", gateway.url("/raw/thing"))[0] == 204
        assert curl(gateway.url("/raw/thing"))[0] == 404


def test_a_device_that_is_not_there_is_unavailable_and_answers_again_when_it_returns():
    with RealDevice() as device, support.Gateway(configuration(device.url())) as gateway:
        assert curl(gateway.url("/raw/time"))[0] == 200
        device.stop()
        status, _, body = curl(gateway.url("/raw/time"))
        assert status == 503 and "cannot be reached" in body, (status, body)
        device.start()
        assert curl(gateway.url("/raw/time"))[0] == 200


def test_a_mistake_in_the_configuration_is_told():
    for settings, what in (("block: 100", "block: 16, 32"), ("in_flight: 0", "in_flight: from 1"),
                           ("identity: me", "psk: a key has"), ("key: fairlead.yaml", "need ca")):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "fairlead.yaml")
            text = configuration("coap://127.0.0.1", settings)
            with open(path, "w", encoding="utf-8") as out:
                out.write(text.replace("{address}", "127.0.0.1").replace("{port_web}", "8080"))
            done = support.run(support.BINARY, "check", "-c", path, expect=2)
            assert what in done.out + done.err, (settings, done.out, done.err)


if __name__ == "__main__":
    support.main(globals())
