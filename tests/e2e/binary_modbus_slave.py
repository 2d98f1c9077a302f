"""The gateway as a Modbus/TCP server: a client of python3-pymodbus reads and writes registers that a REST service has."""
import json
import logging
import os
import re

from pymodbus.client import ModbusTcpClient

import support
from support import SOURCE, Gateway, RestBackend

logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
SLAVE = os.path.join(SOURCE, "schemas", "frames", "modbus_tcp_slave.ksy")


class Service(RestBackend):
    """Registers 0 to 199 of one unit."""

    def __init__(self):
        self.registers = list(range(1000, 1200))
        super().__init__(self.serve)

    def serve(self, seen):
        head = {"Content-Type": "application/json"}
        found = re.fullmatch(r"/modbus/1/(holding|input)_registers/(\d+)(?:/(\d+))?", seen.path)
        if not found:
            return 404, head, b"{}"
        at, values = int(found.group(2)), seen.json()["registers"] if seen.method == "PUT" else []
        n = len(values) or int(found.group(3))
        if at + n > 200:
            return 404, head, b"{}"
        if values:
            self.registers[at:at + n] = values
            return 204, {}, b""
        if at == 150:
            return 200, head, b'{"registers":[70000]}'
        return 200, head, json.dumps({"registers": self.registers[at:at + n]}).encode()


def configuration(url):
    return f"""
gateway: {{ name: test }}
listeners:
  - {{ name: slave, protocol: binary, bind: "tcp://{{address}}:{{port_slave}}", frame: {SLAVE} }}
backends:
  registers: {{ protocol: rest, targets: [{{ url: "{url}" }}], retries: 0 }}
endpoints:
  - {{ name: read, path: "/modbus/{{unit}}/{{kind}}/{{at}}/{{quantity}}", methods: [GET], auth: [none], to: registers }}
  - {{ name: write, path: "/modbus/{{unit}}/{{kind}}/{{at}}", methods: [PUT], auth: [none], to: registers }}
"""


def unit(call, address, number=1, **what):
    """The call with the unit's number, under the name that this version of pymodbus has for it."""
    try:
        return call(address, **what, slave=number)
    except TypeError:
        return call(address, **what, device_id=number)


def test_a_modbus_client_reads_and_writes():
    service = Service()
    with Gateway(configuration(service.url)) as running:
        client = ModbusTcpClient(running.address, port=running.port("slave"), timeout=support.DEADLINE_S)
        assert client.connect()
        assert unit(client.read_holding_registers, 2, count=3).registers == [1002, 1003, 1004]
        assert unit(client.read_input_registers, 0, count=125).registers == list(range(1000, 1125))
        answer = unit(client.write_register, 5, value=17)
        assert not answer.isError() and service.registers[5] == 17, answer
        answer = unit(client.write_registers, 7, values=[1, 2, 65535])
        assert not answer.isError() and answer.count == 3 and service.registers[7:10] == [1, 2, 65535], answer
        client.close()
    service.close()


def test_what_the_service_refuses_is_an_exception():
    service = Service()
    with Gateway(configuration(service.url)) as running:
        client = ModbusTcpClient(running.address, port=running.port("slave"), timeout=support.DEADLINE_S)
        assert client.connect()
        assert unit(client.read_holding_registers, 199, count=2).exception_code == 2
        assert unit(client.read_holding_registers, 0, number=9, count=1).exception_code == 2
        assert unit(client.read_coils, 0, count=1).exception_code == 1
        # What is no register is not sent as one.
        assert unit(client.read_holding_registers, 150, count=1).exception_code == 4
        assert unit(client.read_holding_registers, 0, count=1).registers == [1000]
        client.close()
    service.close()


if __name__ == "__main__":
    support.main(globals())
