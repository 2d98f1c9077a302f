"""A PLC: a Modbus server of python3-pymodbus (3.0 of Debian 12, and later ones), and what the tests of Modbus share."""
import asyncio
import atexit
import concurrent.futures
import json
import logging
import os
import shutil
import subprocess
import tempfile
import threading

from pymodbus.datastore import ModbusServerContext
from pymodbus.device import ModbusDeviceIdentification
try:
    from pymodbus.server import ModbusSerialServer, ModbusTcpServer
except ImportError:
    from pymodbus.server.async_io import ModbusSerialServer, ModbusTcpServer

try:
    from pymodbus.datastore.context import ModbusBaseSlaveContext as Context
except ImportError:
    try:
        from pymodbus.datastore.context import ModbusBaseDeviceContext as Context
    except ImportError:
        from pymodbus.interfaces import IModbusSlaveContext as Context

import support
from support import SOURCE, TOKENS, Gateway, curl, free_port, own_address

MODBUS_TCP = os.path.join(SOURCE, "schemas", "frames", "modbus_tcp.ksy")
MODBUS_RTU = os.path.join(SOURCE, "schemas", "frames", "modbus_rtu.ksy")
logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
KINDS = {1: "coils", 5: "coils", 15: "coils", 2: "inputs", 4: "input_registers"}


class Memory(Context):
    """What a unit remembers; addresses are those on the wire. `pause_s`: how long each answer takes."""

    def __init__(self):  # pylint: disable=super-init-not-called
        self.values = {"coils": [False] * 100, "inputs": [i % 3 == 0 for i in range(100)],
                       "registers": list(range(1000, 1100)), "input_registers": list(range(2000, 2100))}
        self.asked = 0

    @staticmethod
    def kind(function):
        return KINDS.get(function, "registers")

    def validate(self, fx, address, count=1):
        return 0 <= address and address + count <= 100

    def getValues(self, fx, address, count=1):  # pylint: disable=invalid-name
        self.asked += 1
        return self.values[self.kind(fx)][address:address + count]

    def setValues(self, fx, address, values):  # pylint: disable=invalid-name
        self.values[self.kind(fx)][address:address + len(values)] = values

    def reset(self):
        pass


def context_of(units):
    try:
        return ModbusServerContext(slaves=units, single=False)
    except TypeError:
        return ModbusServerContext(devices=units, single=False)


def identity():
    return ModbusDeviceIdentification(info_name={"VendorName": "Acme", "ProductCode": "P-7", "MajorMinorRevision": "1.2"})


def rtu_framer():
    try:
        from pymodbus.framer import FramerType  # pylint: disable=import-outside-toplevel
        return FramerType.RTU
    except ImportError:
        from pymodbus.transaction import ModbusRtuFramer  # pylint: disable=import-outside-toplevel
        return ModbusRtuFramer


class Plc:
    """Serves Modbus/TCP until close(), or (`rtu`) RTU frames over TCP; start() again serves on at the same port."""

    def __init__(self, units=(1,), rtu=False):
        self.rtu = rtu
        self.address = own_address()
        self.port = free_port(self.address)
        self.url = f"tcp://{self.address}:{self.port}"
        self.units = {unit: Memory() for unit in units}
        self.memory = self.units[units[0]]
        self.start()

    async def create(self):
        what = {"identity": identity(), "address": (self.address, self.port)}
        if self.rtu:
            what["framer"] = rtu_framer()
        try:
            return ModbusTcpServer(context_of(self.units), allow_reuse_address=True, **what)
        except TypeError:  # later ones always do
            return ModbusTcpServer(context_of(self.units), **what)

    async def _serve(self):
        self.server = await self.create()
        self.serving = asyncio.ensure_future(self.server.serve_forever())
        self.ready.set()
        try:
            await self.serving
        except asyncio.CancelledError:
            pass

    def start(self):
        self.ready = threading.Event()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        self.ready.wait(support.DEADLINE_S)

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._serve())
        rest = asyncio.all_tasks(self.loop)
        for task in rest:
            task.cancel()
        self.loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
        self.loop.close()

    def close(self):
        async def stop():
            for handler in list(getattr(self.server, "active_connections", {}).values()):
                handler.transport.abort()
            await self.server.shutdown()
            self.serving.cancel()
        asyncio.run_coroutine_threadsafe(stop(), self.loop)
        self.thread.join(support.DEADLINE_S)


