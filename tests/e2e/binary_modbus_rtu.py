"""curl reads and writes registers of devices that speak Modbus RTU: servers of python3-pymodbus behind a converter's TCP
port, several units on one line, broadcasts, noise on the line, and answers that come late, in pieces or from another unit."""
import threading

import support
from support import RestBackend, wait_until
from support_lines import Server
from support_modbus import MODBUS_RTU, Plc, SerialPlc, ask, ask_all, gateway, modbus


def crc(frame):
    """CRC-16/MODBUS, low byte first."""
    total = 0xffff
    for byte in frame:
        total ^= byte
        for _ in range(8):
            total = total >> 1 ^ 0xa001 if total & 1 else total >> 1
    return frame + total.to_bytes(2, "little")


def rtu(plc_url, **what):
    return gateway(plc_url, frame=MODBUS_RTU, **what)


def test_curl_reads_and_writes_registers_of_two_units():
    plc = Plc((1, 2), rtu=True)
    plc.units[2].values["registers"][0] = 4711
    with rtu(plc.url) as running:
        running.wait_log("line up")
        assert ask(running, "/plant/plc-7/registers/40001") == (200, {"registers": [1000]})
        assert ask(running, "/plant/plc-7/registers/40001?unit=2") == (200, {"registers": [4711]})
        assert ask(running, "/plant/plc-7/registers/40001", {"value": 17}) == (200, {"address": 0, "value": 17})
        assert plc.memory.values["registers"][0] == 17
        assert modbus(running, {"function": "read_coils", "address": 0, "quantity": 3}, 2) == (200, {"coils": [False] * 3})
        assert modbus(running, {"function": "write_registers", "address": 5, "registers": [1, 2]}) == (
            200, {"address": 5, "quantity": 2})
        status, answer = modbus(running, {"function": "device_identification", "read_code": "basic", "object_id": 0})
        assert status == 200 and len(answer["identification"]["objects"]) == 3, answer
        status, answer = ask(running, "/plant/plc-7/registers/40101")
        assert status == 404 and answer["detail"] == "Modbus exception illegal_data_address", answer
    plc.close()


def test_over_a_serial_line():
    plc = SerialPlc((1, 2))
    with rtu(plc.url) as running:
        running.wait_log("line up")
        assert ask(running, "/plant/plc-7/registers/40001?count=100") == (200, {"registers": list(range(1000, 1100))})
        assert ask(running, "/plant/plc-7/registers/40001?unit=2", {"value": 17}) == (200, {"address": 0, "value": 17})
        assert [unit.values["registers"][0] for unit in plc.units.values()] == [1000, 17]
        assert ask(running, "/plant/plc-7/registers/40101")[0] == 404
        # All units hear a broadcast, and none answers.
        assert ask(running, "/plant/plc-7/registers/40005?unit=0", {"value": 3}) == (204, None)
        assert ask(running, "/plant/plc-7/registers/40005?unit=2") == (200, {"registers": [3]})
        assert ask(running, "/plant/plc-7/registers/40005?unit=1") == (200, {"registers": [3]})
        plc.unplug()
        running.wait_log("line lost")
        assert ask(running, "/plant/plc-7/registers/40001")[0] == 503
    plc.close()


def test_many_callers_and_a_schedule_share_the_line():
    plc, backend = Plc((1, 2), rtu=True), RestBackend()
    polls = (', poll: [{ every: 50ms, path: "/plant/{device}/measured/unit-{_request.unit}",'
             ' send: { unit: 2, pdu: { function: read_input_registers, address: 10, quantity: 2 } } }]')
    with rtu(plc.url, backend_url=backend.url, more=polls) as running:
        running.wait_log("line up")
        got = ask_all(running, [f"/plant/plc-7/registers/{40001 + i}?unit={1 + i % 2}" for i in range(12)])
        assert got == [(200, {"registers": [1000 + i]}) for i in range(12)], got
        seen = backend.next()
        assert seen.path == "/v1/plc-7/unit-2" and seen.json() == {"registers": [2010, 2011]}, seen
    plc.close()
    backend.close()


class Line:
    """One call at a time, to a device that answers what the test wants."""

    def __init__(self, running, connection):
        self.running, self.connection = running, connection

    def call(self, path="/plant/plc-7/registers/40001", body=None):
        self.result = []
        self.thread = threading.Thread(target=lambda: self.result.append(ask(self.running, path, body)))
        self.thread.start()

    def asked(self):
        got = b""
        while len(got) < 8:
            got += self.connection.recv(8 - len(got))
        assert crc(got[:-2]) == got, got
        return got[:-2]

    def answer(self):
        self.thread.join(support.DEADLINE_S)
        return self.result[0]


READ = bytes.fromhex("010300000001")


def test_noise_pieces_and_a_wrong_checksum():
    device = Server()
    with rtu(device.url) as running:
        line = Line(running, device.accept())
        good = crc(bytes.fromhex("010302002a"))
        for before, pieces in ((b"", [good]), (b"", [good[:1], good[1:4], good[4:]]), (b"\xff\x00\x80", [good]),
                               (good[:-1] + b"\x00", [good]), (crc(bytes.fromhex("020302002b")), [good])):
            line.call()
            assert line.asked() == READ
            line.connection.sendall(before)
            for piece in pieces:
                line.connection.sendall(piece)
                running.counters("plc")
            assert line.answer() == (200, {"registers": [42]}), (before, line.result)
        counters = running.counters("plc")
        assert counters["malformed"] >= 2 and counters["unasked"] == 1, counters
    device.close()


def test_a_late_answer_is_not_the_next_ones():
    device = Server()
    with rtu(device.url, patience="1s") as running:
        line = Line(running, device.accept())
        line.call()
        assert line.asked() == READ
        assert line.answer()[0] == 504
        line.call("/plant/plc-7/registers/40002")
        line.connection.sendall(crc(bytes.fromhex("010302002a")))
        assert line.asked() == bytes.fromhex("010300010001")
        line.connection.sendall(crc(bytes.fromhex("010302002b")))
        assert line.answer() == (200, {"registers": [43]})
        assert running.counters("plc")["unasked"] == 1
    device.close()


def test_a_broadcast_is_sent_and_not_waited_for():
    device = Server()
    with rtu(device.url) as running:
        line = Line(running, device.accept())
        line.call("/plant/plc-7/registers/40001?unit=0", {"value": 9})
        assert line.asked() == bytes.fromhex("000600000009")
        assert line.answer() == (204, None)
        line.call()
        assert line.asked() == READ
        line.connection.sendall(crc(bytes.fromhex("010302002a")))
        assert line.answer() == (200, {"registers": [42]})
    device.close()


def test_silence_is_a_time_out():
    device = Server()
    with rtu(device.url, patience="200ms") as running:
        line = Line(running, device.accept())
        line.call()
        line.asked()
        status, answer = line.answer()
        assert status == 504 and answer["detail"] == "the device did not answer", answer
        wait_until(lambda: running.counters("plc")["expired"] == 1, "counted")
    device.close()


if __name__ == "__main__":
    support.main(globals())
