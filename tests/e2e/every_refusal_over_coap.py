"""Each thing that CoAP can be refused for: its code, a diagnostic payload with the reason and the request's id, a line in the
log, a counter, nothing at the backend that should not be there, and nobody else disturbed."""
# Each lambda is called before its loop goes on.  pylint: disable=cell-var-from-loop
import re

import support
from support_coap import ACCEPT, BLOCK1, CBOR, DELETE, FETCH, GET, JSON, POST, RST
from support_coap import coap_client, connect, listener, number
from support_refusals import Refusal, World

PATH = "/ships/sensors/engine-7"
TOKEN = support.TOKENS["TOKEN_7"]
READING = {"body": support.READING_TEXT.encode(), "form": JSON}
KNOWN = dict(READING, token=TOKEN)
SIZE1 = 60

# name: (method, path, what else, CoAP's code, status)
ROWS = {
    "malformed JSON": (POST, PATH, dict(KNOWN, body=b'{"value":' + b" " * 40), "4.00", "malformed"),
    "malformed CBOR": (POST, PATH, dict(KNOWN, form=CBOR, body=b"\x9f" * 40), "4.00", "malformed"),
    "malformed XML": (POST, PATH, dict(KNOWN, form=41, body=b"<reading><value>81.4</reading>"), "4.00", "malformed"),
    "unknown endpoint": (POST, "/no/such/thing", READING, "4.04", "not-found"),
    "wrong method": (DELETE, PATH, {"token": TOKEN}, "4.05", "method-not-allowed"),
    "unknown method": (FETCH, PATH, KNOWN, "4.05", "method-not-allowed"),
    "wrong media type": (POST, PATH, dict(KNOWN, form=40), "4.15", "unsupported-media"),
    "unknown media type": (POST, PATH, dict(KNOWN, form=65000), "4.15", "unsupported-media"),
    "media type not among the endpoint's": (POST, "/json/x", dict(READING, form=CBOR), "4.15", "unsupported-media"),
    "no credential": (POST, PATH, READING, "4.01", "unauthenticated"),
    "wrong credential": (POST, PATH, dict(READING, token="guessed"), "4.01", "unauthenticated"),
    "another device's path": (POST, "/ships/sensors/engine-8", KNOWN, "4.03", "forbidden"),
    "another role's path": (POST, "/ships/admin/reset", KNOWN, "4.03", "forbidden"),
    "over the endpoint's limit": (POST, "/small/x", dict(READING, body=b'"' + b"x" * 400 + b'"'), "4.13", "too-large"),
    "over the datagram's limit": (POST, "/open/x", dict(READING, body=b'"' + b"x" * 3000 + b'"'), "4.13", "too-large"),
    "over the gateway's limit": (POST, "/open/x", dict(READING, body=b"x" * 1024, options=[
        (BLOCK1, number(0 << 4 | 8 | 6)), (SIZE1, number(65537))]), "4.13", "too-large"),
    "a block out of turn": (POST, "/open/x", dict(READING, body=b"x" * 1024, options=[(BLOCK1, number(3 << 4 | 8 | 6))]),
                            "4.08", "malformed"),
    "an unknown critical option": (POST, "/open/x", dict(READING, options=[(9, b"")]), "4.02", "malformed"),
    "an unknown Accept": (GET, "/open/a-thing-with-a-longer-name", {"options": [(ACCEPT, number(65000))]}, "4.06", "not-acceptable"),
    "backend refused": (POST, "/gone/x", READING, "5.02", "bad-backend"),
    "backend slow": (POST, "/slow/x", READING, "5.04", "timeout"),
    "backend resetting": (POST, "/resetting/x", READING, "5.02", "bad-backend"),
    "backend talks garbage": (POST, "/garbage/x", READING, "5.02", "bad-backend"),
    "backend's own 400": (POST, "/picky/400", READING, "4.22", "invalid"),
    "backend's own 401": (POST, "/picky/401", READING, "5.02", "bad-backend"),
    "backend's own 403": (POST, "/picky/403", READING, "4.03", "forbidden"),
    "backend's own 404": (POST, "/picky/404", READING, "4.04", "not-found"),
    "backend's own 409": (POST, "/picky/409", READING, "4.09", "conflict"),
    "backend's own 422": (POST, "/picky/422", READING, "4.22", "invalid"),
    "backend's own 429": (POST, "/picky/429", READING, "4.29", "too-many"),
    "backend's own 503": (POST, "/picky/503", READING, "5.03", "unavailable"),
}

