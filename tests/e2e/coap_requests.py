"""CoAP over UDP to a REST backend, and each refusal in CoAP's words."""
import support
from support_coap import ACCEPT, ACK, CBOR, DELETE, FETCH, GET, JSON, NON, POST, PUT
from support_coap import coap_client, connect, listener, number

PATH = "/ships/sensors/engine-7"
TOKEN = support.TOKENS["TOKEN_7"]
READING = support.READING_TEXT.encode()


def gateway(backend, extra="token_in_query: accept"):
    return support.Gateway(support.fleet(backend.url, listener(extra)), environment=support.TOKENS)


def test_a_reading_arrives_unchanged():
    backend = support.RestBackend()
    with gateway(backend) as box:
        answer = connect(box).call(POST, PATH, READING, token=TOKEN, form=JSON)
        assert (answer.code, answer.kind) == ("2.04", ACK), answer.code
        assert answer.payload == b'{"ok":true}'
        assert answer.option(12) == number(JSON)
        seen = backend.next()
        assert (seen.method, seen.path) == ("POST", "/v1/readings/engine-7"), seen
        assert seen.json() == support.READING, seen.body
        assert b"1764057600123456789" in seen.body
        assert TOKEN not in seen.path
        backend.nothing_more()
        assert TOKEN not in box.log()


def test_libcoaps_client_posts_a_reading():
    backend = support.RestBackend()
    with gateway(backend) as box:
        said = coap_client(box, "post", f"{PATH}?access_token={TOKEN}", "-t", "json", "-e", support.READING_TEXT)
        assert '{"ok":true}' in said, said
        assert backend.next().json() == support.READING


def test_non_confirmable_is_answered_alike():
    backend = support.RestBackend()
    with gateway(backend) as box:
        answer = connect(box).call(POST, PATH, READING, token=TOKEN, form=JSON, kind=NON)
        assert (answer.code, answer.kind) == ("2.04", NON)
        assert backend.next().json() == support.READING


def test_methods_have_their_answers():
    backend = support.RestBackend()
    with gateway(backend) as box:
        client = connect(box)
        for what, method, expected in ((GET, "GET", "2.05"), (POST, "POST", "2.04"), (PUT, "PUT", "2.04"),
                                       (DELETE, "DELETE", "2.02")):
            answer = client.call(what, "/open/x", b"{}" if what in (POST, PUT) else b"", form=JSON)
            assert answer.code == expected, (method, answer.code)
            assert backend.next().method == method


def test_refusals():
    backend = support.RestBackend()
    with gateway(backend) as box:
        client = connect(box)
        reading = {"body": READING, "token": TOKEN, "form": JSON}
        for what, path, options, expected in (
                (POST, "/no/such/thing", reading, "4.04"),
                (DELETE, PATH, {"token": TOKEN}, "4.05"),
                (FETCH, PATH, {"token": TOKEN}, "4.05"),
                (POST, PATH, {"body": READING, "form": JSON}, "4.01"),
                (POST, PATH, dict(reading, token="wrong"), "4.01"),
                (POST, "/ships/sensors/engine-8", reading, "4.03"),
                (POST, "/ships/admin/reset", reading, "4.03"),
                (POST, PATH, dict(reading, form=23), "4.15"),
                (POST, PATH, dict(reading, form=65000), "4.15"),
                (POST, PATH, dict(reading, options=[(ACCEPT, number(65000))]), "4.06"),
                (POST, PATH, dict(reading, body=b'{"value":'), "4.00"),
                (POST, PATH, dict(reading, form=CBOR, body=b"\xff"), "4.00"),
                (POST, PATH, dict(reading, options=[(9, b"")]), "4.02"),
                (POST, PATH, dict(reading, options=[(35, b"coap://x")]), "5.05")):
            answer = client.call(what, path, **options)
            assert answer.code == expected, (path, options, answer.code, answer.payload)
            assert answer.payload, (path, options)
        backend.nothing_more()


def test_a_token_in_the_clear_is_refused_unless_the_listener_takes_it():
    backend = support.RestBackend()
    with gateway(backend, "token_in_query: refuse") as box:
        answer = connect(box).call(POST, PATH, READING, token=TOKEN, form=JSON)
        assert answer.code == "4.01" and b"in the clear" in answer.payload, answer.payload
        backend.nothing_more()


def test_an_ill_backend_in_coaps_words():
    def reset(_seen):
        raise ConnectionError
    backend = support.RestBackend(answer=reset)
    with gateway(backend) as box:
        answer = connect(box).call(POST, PATH, READING, token=TOKEN, form=JSON)
        assert answer.code == "5.02", answer.code
    gone = support.RestBackend()
    gone.close()
    with gateway(gone) as box:
        answer = connect(box).call(POST, PATH, READING, token=TOKEN, form=JSON)
        assert answer.code in ("5.02", "5.03"), answer.code


def test_a_changed_listener_takes_over_its_port():
    backend = support.RestBackend()
    with gateway(backend, "token_in_query: refuse") as box:
        client = connect(box)
        assert client.call(POST, PATH, READING, token=TOKEN, form=JSON).code == "4.01"
        box.write(support.fleet(backend.url, listener("token_in_query: accept")))
        box.reload()
        assert client.call(POST, PATH, READING, token=TOKEN, form=JSON).code == "2.04"
        backend.next()


support.main(globals())
