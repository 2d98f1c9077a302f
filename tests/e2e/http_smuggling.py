"""What two readers could understand differently is refused: 400, the end, and the backend sees nothing of it."""
import json
import re

from support import RestBackend, main, vectors
from support_http import Client, gateway, get

SMUGGLED = "GET /open/smuggled HTTP/1.1\r\nHost: box\r\n\r\n"


def head(*fields):
    return get("/open/a", *fields, method="POST")


REFUSED = {
    "both framings": head("Content-Length: 4", "Transfer-Encoding: chunked") + "0\r\n\r\n",
    "both framings, the other way": head("Transfer-Encoding: chunked", "Content-Length: 4") + "0\r\n\r\n",
    "two lengths": head("Content-Length: 0", "Content-Length: 40"),
    "a list of lengths": head("Content-Length: 0, 40"),
    "a signed length": head("Content-Length: +0"),
    "chunked twice": head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked") + "0\r\n\r\n",
    "chunked, and not": head("Transfer-Encoding: chunked, identity") + "0\r\n\r\n",
    "almost chunked": head("Transfer-Encoding: xchunked") + "0\r\n\r\n",
    "a vertical tab": head("Transfer-Encoding: \x0bchunked") + "0\r\n\r\n",
    "chunks in 1.0": get("/open/a", "Transfer-Encoding: chunked", method="POST", version="1.0") + "0\r\n\r\n",
    "space before the colon": head("Transfer-Encoding : chunked") + "0\r\n\r\n",
    "a folded field": head("X: a\r\n Transfer-Encoding: chunked") + "0\r\n\r\n",
    "a bare LF": head("X: a\nTransfer-Encoding: chunked") + "0\r\n\r\n",
    "a bare CR": head("X: a\rTransfer-Encoding: chunked") + "0\r\n\r\n",
    "no Host": "GET /open/a HTTP/1.1\r\n\r\n",
    "two Hosts": get("/open/a", "Host: other"),
    "HTTP/0.9": "GET /open/a\r\n",
    "a chunk too long": head("Transfer-Encoding: chunked") + "1\r\nxy\r\n0\r\n\r\n",
    "a chunk's LF": head("Transfer-Encoding: chunked") + "1\nx\r\n0\r\n\r\n",
    "a chunk's size overflows": head("Transfer-Encoding: chunked") + "10000000000000000\r\nx\r\n0\r\n\r\n",
    "a broken extension": head("Transfer-Encoding: chunked") + "1;\nx=\r\nx\r\n0\r\n\r\n",
    "a NUL": head("X: \x00"),
    "no colon": head("Content-Length"),
    "a TLS hello": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


def test_it_is_refused_and_nothing_of_it_arrives():
    backend = RestBackend()
    with gateway(backend) as gate:
        for name, data in REFUSED.items():
            client = Client(gate)
            answer = client.ask(data + SMUGGLED)
            assert answer.status == 400, (name, answer)
            assert answer.headers["connection"] == "close", (name, answer)
            problem = json.loads(answer.body)
            assert problem["status"] == 400 and problem["detail"], (name, problem)
            assert problem["requestId"] == answer.headers["x-request-id"]
            client.expect_end()
            assert f"malformed id={problem['requestId']}" in gate.wait_log(problem["requestId"])
        assert gate.counters("web")["malformed"] == len(REFUSED)
        backend.nothing_more()
        assert Client(gate).ask(get("/open/b")).status == 200


def test_what_http_2_and_unknown_codings_get():
    backend = RestBackend()
    with gateway(backend) as gate:
        client = Client(gate)
        assert client.ask("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").status == 505
        client.expect_end()
        client = Client(gate)
        assert client.ask(head("Transfer-Encoding: gzip, chunked") + "0\r\n\r\n").status == 501
        client.expect_end()
        client = Client(gate)
        assert client.ask(get("/open/a", method="BREW")).status == 501
        client = Client(gate)
        assert client.ask(get("/open/a", method="CONNECT")).status == 501
        backend.nothing_more()


def has_own_log(case):
    """Some logs belong to another input: then the first method that they quote does not stand in theirs."""
    method = re.search(r'off=(\d+) len=(\d+) span\[method\]="(.*?)"', case["log"])
    at = int(method.group(1)) if method else 0
    return not method or bytes.fromhex(case["input_hex"])[at:at + int(method.group(2))] == method.group(3).encode()


def test_the_cases_of_llhttp_bring_no_further_request():
    """Each request case against the live listener: no more requests reach the backend than llhttp itself completed."""
    with open(vectors("llhttp/cases.json"), encoding="utf-8") as file:
        cases = [case for case in json.load(file)
                 if case["meta"].get("type", "") == "request" and has_own_log(case)]
    backend = RestBackend()
    with gateway(backend) as gate:
        for case in cases:
            data = bytes.fromhex(case["input_hex"])
            # Into the one endpoint that takes anything, and with the Host that HTTP/1.1 wants.
            data = re.sub(rb"^((?:\r\n)?[A-Z]+ )/[^ ?]*", rb"\1/open/x", data)
            if b"\nHost:" not in data:
                data = re.sub(rb"( HTTP/1\.1\r\n)", rb"\1Host: box\r\n", data, count=1)
            completed = case["log"].count("message complete")
            client = Client(gate)
            client.send(data)
            client.finish()
            final = re.findall(rb"HTTP/1\.1 ([2-5]\d\d)", client.rest())
            if case["error"] and case["error"][0] not in (5, 21, 22, 23):
                assert len(backend.seen) <= completed, (case["title"], backend.seen)
                assert not final or final[-1][:1] in b"45", (case["title"], client.bytes)
            backend.seen.clear()
        assert Client(gate).ask(get("/open/b")).status == 200


if __name__ == "__main__":
    main(globals())
