"""Sockets that the gateway does not make itself: those of a .socket unit (systemd-socket-activate is an implementation of
that which is not ours) and those that the service manager keeps from one process to the next."""
import os
import shutil
import socket
import subprocess

import support
import support_coap as coap
from support import Gateway, RestBackend, TOKENS, curl, fleet, wait_until
from support_lines import NMEA_KSY, lines, sentences
from support_manager import Manager

WEB = '  - { name: web, protocol: http, bind: "{address}:{port_web}" }\n'
SECOND = '  - { name: second, protocol: http, bind: "{address}:{port_second}" }\n'
COAP = '  - { name: coap, protocol: coap, bind: "{address}:{port_coap}" }\n'
MQTT = '  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}" }\n'
LINE = """  - {{ name: line, protocol: binary, bind: "unix://%s", frame: {ksy}, path: "/lines/{{device}}", device: engine-7 }}
""".format(ksy=NMEA_KSY)


def idle_gateway(listeners, backend):
    """Its folder and its configuration; not started yet."""
    gateway = Gateway(fleet(backend.url, listeners), environment=TOKENS)
    gateway.kill()
    return gateway


def finish(gateway):
    if gateway.process.poll() is None:
        gateway.stop()
    shutil.rmtree(gateway.folder, ignore_errors=True)


def activate(gateway, *sockets):
    """systemd-socket-activate listens at once, and starts the gateway with the first connection."""
    command = ["systemd-socket-activate"]
    for name in gateway.environment:
        if name.startswith(("TOKEN_", "ASAN_", "UBSAN_")):
            command += ["-E", name]
    command += [part for place in sockets for part in ("-l", place)]
    gateway.lines = []
    gateway.process = subprocess.Popen(command + [gateway.binary, "run", "-c", gateway.path], cwd=gateway.folder,
                                       env=gateway.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE)
    gateway._readers = [gateway._reader(gateway.process.stderr, gateway.lines)]
    wait_until(lambda: "Listening on" in gateway.log(), "systemd-socket-activate listens")


def test_systemd_socket_activate_listens_and_the_gateway_answers():
    backend = RestBackend()
    gateway = idle_gateway(WEB + SECOND, backend)
    place = "%s:%d"
    other = support.free_port(gateway.address)
    activate(gateway, place % (gateway.address, gateway.port("web")), place % (gateway.address, other))
    # Nothing runs yet: the request waits in the queue of a socket that the gateway is given.
    assert curl(gateway.url("/open/x"))[0] == 200
    gateway.wait_log(f"tcp {gateway.address}:{gateway.port('web')}: the socket is the one that the service manager")
    gateway.wait_log(f"tcp {gateway.address}:{other}: the service manager has a socket there that no listener")
    assert curl(gateway.url("/open/x", "second"))[0] == 200  # this one it has made itself
    gateway.stop()
    backend.close()


def test_what_is_handed_over_wrongly_is_said_and_does_no_harm():
    backend = RestBackend()
    gateway = idle_gateway(WEB, backend)
    with Manager(gateway, capacity=0) as manager, socket.socket() as silent, open(os.devnull, encoding="ascii") as file:
        silent.bind((gateway.address, 0))
        one, other = socket.socketpair()
        with one, other:
            manager.start([("silent", silent), ("file", file), ("connected", one)])
        for line in ("(silent) is not used: it does not listen", "(file) is not used: it is no socket",
                     "(connected) is not used: it is a connection"):
            assert line in gateway.log(), gateway.log()
        assert curl(gateway.url("/open/x"))[0] == 200
        for wrong in ({"LISTEN_FDS": "many", "LISTEN_PID": "1"}, {"LISTEN_FDS": "1"}):
            manager.stop()
            gateway.environment.update(wrong)
            gateway.start()
            assert "LISTEN_FDS is not looked at" in gateway.log(), gateway.log()
            assert curl(gateway.url("/open/x"))[0] == 200
            manager.wait_ready()
            gateway.environment.pop("LISTEN_PID", None)
        gateway.stop()
    backend.close()