class SerialPlc(Plc):
    """Serves Modbus RTU at one end of a line (socat's pair of pseudo-terminals); `end` is the other end."""

    def __init__(self, units=(1,)):
        self.folder = tempfile.mkdtemp(prefix="fairlead-line-")
        self.end, self.own = (os.path.join(self.folder, name) for name in ("gateway", "plc"))
        self.socat = subprocess.Popen(["socat", f"pty,raw,echo=0,link={self.end}", f"pty,raw,echo=0,link={self.own}"],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(self.socat.kill)
        support.wait_until(lambda: os.path.exists(self.end) and os.path.exists(self.own), "both ends")
        super().__init__(units)
        self.url = f"serial://{self.end}?baud=115200"

    async def create(self):
        server = ModbusSerialServer(context_of(self.units), framer=rtu_framer(), identity=identity(), port=self.own, baudrate=115200,
                                    broadcast_enable=True, timeout=1)
        if hasattr(server, "start"):  # later ones do so when they serve
            await server.start()
        return server

    def unplug(self):
        self.socat.terminate()
        self.socat.wait()

    def close(self):
        super().close()
        self.unplug()
        shutil.rmtree(self.folder, ignore_errors=True)


LINE = "device: plc-7, retry: 20ms, retry_max: 100ms"
# Reads and writes of each kind of value, as an integrator would name them.
ENDPOINTS = """
  - { name: registers, path: "/plant/{device}/registers/{register}", methods: [GET], auth: [token], roles: [operator], to: plc,
      call: { with: { unit: "{?unit=1}", pdu: { function: read_holding_registers, address: "{register - 40001}", quantity: "{?count=1}" } } } }
  - { name: register, path: "/plant/{device}/registers/{register}", methods: [PUT], auth: [token], roles: [operator], to: plc,
      call: { with: { unit: "{?unit=1}", pdu: { function: write_register, address: "{register - 40001}", value: "{#/value}" } } } }
  - { name: anything, path: "/plant/{device}/modbus/{unit}", methods: [POST], auth: [token], roles: [operator], to: plc,
      call: { with: { unit: "{unit}", pdu: "{#}" } } }
"""


def plant(backend_url, listeners, extra="", backend="listener: plc, timeout: 25s", endpoints=ENDPOINTS):
    return f"""
gateway: {{ name: test, limits: {{ body: 64KiB }} }}
listeners:
  - {{ name: web, protocol: http, bind: "{{address}}:{{port_web}}" }}
{listeners}
auth:
  token: {{ method: token }}
  line: {{ method: line }}
roles:
  operator: {{ allow: ["* /plant/*"] }}
  plc: {{ allow: ["POST /plant/{{self}}/*"] }}
clients:
  - {{ id: plc-7, roles: [plc], token: env:TOKEN_7 }}
  - {{ id: captain, roles: [operator], token: env:TOKEN_CAPTAIN }}
backends:
  telemetry: {{ protocol: rest, targets: [{{ url: "{backend_url}" }}], timeout: 3s }}
  plc: {{ protocol: binary, {backend} }}
endpoints:
  - {{ name: measured, path: "/plant/{{device}}/measured/{{what}}", methods: [POST], auth: [line, token], to: telemetry,
      call: {{ path: "/v1/{{device}}/{{what}}", as: application/json }} }}
{endpoints}
{extra}
"""


def line(url, more="", frame=MODBUS_TCP, patience="20s"):
    return f'  - {{ name: plc, protocol: binary, connect: "{url}", frame: {frame}, {LINE}, answer_timeout: {patience} {more} }}\n'


def gateway(plc_url, backend_url="http://127.0.0.1:9", more="", backend="listener: plc, timeout: 25s", frame=MODBUS_TCP, endpoints=ENDPOINTS,
            extra="", patience="20s"):
    return Gateway(plant(backend_url, line(plc_url, more, frame, patience), extra, backend, endpoints), environment=TOKENS)


def ask(running, path, body=None, method=None):
    """(status, JSON) of GET, or of PUT (or another method) with a JSON body."""
    what = ("-X", method or "PUT", "-H", "Content-Type: application/json", "-d", json.dumps(body)) if body is not None else ()
    status, _, text = curl("-H", f"Authorization: Bearer {TOKENS['TOKEN_CAPTAIN']}", *what, running.url(path))
    return status, json.loads(text) if text else None


def ask_all(running, paths):
    """The same of all paths at once; what was answered, in their order."""
    with concurrent.futures.ThreadPoolExecutor(len(paths)) as callers:
        return list(callers.map(lambda path: ask(running, path), paths))


def modbus(running, pdu, unit=1):
    return ask(running, f"/plant/plc-7/modbus/{unit}", pdu, "POST")
