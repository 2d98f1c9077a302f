"""Each thing that SOAP can be refused for: a Fault with the right code, the reason and the request's id, a line in the log, a
counter, nothing at the backend that should not be there, and nobody else disturbed."""
# Each lambda is called before its loop goes on.  pylint: disable=cell-var-from-loop
import re
import xml.etree.ElementTree as ElementTree

import support
from support_http import Client
from support_refusals import Refusal, World

LISTENERS = '  - { name: web, protocol: http, bind: "{address}:{port_web}" }'
SOAP_11, SOAP_12 = "http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
OURS = "{urn:fairlead:error}"
CLIENT, SERVER, AUTHENTICATION = f"{{{SOAP_11}}}Client", f"{{{SOAP_11}}}Server", f"{{{WSSE}}}FailedAuthentication"
MEMBERS = "<sensor>temperature</sensor><value>81.4</value><unit>Cel</unit><time>1764057600123456789</time>"


def call(device="engine-7", operation="ReportReading", members=MEMBERS):
    return f'<r:{operation} xmlns:r="urn:r"><device>{device}</device>{members}</r:{operation}>'


def caller(password, user="engine-7"):
    return (f'<w:Security xmlns:w="{WSSE}"><w:UsernameToken><w:Username>{user}</w:Username><w:Password>{password}</w:Password>'
            f'</w:UsernameToken></w:Security>')


def envelope(body, header="", namespace=SOAP_11):
    return f'<s:Envelope xmlns:s="{namespace}"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'


SEVEN = caller(support.TOKENS["TOKEN_7"])
READING = envelope(f'<r:Report xmlns:r="urn:r">{MEMBERS}</r:Report>')

# name: (envelope, path, fault code, status)
ROWS = {
    "no XML": ("81.4", "/ships", CLIENT, "malformed"),
    "malformed XML": (envelope(call(), SEVEN).replace("</value>", ""), "/ships", CLIENT, "malformed"),
    "a DOCTYPE": ("<!DOCTYPE x>" + envelope(call(), SEVEN), "/ships", CLIENT, "malformed"),
    "no envelope": (call(), "/ships", CLIENT, "malformed"),
    "no body": (envelope("", SEVEN), "/ships", CLIENT, "malformed"),
    "a header that must be understood": (envelope(call(), SEVEN + '<x:Pay xmlns:x="urn:x" s:mustUnderstand="1"/>'), "/ships",
                                         f"{{{SOAP_11}}}MustUnderstand", "malformed"),
    "another version of SOAP": (envelope(call(), SEVEN, "urn:soap:2.0"), "/ships", f"{{{SOAP_11}}}VersionMismatch", "malformed"),
    "an operation without its device": (envelope(call().replace("device>", "x>"), SEVEN), "/ships", CLIENT, "malformed"),
    "unknown operation": (envelope(call(operation="SinkShip"), SEVEN), "/ships", CLIENT, "not-found"),
    "unknown endpoint": (envelope(call(), SEVEN), "/no/such/thing", CLIENT, "not-found"),
    "wrong method": (READING, "/readable/x", CLIENT, "method-not-allowed"),
    "no credential": (envelope(call()), "/ships", AUTHENTICATION, "unauthenticated"),
    "wrong credential": (envelope(call(), caller("guessed")), "/ships", AUTHENTICATION, "unauthenticated"),
    "another's user name": (envelope(call(), caller(support.TOKENS["TOKEN_7"], "engine-8")), "/ships", AUTHENTICATION, "unauthenticated"),
    "another device's path": (envelope(call("engine-8"), SEVEN), "/ships", CLIENT, "forbidden"),
    "another role's path": (envelope('<r:Reset xmlns:r="urn:r"/>', SEVEN), "/ships/admin/reset", CLIENT, "forbidden"),
    "over the endpoint's limit": (envelope(f"<r:Report xmlns:r='urn:r'>{'x' * 400}</r:Report>"), "/small/x", CLIENT, "too-large"),
    "over the gateway's limit": (envelope(call(members="x" * 65536), SEVEN), "/ships", CLIENT, "too-large"),
    "backend refused": (READING, "/gone/x", SERVER, "bad-backend"),
    "backend slow": (READING, "/slow/x", SERVER, "timeout"),
    "backend resetting": (READING, "/resetting/x", SERVER, "bad-backend"),
    "backend talks garbage": (READING, "/garbage/x", SERVER, "bad-backend"),
    "backend's own 400": (READING, "/picky/400", CLIENT, "invalid"),
    "backend's own 401": (READING, "/picky/401", SERVER, "bad-backend"),
    "backend's own 403": (READING, "/picky/403", CLIENT, "forbidden"),
    "backend's own 404": (READING, "/picky/404", CLIENT, "not-found"),
    "backend's own 409": (READING, "/picky/409", CLIENT, "conflict"),
    "backend's own 422": (READING, "/picky/422", CLIENT, "invalid"),
    "backend's own 429": (READING, "/picky/429", SERVER, "too-many"),
    "backend's own 503": (READING, "/picky/503", SERVER, "unavailable"),
}