def test_the_manager_keeps_every_socket_and_hands_it_to_the_next_process():
    backend = RestBackend()
    gateway = idle_gateway(WEB + MQTT, backend)
    gateway.port("coap", socket.SOCK_DGRAM)
    path = os.path.join(gateway.folder, "line.sock")
    gateway.write(lines(backend.url, WEB + MQTT + COAP + LINE % path))
    with Manager(gateway) as manager:
        manager.start()
        assert len(manager.stored) == 4, manager.stored
        file = os.stat(path).st_ino
        manager.stop()
        # Nobody is there, and nobody is refused: what comes now waits.
        client = socket.create_connection((gateway.address, gateway.port("web")))
        client.sendall(b"GET /open/early HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        device = coap.Client(gateway.address, gateway.port("coap"))
        asked = device.request(coap.GET, "/open/early")
        device.send(asked.pack())
        talker = socket.socket(socket.AF_UNIX)
        talker.connect(path)
        talker.sendall(sentences(1)[0])
        with client, talker:
            manager.start()
            assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
            answer = device.receive()
            assert (answer.mid, answer.code) == (asked.mid, "2.05"), answer.code
            wait_until(lambda: any(seen.path == "/v1/lines/engine-7" for seen in backend.seen), "the sentence")
        assert gateway.log().count("the socket is the one that the service manager has handed over") == 4, gateway.log()
        assert len(manager.stored) == 4 and not manager.removed, (manager.stored, manager.removed)
        assert os.stat(path).st_ino == file
        manager.stop()
        finish(gateway)
    backend.close()


def test_a_crash_refuses_nobody_who_comes_then():
    backend = RestBackend()
    gateway = idle_gateway(WEB, backend)
    with Manager(gateway) as manager:
        manager.start()
        gateway.kill()
        with socket.create_connection((gateway.address, gateway.port("web"))) as client:
            client.sendall(b"GET /open/early HTTP/1.1\r\nHost: x\r\n\r\n")
            manager.start()
            assert client.recv(1000).startswith(b"HTTP/1.1 200 ")
        manager.stop()
        finish(gateway)
    backend.close()


def test_a_path_whose_file_is_gone_is_made_anew():
    backend = RestBackend()
    gateway = idle_gateway(WEB, backend)
    path = os.path.join(gateway.folder, "line.sock")
    gateway.write(lines(backend.url, WEB + LINE % path))
    with Manager(gateway) as manager:
        manager.start()
        manager.stop()
        os.unlink(path)  # as a service's folder below /run goes with it
        for remade in (True, False):
            manager.start()
            assert ("it is made anew" in gateway.log()) == remade, gateway.log()
            assert len(manager.stored) == 2 and all(len(kept) == 1 for kept in manager.stored.values()), manager.stored
            with socket.socket(socket.AF_UNIX) as talker:
                talker.connect(path)
                talker.sendall(sentences(1)[0])
                assert backend.next().path == "/v1/lines/engine-7"
            manager.stop()
        finish(gateway)
    backend.close()


def test_what_the_configuration_drops_the_manager_forgets():
    backend = RestBackend()
    gateway = idle_gateway(WEB + SECOND, backend)
    with Manager(gateway) as manager:
        manager.start()
        web = f"fairlead/tcp/{gateway.address}_{gateway.port('web')}"
        second = f"fairlead/tcp/{gateway.address}_{gateway.port('second')}"
        assert sorted(manager.stored) == sorted([web, second])
        gateway.write(fleet(backend.url, WEB))
        gateway.reload()
        manager.wait_ready()
        assert manager.removed == [second], manager.removed
        gateway.write(fleet(backend.url, WEB + SECOND))
        gateway.reload()
        manager.wait_ready()
        assert sorted(manager.stored) == sorted([web, second])
        # The file changes while the gateway is down.
        manager.stop()
        gateway.write(fleet(backend.url, WEB))
        manager.start()
        assert manager.removed == [second, second] and list(manager.stored) == [web]
        gateway.wait_log(f"{gateway.port('second')}: the service manager has a socket there that no listener")
        try:
            socket.create_connection((gateway.address, gateway.port("second"))).close()
            raise AssertionError("the second listener is gone, and answers")
        except ConnectionRefusedError:
            pass
        manager.stop()
        finish(gateway)
    backend.close()


def test_an_address_that_grows_is_no_reason_not_to_start():
    """Nobody may listen at 0.0.0.0:8080 while anybody, the manager too, holds 127.0.0.1:8080."""
    backend = RestBackend()
    gateway = idle_gateway(WEB + COAP, backend)
    narrow = fleet(backend.url, WEB + COAP)
    wide = narrow.replace("{address}", "0.0.0.0")
    with Manager(gateway) as manager:
        manager.start()
        for configuration, reload in ((wide, False), (narrow, True), (wide, True), (narrow, False)):
            if not reload:
                manager.stop()
            gateway.write(configuration)
            if reload:
                gateway.reload()
                manager.wait_ready()
            else:
                manager.start()
            assert curl(gateway.url("/open/x"))[0] == 200
            # It is the new address that is listened at.
            address = "0.0.0.0" if configuration == wide else gateway.address
            names = [f"fairlead/tcp/{address}_{gateway.port('web')}", f"fairlead/udp/{address}_{gateway.port('coap')}"]
            assert sorted(manager.stored) == sorted(names), manager.stored
            assert "reload to try again" not in gateway.log(), gateway.log()
        # To an address that this machine does not have (RFC 5737), nobody can go.
        manager.stop()
        gateway.write(wide)
        manager.start()
        gateway.write(narrow.replace("{address}", "192.0.2.1"))
        gateway.reload()
        manager.wait_ready()
        gateway.wait_log("listener web: 192.0.2.1")
        assert gateway.log().count("the old one goes on") == 2, gateway.log()
        assert curl(gateway.url("/open/x"))[0] == 200
        manager.stop()
        finish(gateway)
    backend.close()


def test_a_start_that_fails_leaves_no_dead_socket_to_the_next():
    backend = RestBackend()
    gateway = idle_gateway(WEB + SECOND, backend)
    narrow = fleet(backend.url, WEB + SECOND)
    with Manager(gateway) as manager:
        manager.start()
        manager.stop()
        # The first listener's socket gives way, and then the second one cannot be: no machine has its address (RFC 5737).
        gateway.write(fleet(backend.url, WEB.replace("{address}", "0.0.0.0") + SECOND.replace("{address}", "192.0.2.1")))
        manager.launch()
        assert gateway.process.wait(support.DEADLINE_S) == 1, gateway.log()
        web, second = (f"fairlead/tcp/{gateway.address}_{gateway.port(name)}" for name in ("web", "second"))
        wait_until(lambda: list(manager.stored) == [second], "the manager has the one that lives alone")
        gateway.write(narrow)
        manager.start()
        assert "is not used" not in gateway.log(), gateway.log()
        assert sorted(manager.stored) == sorted([web, second]), manager.stored
        assert curl(gateway.url("/open/x"))[0] == curl(gateway.url("/open/x", "second"))[0] == 200
        manager.stop()
        finish(gateway)
    backend.close()


def test_a_manager_that_keeps_nothing_is_lived_with():
    backend = RestBackend()
    gateway = idle_gateway(WEB + COAP, backend)
    with Manager(gateway, capacity=0) as manager:
        for _ in range(2):
            manager.start()
            assert curl(gateway.url("/open/x"))[0] == 200
            assert "handed over" not in gateway.log()
            manager.stop()
        finish(gateway)
    backend.close()


if __name__ == "__main__":
    support.main(globals())
