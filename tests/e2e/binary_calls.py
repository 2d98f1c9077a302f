"""A REST call asks a device that speaks its own bytes: its answer, its refusal, its silence, garbage, late answers and
broken connections, each to the caller whose it is."""
import os
import tempfile
import threading

import support
from support import wait_until
from support_calls import ANSWER, READ, SAID, Call, Device, frame, number, world, write
from support_lines import Server
from support_modbus import MODBUS_TCP, ask, gateway


def test_an_answer_and_a_refusal():
    backend, gate = world()
    with gate as running:
        device = Device(running)
        call = Call(running)
        device.expect(READ)
        device.send(number(ANSWER, 17))
        assert call.wait() == (200, {"value": 17})
        call = Call(running, 300)
        device.expect(write(300))
        device.send(number(ANSWER, 0xffff))
        status, answer = call.wait()
        assert status == 409 and answer["detail"] == "stuck", answer
        counters = running.counters("asked", "backend")
        assert counters["messages"] == 2 and counters["failed"] == 0, counters
    backend.close()


def test_only_who_has_proved_to_be_the_device_is_asked():
    backend, gate = world()
    with gate as running:
        assert Call(running).wait()[0] == 503
        other = Device(running, "engine-8", "TOKEN_8")
        nobody = Device(running, None)
        assert Call(running).wait()[0] == 503
        device = Device(running)
        newer = Device(running)
        call = Call(running)
        newer.expect(READ)
        newer.send(number(ANSWER, 1))
        assert call.wait() == (200, {"value": 1})
        newer.close()
        support.wait_until(lambda: Call(running, 7, "/plant/engine-7/valve?what=3").wait()[0] == 204, "the older one is asked")
        device.expect(write(7, 3))
        other.silent()
        nobody.silent()
        liar = Device(running, None)
        liar.send(frame(1, b"engine-7\0wrong\0"))
        assert liar.receive(1) == b"\x15"
    backend.close()


def test_a_device_that_logs_in_as_another_is_that_one():
    backend, gate = world()
    with gate as running:
        device = Device(running)
        device.send(frame(1, b"engine-8\0" + support.TOKENS["TOKEN_8"].encode() + b"\0"))
        assert device.receive(1) == b"\6"
        support.wait_until(lambda: Call(running).wait()[0] == 503, "engine-7 is not there")
        call = Call(running, 7, "/plant/engine-8/valve")
        device.expect(write(7))
        device.send(number(ANSWER, 2))
        assert call.wait() == (200, {"value": 2})
        assert "nobody known" not in running.log(), running.log()
    backend.close()


def test_what_the_device_says_meanwhile_is_a_message():
    backend, gate = world()
    with gate as running:
        device = Device(running)
        call = Call(running)
        device.expect(READ)
        device.send(number(SAID, 5) + number(ANSWER, 6) + number(SAID, 7))
        assert call.wait() == (200, {"value": 6})
        assert sorted(backend.next().json()["value"] for _ in range(2)) == [5, 7]
        assert running.counters("asked")["unasked"] == 0
    backend.nothing_more()
    backend.close()


def test_one_at_a_time_and_in_order():
    backend, gate = world()
    with gate as running:
        device = Device(running)
        calls = [Call(running, 0)]
        device.expect(write(0))
        for i in range(1, 6):
            calls.append(Call(running, i))
        seen = []
        for _ in range(6):
            if calls[0].result or seen:
                seen.append(int.from_bytes(device.request()[3:], "big"))
            else:
                seen.append(0)
            device.silent()
            device.send(number(ANSWER, 100 + seen[-1]))
        assert sorted(seen) == list(range(6))
        assert [call.wait() for call in calls] == [(200, {"value": 100 + i}) for i in range(6)]
    backend.close()


def test_a_late_answer_is_nobodys():
    backend, gate = world("2s")
    with gate as running:
        device = Device(running)
        first = Call(running, 1)
        device.expect(write(1))
        status, answer = first.wait()
        assert status == 504 and answer["detail"] == "the device did not answer", answer
        second = Call(running, 2)
        running.counters("asked")
        device.silent()
        device.send(number(ANSWER, 1))
        device.expect(write(2))
        device.send(number(ANSWER, 2))
        assert second.wait() == (200, {"value": 2})
        running.wait_log("an answer that nobody waits for")
        device.send(number(ANSWER, 3))
        wait_until(lambda: running.counters("asked")["unasked"] == 2, "both are counted")
        assert running.log().count("an answer that nobody waits for") == 1
        assert running.counters("asked")["expired"] == 1
    backend.nothing_more()
    backend.close()


def test_silence_and_then_the_next_one():
    backend, gate = world("2s")
    with gate as running:
        device = Device(running)
        assert Call(running, 1).wait()[0] == 504
        call = Call(running, 2)
        device.expect(write(1))
        device.expect(write(2))
        device.send(number(ANSWER, 2))
        assert call.wait() == (200, {"value": 2})
    backend.close()


def test_garbage():
    backend, gate = world("2s")
    with gate as running:
        device = Device(running)
        for garbage in (b"\x09\x00", frame(ANSWER, b"\1")):
            call = Call(running)
            device.expect(READ)
            device.send(garbage)
            status, answer = call.wait()
            assert status == 502 and "no frame" in answer["detail"], answer
        call = Call(running)
        device.expect(READ)
        device.send(number(ANSWER, 4))
        assert call.wait() == (200, {"value": 4})
        assert running.counters("asked")["malformed"] == 2
    backend.nothing_more()
    backend.close()


