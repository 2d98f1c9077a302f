"""Restarts under load, by a service manager that keeps the sockets: no request fails, and what was acknowledged has arrived."""
import socket

import support
import support_load as load
from support import Gateway, RestBackend, TOKENS
from support_manager import Manager

RESTARTS = 10
LISTENERS = """  - { name: web, protocol: http, bind: "{address}:{port_web}" }
  - { name: webs, protocol: http, bind: "{address}:{port_webs}", """ + load.TLS + """ }
  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}" }
  - { name: coap, protocol: coap, bind: "{address}:{port_coap}" }
  - { name: stream, protocol: coap, bind: "tcp://{address}:{port_stream}" }
"""
WORKERS = [(load.RawKeepAlive, "web"), (load.PythonKeepAlive, "web"), (load.PythonKeepAlive, "web"), (load.PythonNew, "web"),
           (load.PythonNew, "web"), (load.Mqtt, "mqtt"), (load.Mqtt, "mqtt"), (load.Coap, "coap"), (load.Coap, "coap"),
           (load.CoapTcp, "stream"), (load.RawPipeline, "web"), (load.TlsKeepAlive, "webs"), (load.TlsNew, "webs")]


def restart(times, capacity):
    backend = RestBackend()
    gateway = Gateway(load.patient_fleet(backend.url, ""), files=load.TLS_FILES, environment=TOKENS, wait=False)
    gateway.process.wait()
    gateway.port("coap", socket.SOCK_DGRAM)
    gateway.write(load.patient_fleet(backend.url, LISTENERS))
    with Manager(gateway, capacity) as manager:
        manager.start()
        clients = load.Load(gateway.address, [(kind, gateway.port(name)) for kind, name in WORKERS])
        clients.go_on()
        for _ in range(times):
            manager.restart()
            clients.go_on(5)
        clients.stop()
        missing = clients.missing({seen.path for seen in list(backend.seen)})
        assert not missing, missing
        print(f"     {times} restarts, {clients.done()} requests")
        gateway.stop()
    backend.close()


def test_no_request_fails_while_the_gateway_starts_again():
    restart(RESTARTS, capacity=64)


if __name__ == "__main__":
    support.main(globals())
