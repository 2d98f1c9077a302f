"""Devices over TCP and TLS (RFC 8323): libcoap's server, and one that plays tricks."""
import os
import socket
import tempfile
import threading

import support
from coap_devices_secure import make_pki
from support import curl
from support_coap import CONTENT_FORMAT, GET, code, stream_pack, stream_parse
from support_coap_device import RealDevice, configuration

ANY = "application/octet-stream"
OBSERVE = 6
CSM, PING, PONG, RELEASE, ABORT = code("7.01"), code("7.02"), code("7.03"), code("7.04"), code("7.05")


def set_and_read(gateway):
    valve = gateway.url("/ships/actuators/valve-3")
    assert curl("-X", "PUT", "--json", '{"open":true}', valve)[0] in (201, 204)
    assert curl("-H", "Accept: application/json", valve)[2] == '{"open":true}'
    text = "".join(f"{i:08d}" for i in range(1000))
    put = ("-X", "PUT", "-H", f"Content-Type: {ANY}", "--data-binary", text)
    assert curl(*put, gateway.url("/raw/log"))[0] in (201, 204)
    assert curl(gateway.url("/raw/log"))[2] == text
    assert curl(gateway.url("/raw/async?1"))[2] == "done"
    assert gateway.counters("valve")["connections"] == 1


def test_over_tcp():
    with RealDevice() as device, support.Gateway(configuration(device.url("coap+tcp"), "timeout: 20s")) as gateway:
        set_and_read(gateway)
        device.stop()
        assert curl("-X", "POST", gateway.url("/raw/x"))[0] in (502, 503)
        status, _, body = curl(gateway.url("/raw/time"))
        assert status == 503 and "cannot be reached" in body, (status, body)
        device.start()
        assert curl(gateway.url("/raw/time"))[0] == 200


def test_over_tls_with_a_pre_shared_key():
    settings = "timeout: 20s, identity: gateway, psk: env:KEY"
    with RealDevice("-k", "sesame") as device:
        for key, status in (("sesame", 200), ("another", 502)):
            text = configuration(device.url("coaps+tcp"), settings)
            with support.Gateway(text, environment={"KEY": key}) as gateway:
                if status == 200:
                    set_and_read(gateway)
                assert curl(gateway.url("/raw/time"))[0] == status


def test_over_tls_with_certificates():
    with tempfile.TemporaryDirectory() as folder:
        address = support.own_address()
        make_pki(folder, address)
        own = "timeout: 20s, " + ", ".join(f"{key}: {os.path.join(folder, name)}" for key, name in (
            ("ca", "ca.crt"), ("certificate", "gateway.crt"), ("key", "gateway.key")))
        server = [part for flag, name in (("-c", "device.crt"), ("-j", "device.key"), ("-C", "ca.crt"))
                  for part in (flag, os.path.join(folder, name))]
        with RealDevice(*server, address=address) as device:
            named = own + ", server_name: valve.example"
            for settings, status in ((named, 200), (named.replace("/ca.crt", "/foreign.crt"), 502),
                                     (own + ", server_name: other.example", 502)):
                with support.Gateway(configuration(device.url("coaps+tcp"), settings)) as gateway:
                    assert curl(gateway.url("/raw/time"))[0] == status, settings


class Connections:
    """A TCP device: `script(device, message)` for each message; send() to the latest connection."""

    def __init__(self, script):
        self.script = script
        self.address = support.own_address()
        self.listener = socket.create_server((self.address, 0))
        self.port = self.listener.getsockname()[1]
        self.seen, self.accepted, self.connection, self.state = [], 0, None, {}
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                self.connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._serve, args=(self.connection,), daemon=True).start()

    def _serve(self, connection):
        unread = b""
        connection.sendall(stream_pack(CSM))
        while True:
            try:
                more = connection.recv(65536)
            except OSError:
                return
            if not more:
                connection.close()  # or the gateway lingers when it stops
                return
            unread += more
            while True:
                message, used = stream_parse(unread)
                if not message:
                    break
                unread = unread[used:]
                self.seen.append(message)
                if message.what not in (CSM, PONG):
                    self.script(self, message)

    def send(self, what, token=b"", options=(), payload=b""):
        self.connection.sendall(stream_pack(what, token, options, payload))

    def answer(self, message, what, payload=b"", options=()):
        self.send(code(what), message.token, options, payload)

    def url(self):
        return f"coap+tcp://{self.address}:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        if self.connection:
            self.connection.close()