def test_a_connection_that_ends():
    backend, gate = world()
    with gate as running:
        device = Device(running)
        calls = [Call(running, 1)]
        device.expect(write(1))
        calls.append(Call(running, 2))
        wait_until(lambda: running.counters("asked", "backend")["messages"] == 2, "both are there")
        device.close()
        for call in calls:
            status, answer = call.wait()
            assert status == 503 and "has ended" in answer["detail"], answer
    backend.close()


def test_a_broadcast_is_answered_by_nobody():
    backend, gate = world()
    with gate as running:
        device = Device(running)
        call = Call(running, 9, "/plant/engine-7/valve?what=3")
        device.expect(write(9, 3))
        assert call.wait() == (204, None)
    backend.close()


def test_without_a_reply_it_is_202():
    backend, gate = world(backend="listener: asked, reply: none, timeout: 25s", read="POST")
    with gate as running:
        device = Device(running)
        call = Call(running, 5)
        device.expect(write(5))
        assert call.wait()[0] == 202
        call = Call(running, 6)
        running.counters("asked")
        device.silent()
        device.send(number(ANSWER, 5))
        device.expect(write(6))
        assert call.wait()[0] == 202
    backend.close()


def test_too_many_wait():
    backend, gate = world(backend="listener: asked, timeout: 25s")
    with gate as running:
        device = Device(running)
        first = Call(running, 0)
        device.expect(write(0))
        calls = [Call(running, i) for i in range(1, 41)]
        wait_until(lambda: sum(bool(call.result) for call in calls) == 8, "eight are refused")
        device.send(number(ANSWER, 0))
        assert first.wait()[0] == 200
        for _ in range(32):
            value = int.from_bytes(device.request()[3:], "big")
            device.send(number(ANSWER, value))
        ended = [call.wait() for call in calls]
        assert sorted(status for status, _ in ended) == [200] * 32 + [429] * 8
        assert all(answer == {"value": i + 1} for i, (status, answer) in enumerate(ended) if status == 200)
    backend.close()


def test_a_client_that_is_no_more_is_not_asked():
    backend, gate = world()
    with gate as running:
        device = Device(running)
        text = open(running.path, encoding="utf-8").read()
        running.write(text.replace("  - { id: engine-7,", "  - { id: engine-9,"))
        running.reload()
        assert Call(running).wait()[0] == 503
        device.silent()
        running.write(text)
        running.reload()
        call = Call(running)
        support.wait_until(lambda: call.result or not _is_silent(device), "asked, or refused")
        if call.result:
            call = Call(running)
        device.expect(READ)
        device.send(number(ANSWER, 8))
        assert call.wait() == (200, {"value": 8})
    backend.close()


def _is_silent(device):
    device.socket.setblocking(False)
    try:
        return not device.socket.recv(1, 2)  # MSG_PEEK
    except BlockingIOError:
        return True
    finally:
        device.socket.settimeout(support.DEADLINE_S)


def test_a_command_waits_for_the_return_of_its_device():
    backend, gate = world(state="state: state,", backend="listener: asked, mailbox: { messages: 4 }")
    with gate as running:
        assert Call(running, 3).wait()[0] == 202
        assert Call(running).wait()[0] == 503
        device = Device(running)
        device.expect(write(3))
        device.send(number(ANSWER, 3))
        running.wait_log("mailbox delivered")
    backend.close()


def test_a_wrong_transaction_is_nobodys():
    device = Server()
    with gateway(device.url) as running:
        connection = device.accept()
        results = []
        thread = threading.Thread(target=lambda: results.append(ask(running, "/plant/plc-7/registers/40001")))
        thread.start()
        asked = connection.recv(12)
        assert asked[2:] == bytes.fromhex("0000 0006 01 03 0000 0001"), asked
        answer = bytes.fromhex("0000 0005 01 03 02 002a")
        other = (int.from_bytes(asked[:2], "big") + 1 & 0xffff).to_bytes(2, "big")
        connection.sendall(other + answer + asked[:2] + bytes.fromhex("0000 0005 02 03 02 002b"))
        wait_until(lambda: running.counters("plc")["unasked"] == 2, "nobody's")
        connection.sendall(asked[:2] + answer + asked[:2] + answer)
        thread.join()
        assert results == [(200, {"registers": [42]})], results
        wait_until(lambda: running.counters("plc")["unasked"] == 3, "the second one is nobody's")
    device.close()


def four_at_a_time(folder):
    """The description of Modbus/TCP for a server that takes four requests at once."""
    for name in ("modbus_tcp.ksy", "modbus_pdu.ksy"):
        with open(os.path.join(os.path.dirname(MODBUS_TCP), name), encoding="utf-8") as file:
            text = file.read()
        with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
            out.write(text.replace("\n    concurrent: 1\n", "\n    concurrent: 4\n"))
    return os.path.join(folder, "modbus_tcp.ksy")


def test_several_answers_in_any_order():
    device = Server()
    with tempfile.TemporaryDirectory() as folder, gateway(device.url, frame=four_at_a_time(folder)) as running:
        connection = device.accept()
        results = {}
        threads = [threading.Thread(target=lambda i=i: results.update({i: ask(running, f"/plant/plc-7/registers/{40001 + i}")}))
                   for i in range(4)]
        for thread in threads:
            thread.start()
        asked = b""
        while len(asked) < 48:
            asked += connection.recv(48 - len(asked))
        for at in (36, 12, 24, 0):
            one = asked[at:at + 12]
            connection.sendall(one[:2] + bytes.fromhex("0000 0005 01 03 02") + one[8:10])
        for thread in threads:
            thread.join()
        assert results == {i: (200, {"registers": [i]}) for i in range(4)}, results
    device.close()


if __name__ == "__main__":
    support.main(globals())
