"""Who is known by an address only: the end of the connection, and nothing that a message says of it. Each address of this
machine's loopback stands for a device."""
import os
import re
import socket
import tempfile

import support_mqtt as mqtt
from support import BINARY, READING_TEXT, TOKENS, Gateway, RestBackend, curl, fleet, main, run

LISTENERS = ("  - { name: web, protocol: http, bind: '{address}:{port_web}' }\n"
             "  - { name: mqtt, protocol: mqtt, bind: '{address}:{port_mqtt}' }\n"
             "  - { name: coap, protocol: coap, bind: '{address}:{port_coap}' }")
LAN = "lan: { method: address, allow: [127.9.0.0/16, 'fd00::/8'], as: engine-8 }"


def configuration(backend, way=LAN, addresses="[127.9.0.7, 127.9.7.0/24]"):
    text = fleet(backend.url, LISTENERS).replace("  token: { method: token }", f"  token: {{ method: token }}\n  {way}")
    text = text.replace("roles: [ship-sensor], token: env:TOKEN_7",
                        f"roles: [ship-sensor], token: env:TOKEN_7, addresses: {addresses}")
    return text.replace("auth: [token]", "auth: [token, lan]")


def gateway(backend, **settings):
    return Gateway(configuration(backend, **settings), environment=TOKENS)


def post(running, source, device, *arguments, url=None):
    return curl("--interface", source, "--json", READING_TEXT, *arguments,
                f"{url or running.url()}/ships/sensors/{device}")[0]


def test_a_client_is_where_it_says():
    backend = RestBackend()
    with gateway(backend) as running:
        for source, device, status in (("127.9.0.7", "engine-7", 200), ("127.9.7.200", "engine-7", 200),
                                       ("127.9.0.8", "engine-8", 200), ("127.9.0.7", "engine-8", 403),
                                       ("127.9.0.8", "engine-7", 403), ("127.8.255.255", "engine-8", 401),
                                       ("127.10.0.0", "engine-8", 401), ("127.0.0.1", "engine-8", 401)):
            assert post(running, source, device) == status, (source, device)
    backend.close()


def test_ipv4_on_a_socket_of_ipv6_is_the_same_address():
    backend = RestBackend()
    with socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::", 0))
        port = probe.getsockname()[1]
    text = configuration(backend).replace("'{address}:{port_web}'", f"'[::]:{port}'")
    with Gateway(text, environment=TOKENS) as running:
        url = f"http://127.0.0.1:{port}"
        assert post(running, "127.9.0.7", "engine-7", url=url) == 200
        assert post(running, "127.8.0.7", "engine-7", url=url) == 401
    backend.close()


def test_what_a_message_says_of_it_is_not_believed():
    backend = RestBackend()
    with gateway(backend) as running:
        for field in ("X-Forwarded-For: 127.9.0.7", "Forwarded: for=127.9.0.7", "X-Real-IP: 127.9.0.7",
                      "Client-IP: 127.9.0.7", "Via: 1.1 127.9.0.7"):
            assert post(running, "127.0.0.1", "engine-7", "-H", field) == 401, field
    backend.close()


def test_a_wrong_token_is_no_address():
    backend = RestBackend()
    with gateway(backend) as running:
        assert post(running, "127.9.0.7", "engine-7", "-H", "Authorization: Bearer wrong") == 401
        assert post(running, "127.9.0.7", "engine-8", "-H", f"Authorization: Bearer {TOKENS['TOKEN_8']}") == 200
    backend.close()


def test_mqtt():
    backend = RestBackend()
    with gateway(backend) as running:
        def publish(source, device):
            return run("mosquitto_pub", "-V", "5", "-A", source, "-h", running.address, "-p", running.port("mqtt"),
                       "-q", "1", "-t", f"ships/sensors/{device}", "-m", READING_TEXT, "-d", expect=None)

        assert publish("127.9.0.7", "engine-7").returncode == 0
        backend.next()
        assert "135" in publish("127.9.0.7", "engine-8").out + publish("127.9.0.7", "engine-8").err
        with mqtt.Client(running.address, running.port("mqtt"), mqtt.connect(5, "x")) as client:
            assert client.next()[3] == 0
        backend.nothing_more()
    backend.close()


def test_coap_wants_a_datagrams_sender_to_be_there():
    """libcoap's client answers the challenge by itself; one that cannot read what is sent to its address never could."""
    backend = RestBackend()
    with gateway(backend) as running:
        def ask(source, device, *more):
            url = f"coap://{running.address}:{running.port('coap')}/ships/sensors/{device}"
            return run("coap-client-openssl", "-a", source, "-v", "7", "-B", "5", "-m", "post", "-t", "application/json",
                       "-e", READING_TEXT, *more, url, expect=None)

        done = ask("127.9.0.7", "engine-7")
        said = done.out + done.err
        assert re.search(r"4\.01.*Echo", said) and "ok" in done.out, said
        assert backend.next().body.decode() == READING_TEXT
        backend.nothing_more()
        for source, device, code in (("127.8.0.7", "engine-7", "4.01"), ("127.9.0.9", "engine-7", "4.03")):
            done = ask(source, device)
            said = done.out + done.err
            assert code in said and ("Echo" in said) == (code == "4.03"), said
        backend.nothing_more()
    backend.close()


def check(text):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fairlead.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(re.sub(r"\{port_\w+\}", "1", text.replace("{address}", "127.0.0.1")))
        return run(BINARY, "check", "-c", path, expect=None, env=dict(os.environ, **TOKENS))


def test_mistakes_are_named():
    backend = RestBackend()
    ways = {"10.20.0.1/16": "has bits beyond its length", "10.20.0.0/33": "a number up to 32",
            "fd00::/129": "a number up to 128", "10.20.0/16": "is no address", "ship": "is no address",
            "10.20.0.0/016": "a number up to 32", "10.20.0.0/": "a number up to 32", "": "is no address"}
    for allowed, part in ways.items():
        done = check(configuration(backend, f"lan: {{ method: address, allow: ['{allowed}'], as: engine-8 }}"))
        assert done.returncode == 2 and part in done.err, (allowed, done.err)
    done = check(configuration(backend, "lan: { method: address, allow: [], as: engine-8 }"))
    assert done.returncode == 2 and "from which addresses" in done.err, done.err
    done = check(configuration(backend).replace("addresses: [127.9.0.7, 127.9.7.0/24]", "disabled: true")
                 .replace(", as: engine-8", ""))
    assert done.returncode == 2 and "who is that?" in done.err, done.err
    done = check(configuration(backend).replace("token: env:TOKEN_8", "token: env:TOKEN_8, addresses: [127.9.0.7]"))
    assert done.returncode == 2 and "an address of engine-7 already" in done.err, done.err
    done = check(configuration(backend).replace(f"  {LAN}\n", "").replace("[token, lan]", "[token]"))
    assert done.returncode == 2 and "nothing looks at them" in done.err, done.err
    backend.close()


if __name__ == "__main__":
    main(globals())
