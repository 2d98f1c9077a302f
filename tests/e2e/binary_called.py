"""The gateway calls a device that waits to be called, and calls again until it is there; what comes over such a line is of
whom the configuration says, and what comes over others is not."""
import atexit
import os
import shutil
import socket
import ssl
import tempfile

import support
from support import READING, RestBackend, TOKENS, Gateway, wait_until
from support_lines import NMEA_KSY, READING_KSY, TAKEN, Server, answers, lines, sent, sentences
from support_tls import Authority

FOLDER = tempfile.mkdtemp(prefix="fairlead-pki-")
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
LINE = 'path: "/lines/{device}", retry: 20ms, retry_max: 100ms'


def listener(url, more="device: engine-7", name="plc", frame=NMEA_KSY):
    return f'  - {{ name: {name}, protocol: binary, connect: "{url}", frame: {frame}, {LINE}, {more} }}\n'


def sentences_of(backend, n):
    return [backend.next().json()["sentence"].encode() + b"\r\n" for _ in range(n)]


def test_a_device_that_is_there():
    backend, device = RestBackend(), Server()
    with Gateway(lines(backend.url, listener(device.url)), environment=TOKENS) as gateway:
        connection = device.accept()
        stream = sentences(20)
        connection.sendall(b"".join(stream))
        seen = backend.next()
        assert seen.path == "/v1/lines/engine-7" and seen.headers["x-fairlead-client"] == "engine-7", seen
        assert sentences_of(backend, 19) == stream[1:]
        assert gateway.counters("plc")["connections"] == 1
    assert connection.recv(1) == b""
    backend.nothing_more()
    backend.close()
    device.close()


def test_it_hears_the_answers():
    backend, device = RestBackend(), Server()
    with Gateway(lines(backend.url, listener(device.url, 'path: "/ships/sensors/{device}"', frame=READING_KSY).replace(
            'path: "/lines/{device}", ', "")), environment=TOKENS):
        connection = device.accept()
        connection.sendall(sent("--login", "engine-7", TOKENS["TOKEN_7"]) + sent("--reading", "engine-7", "-"))
        assert answers(connection, 2) == [TAKEN, TAKEN]
        assert backend.next().json() == READING
    backend.close()
    device.close()


def test_a_device_that_comes_later_goes_and_comes_back():
    backend, address = RestBackend(), support.own_address()
    port = support.free_port(address)
    with Gateway(lines(backend.url, listener(f"tcp://{address}:{port}")), environment=TOKENS) as gateway:
        gateway.wait_log("line down listener=plc")
        for turn in range(3):
            device = Server(address, port)
            connection = device.accept()
            stream = sentences(5, first=10 * turn)
            connection.sendall(b"".join(stream))
            assert sentences_of(backend, 5) == stream
            before = gateway.counters("plc")["failed"]
            device.close()
            connection.close()
            wait_until(lambda: gateway.counters("plc")["failed"] > before + 3, "attempts")
        counters = gateway.counters("plc")
        assert counters["connections"] == 3, counters
        said = [line for line in gateway.lines if "line down" in line]
        assert len(said) == 4 and "connection refused" in said[0].lower(), said
        assert len([line for line in gateway.lines if "line up" in line]) == 3
        assert len([line for line in gateway.lines if "line lost" in line]) == 3
    backend.close()


def test_a_device_that_hangs_up_at_once():
    backend, device = RestBackend(), Server()
    with Gateway(lines(backend.url, listener(device.url)), environment=TOKENS) as gateway:
        for _ in range(5):
            device.accept().close()
        connection = device.accept()
        connection.sendall(sentences(1)[0][:30])
        connection.close()
        connection = device.accept()
        stream = sentences(2)
        connection.sendall(b"".join(stream))
        assert sentences_of(backend, 2) == stream
        assert gateway.counters("plc")["malformed"] == 1
    backend.nothing_more()
    backend.close()
    device.close()


def test_a_name_is_looked_up():
    backend, device = RestBackend(), Server("127.0.0.1")
    more = listener("tcp://nowhere.invalid:502", "device: engine-8", "nowhere")
    with Gateway(lines(backend.url, listener(f"tcp://localhost:{device.port}") + more), environment=TOKENS) as gateway:
        connection = device.accept()
        stream = sentences(3)
        connection.sendall(b"".join(stream))
        assert sentences_of(backend, 3) == stream
        gateway.wait_log("line down listener=nowhere to=tcp://nowhere.invalid:502")
    backend.close()
    device.close()


