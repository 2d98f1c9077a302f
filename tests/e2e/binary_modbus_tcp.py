"""curl reads and writes registers of a PLC: a Modbus/TCP server of python3-pymodbus that the gateway calls."""
import support
from support import wait_until
from support_modbus import Plc, ask, ask_all, gateway, modbus


def test_curl_reads_and_writes_a_register():
    plc = Plc()
    with gateway(plc.url) as running:
        running.wait_log("line up")
        assert ask(running, "/plant/plc-7/registers/40001") == (200, {"registers": [1000]})
        assert ask(running, "/plant/plc-7/registers/40003?count=3") == (200, {"registers": [1002, 1003, 1004]})
        assert ask(running, "/plant/plc-7/registers/40001", {"value": 17}) == (200, {"address": 0, "value": 17})
        assert plc.memory.values["registers"][0] == 17
        assert ask(running, "/plant/plc-7/registers/40001") == (200, {"registers": [17]})
    plc.close()


def test_all_functions():
    plc = Plc()
    with gateway(plc.url) as running:
        running.wait_log("line up")

        def good(pdu, expected):
            assert modbus(running, pdu) == (200, expected), (pdu, modbus(running, pdu))
        bits = plc.memory.values["inputs"]
        good({"function": "write_coil", "address": 3, "state": "set"}, {"address": 3, "state": "set"})
        good({"function": 5, "address": 4, "state": 0xff00}, {"address": 4, "state": "set"})
        good({"function": "read_coils", "address": 2, "quantity": 8},
             {"coils": [False, True, True, False, False, False, False, False]})
        good({"function": "read_discrete_inputs", "address": 0, "quantity": 16}, {"coils": bits[:16]})
        good({"function": "read_input_registers", "address": 99, "quantity": 1}, {"registers": [2099]})
        good({"function": "write_coils", "address": 10, "coils": [True, False, True] * 3}, {"address": 10, "quantity": 9})
        assert plc.memory.values["coils"][9:20] == [False] + [True, False, True] * 3 + [False]
        good({"function": "write_registers", "address": 5, "registers": [1, 2, 65535]}, {"address": 5, "quantity": 3})
        assert plc.memory.values["registers"][4:9] == [1004, 1, 2, 65535, 1008]
        good({"function": "mask_register", "address": 6, "and_mask": 0xfff0, "or_mask": 5},
             {"address": 6, "and_mask": 0xfff0, "or_mask": 5})
        good({"function": "read_write_registers", "read_address": 5, "read_quantity": 2, "write_address": 50,
              "registers": [7, 8]}, {"registers": [1, 5]})
        assert plc.memory.values["registers"][50:52] == [7, 8]
        status, answer = modbus(running, {"function": "device_identification", "read_code": "basic", "object_id": 0})
        assert status == 200, answer
        named = {one["id"]: one["value"] for one in answer["identification"]["objects"]}
        assert named == {"vendor_name": "Acme", "product_code": "P-7", "revision": "1.2"}, answer
    plc.close()


def test_what_the_plc_refuses_says_so():
    plc = Plc()
    with gateway(plc.url) as running:
        running.wait_log("line up")
        status, answer = ask(running, "/plant/plc-7/registers/40101")
        assert status == 404 and answer["detail"] == "Modbus exception illegal_data_address", answer
        status, answer = modbus(running, {"function": "read_holding_registers", "address": 0, "quantity": 126})
        # Whether a quantity that is too large is a wrong value or goes beyond the last register, versions of the server differ in.
        assert (status, answer["detail"]) in ((422, "Modbus exception illegal_data_value"),
                                              (404, "Modbus exception illegal_data_address")), answer
    plc.close()


def test_what_is_no_request_never_reaches_the_plc():
    plc = Plc()
    with gateway(plc.url) as running:
        running.wait_log("line up")
        for pdu, why in (({"function": "read_holding_registers", "address": 65536, "quantity": 1}, "address"),
                         ({"function": "read_holding_registers", "address": -1, "quantity": 1}, "address"),
                         ({"function": "read_holding_registers", "address": 1}, "quantity"),
                         ({"function": "read_holding_registers", "address": 1, "quantity": "many"}, "quantity"),
                         ({"function": "read_holding_registers", "address": 1, "quantity": 1, "adress": 2}, "adress"),
                         ({"function": "read_everything"}, "function"), ({}, "function"), ([], "map"), (7, "map")):
            status, answer = modbus(running, pdu)
            assert status == 422 and why in answer["detail"], (pdu, status, answer)
        assert ask(running, "/plant/plc-7/registers/one")[0] == 422
        assert ask(running, "/plant/plc-7/registers/40000")[0] == 422
        assert ask(running, "/plant/plc-7/registers/40001", {"value": 1.5})[0] == 422
        assert ask(running, "/plant/plc-7/registers/40001", {"wert": 1})[0] == 422
        assert plc.memory.asked == 0
        assert ask(running, "/plant/plc-7/registers/40001")[0] == 200
    plc.close()


def test_many_callers_at_once():
    plc = Plc((1, 2))
    plc.units[2].values["registers"] = list(range(100))
    with gateway(plc.url) as running:
        running.wait_log("line up")
        got = ask_all(running, [f"/plant/plc-7/registers/{40001 + i}?unit={1 + i % 2}" for i in range(24)])
        assert got == [(200, {"registers": [i if i % 2 else 1000 + i]}) for i in range(24)], got
    plc.close()


def test_a_plc_that_goes_and_comes_back():
    plc = Plc()
    with gateway(plc.url, backend="listener: plc, timeout: 25s") as running:
        running.wait_log("line up")
        assert ask(running, "/plant/plc-7/registers/40001")[0] == 200
        assert ask(running, "/plant/plc-8/registers/40001")[0] == 503
        plc.close()
        running.wait_log("line lost")
        status, answer = ask(running, "/plant/plc-7/registers/40001")
        assert status == 503 and answer["detail"] == "the device is not connected", answer
        plc.start()
        assert wait_until(lambda: ask(running, "/plant/plc-7/registers/40001")[0] == 200, "it is back")
    plc.close()


if __name__ == "__main__":
    support.main(globals())
