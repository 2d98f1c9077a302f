"""Commands for a CoAP device that is away (libcoap's server, stopped): taken with 202 once they are on disk, delivered in
order when it answers again, also by another process after SIGKILL."""
import json

import support
from support_coap_device import RealDevice

TOKENS = {"TOKEN_CAPTAIN": "secret-of-captain"}


def configuration(url, mailbox="{}", state="state: state"):
    return f"""
gateway: {{ {state} }}
listeners:
  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}" }}
  - {{ name: coap, protocol: coap, bind: "{{address}}:{{port_coap}}", token_in_query: accept }}
auth:
  token: {{ method: token }}
roles:
  ship-admin: {{ allow: ["* /ships/*"] }}
clients:
  - {{ id: captain, roles: [ship-admin], token: env:TOKEN_CAPTAIN }}
backends:
  valves: {{ protocol: coap, targets: [{{ url: {url} }}], timeout: 5s, mailbox: {mailbox} }}
endpoints:
  - name: actuators
    path: /ships/actuators/{{device}}
    methods: [GET, PUT, POST]
    auth: [token]
    roles: [ship-admin]
    to: valves
    call: {{ path: "/valve/{{device}}", as: application/cbor }}
"""


def call(gateway, method, body=None):
    """(status, headers, body)"""
    arguments = ["-X", method, "-H", "Authorization: Bearer secret-of-captain", "-H", "Accept: application/json"]
    if body is not None:
        arguments += ["-H", "Content-Type: application/json", "--data-binary", body]
    return support.curl(*arguments, gateway.url("/ships/actuators/valve-3"))


def put(gateway, n):
    return call(gateway, "PUT", json.dumps({"n": n}))[0]


def mailbox(gateway):
    return gateway.counters("valves", "mailbox")


def delivered(gateway):
    support.wait_until(lambda: not mailbox(gateway)["waiting"], "nothing waits any more", 60)


def test_it_is_found_when_it_is_back():
    with RealDevice() as device, support.Gateway(configuration(device.url()), environment=TOKENS) as gateway:
        assert put(gateway, 0) == 201
        device.stop()
        assert [put(gateway, n) for n in (1, 2, 3)] == [202] * 3
        assert mailbox(gateway)["waiting"] == 3
        # What has no effect does not wait.
        assert call(gateway, "GET")[0] in (503, 504)
        device.start()
        delivered(gateway)
        status, _, body = call(gateway, "GET")
        assert (status, json.loads(body)) == (200, {"n": 3}), body
        assert put(gateway, 4) == 204
        counters = mailbox(gateway)
        assert (counters["taken"], counters["delivered"]) == (3, 3), counters


def test_it_outlives_the_process():
    with RealDevice() as device, support.Gateway(configuration(device.url()), environment=TOKENS) as gateway:
        device.stop()
        assert [put(gateway, n) for n in (1, 2)] == [202] * 2
        gateway.kill()
        gateway.start()
        assert put(gateway, 3) == 202
        gateway.kill()
        device.start()
        gateway.start()
        delivered(gateway)
        assert json.loads(call(gateway, "GET")[2]) == {"n": 3}
        assert mailbox(gateway)["delivered"] == 3
        gateway.kill()
        gateway.start()
        assert "mailbox=valves" not in gateway.log()
        assert put(gateway, 4) == 204


def test_a_caller_over_coap():
    with RealDevice() as device, support.Gateway(configuration(device.url()), environment=TOKENS) as gateway:
        device.stop()
        url = f"coap://{gateway.address}:{gateway.port('coap')}/ships/actuators/valve-3?access_token=secret-of-captain"
        done = support.run("coap-client-openssl", "-m", "put", "-t", "application/json", "-e", '{"n":1}', "-v", "6",
                           "-B", "20", url)
        assert "2.04" in done.out + done.err, done.out + done.err
        assert mailbox(gateway)["waiting"] == 1


def test_a_full_mailbox_says_so():
    with RealDevice() as device, \
            support.Gateway(configuration(device.url(), "{ messages: 2 }"), environment=TOKENS) as gateway:
        device.stop()
        assert [put(gateway, n) for n in (1, 2)] == [202] * 2
        status, _, body = call(gateway, "PUT", "{}")
        assert status == 507 and "2 commands wait" in json.loads(body)["detail"], body
        counters = mailbox(gateway)
        assert (counters["full"], counters["waiting"]) == (1, 2), counters
        device.start()


def test_what_expires_goes():
    with RealDevice() as device, \
            support.Gateway(configuration(device.url(), "{ expire: 1s }"), environment=TOKENS) as gateway:
        device.stop()
        assert put(gateway, 1) == 202
        gateway.wait_log("gone undelivered: key=valves/valve-3/0000000000000001")
        assert (mailbox(gateway)["expired"], mailbox(gateway)["waiting"]) == (1, 0)
        device.start()
        assert put(gateway, 2) == 201


def test_a_reload_drops_what_nobody_wants_any_more():
    with RealDevice() as device, support.Gateway(configuration(device.url()), environment=TOKENS) as gateway:
        device.stop()
        assert put(gateway, 1) == 202
        gateway.write(configuration(device.url()).replace("name: actuators", "name: valves-of-old"))
        gateway.reload()
        gateway.wait_log("dropped key=valves/valve-3/0000000000000001")
        device.start()
        assert put(gateway, 2) == 201


def test_without_a_state_folder_it_is_a_mistake():
    with support.Gateway(configuration("coap://127.0.0.1:1"), environment=TOKENS) as gateway:
        gateway.write(configuration("coap://127.0.0.1:1", state=""))
        done = support.run(support.BINARY, "check", "-c", gateway.path, expect=2, env=gateway.environment)
        assert "backends.valves.mailbox: what waits is kept on disk" in done.err, done.err


if __name__ == "__main__":
    support.main(dict(globals()))