def test_a_socket_of_this_machine():
    backend = RestBackend()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "gps.sock")
        with Gateway(lines(backend.url, listener(f"unix://{path}")), environment=TOKENS) as gateway:
            gateway.wait_log("line down listener=plc")
            device = Server(path=path)
            connection = device.accept()
            stream = sentences(3)
            connection.sendall(b"".join(stream))
            assert sentences_of(backend, 3) == stream
            gateway.wait_log(f"line up listener=plc peer={path}")
    device.close()
    backend.close()


def test_a_listener_that_is_replaced_calls_anew():
    backend, device = RestBackend(), Server()
    before = lines(backend.url, listener(device.url))
    with Gateway(before, environment=TOKENS) as gateway:
        first = device.accept()
        first.sendall(sentences(1)[0])
        assert backend.next().path == "/v1/lines/engine-7"
        gateway.write(before.replace("device: engine-7", "device: engine-8"))
        gateway.reload()
        second = device.accept()
        assert first.recv(1) == b""
        second.sendall(sentences(1)[0])
        assert backend.next().path == "/v1/lines/engine-8"
    backend.close()
    device.close()


def secure(ca, backend, device, tls):
    files = {f"pki/{name}": ca.read(name=name[:-4], kind=name[-3:]) for name in ("ca.crt", "gateway.crt", "gateway.key")}
    text = lines(backend.url, listener(device.url, f"device: engine-7, tls: {{ ca: pki/ca.crt, {tls} }}"))
    return Gateway(text, files=files, environment=TOKENS)


def test_a_device_that_asks_for_a_certificate_and_shows_one():
    ca = Authority(FOLDER, "ca")
    ca.issue("server", "server")
    ca.issue("gateway")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(FOLDER, "server.crt"), os.path.join(FOLDER, "server.key"))
    context.load_verify_locations(os.path.join(FOLDER, "ca.crt"))
    context.verify_mode = ssl.CERT_REQUIRED
    backend, device = RestBackend(), Server(tls=context)
    own = "certificate: pki/gateway.crt, key: pki/gateway.key"
    with secure(ca, backend, device, f"{own}, server_name: localhost"):
        connection = device.accept()
        assert dict(part[0] for part in connection.getpeercert()["subject"])["commonName"] == "gateway"
        stream = sentences(3)
        connection.sendall(b"".join(stream))
        assert sentences_of(backend, 3) == stream
    with secure(ca, backend, device, f"{own}, server_name: other.example") as gateway:
        try:
            device.accept()
        except (ssl.SSLError, ConnectionError):
            pass
        assert "name" in gateway.wait_log("line down listener=plc")
    backend.nothing_more()
    backend.close()
    device.close()


def test_only_the_line_says_who_is_there():
    """The same frames from whoever connects are nobody's; and a line whose device is no client is nobody's either."""
    backend, known, unknown = RestBackend(), Server(), Server()
    listeners = listener(known.url) + listener(unknown.url, "device: stranger", "other") + (
        '  - { name: open, protocol: binary, bind: "tcp://{address}:{port_open}", '
        f'frame: {NMEA_KSY}, path: "/lines/engine-7" }}\n')
    with Gateway(lines(backend.url, listeners), environment=TOKENS) as gateway:
        unknown.accept().sendall(sentences(1)[0])
        with socket.create_connection((gateway.address, gateway.port("open"))) as connection:
            connection.sendall(sentences(1)[0])
            wait_until(lambda: gateway.counters("open").get("answered.unauthenticated") == 1, "a refusal")
        wait_until(lambda: gateway.counters("other").get("answered.unauthenticated") == 1, "a refusal")
        known.accept().sendall(sentences(1)[0])
        backend.next()
        backend.nothing_more()
    backend.close()


def test_an_endpoint_that_no_line_leads_to_is_told_of():
    backend, device = RestBackend(), Server()
    for more, told in (("device: engine-7", False), ("idle: 5m", True)):
        listeners = listener(device.url, more).replace("{device}", "engine-7")
        with Gateway(lines(backend.url, listeners), environment=TOKENS) as gateway:
            said = [line for line in gateway.lines if "endpoint=lines nobody can call it" in line]
            assert bool(said) == told, gateway.log()
            assert not told or "a device" in said[0], said
    backend.close()
    device.close()


if __name__ == "__main__":
    support.main(globals())
