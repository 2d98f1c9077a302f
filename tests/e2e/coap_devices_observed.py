"""Values that a CoAP device tells unasked are the endpoint's last values: with libcoap's server, and with a device that
plays tricks."""
import os
import tempfile

import support
from support import curl
from support_coap import ACK, BLOCK2, CON, CONTENT_FORMAT, NON, RST, Message, code, number
from support_coap_device import RealDevice, ScriptedDevice, configuration

OBSERVE, MAX_AGE = 6, 14


def observing(url, settings="timeout: 20s", environment=None, path="/example_data", more=""):
    extra = f"""
  - name: followed
    path: /ships/valve
    methods: [GET]
    auth: [none]
    keep: last
    observe: true
    to: valve
    call: {{ path: "{path}"{more} }}
"""
    text = configuration(url, settings, extra)
    return support.Gateway(text.replace("name: test,", "name: test, state: state,"), environment=environment)


def value(gateway):
    status, _, body = curl(gateway.url("/ships/valve"))
    return body if status == 200 else None


def becomes(gateway, wanted):
    support.wait_until(lambda: value(gateway) == wanted, f"the value to become {wanted!r}; it is {value(gateway)!r}")


def put(device, text, *secure, scheme="coap"):
    support.run("coap-client-openssl", "-B", "10", "-m", "put", "-t", "text/plain", "-e", text, *secure,
                device.url(scheme) + "/example_data")


def test_each_change_at_a_real_device_is_heard():
    with RealDevice() as device, observing(device.url()) as gateway:
        support.wait_until(lambda: value(gateway), "a first value")
        for text in ("open", "closed", "half"):
            put(device, text)
            becomes(gateway, text)
        long = "".join(f"{i:08d}" for i in range(400))
        put(device, long)
        becomes(gateway, long)


def test_a_device_that_comes_and_goes_is_observed_again():
    with RealDevice() as device:
        device.stop()
        with observing(device.url()) as gateway:
            gateway.wait_log("is not heard of")
            device.start()
            put(device, "here")
            becomes(gateway, "here")
            device.stop()
            assert curl("-H", "Cache-Control: no-cache", gateway.url("/ships/valve"))[0] == 503
            assert value(gateway) == "here", "the last value stays"
            device.start()
            support.wait_until(lambda: value(gateway) != "here", "to be heard of again")
            put(device, "back")
            becomes(gateway, "back")


def test_over_a_secure_session():
    key = "sesame-opens-the-valve"
    settings = "timeout: 20s, identity: gateway, psk: env:VALVE_PSK"
    with RealDevice("-k", key) as device, observing(device.url("coaps"), settings, {"VALVE_PSK": key}) as gateway:
        support.wait_until(lambda: value(gateway), "a first value")
        put(device, "open", "-k", key, "-u", "me", scheme="coaps")
        becomes(gateway, "open")


def test_a_reload_goes_on_observing():
    with RealDevice() as device, observing(device.url()) as gateway:
        support.wait_until(lambda: value(gateway), "a first value")
        gateway.reload()
        put(device, "after")
        becomes(gateway, "after")


class Observed(ScriptedDevice):
    """Agrees to be observed; tell() says something new."""

    def __init__(self, script=None):
        self.registrations = []
        super().__init__(script or self.agree)

    def agree(self, _, message):
        if message.what == 1 and message.option(OBSERVE) is not None:
            self.registrations.append(message)
            self.answer(message, "2.05", b"first", [(OBSERVE, b"\x05"), (CONTENT_FORMAT, b"")])

    def wait(self, n=1):
        support.wait_until(lambda: len(self.registrations) >= n, "a registration")
        return self.registrations[-1]

    def tell(self, sequence, payload, kind=NON, what="2.05", options=(), token=None):
        self.mid += 1
        observe = [] if sequence is None else [(OBSERVE, number(sequence))]
        self.send(Message(kind, code(what), self.mid, self.registrations[-1].token if token is None else token,
                          observe + [(CONTENT_FORMAT, b"")] + list(options), payload).pack())
        return self.mid

    def heard(self, kind, mid):
        support.wait_until(lambda: any((seen.kind, seen.mid) == (kind, mid) for seen in self.seen), "an answer")


