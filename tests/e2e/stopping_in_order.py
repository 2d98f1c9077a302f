"""A listener that goes, whether the gateway stops or a reload replaces it, turns nobody away who was there before: not who waits
in the queue, not who has not said all, not who is about to ask over a connection that is idle."""
import signal
import socket

import support
import support_coap as coap
from support import Gateway, RestBackend, TOKENS, wait_until
from support_load import patient_fleet, read_answer

WEB = '  - { name: web, protocol: http, bind: "{address}:{port_web}", drain: 20s }\n'
STREAM = '  - {{ name: stream, protocol: coap, bind: "tcp://{{address}}:{{port_stream}}", idle: {n}m }}\n'
COAP = '  - {{ name: coap, protocol: coap, bind: "{{address}}:{{port_coap}}", idle: {n}m }}\n'
GET = b"GET /open/x HTTP/1.1\r\nHost: x\r\n\r\n"


def connected(gateway, name="web"):
    return socket.create_connection((gateway.address, gateway.port(name)), support.DEADLINE_S)


def held(gateway):
    """Stands still, so that what comes waits in its sockets."""
    gateway.signal(signal.SIGSTOP)
    wait_until(lambda: "State:\tT" in open(f"/proc/{gateway.process.pid}/status", encoding="ascii").read(), "stopped")


def leave(gateway, how):
    """Its HTTP listener goes: with the gateway, or because a reload has other settings for it."""
    if how == "stop":
        gateway.signal(signal.SIGTERM)
        gateway.wait_log("stopping:")
    else:
        with open(gateway.path, encoding="utf-8") as file:
            text = file.read()
        gateway.write(text.replace("drain: 20s", "drain: 20s, idle: 74s"))
        gateway.reload()


def each_way(test):
    backend = RestBackend()
    for how in ("reload", "stop"):
        with Gateway(patient_fleet(backend.url, WEB), environment=TOKENS) as gateway:
            test(gateway, how)
    backend.close()


def test_a_request_over_an_idle_connection_is_answered():
    def test(gateway, how):
        with connected(gateway) as used, connected(gateway) as fresh:
            used.sendall(GET)
            assert read_answer(used) == (200, False)
            fresh.sendall(GET[:1])
            fresh_too = connected(gateway)
            wait_until(lambda: gateway.counters("web")["connections"] == 3, "all connections")
            leave(gateway, how)
            used.sendall(GET)
            assert read_answer(used) == (200, True)
            fresh.sendall(GET[1:])
            assert read_answer(fresh) == (200, True)
            with fresh_too:
                fresh_too.sendall(GET)
                assert read_answer(fresh_too) == (200, True)
            for connection in (used, fresh):
                assert connection.recv(1) == b""
    each_way(test)


def test_requests_one_behind_the_other_are_all_answered():
    def test(gateway, how):
        with connected(gateway) as connection:
            connection.sendall(GET)
            assert read_answer(connection) == (200, False)
            leave(gateway, how)
            connection.sendall(GET * 3)
            data = b""
            while True:
                more = connection.recv(65536)
                if not more:
                    break
                data += more
            assert data.count(b"HTTP/1.1 200 ") == 3 and data.count(b"Connection: close") == 1, data
    each_way(test)


def is_closed_in_order(backend):
    with Gateway(patient_fleet(backend.url, WEB.replace("20s", "1ms")), environment=TOKENS) as gateway:
        with connected(gateway) as used, connected(gateway) as silent:
            used.sendall(GET)
            assert read_answer(used) == (200, False)
            wait_until(lambda: gateway.counters("web")["connections"] == 2, "both connections")
            gateway.signal(signal.SIGTERM)
            try:
                for connection in (used, silent):
                    assert connection.recv(1) == b""
                    connection.sendall(GET)  # too late, and thrown away: but nothing is reset under what was sent before
                    assert connection.recv(1) == b""
                    connection.shutdown(socket.SHUT_WR)
            except ConnectionError:
                return False
    return True


def test_who_is_idle_to_the_end_is_closed_and_not_reset():
    backend = RestBackend()
    # The gateway reads on for a second only, and this program may have slept for longer.
    assert any(is_closed_in_order(backend) for _ in range(5))
    backend.close()


def test_who_waits_in_the_queue_is_answered():
    for how in (signal.SIGTERM, signal.SIGHUP):
        backend = RestBackend()
        with Gateway(patient_fleet(backend.url, WEB), environment=TOKENS) as gateway:
            held(gateway)
            clients = [connected(gateway) for _ in range(100)]
            for client in clients:
                client.sendall(GET)
            gateway.write(patient_fleet(backend.url, WEB.replace("20s", "19s")))
            gateway.signal(how)
            gateway.signal(signal.SIGCONT)
            for client in clients:
                with client:
                    assert read_answer(client)[0] == 200
        backend.close()


def test_datagrams_that_wait_are_answered():
    for how in (signal.SIGHUP, signal.SIGTERM):
        datagrams_wait(how)


def datagrams_wait(how):
    backend = RestBackend()
    gateway = Gateway(patient_fleet(backend.url, ""), environment=TOKENS, wait=False)
    gateway.process.wait()
    gateway.port("coap", socket.SOCK_DGRAM)
    gateway.write(patient_fleet(backend.url, COAP.format(n=10)))
    gateway.start()
    with gateway:
        held(gateway)
        # More than one turn of the loop reads.
        clients = [coap.Client(gateway.address, gateway.port("coap")) for _ in range(15)]
        asked = {}
        for client in clients:
            for _ in range(10):
                message = client.request(coap.GET, "/open/x")
                asked[client, message.mid] = None
                client.send(message.pack())
        gateway.write(patient_fleet(backend.url, COAP.format(n=11)))
        gateway.signal(how)
        gateway.signal(signal.SIGCONT)
        for client in clients:
            while any(code is None for (whose, _), code in asked.items() if whose is client):
                answer = client.receive()
                if answer.kind == coap.CON:
                    client.send(coap.Message(coap.ACK, 0, answer.mid).pack())
                if answer.what:  # an empty ACK: the answer comes later
                    asked[client, int.from_bytes(answer.token, "big")] = answer.code
        assert set(asked.values()) == {"2.05"}, asked.values()
    assert len(backend.seen) == len(asked)
    backend.close()


def test_a_request_that_crosses_our_release_is_answered():
    backend = RestBackend()
    for how in ("reload", "stop"):
        with Gateway(patient_fleet(backend.url, STREAM.format(n=10)), environment=TOKENS) as gateway:
            with connected(gateway, "stream") as client:
                client.sendall(coap.stream_pack(0xE1))
                data = b""
                while coap.stream_parse(data)[0] is None:
                    data += client.recv(1000)
                held(gateway)
                client.sendall(coap.stream_pack(coap.GET, b"ab", [(coap.URI_PATH, b"open"), (coap.URI_PATH, b"x")]))
                gateway.write(patient_fleet(backend.url, STREAM.format(n=11)))
                gateway.signal(signal.SIGHUP if how == "reload" else signal.SIGTERM)
                gateway.signal(signal.SIGCONT)
                while True:
                    more = client.recv(1000)
                    if not more:
                        break
                    data += more
                messages = []
                while data:
                    message, length = coap.stream_parse(data)
                    messages.append(message)
                    data = data[length:]
            assert [message.code for message in messages if message.token == b"ab"] == ["2.05"], messages
            assert any(message.code == "7.04" for message in messages), messages
    backend.close()


if __name__ == "__main__":
    support.main(globals())
