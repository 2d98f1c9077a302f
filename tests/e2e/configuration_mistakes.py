"""What one gets wrong with last values, devices, brokers and secure listeners is said by `fairlead check`: where, what, and
what would be right."""
import os
import tempfile

import support

SECRETS = {"TOKEN": "a-token-of-somebody", "KEY": "0123456789abcdef"}
MQTT = "  - { name: mqtt, protocol: mqtt, bind: 127.0.0.1:1883 }"
SECURE = "  - { name: coaps, protocol: coap, bind: 127.0.0.1:5684, tls: { psk: true } }"
KEPT = '  - { name: b, path: "/b", methods: [GET, PUT], auth: [token], keep: last }'


def check(line="", listener=MQTT, auth="", backend="{ protocol: mqtt, listener: mqtt }", gateway="state: state", client="",
          endpoint='{ name: a, path: "/a/{device}", methods: [PUT], auth: [token], to: it }'):
    """The lines of `fairlead check` without the file's name."""
    text = f"""gateway: {{ {gateway} }}
listeners:
  - {{ name: web, protocol: http, bind: 127.0.0.1:8080 }}
{listener}
auth:
  token: {{ method: token }}
  {auth}
roles:
  all: {{ allow: ["* /*"] }}
clients:
  - {{ id: somebody, roles: [all], token: env:TOKEN{client} }}
backends:
  it: {backend}
endpoints:
  - {endpoint}
{line}
"""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fairlead.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        done = support.run(support.BINARY, "check", "-c", path, expect=None, cwd=folder, env=dict(os.environ, **SECRETS))
        said = (done.out + done.err).replace(path + ":", "").strip().split("\n")
        return done.returncode, said


def wrong(place, part, **what):
    """`place`: LINE or LINE:COLUMN."""
    code, said = check(**what)
    assert code == 2 and any(line.startswith(place + ":") and part in line for line in said), (place, part, what, said)


def test_what_is_right_is_valid():
    assert check()[0] == 0, check()
    assert check(line=KEPT)[0] == 0
    assert check(listener=MQTT + "\n" + SECURE, auth="key: { method: psk }", client=", psk: env:KEY")[0] == 0
    coap = "{ protocol: coap, targets: [{ url: coaps://127.0.0.1 }], identity: me, psk: env:KEY }"
    assert check(backend=coap, endpoint="{ name: a, path: /a, methods: [PUT], auth: [token], to: it }")[0] == 0


def test_the_audit_log():
    assert check(line="audit: { file_size: 64KiB, keep: 1, login_window: 0s, flood_window: 1s }")[0] == 0
    assert check(line="audit: { off: true }", gateway="name: x")[0] == 0
    wrong("16:1", "gateway.state", line="audit: { keep: 3 }", gateway="name: x")
    wrong("16:21", "64 KiB at least", line="audit: { file_size: 63KiB }")
    wrong("16:21", "below 2 GiB", line="audit: { file_size: 3GiB }")
    wrong("16:16", "from 1 to", line="audit: { keep: 0 }")
    wrong("16:16", "from 1 to", line="audit: { keep: 100001 }")
    wrong("16:24", "above 0", line="audit: { flood_window: 0s }")
    wrong("16:10", "nothing", line="audit: { nothing: 1 }")


def test_last_values():
    wrong("16:70", "gateway.state", line=KEPT, gateway="name: x")
    wrong("16:69", "not one of: last", line=KEPT.replace("[GET, PUT]", "[GET,PUT]").replace("last", "first"))
    wrong("15", "the key to is missing", endpoint="{ name: a, path: /a, methods: [GET], auth: [token] }")


def test_what_is_observed():
    coap = "{ protocol: coap, targets: [{ url: coap://127.0.0.1 }] }"
    for path, more, part in (("/a/{x}", "keep: last", "without variables"), ("/a", "media: text/plain", "keep: last")):
        wrong("15", part, backend=coap, endpoint=f'{{ name: a, path: "{path}", methods: [GET], auth: [token], to: it, {more}, '
                                                  "observe: true }")


def test_devices_and_their_mailboxes():
    wrong("13", "key listener is missing", backend="{ protocol: mqtt }")
    wrong("13:35", "no listener of this name", backend="{ protocol: mqtt, listener: mqqt }")
    wrong("13:35", "no device can be called", backend="{ protocol: mqtt, listener: web }")
    wrong("13", "gateway.state", backend="{ protocol: mqtt, listener: mqtt, mailbox: { messages: 3 } }", gateway="name: x")
    wrong("13", "unknown key", backend="{ protocol: rest, targets: [{ url: http://127.0.0.1 }], mailbox: { messages: 3 } }")
    wrong("15", "which device?", endpoint="{ name: a, path: /a, methods: [PUT], auth: [token], to: it }")


def test_what_names_nothing():
    wrong("1:19", "empty", gateway='state: ""')
    wrong("15", "no media type", endpoint='{ name: a, path: "/a/{device}", methods: [PUT], auth: [token], to: it, call: { as: json } }')


def test_what_would_believe_more_than_is_meant():
    """An issuer that is empty would be anybody; a role that is none, and an assertion that is not signed."""
    wrong("7", "empty", auth='cloud: { method: jwt, secret: file:fairlead.yaml, issuer: "" }')
    wrong("7", "no role of this name", auth="cloud: { method: jwt, secret: file:fairlead.yaml, role_map: { boss: nobody } }")
    oauth = '{ name: o, path: "/o/{service}", methods: [POST], auth: [none], to: it }'
    issuer = "{ protocol: issuer, url: https://h, assertions: [token] }"
    wrong("13", "method jwt", backend=issuer, endpoint=oauth)


def test_names_that_arrive_as_another_s():
    for name in (" a", "a ", "a\\nb", "\\x7f"):
        wrong("12:11", "no control characters", client=f' }}\n  - {{ id: "{name}", roles: [all]')


def test_secrets_that_would_be_none():
    """Who writes a key down means it: it is not left out in silence."""
    wrong("4:65", "method psk", listener=SECURE)
    wrong("11:53", "nothing looks at it", client=", psk: env:KEY")
    for scheme in ("coap", "coap+tcp"):
        wrong("13", "coaps", backend=f"{{ protocol: coap, targets: [{{ url: {scheme}://127.0.0.1 }}], identity: me, psk: env:KEY }}")
    wrong("13", "identity", backend="{ protocol: coap, targets: [{ url: coaps://127.0.0.1 }], psk: env:KEY }")
    wrong("13", "this needs identity and psk", backend="{ protocol: coap, targets: [{ url: coaps://127.0.0.1 }] }")
    wrong("5", "certificate and key are missing", listener=MQTT + "\n" + SECURE.replace("psk: true", ""))


def test_joined_brokers():
    broker = "  - { name: mqtt, protocol: mqtt, broker: mqtt://127.0.0.1%s }"
    assert check(listener=broker % ", subscribe: [a/#]")[0] == 0
    wrong("4", "unknown key", listener=broker % ", subscribe: [a/#], bind: 127.0.0.1:1883")
    wrong("4", "mqtts://", listener=broker.replace("mqtt://", "http://") % ", subscribe: [a/#]")
    wrong("4", "not one of: tcp, websocket", listener=MQTT.replace(" }", ", transport: websockets }"))


if __name__ == "__main__":
    support.main(globals())