def test_what_is_older_is_not_taken_for_new():
    with Observed() as device, observing(device.url()) as gateway:
        device.wait()
        becomes(gateway, "first")
        device.tell(7, b"seven")
        becomes(gateway, "seven")
        device.heard(ACK, device.tell(6, b"six", CON))
        assert value(gateway) == "seven"
        device.heard(ACK, device.tell(7, b"seven again", CON))
        assert value(gateway) == "seven"
        device.tell(8, b"eight")
        becomes(gateway, "eight")
        device.heard(ACK, device.tell((1 << 24) - 1, b"long ago", CON))
        assert value(gateway) == "eight"
        device.tell(9, b"nine")
        becomes(gateway, "nine")
        device.tell(9 + (1 << 23) - 1, b"far ahead")
        becomes(gateway, "far ahead")
        device.tell(5, b"wrapped round")
        becomes(gateway, "wrapped round")


def test_a_repeated_notification_is_acknowledged_and_not_taken_again():
    with Observed() as device, observing(device.url()) as gateway:
        device.wait()
        again = Message(CON, code("2.05"), 77, device.registrations[0].token, [(OBSERVE, b"\x06")], b"six").pack()
        device.send(again)
        becomes(gateway, "six")
        device.tell(7, b"seven")
        becomes(gateway, "seven")
        device.send(again)
        support.wait_until(lambda: sum((seen.kind, seen.mid) == (ACK, 77) for seen in device.seen) == 2, "two of them")
        assert value(gateway) == "seven"


def test_a_notification_that_nobody_asked_for_is_rejected():
    with Observed() as device, observing(device.url()) as gateway:
        device.wait()
        becomes(gateway, "first")
        device.heard(RST, device.tell(9, b"forged", NON, token=b"else"))
        device.heard(RST, device.tell(9, b"forged", CON, token=b""))
        assert value(gateway) == "first"


def test_a_notification_in_blocks_is_fetched_whole():
    def script(device, message):
        if not message.what or message.what > 31:
            return
        block = int.from_bytes(message.option(BLOCK2) or b"", "big") >> 4
        observe = message.option(OBSERVE) is not None
        if observe:
            device.registrations.append(message)
        whole = device.state.get("value", b"first")
        part = whole[block * 64:block * 64 + 64]
        more = len(whole) > block * 64 + 64
        device.answer(message, "2.05", part, ([(OBSERVE, number(len(device.registrations) + 10))] if observe else []) +
                      [(CONTENT_FORMAT, b""), (BLOCK2, number(block << 4 | (8 if more else 0) | 2))])
    with Observed(script) as device, observing(device.url()) as gateway:
        becomes(gateway, "first")
        device.state["value"] = b"x" * 64 + b"y" * 64 + b"z"
        device.tell(20, b"x" * 64, options=[(BLOCK2, number(8 | 2))])
        becomes(gateway, device.state["value"].decode())
        assert len({message.token for message in device.registrations}) == 1, "asked again under the same token"


def test_an_observation_that_the_device_ends_is_begun_again():
    with Observed() as device, observing(device.url()) as gateway:
        device.wait()
        becomes(gateway, "first")
        device.tell(None, b"gone", CON, "4.04")
        gateway.wait_log("is not heard of: not-found")
        device.wait(2)
        device.tell(30, b"again")
        becomes(gateway, "again")


def test_a_device_that_cannot_be_observed_is_asked():
    def script(device, message):
        if message.what:
            device.registrations.append(message)
            device.answer(message, "2.05", b"polled", [(MAX_AGE, b"\x01")])
    with Observed(script) as device, observing(device.url()) as gateway:
        becomes(gateway, "polled")
        device.wait(2)


def test_what_cannot_be_observed_is_a_mistake():
    for more, what in (("targets: [{ url: coap://127.0.0.1 }, { url: coap://127.0.0.2 }]", "one target"),):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "fairlead.yaml")
            with open(path, "w", encoding="utf-8") as out:
                out.write(f"""
gateway: {{ name: test, state: {folder} }}
listeners: [{{ name: web, protocol: http, bind: 127.0.0.1:8080 }}]
backends: {{ valve: {{ protocol: coap, {more} }} }}
endpoints:
  - {{ name: v, path: /v, methods: [GET], auth: [none], keep: last, observe: true, to: valve }}
""")
            done = support.run(support.BINARY, "check", "-c", path, expect=2)
            assert what in done.out + done.err, (done.out, done.err)


if __name__ == "__main__":
    support.main(globals())
