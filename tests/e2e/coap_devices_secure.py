"""Devices over DTLS: a pre-shared key, certificates both ways, and what is not believed. libcoap's server is the
device, with OpenSSL's DTLS and with GnuTLS's."""
import os
import tempfile

import support
from support import curl
from support_coap_device import RealDevice, configuration


def openssl(folder, *arguments):
    support.run("openssl", *arguments, cwd=folder)


def make_pki(folder, address):
    """ca, and signed by it: gateway; device for this address and valve.example; other for another name."""
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=device ca", "-keyout", "ca.key", "-out", "ca.crt")
    openssl(folder, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
            "-subj", "/CN=another ca", "-keyout", "foreign.key", "-out", "foreign.crt")
    for name, subject in (("gateway", "DNS:gateway"), ("device", f"IP:{address},DNS:valve.example"), ("other", "DNS:other.example")):
        openssl(folder, "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", f"{name}.key", "-out", f"{name}.csr")
        with open(os.path.join(folder, f"{name}.ext"), "w", encoding="utf-8") as out:
            out.write(f"subjectAltName={subject}\n")
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "2", "-extfile", f"{name}.ext", "-out", f"{name}.crt")


def secure(device, settings, environment=None):
    return support.Gateway(configuration(device.url("coaps"), settings), environment=environment)


PSK = {"VALVE_PSK": "sesame-opens-the-valve"}
PSK_SETTINGS = "timeout: 20s, identity: gateway, psk: env:VALVE_PSK"


STACKS = ("coap-server-openssl", "coap-server-gnutls")


def set_and_read(gateway):
    valve = gateway.url("/ships/actuators/valve-3")
    assert curl("-X", "PUT", "--json", '{"open":true}', valve)[0] == 201
    assert curl("-H", "Accept: application/json", valve)[2] == '{"open":true}'
    text = "y" * 5000
    put = ("-X", "PUT", "-H", "Content-Type: application/octet-stream", "--data-binary", text)
    assert curl(*put, gateway.url("/raw/log"))[0] == 201
    assert curl(gateway.url("/raw/log"))[2] == text
    assert gateway.counters("valve")["connections"] == 1, "one session for all"


def test_a_pre_shared_key():
    for program in STACKS:
        with RealDevice("-k", PSK["VALVE_PSK"], program=program) as device, secure(device, PSK_SETTINGS, PSK) as gateway:
            set_and_read(gateway)


def test_without_the_right_key_nothing_is_sent():
    with RealDevice("-k", "another key") as device:
        settings = PSK_SETTINGS.replace("20s", "3s")
        with secure(device, settings, PSK) as gateway:
            status, _, body = curl("-X", "PUT", "--json", '{"open":true}', gateway.url("/ships/actuators/valve-3"))
            assert status == 504 and "no secure session" in body, (status, body)
        assert "valve-3" not in device.log()


def test_a_device_that_restarted_gets_a_new_session():
    settings = PSK_SETTINGS + ", ack_timeout: 200ms"
    with RealDevice("-k", PSK["VALVE_PSK"]) as device, secure(device, settings, PSK) as gateway:
        assert curl(gateway.url("/raw/time"))[0] == 200
        device.process.kill()  # it says no goodbye
        device.process.wait()
        device.start()
        status, _, body = curl(gateway.url("/raw/time"))
        assert status == 200, (status, body)
        assert gateway.counters("valve")["connections"] >= 2


def test_certificates_both_ways():
    with tempfile.TemporaryDirectory() as folder:
        address = support.own_address()
        make_pki(folder, address)

        def path(name):
            return os.path.join(folder, name)
        own = f"ca: {path('ca.crt')}, certificate: {path('gateway.crt')}, key: {path('gateway.key')}"
        server = ("-c", path("device.crt"), "-j", path("device.key"), "-C", path("ca.crt"))
        with RealDevice(*server, address=address, program="coap-server-gnutls") as device:
            with secure(device, f"timeout: 20s, {own}") as gateway:
                assert curl(gateway.url("/raw/time"))[0] == 200
        with RealDevice(*server, address=address) as device:
            with secure(device, f"timeout: 20s, {own}") as gateway:
                status, _, body = curl(gateway.url("/raw/time"))
                assert status == 200, (status, body)
            foreign = own.replace("ca.crt", "foreign.crt")
            with secure(device, f"timeout: 20s, {foreign}") as gateway:
                status, _, body = curl(gateway.url("/raw/time"))
                assert status == 502 and "certificate is not accepted" in body, (status, body)
            with secure(device, f"timeout: 20s, {own}, server_name: another.example") as gateway:
                status, _, body = curl(gateway.url("/raw/time"))
                assert status == 502 and "certificate is not accepted" in body, (status, body)
        other = ("-c", path("other.crt"), "-j", path("other.key"), "-C", path("ca.crt"))
        with RealDevice(*other, address=address) as device:
            with secure(device, f"timeout: 20s, {own}") as gateway:
                assert curl(gateway.url("/raw/time"))[0] == 502, "a certificate for another name"
            with secure(device, f"timeout: 20s, {own}, server_name: other.example") as gateway:
                assert curl(gateway.url("/raw/time"))[0] == 200


def test_nobody_there():
    address = support.own_address()
    url = f"coaps://{address}:{support.free_port(address, support.socket.SOCK_DGRAM)}"
    with support.Gateway(configuration(url, PSK_SETTINGS), environment=PSK) as gateway:
        status, _, body = curl(gateway.url("/raw/time"))
        assert status == 503 and "cannot be reached" in body, (status, body)


if __name__ == "__main__":
    support.main(globals())
