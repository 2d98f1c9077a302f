"""WS-Security's UsernameToken with a password, as text and as a digest, from python3-zeep and byte by byte: each message
with a digest once, and not for long."""
import base64
import datetime
import hashlib
import os

from support import READING, READING_TEXT, TOKENS, Gateway, RestBackend, curl, fleet, main
from support_passwords import scrypt
from support_soap import UsernameToken, client, envelope, fault_of

PLAIN, HASHED = "pl\u00e4in text", "kept as a hash"
WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
DIGEST = f"{WSS}username-token-profile-1.0#PasswordDigest"
BASE64 = f"{WSS}soap-message-security-1.0#Base64Binary"
CALL = ('<ReportReading xmlns="urn:fairlead:readings:1"><device>engine-7</device>'
        '<sensor>temperature</sensor><value>1</value></ReportReading>')


def gateway(backend, settings=""):
    text = fleet(backend.url, "  - { name: web, protocol: http, bind: '{address}:{port_web}' }")
    text = text.replace("limits: { body: 64KiB }", "limits: { body: 64KiB }, guessing: { attempts: 0 }")
    text = text.replace("  token: { method: token }",
                        f"  token: {{ method: token }}\n  user: {{ method: password{settings} }}")
    text = text.replace("token: env:TOKEN_7", "password: env:PASSWORD_7")
    text = text.replace("token: env:TOKEN_8", "password: env:PASSWORD_8")
    return Gateway(text.replace("auth: [token]", "auth: [token, user]"),
                   environment=dict(TOKENS, PASSWORD_7=PLAIN, PASSWORD_8=scrypt(HASHED)))


def report(gate, wsse, device="engine-7", binding="ReadingsSoap"):
    return client(wsse, gate.url("/ships/sensors"), binding).ReportReading(device=device, **READING)


def refused(gate, wsse, device="engine-7", binding="ReadingsSoap"):
    return fault_of(client(wsse, gate.url("/ships/sensors"), binding).ReportReading, device=device, **READING)


def test_zeep_with_text_and_with_a_digest():
    backend = RestBackend()
    with gateway(backend) as gate:
        for binding in ("ReadingsSoap", "ReadingsSoap12"):
            report(gate, UsernameToken("engine-7", PLAIN), binding=binding)
            report(gate, UsernameToken("engine-7", PLAIN, use_digest=True), binding=binding)
            report(gate, UsernameToken("engine-8", HASHED), "engine-8", binding)
            assert [backend.next().body.decode() for _ in range(3)] == [READING_TEXT] * 3
        backend.nothing_more()
        assert PLAIN not in gate.log() and HASHED not in gate.log()
    backend.close()


def test_a_digest_that_cannot_be_right_is_refused_in_the_same_words():
    backend = RestBackend()
    with gateway(backend) as gate:
        said = set()
        for user, password in (("engine-7", "wrong"), ("engine-8", HASHED), ("nobody", PLAIN), ("captain", PLAIN)):
            fault = refused(gate, UsernameToken(user, password, use_digest=True), "engine-7")
            assert fault.code.endswith(":FailedAuthentication"), fault.code
            said.add(fault.message)
        assert len(said) == 1 and "plain text" in said.pop()
        backend.nothing_more()
    backend.close()


def now(seconds=0):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)


def token(user="engine-7", password=PLAIN, nonce=None, created=None, kind=DIGEST, digest=None, parts=("n", "c")):
    nonce = os.urandom(16) if nonce is None else nonce
    created = created or now().strftime("%Y-%m-%dT%H:%M:%SZ")
    if digest is None:
        digest = base64.b64encode(hashlib.sha1(nonce + created.encode() + password.encode()).digest()).decode()
    inside = f'<w:Nonce EncodingType="{BASE64}">{base64.b64encode(nonce).decode()}</w:Nonce>' if "n" in parts else ""
    inside += f"<u:Created>{created}</u:Created>" if "c" in parts else ""
    return (f'<w:Security xmlns:w="{WSS}wssecurity-secext-1.0.xsd" xmlns:u="{WSS}wssecurity-utility-1.0.xsd">'
            f'<w:UsernameToken><w:Username>{user}</w:Username><w:Password Type="{kind}">{digest}</w:Password>'
            f"{inside}</w:UsernameToken></w:Security>")


