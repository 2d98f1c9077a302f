"""Two hundred reloads under load, every other one with a change to the very listeners that are being used: no request fails,
and what was acknowledged has arrived."""
import socket

import support
import support_load as load
from support import Gateway, RestBackend, TOKENS

RELOADS = 200
LISTENERS = """  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}", idle: {n}s }}
  - {{ name: webs, protocol: http, bind: "{{address}}:{{port_webs}}", idle: {n}s, {tls} }}
  - {{ name: mqtt, protocol: mqtt, bind: "{{address}}:{{port_mqtt}}", connect_timeout: {n}s }}
  - {{ name: coap, protocol: coap, bind: "{{address}}:{{port_coap}}", idle: {n}m }}
  - {{ name: stream, protocol: coap, bind: "tcp://{{address}}:{{port_stream}}", idle: {n}m }}
"""
WORKERS = [(load.RawKeepAlive, "web"), (load.PythonKeepAlive, "web"), (load.PythonNew, "web"), (load.PythonNew, "web"),
           (load.Mqtt, "mqtt"), (load.Mqtt, "mqtt"), (load.Coap, "coap"), (load.Coap, "coap"), (load.CoapTcp, "stream"),
           (load.TlsKeepAlive, "webs"), (load.TlsNew, "webs")]


def test_no_request_fails_over_two_hundred_reloads():
    backend = RestBackend()
    gateway = Gateway(load.patient_fleet(backend.url, ""), files=load.TLS_FILES, environment=TOKENS, wait=False)
    gateway.process.wait()
    gateway.port("coap", socket.SOCK_DGRAM)
    gateway.write(load.patient_fleet(backend.url, LISTENERS.format(n=60, tls=load.TLS)))
    gateway.start()
    with gateway:
        clients = load.Load(gateway.address, [(kind, gateway.port(name)) for kind, name in WORKERS])
        for turn in range(RELOADS):
            gateway.write(load.patient_fleet(backend.url, LISTENERS.format(n=60 + turn // 2, tls=load.TLS)) + f"# {turn}\n")
            gateway.reload()
            if turn % 10 == 0:
                clients.go_on()
            assert not clients.failures(), clients.failures()
        clients.go_on()
        clients.stop()
        missing = clients.missing({seen.path for seen in list(backend.seen)})
        assert not missing, missing
        print(f"     {RELOADS} reloads, {clients.done()} requests")
    backend.close()


if __name__ == "__main__":
    support.main(globals())
