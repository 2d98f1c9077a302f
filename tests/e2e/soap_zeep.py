"""SOAP from python3-zeep and from raw envelopes: the reading arrives at the REST backend as the same JSON, the answer
comes back as a response element, and every refusal as a Fault."""
import json

from support import READING, READING_TEXT, TOKENS, Gateway, RestBackend, curl, fleet, main
from support_soap import NAMESPACE, SOAP_11, UsernameToken, client, envelope, fault_of

LISTENERS = "  - { name: web, protocol: http, bind: '{address}:{port_web}' }"


def gateway(backend):
    return Gateway(fleet(backend.url, LISTENERS), environment=TOKENS)


def post(gate, path, body, *headers):
    arguments = ["-H", "Content-Type: text/xml; charset=utf-8"]
    for header in headers:
        arguments += ["-H", header]
    return curl("-X", "POST", "--data-binary", body, *arguments, gate.url(path))


def test_a_reading_arrives_as_the_same_json():
    backend = RestBackend()
    with gateway(backend) as gate:
        for binding in ("ReadingsSoap", "ReadingsSoap12"):
            service = client(UsernameToken("engine-7", TOKENS["TOKEN_7"]), gate.url("/ships/sensors"), binding)
            answer = service.ReportReading(device="engine-7", **READING)
            seen = backend.next()
            assert (seen.method, seen.path) == ("POST", "/v1/readings/engine-7"), seen
            assert seen.body.decode() == READING_TEXT, seen
            assert [(element.tag, element.text) for element in answer] == [(f"{{{NAMESPACE}}}ok", "true")], answer
    backend.close()


def test_a_path_finds_the_endpoint_as_well():
    backend = RestBackend()
    content = "".join(f"<{name}>{value}</{name}>" for name, value in READING.items())
    with gateway(backend) as gate:
        status, headers, body = post(gate, "/ships/sensors/engine-7", envelope(f"<ReportReading>{content}</ReportReading>"),
                                     f"Authorization: Bearer {TOKENS['TOKEN_7']}", 'SOAPAction: ""')
        assert status == 200 and "<ReportReadingResponse><ok>true</ok></ReportReadingResponse>" in body, body
        assert headers["content-type"] == "text/xml; charset=utf-8", headers
        assert backend.next().body.decode() == READING_TEXT
    backend.close()


def test_refusals_are_faults():
    backend = RestBackend()
    with gateway(backend) as gate:
        url = gate.url("/ships/sensors")
        fault = fault_of(client(None, url).ReportReading, device="engine-7", **READING)
        assert fault.code.endswith(":FailedAuthentication"), fault.code
        fault = fault_of(client(UsernameToken("engine-7", "wrong"), url).ReportReading, device="engine-7", **READING)
        assert fault.code.endswith(":FailedAuthentication"), fault.code
        fault = fault_of(client(UsernameToken("engine-7", TOKENS["TOKEN_7"]), url).ReportReading,
                         device="engine-8", **READING)
        assert fault.code == "soap:Client" and fault.message, fault.code
        assert fault.detail.findtext("{urn:fairlead:error}status") == "forbidden", fault.detail
        assert len(fault.detail.findtext("{urn:fairlead:error}requestId")) == 16
        backend.nothing_more()
    backend.close()


def test_bad_envelopes_are_client_faults():
    backend = RestBackend()
    token = f"Authorization: Bearer {TOKENS['TOKEN_7']}"
    bad = [
        "<s:Envelope",
        f'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>{envelope("<ReportReading>&b;</ReportReading>")}',
        envelope(""),
        envelope("<NoSuchOperation/>"),
        '<Envelope xmlns="urn:other"/>',
        envelope("<ReportReading/>", '<x xmlns="urn:x" s:mustUnderstand="1"/>'),
    ]
    with gateway(backend) as gate:
        for body in bad:
            status, _, answer = post(gate, "/ships", body, token, "SOAPAction: x")
            assert status == 500 and "<soap:Fault><faultcode>soap:" in answer, answer
            assert "<requestId" in answer and "soap:Server" not in answer, answer
        backend.nothing_more()
    backend.close()


def test_a_backend_that_fails_is_a_server_fault():
    backend = RestBackend(lambda seen: (503, {}, b""))
    with gateway(backend) as gate:
        service = client(UsernameToken("engine-7", TOKENS["TOKEN_7"]), gate.url("/ships/sensors"))
        fault = fault_of(service.ReportReading, device="engine-7", **READING)
        assert fault.code == "soap:Server" and fault.message, fault.code
    backend.close()


def test_xml_that_is_no_envelope_goes_the_rest_way():
    backend = RestBackend()
    with gateway(backend) as gate:
        status, _, _ = post(gate, "/ships/sensors/engine-7",
                            "<reading><sensor>temperature</sensor><value>81.4</value></reading>",
                            f"Authorization: Bearer {TOKENS['TOKEN_7']}")
        assert status == 200
        assert json.loads(backend.next().body) == {"sensor": "temperature", "value": 81.4}
    backend.close()


main(globals())