def post(gate, header):
    return curl("-H", "Content-Type: text/xml; charset=utf-8", "-H", "SOAPAction: x", "--data-binary",
                envelope(CALL, header), gate.url("/ships/sensors"))


def test_a_message_that_comes_again_is_refused():
    backend = RestBackend()
    with gateway(backend) as gate:
        header = token()
        assert post(gate, header)[0] == 200
        for _ in range(2):
            status, _, body = post(gate, header)
            assert status == 500 and "wsse:FailedAuthentication" in body and "has come already" in body, body
        # A reload does not make it forget.
        gate.reload()
        assert "has come already" in post(gate, header)[2]
        # The same nonce at another time, or another nonce at the same time, is another message.
        nonce, stamps = os.urandom(16), [now(i).strftime("%Y-%m-%dT%H:%M:%S.%fZ") for i in range(2)]
        for header in (token(nonce=nonce, created=stamps[0]), token(nonce=nonce, created=stamps[1]),
                       token(created=stamps[1])):
            assert post(gate, header)[0] == 200
    backend.close()


def test_an_old_one_and_one_from_the_future_are_refused():
    backend = RestBackend()
    with gateway(backend, ", window: 5m, skew: 1m") as gate:
        for seconds in (-301, -3600, 90, 86400):
            for stamp in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%S+00:00"):
                status, _, body = post(gate, token(created=now(seconds).strftime(stamp)))
                assert status == 500 and "wsse:MessageExpired" in body, (seconds, body)
        # Created before this process was there: whether it came then nobody knows.
        assert "wsse:MessageExpired" in post(gate, token(created=now(-200).strftime("%Y-%m-%dT%H:%M:%SZ")))[2]
        assert post(gate, token(created=now(30).strftime("%Y-%m-%dT%H:%M:%SZ")))[0] == 200
        backend.next()
        backend.nothing_more()
    backend.close()


def test_when_no_more_can_be_remembered_none_is_let_in():
    backend = RestBackend()
    with gateway(backend, ", nonces: 3") as gate:
        headers = [token() for _ in range(3)]
        for header in headers:
            assert post(gate, header)[0] == 200
        status, _, body = post(gate, token())
        assert status == 500 and "soap:Server" in body and "unavailable" in body, body
        for header in headers:
            assert "has come already" in post(gate, header)[2]
    backend.close()


def test_what_is_no_such_token():
    backend = RestBackend()
    with gateway(backend) as gate:
        stamp = now().strftime("%Y-%m-%dT%H:%M:%SZ")
        for header, part in ((token(parts="n"), "a Nonce and a Created"), (token(parts="c"), "a Nonce and a Created"),
                             (token(created="yesterday"), "is no time"), (token(created="x" * 300), "too long"),
                             (token(nonce=b""), "not in base64"), (token(nonce=b"x" * 300), "too long"),
                             (token(digest="!!!"), "not in base64"), (token(digest="x" * 300), "too long"),
                             (token(digest=""), "takes"), (token(digest="AAAA"), "not accepted"),
                             (token(kind=DIGEST + "2"), "neither of the type"),
                             (token(digest=PLAIN), "not in base64"),
                             (token().replace(BASE64, "urn:hex"), "not in base64"),
                             (token(user="engine-7\u0301"), "not accepted"), (token(password=""), "not accepted"),
                             (token(kind="", digest=base64.b64encode(hashlib.sha1(stamp.encode()).digest()).decode()),
                              "not accepted")):
            status, _, body = post(gate, header)
            assert status == 500 and "wsse:FailedAuthentication" in body and part in body, (part, body)
        assert "<soap:Fault>" in post(gate, token(user="x&#0;"))[2]
        backend.nothing_more()
    backend.close()


if __name__ == "__main__":
    main(globals())