# Confirmable messages with a format error: rejected by a reset, which has no room for words (RFC 7252 section 4.2).
PACKETS = {
    "a token length that is reserved": b"\x49\x02\x12\x34" + b"t" * 9,
    "a token cut off": b"\x48\x02\x12\x34tok",
    "an option cut off": b"\x40\x02\x12\x34\xbdx",
    "a reserved option length": b"\x40\x02\x12\x34\xbf",
    "a payload marker without payload": b"\x40\x02\x12\x34\xb1x\xff",
}


def told(code, payload):
    found = re.fullmatch(r"(.+) \[([0-9a-f]{16})\]", payload)
    assert found, (code, payload)
    return Refusal(code, found.group(1), found.group(2))


def by_hand(client, what, path, options):
    answer = client.call(what, path, **options)
    if answer.code in ("4.29", "5.03"):
        assert answer.option(14), answer.options  # Max-Age: when to come again
    return told(answer.code, answer.payload.decode())


def neighbour(box):
    client = connect(box)

    def good():
        answer = client.call(POST, PATH, **KNOWN)
        assert answer.code == "2.04", answer.code
    return good


def test_every_row():
    with World(listener()) as world:
        good, client = neighbour(world.gateway), connect(world.gateway)
        for name, (what, path, options, code, status) in ROWS.items():
            said = world.refused(name, "coap", status, lambda: by_hand(client, what, path, options), good, "coap")
            assert said == code, (name, said)
        blocks = [line for line in world.gateway.lines if "over the limit" in line or "over the datagram" in line]
        assert len(blocks) > 1 and all("method=POST path=/open/x" in line for line in blocks), blocks
        assert len(world.resetting.seen) == 1, "a POST that may have been taken was sent again"
        for secret in (*support.TOKENS.values(), "guessed"):
            assert secret not in world.gateway.log(), secret


def test_libcoap_s_client_reads_the_refusals():
    """The client prints the code and the diagnostic payload of what is no success."""
    def say(box, method, path, *arguments):
        printed = coap_client(box, method, path, *arguments).strip()
        code, _, payload = printed.splitlines()[-1].partition(" ")
        return told(code, payload)

    reading = ("-t", "json", "-e", support.READING_TEXT)
    rows = {
        "malformed JSON": ("post", f"{PATH}?access_token={TOKEN}", ("-t", "json", "-e", '{"value":' + " " * 40), "4.00", "malformed"),
        "unknown endpoint": ("post", "/no/such/thing", reading, "4.04", "not-found"),
        "wrong method": ("put", PATH, reading, "4.05", "method-not-allowed"),
        "wrong media type": ("post", f"{PATH}?access_token={TOKEN}", ("-t", "application/link-format", "-e", "81.4" * 10), "4.15", "unsupported-media"),
        "no credential": ("post", PATH, reading, "4.01", "unauthenticated"),
        "wrong credential": ("post", f"{PATH}?access_token=guessed", reading, "4.01", "unauthenticated"),
        "another device's path": ("post", f"/ships/sensors/engine-8?access_token={TOKEN}", reading, "4.03", "forbidden"),
        "backend refused": ("post", "/gone/x", reading, "5.02", "bad-backend"),
        "backend slow": ("post", "/slow/x", reading, "5.04", "timeout"),
        "backend resetting": ("post", "/resetting/x", reading, "5.02", "bad-backend"),
        "backend talks garbage": ("post", "/garbage/x", reading, "5.02", "bad-backend"),
        "backend's own 404": ("post", "/picky/404", reading, "4.04", "not-found"),
    }
    with World(listener()) as world:
        good = neighbour(world.gateway)
        for name, (method, path, arguments, code, status) in rows.items():
            said = world.refused(name, "coap", status, lambda: say(world.gateway, method, path, *arguments), good, "coap")
            assert said == code, (name, said)


def test_datagrams_that_are_no_coap():
    def say(client, bytes_):
        client.send(bytes_)
        answer = client.receive()
        assert (answer.kind, answer.what, answer.mid) == (RST, 0, 0x1234), answer.pack()
        return Refusal("reset")

    with World(listener()) as world:
        good, client = neighbour(world.gateway), connect(world.gateway)
        for name, bytes_ in PACKETS.items():
            said = world.refused(name, "coap", "malformed", lambda: say(client, bytes_), good, "coap", True)
            assert said == "reset", (name, said)


if __name__ == "__main__":
    support.main(globals())
