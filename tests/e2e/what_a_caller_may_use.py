"""/.well-known/core (RFC 6690): over CoAP and HTTP, for each caller what that caller may use; with filters, in blocks."""
import support
from support_coap import GET, URI_QUERY, coap_client, connect, listener

CORE = "/.well-known/core"
MORE = """
  - { name: values, path: "/values/{thing}", methods: [GET, PUT], auth: [token, none], keep: last, resource_type: "core.s last value" }
  - { name: fixed, path: /fixed, methods: [GET], auth: [none], to: telemetry, accept: [text/plain, application/json] }
  - { name: web-only, path: /web, methods: [GET], auth: [none], to: telemetry, protocols: [http] }
"""
FIXED = '</fixed>;rt="fixed";ct="0 50"'


def gateway(backend, more=MORE):
    listeners = '  - { name: web, protocol: http, bind: "{address}:{port_web}" }\n' + listener()
    config = support.fleet(backend.url, listeners, more).replace("gateway: { name: test,", "gateway: { name: test, state: state,")
    return support.Gateway(config, environment=support.TOKENS)


def links(client, *queries, token=None):
    answer = client.fetch(GET, CORE, token=token, options=[(URI_QUERY, query.encode()) for query in queries])
    assert answer.code == "2.05", (answer.code, answer.payload)
    assert answer.option(12) == (b"\x28" if answer.payload else None), answer.option(12)
    return sorted(answer.payload.decode().split(",")) if answer.payload else []


def test_each_caller_sees_what_is_for_it():
    backend = support.RestBackend()
    with gateway(backend) as box:
        client = connect(box)
        assert links(client) == [FIXED]
        seen = links(client, token=support.TOKENS["TOKEN_7"])
        assert [link.split(">")[0] for link in seen] == ["</fixed", "</ships/sensors/engine-7"], seen
        assert 'rt="ship-readings"' in seen[1] and "50" in seen[1] and "60" in seen[1], seen
        seen = links(client, token=support.TOKENS["TOKEN_8"])
        assert "</ships/sensors/engine-8>" in ",".join(seen) and "engine-7" not in ",".join(seen)
        assert connect(box).call(GET, CORE, token="wrong").code == "4.01"
        backend.nothing_more()


def test_values_are_listed_by_their_paths():
    with gateway(support.RestBackend()) as box:
        for name in ("b", "a%20c"):
            status, _, _ = support.curl("-X", "PUT", "--json", "1", box.url(f"/values/{name}"))
            assert status == 201, status
        client = connect(box)
        assert [link.split(">")[0] for link in links(client, "obs")] == ["</values/a%20c", "</values/b"]
        assert all(link.endswith(";obs") for link in links(client, "rt=last"))


def test_filters():
    with gateway(support.RestBackend()) as box:
        client = connect(box)
        for query, found in (("rt=fixed", True), ("rt=fix*", True), ("rt=fi", False), ("href=/fixed", True), ("href=/f*", True),
                             ("href=/ships*", False), ("ct=0", True), ("ct=60", False), ("if=x", False), ("", True)):
            assert links(client, query) == ([FIXED] if found else []), query
        assert links(client, "rt=fixed", "ct=60") == []


def test_libcoaps_client_and_curl():
    with gateway(support.RestBackend()) as box:
        assert coap_client(box, "get", CORE).strip() == FIXED
        status, headers, body = support.curl(box.url(CORE))
        assert status == 200 and headers["content-type"] == "application/link-format"
        assert sorted(body.split(",")) == sorted([FIXED, '</web>;rt="web-only";' + body.split('"web-only";')[1].split(",")[0]])
        status, _, body = support.curl("-H", f"Authorization: Bearer {support.TOKENS['TOKEN_7']}", box.url(CORE + "?href=/ships*"))
        assert body.startswith("</ships/sensors/engine-7>"), body
        assert support.curl("-H", "Accept: text/html", box.url(CORE))[0] == 406
        assert support.curl("-X", "POST", "-d", "x", box.url(CORE))[0] == 405


def test_a_long_list_comes_in_blocks_and_never_amplifies():
    more = MORE + "".join(f"  - {{ name: thing-{i}, path: /things/{i}, methods: [GET], auth: [none], to: telemetry }}\n"
                          for i in range(100))
    with gateway(support.RestBackend(), more) as box:
        assert coap_client(box, "get", CORE).count("</things/") == 100
        client = connect(box)
        request = client.request(GET, CORE).pack()
        client.send(request)
        assert len(client.socket.recv(65536)) <= 3 * len(request)


def test_an_endpoint_of_that_path_comes_first():
    backend = support.RestBackend(answer=lambda seen: (200, {"Content-Type": "text/plain"}, b"mine"))
    more = MORE + "  - { name: core, path: /.well-known/core, methods: [GET], auth: [none], to: telemetry }\n"
    with gateway(backend, more) as box:
        assert coap_client(box, "get", CORE).strip() == "mine"


support.main(globals())
