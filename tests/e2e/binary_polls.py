"""A listener asks its devices on a schedule, and what they answer becomes readings of a REST backend: a real PLC
(python3-pymodbus), and devices that are slow, silent, refuse, or go away."""
import os
import threading

import support
from support import BINARY, RestBackend, run, wait_until
from support_calls import ANSWER, Device, number, world
from support_lines import Server
from support_modbus import MODBUS_TCP, Plc, ask, gateway

PRESSURE = ('{ every: 30ms, path: "/plant/{device}/measured/pressure", send: { unit: 1, pdu: { function: 3, address: 2, quantity: 1 } },'
            ' emit: { pressure: "pdu.registers[0] * 0.1", unit: \'"bar"\', of: "_request.pdu.address" } }')
LEVELS = ('{ every: 40ms, path: "/plant/{device}/measured/unit-{_request.unit}",'
          ' send: { unit: 1, pdu: { function: read_input_registers, address: 10, quantity: 2 } } }')


def polls(*which):
    return f", poll: [{', '.join(which)}]"


def readings(backend, path, n):
    """The next n readings of this path."""
    got = []
    while len(got) < n:
        seen = backend.next()
        if seen.path == path:
            got.append(seen)
    return got


def test_answers_become_readings():
    plc, backend = Plc(), RestBackend()
    with gateway(plc.url, backend.url, polls(PRESSURE, LEVELS)) as running:
        seen = readings(backend, "/v1/plc-7/pressure", 3)
        assert all(one.json() == {"pressure": 100.2, "unit": "bar", "of": 2} for one in seen), seen
        assert all(one.headers["x-fairlead-client"] == "plc-7" for one in seen)
        assert readings(backend, "/v1/plc-7/unit-1", 2)[0].json() == {"registers": [2010, 2011]}
        plc.memory.values["registers"][2] = 55
        wait_until(lambda: readings(backend, "/v1/plc-7/pressure", 1)[0].json()["pressure"] == 5.5, "the new pressure")
        assert ask(running, "/plant/plc-7/registers/40003") == (200, {"registers": [55]})
        assert "poll:" not in running.log()
    plc.close()
    backend.close()


def test_values_of_more_than_one_register():
    plc, backend = Plc(), RestBackend()
    plc.memory.values["registers"][0:4] = [0x42c8, 0x8000, 0xffff, 0xfffe]
    line = ('{ every: 30ms, path: "/plant/{device}/measured/all", send: { unit: 1, pdu: { function: 3, address: 0, quantity: 4 } },'
            ' emit: { float: "pdu.floats[0]", long: "pdu.longs[1]", signed: "pdu.signed[3]", signed_long: "pdu.signed_longs[1]" } }')
    with gateway(plc.url, backend.url, polls(line)):
        assert backend.next().json() == {"float": 100.25, "long": 0xfffffffe, "signed": -2, "signed_long": -2}
    plc.close()
    backend.close()


def test_a_device_that_refuses_is_logged_once_and_so_is_its_return():
    plc, backend = Plc(), RestBackend()
    good = plc.memory.validate
    plc.memory.validate = lambda *_: False
    with gateway(plc.url, backend.url, polls(PRESSURE)) as running:
        wait_until(lambda: running.counters("plc")["failed"] >= 3, "refusals")
        plc.memory.validate = good
        backend.next()
        running.wait_log("poll: the device answers again")
        assert running.log().count("poll: the device refuses the request: Modbus exception illegal_data_address") == 1
    plc.close()
    backend.close()


def test_a_plc_that_goes_and_comes_back():
    plc, backend = Plc(), RestBackend()
    with gateway(plc.url, backend.url, polls(PRESSURE)) as running:
        backend.next()
        plc.close()
        running.wait_log("line lost")
        plc.start()
        wait_until(lambda: running.log().count("line up") == 2, "it is back")
        while not backend.arrived.empty():
            backend.next()
        backend.next()
    plc.close()
    backend.close()


