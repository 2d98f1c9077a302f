"""SOAP for the end-to-end tests: python3-zeep, and envelopes byte by byte."""
import os

from support import SOURCE, skip

try:
    import zeep
    import zeep.exceptions
    from zeep.wsse.username import UsernameToken  # noqa: F401, for the tests
except ImportError:
    skip("python3-zeep is not installed")

WSDL = os.path.join(SOURCE, "schemas", "wsdl", "fairlead-readings.wsdl")
NAMESPACE = "urn:fairlead:readings:1"
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"


def client(wsse, url, binding="ReadingsSoap"):
    return zeep.Client(WSDL, wsse=wsse).create_service(f"{{{NAMESPACE}}}{binding}", url)


def fault_of(call, **arguments):
    try:
        call(**arguments)
    except zeep.exceptions.Fault as fault:
        return fault
    raise AssertionError("no Fault")


def envelope(content, header=""):
    return (f'<s:Envelope xmlns:s="{SOAP_11}"><s:Header>{header}</s:Header>'
            f'<s:Body>{content}</s:Body></s:Envelope>')
