"""The npm package coap as a device, an independent server: set and read, bodies in blocks both ways, a late answer,
observing."""
import socket

import support
import support_npm
from support import curl
from support_coap_device import configuration

support_npm.ready()

OBSERVED = """
  - { name: told, path: /told, methods: [GET], auth: [none], keep: last, observe: true, to: valve, call: { path: /told } }
"""


def device_and_gateway(settings="timeout: 20s", extra=""):
    address = support.own_address()
    port = support.free_port(address, socket.SOCK_DGRAM)
    device = support_npm.Script("coap_device.js", host=address, port=port)
    device.event("ready")
    text = configuration(f"coap://{address}:{port}", settings, extra)
    return device, support.Gateway(text.replace("name: test,", "name: test, state: state,"))


def test_it_is_set_and_read():
    device, gateway = device_and_gateway()
    with device, gateway:
        valve = gateway.url("/ships/actuators/valve-3")
        status, _, body = curl(valve)
        assert status == 404 and "4.04: nothing is here" in body, (status, body)
        assert curl("-X", "PUT", "--json", '{"open":true}', valve)[0] == 201
        assert curl("-X", "PUT", "--json", '{"open":false}', valve)[0] == 204
        put = device.wait(lambda thing: thing.get("method") == "PUT", "the PUT")
        assert (put["url"], put["format"], put["bytes"]) == ("/valve/valve-3", "application/cbor", 7), put
        status, headers, body = curl("-H", "Accept: application/json", valve)
        assert (status, headers["content-type"], body) == (200, "application/json", '{"open":false}'), (status, body)


def test_a_late_answer_is_waited_for():
    device, gateway = device_and_gateway()
    with device, gateway:
        assert curl(gateway.url("/raw/slow"))[2] == "at last"


def test_bodies_go_in_blocks():
    text = "".join(f"{i:08d}" for i in range(1000))
    for block in (64, 1024):
        device, gateway = device_and_gateway(f"timeout: 20s, block: {block}")
        with device, gateway:
            put = ("-X", "PUT", "-H", "Content-Type: application/octet-stream", "--data-binary", text)
            status, _, body = curl(*put, gateway.url("/raw/log"))
            assert status == 201, (block, status, body)
            status, _, body = curl(gateway.url("/raw/log"))
            assert (status, body) == (200, text), (block, status, len(body))


def test_it_is_observed():
    device, gateway = device_and_gateway(extra=OBSERVED)
    with device, gateway:
        for text in ("first", "second", "third"):
            if text != "first":
                device.tell(text)
            support.wait_until(lambda text=text: curl(gateway.url("/told"))[2] == text, f"the value {text}")


if __name__ == "__main__":
    support.main(globals())