def test_requests_do_not_pile_up():
    device, backend = Server(), RestBackend()
    with gateway(device.url, backend.url, polls(PRESSURE)) as running:
        connection = device.accept()
        for _ in range(3):
            asked = connection.recv(1024)
            assert len(asked) == 12, asked
            skipped = running.counters("plc")["skipped"]
            wait_until(lambda: running.counters("plc")["skipped"] >= skipped + 2, "times left out")
            connection.sendall(asked[:2] + bytes.fromhex("0000 0005 01 03 02 002a"))
            assert backend.next().json()["pressure"] == 4.2
    device.close()
    backend.close()


def test_a_backend_that_is_slow_is_not_asked_more():
    plc, gate = Plc(), threading.Event()

    def slowly(seen):
        gate.wait(support.DEADLINE_S)
        return 200, {}, b""
    backend = RestBackend(slowly)
    with gateway(plc.url, backend.url, polls(PRESSURE)) as running:
        backend.next()
        wait_until(lambda: running.counters("plc")["skipped"] >= 3, "times left out")
        backend.nothing_more()
        assert plc.memory.asked == 1
        assert ask(running, "/plant/plc-7/registers/40003")[0] == 200
        gate.set()
        backend.next()
    plc.close()
    backend.close()


def test_silence_is_counted_each_time_and_logged_once():
    backend, gate = world("300ms", listener=polls('{ every: 20ms, send: { body: { what: 1 } }, path: "/plant/{device}/measured/valve" }'))
    with gate as running:
        device = Device(running)
        device.request()
        wait_until(lambda: running.counters("asked")["expired"] >= 2, "two without an answer")
        assert running.log().count("poll: the device does not answer") == 1
        device.socket.settimeout(support.DEADLINE_S)

        def answered():
            device.request()
            device.send(number(ANSWER, 9))
            return not backend.arrived.empty()
        wait_until(answered, "a reading")
        assert backend.next().json() == {"value": 9}
        running.wait_log("poll: the device answers again")
    backend.close()


def test_each_session_is_asked_once_it_has_logged_in():
    backend, gate = world(listener=polls('{ every: 20ms, send: { body: { what: 1 } }, path: "/plant/{device}/measured/valve" }'))
    with gate as running:
        nobody = Device(running, None)
        devices = [Device(running), Device(running, "engine-8", "TOKEN_8")]
        for i, device in enumerate(devices):
            device.request()
            device.send(number(ANSWER, i))
        seen = sorted((one.path, one.json()["value"]) for one in (backend.next(), backend.next()))
        assert seen == [("/v1/engine-7/valve", 0), ("/v1/engine-8/valve", 1)], seen
        nobody.silent()
    backend.close()


def test_mistakes_are_told_with_their_place():
    folder = support.tempfile.mkdtemp(prefix="fairlead-test-")
    path = os.path.join(folder, "fairlead.yaml")
    reading = os.path.join(support.SOURCE, "schemas", "frames", "reading.ksy")

    def mistake(line, why, frame=MODBUS_TCP, more=""):
        with open(path, "w", encoding="utf-8") as out:
            out.write(f"""
listeners:
  - name: plc
    protocol: binary
    connect: tcp://127.0.0.1:502
    frame: {frame}
    {more}
    poll:
      - {line}
endpoints: []
""")
        done = run(BINARY, "check", "-c", path, expect=2)
        said = [text for text in done.err.splitlines() + done.out.splitlines() if why in text]
        assert said and ":9:" in said[0], (line, done.err, done.out)
    base = '{ every: 1s, path: "/plant/x", send: { unit: 1, pdu: { function: 3, address: 2, quantity: 1 } } }'
    mistake(base.replace("1s", "1ms"), "at least 10ms")
    mistake(base.replace("every: 1s, ", ""), "every is missing")
    mistake(base.replace("quantity: 1", "quantity: 100000"), "pdu.quantity")
    mistake(base.replace("quantity: 1", "quantities: 1"), "quantities")
    mistake(base.replace("/plant/x", "plant/x"), "a path begins with")
    mistake(base.replace("/plant/x", "/plant/{nobody}"), "nobody")
    mistake(base.replace("} } }", '} }, emit: { p: "pdu.nothing(" } }'), "no method")
    mistake(base, "the description has no call/answer", frame=reading)
    support.shutil.rmtree(folder)


if __name__ == "__main__":
    support.main(globals())
