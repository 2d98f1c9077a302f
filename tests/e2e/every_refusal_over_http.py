"""Each thing that HTTP can be refused for: its status code, problem+json with the reason and the request's id, a line in the
log, a counter, nothing at the backend that should not be there, and nobody else disturbed."""
# Each lambda is called before its loop goes on.  pylint: disable=cell-var-from-loop
import json

import support
from support_http import Client
from support_refusals import Refusal, World

LISTENERS = '  - { name: web, protocol: http, bind: "{address}:{port_web}" }'
PATH = "/ships/sensors/engine-7"
JSON = ("-H", "Content-Type: application/json")
BEARER = "Authorization: Bearer "
KNOWN = ("-H", BEARER + support.TOKENS["TOKEN_7"])
READING = (*JSON, "-d", support.READING_TEXT)


def media(name):
    return "-H", f"Content-Type: {name}"


# name: (curl's arguments, path, HTTP's code, status)
ROWS = {
    "malformed JSON": ((*KNOWN, *JSON, "-d", '{"value":'), PATH, 400, "malformed"),
    "malformed CBOR": ((*KNOWN, *media("application/cbor"), "-d", "\x1f"), PATH, 400, "malformed"),
    "malformed XML": ((*KNOWN, *media("text/xml"), "-d", "<reading><value>81.4</reading>"), PATH, 400, "malformed"),
    "a DOCTYPE": ((*KNOWN, *media("application/xml"), "-d", "<!DOCTYPE r><r>1</r>"), PATH, 400, "malformed"),
    "unknown endpoint": (READING, "/no/such/thing", 404, "not-found"),
    "wrong method": (("-X", "DELETE", *KNOWN), PATH, 405, "method-not-allowed"),
    "unknown method": (("-X", "BREW", *KNOWN), PATH, 501, "method-not-allowed"),
    "wrong media type": ((*KNOWN, *media("text/csv"), "-d", "81.4"), PATH, 415, "unsupported-media"),
    "media type not among the endpoint's": ((*media("text/xml"), "-d", "<r>1</r>"), "/json/x", 415, "unsupported-media"),
    "no credential": (READING, PATH, 401, "unauthenticated"),
    "wrong credential": ((*READING, "-H", BEARER + "guessed"), PATH, 401, "unauthenticated"),
    "another device's path": ((*READING, *KNOWN), "/ships/sensors/engine-8", 403, "forbidden"),
    "another role's path": ((*READING, *KNOWN), "/ships/admin/reset", 403, "forbidden"),
    "over the gateway's limit": ((*JSON, "-d", '"' + "x" * 65536 + '"'), "/open/x", 413, "too-large"),
    "over the endpoint's limit": ((*JSON, "-d", '"' + "x" * 400 + '"'), "/small/x", 413, "too-large"),
    "backend refused": (READING, "/gone/x", 502, "bad-backend"),
    "backend slow": (READING, "/slow/x", 504, "timeout"),
    "backend resetting": (READING, "/resetting/x", 502, "bad-backend"),
    "backend talks garbage": (READING, "/garbage/x", 502, "bad-backend"),
    "backend's own 400": (READING, "/picky/400", 422, "invalid"),
    "backend's own 401": (READING, "/picky/401", 502, "bad-backend"),
    "backend's own 403": (READING, "/picky/403", 403, "forbidden"),
    "backend's own 404": (READING, "/picky/404", 404, "not-found"),
    "backend's own 409": (READING, "/picky/409", 409, "conflict"),
    "backend's own 413": (READING, "/picky/413", 413, "too-large"),
    "backend's own 415": (READING, "/picky/415", 415, "unsupported-media"),
    "backend's own 422": (READING, "/picky/422", 422, "invalid"),
    "backend's own 429": (READING, "/picky/429", 429, "too-many"),
    "backend's own 500": (READING, "/picky/500", 503, "unavailable"),
    "backend's own 503": (READING, "/picky/503", 503, "unavailable"),
}

# Bytes that are no HTTP, or none that may be believed.
PACKETS = {
    "no HTTP at all": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "no version": "POST /open/x\r\nHost: box\r\n\r\n",
    "a field without a colon": "GET /open/x HTTP/1.1\r\nHost: box\r\nNonsense\r\n\r\n",
    "two lengths": "POST /open/x HTTP/1.1\r\nHost: box\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12",
    "Basic that is no base64": "GET /open/x HTTP/1.1\r\nHost: box\r\nAuthorization: Basic ???\r\n\r\n",
    "a chunk that is none": "POST /open/x HTTP/1.1\r\nHost: box\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
}


def problem(status, headers, body):
    said = json.loads(body)
    assert headers["content-type"] == "application/problem+json", headers
    assert said["status"] == status and said["title"] and said["type"], said
    assert headers["x-request-id"] == said["requestId"], (headers, said)
    return Refusal(status, said["detail"], said["requestId"])


def by_curl(gateway, arguments, path):
    status, headers, body = support.curl(*arguments, gateway.url(path))
    if status == 401:
        assert headers["www-authenticate"].startswith("Bearer "), headers
    if status == 405:
        assert headers["allow"] == "GET, POST, OPTIONS", headers
    if status == 429:
        assert int(headers["retry-after"]) >= 1, headers
    return problem(status, headers, body)


def neighbour(gateway):
    """Sends good readings, all on one connection."""
    client = Client(gateway)
    text = support.READING_TEXT
    message = f"POST {PATH} HTTP/1.1\r\nHost: box\r\n{KNOWN[1]}\r\n{JSON[1]}\r\nContent-Length: {len(text)}\r\n\r\n{text}"

    def good():
        answer = client.ask(message)
        assert answer.status == 200, answer
    return good


def test_every_row():
    with World(LISTENERS) as world:
        good = neighbour(world.gateway)
        for name, (arguments, path, code, status) in ROWS.items():
            said = world.refused(name, "web", status, lambda: by_curl(world.gateway, arguments, path), good, "http")
            assert said == code, (name, said)
        assert len(world.resetting.seen) == 1, "a POST that may have been taken was sent again"
        for secret in (*support.TOKENS.values(), "guessed"):
            assert secret not in world.gateway.log(), secret


def test_bytes_that_are_no_http():
    def say(gateway, bytes_):
        client = Client(gateway)
        answer = client.ask(bytes_)
        assert answer.headers["connection"] == "close", answer
        client.expect_end()
        return problem(answer.status, answer.headers, answer.body)

    with World(LISTENERS) as world:
        good = neighbour(world.gateway)
        for name, bytes_ in PACKETS.items():
            said = world.refused(name, "web", "malformed", lambda: say(world.gateway, bytes_), good, "http", True)
            assert said == 400, (name, said)


def test_a_backend_s_own_words_are_passed_on():
    words = b'{"type":"about:blank","detail":"81.4 is too hot","status":422}'
    backend = support.RestBackend(lambda seen: (422, {"Content-Type": "application/problem+json"}, words))
    with support.Gateway(support.fleet(backend.url, LISTENERS), environment=support.TOKENS) as gateway:
        status, headers, body = support.curl(*READING, gateway.url("/open/x"))
        assert (status, headers["content-type"], body.encode()) == (422, "application/problem+json", words), (headers, body)
        gateway.wait_log(f"invalid id={headers['x-request-id']}")
    backend.close()


if __name__ == "__main__":
    support.main(globals())