def qualified(name, text):
    """"soap:Client" with its prefix resolved by the declarations of the document."""
    prefix, _, local = name.partition(":")
    return "{%s}%s" % (re.search(f'xmlns:{prefix}="([^"]*)"', text).group(1), local)


def post(gateway, path, body, media, *headers):
    arguments = [part for header in headers for part in ("-H", header)]
    return support.curl("-X", "POST", "--data-binary", body, "-H", f"Content-Type: {media}", *arguments, gateway.url(path))


def fault_11(gateway, path, body):
    """SOAP 1.1 (section 6.2): a Fault comes with 500, whatever it says."""
    status, fields, text = post(gateway, path, body, "text/xml; charset=utf-8", "SOAPAction: \"\"")
    assert (status, fields["content-type"]) == (500, "text/xml; charset=utf-8"), (status, fields, text)
    fault, = ElementTree.fromstring(text).find(f"{{{SOAP_11}}}Body")
    assert fault.tag == f"{{{SOAP_11}}}Fault", text
    request_id = fault.find(f"detail/{OURS}requestId").text
    assert request_id == fields["x-request-id"]
    return Refusal(qualified(fault.find("faultcode").text, text), fault.find("faultstring").text, request_id)


def fault_12(gateway, path, body):
    """SOAP 1.2 (part 2, section 7.5.2.2): 400 for the sender's faults, 500 for ours."""
    status, fields, text = post(gateway, path, body, "application/soap+xml; charset=utf-8")
    assert fields["content-type"] == "application/soap+xml; charset=utf-8", (status, fields, text)
    fault, = ElementTree.fromstring(text).find(f"{{{SOAP_12}}}Body")
    value = f"{{{SOAP_12}}}Value"
    code = qualified(fault.find(f"{{{SOAP_12}}}Code/{value}").text, text)
    subcode = qualified(fault.find(f"{{{SOAP_12}}}Code/{{{SOAP_12}}}Subcode/{value}").text, text)
    ours = code in (f"{{{SOAP_12}}}Receiver", f"{{{SOAP_12}}}MustUnderstand", f"{{{SOAP_12}}}VersionMismatch")
    assert status == (500 if ours else 400), (status, text)
    reason = fault.find(f"{{{SOAP_12}}}Reason/{{{SOAP_12}}}Text").text
    request_id = fault.find(f"{{{SOAP_12}}}Detail/{OURS}requestId").text
    assert request_id == fields["x-request-id"]
    return Refusal(subcode if subcode == AUTHENTICATION else code, reason, request_id)


def neighbour(gateway):
    client, body = Client(gateway), envelope(call(), SEVEN)
    message = (f'POST /ships HTTP/1.1\r\nHost: box\r\nContent-Type: text/xml\r\nSOAPAction: ""\r\nContent-Length: {len(body)}\r\n\r\n'
               f'{body}')

    def good():
        answer = client.ask(message)
        assert answer.status == 200 and b"ReportReadingResponse" in answer.body, answer
    return good


def test_every_row_in_soap_1_1():
    with World(LISTENERS) as world:
        good = neighbour(world.gateway)
        for name, (body, path, code, status) in ROWS.items():
            said = world.refused(name, "web", status, lambda: fault_11(world.gateway, path, body), good, "soap")
            assert said == code, (name, said)
        assert len(world.resetting.seen) == 1, "a call that may have been taken was sent again"
        for secret in (*support.TOKENS.values(), "guessed"):
            assert secret not in world.gateway.log(), secret


def test_every_row_in_soap_1_2():
    newer = {CLIENT: f"{{{SOAP_12}}}Sender", SERVER: f"{{{SOAP_12}}}Receiver"}
    with World(LISTENERS) as world:
        good = neighbour(world.gateway)
        for name, (body, path, code, status) in ROWS.items():
            body = body.replace(SOAP_11, SOAP_12)
            said = world.refused(name, "web", status, lambda: fault_12(world.gateway, path, body), good, "soap")
            assert said == newer.get(code, code.replace(SOAP_11, SOAP_12)), (name, said)


if __name__ == "__main__":
    support.main(globals())