def device_and_gateway(script, settings="timeout: 20s", extra=""):
    device = Connections(script)
    text = configuration(device.url(), settings, extra)
    return device, support.Gateway(text.replace("name: test,", "name: test, state: state,"))


def alive(device, gateway):
    device.script = lambda device, message: device.answer(message, "2.05", b"fine")
    assert curl(gateway.url("/raw/after"))[2] == "fine"


def test_a_csm_goes_first_and_pings_are_answered():
    def script(device, message):
        device.send(PING, b"ping")
        device.answer(message, "2.05", b"x")
    device, gateway = device_and_gateway(script)
    with device, gateway:
        assert curl(gateway.url("/raw/x"))[2] == "x"
        assert [message.what for message in device.seen[:2]] == [CSM, GET]
        support.wait_until(lambda: any((seen.what, seen.token) == (PONG, b"ping") for seen in device.seen), "a pong")


def test_an_answer_in_single_bytes():
    def script(device, message):
        for byte in stream_pack(code("2.05"), message.token, [(CONTENT_FORMAT, b"")], b"y" * 300):
            device.connection.sendall(bytes([byte]))
    device, gateway = device_and_gateway(script)
    with device, gateway:
        assert curl(gateway.url("/raw/x"))[2] == "y" * 300


def test_garbage_is_a_bad_gateway():
    for garbage in (b"\xff" * 20, b"\x0f\x45", stream_pack(CSM, b"", [(1, b"x")]), b"\xf0\xff\xff\xff\xff\x45"):
        device, gateway = device_and_gateway(lambda device, message, garbage=garbage: device.connection.sendall(garbage))
        with device, gateway:
            status, _, body = curl("--json", "{}", gateway.url("/raw/x"))
            assert status == 502 and "cannot be used" in body, (garbage, status, body)
            alive(device, gateway)


def test_a_connection_that_ends_before_the_answer():
    for end in (lambda device, message: device.send(ABORT), lambda device, message: device.send(RELEASE),
                lambda device, message: device.connection.shutdown(socket.SHUT_RDWR)):
        device, gateway = device_and_gateway(end)
        with device, gateway:
            status, _, body = curl("--json", "{}", gateway.url("/raw/x"))
            assert status == 502 and "went away" in body, (status, body)
            assert device.accepted == 1, "a POST is not sent again"
            alive(device, gateway)


def test_a_device_that_never_answers_is_a_time_out_and_its_connection_is_given_up():
    device, gateway = device_and_gateway(lambda device, message: None, "timeout: 1s")
    with device, gateway:
        status, _, body = curl("--json", "{}", gateway.url("/raw/x"))
        assert status == 504 and "did not answer in time" in body, (status, body)
        alive(device, gateway)
        assert device.accepted == 2


def test_another_token_is_not_believed():
    def script(device, message):
        device.send(code("2.05"), b"else", [], b"forged")
        device.send(0)
        device.answer(message, "2.05", b"genuine")
    device, gateway = device_and_gateway(script)
    with device, gateway:
        assert curl(gateway.url("/raw/x"))[2] == "genuine"
        assert gateway.counters("valve")["unasked"] == 1


def test_observing_needs_no_sequence():
    extra = """
  - { name: told, path: /told, methods: [GET], auth: [none], keep: last, observe: true, to: valve, call: { path: /told } }
"""
    def script(device, message):
        device.state["token"] = message.token
        device.answer(message, "2.05", b"first", [(OBSERVE, b""), (CONTENT_FORMAT, b"")])
    device, gateway = device_and_gateway(script, extra=extra)
    with device, gateway:
        for text in ("first", "second", "third"):
            if text != "first":
                device.send(code("2.05"), device.state["token"], [(OBSERVE, b""), (CONTENT_FORMAT, b"")], text.encode())
            support.wait_until(lambda text=text: curl(gateway.url("/told"))[2] == text, f"the value {text}")
        device.connection.shutdown(socket.SHUT_RDWR)
        support.wait_until(lambda: device.accepted == 2 and curl(gateway.url("/told"))[2] == "first", "a new observation")


if __name__ == "__main__":
    support.main(globals())
