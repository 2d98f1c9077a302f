"""Devices that answer twice, never, with garbage, with another's token, in blocks without end: each call ends clearly, and
the gateway goes on."""
import json
import random
import socket
import threading

import support
from support import curl
from support_coap import (ACK, BLOCK1, BLOCK2, CON, CONTENT_FORMAT, GET, NON, POST, PUT, RST, URI_PATH, Message, code,
                          number)
from support_coap_device import ScriptedDevice, configuration

SETTINGS = "timeout: 20s, answer: 64KiB"
ETAG, URI_QUERY, ACCEPT, IF_MATCH, LOCATION_PATH, MAX_AGE, SIZE1, ECHO, OSCORE = 4, 15, 17, 1, 8, 14, 60, 252, 9


def device_and_gateway(script, settings=SETTINGS):
    device = ScriptedDevice(script)
    return device, support.Gateway(configuration(device.url(), settings))


def alive(device, gateway):
    """It still takes calls."""
    device.script = lambda device, message: device.answer(message, "2.05", b"fine")
    status, _, body = curl(gateway.url("/raw/after"))
    assert (status, body) == (200, "fine"), (status, body)


def test_the_call_is_said_in_options():
    def script(device, message):
        device.answer(message, "2.05", b"{}", [(CONTENT_FORMAT, b"\x32"), (ETAG, b"\x0a\x1b"), (MAX_AGE, b"\x3c")])
    device, gateway = device_and_gateway(script)
    with device, gateway:
        status, headers, body = curl("-H", "Accept: application/json", "-H", 'If-None-Match: "0a1b", "xyz"',
                                     gateway.url("/raw/a%2Fb/%C3%A4?x=1&y=%26"))
        assert (status, body) == (200, "{}"), (status, body)
        assert headers["etag"] == '"0a1b"' and headers["cache-control"] == "max-age=60", headers
        message = device.requests()[0]
        assert (message.kind, message.what, len(message.token)) == (CON, GET, 4)
        assert message.options == [(ETAG, b"\x0a\x1b"), (URI_PATH, b"a/b"), (URI_PATH, "ä".encode()),
                                   (URI_QUERY, b"x=1"), (URI_QUERY, b"y=&"), (ACCEPT, b"\x32")], message.options


def test_a_device_with_a_name_is_told_it():
    """And found at whichever of the name's addresses it is: localhost may mean ::1 first."""
    def script(device, message):
        device.answer(message, "2.05", b"x")
    with ScriptedDevice(script, address="127.0.0.1") as device:
        with support.Gateway(configuration(f"coap://localhost:{device.port}")) as gateway:
            assert curl(gateway.url("/raw/x"))[2] == "x"
            assert device.requests()[0].option(3) == b"localhost"
        with support.Gateway(configuration("coap://no-such-device.invalid")) as gateway:
            status, _, body = curl(gateway.url("/raw/x"))
            assert status == 503 and "address is not known" in body, (status, body)


def test_the_device_is_asked_in_its_own_notation():
    def script(device, message):
        device.answer(message, "2.05", b"\xa1aa\x01", [(CONTENT_FORMAT, b"\x3c")])
    device, gateway = device_and_gateway(script)
    with device, gateway:
        status, _, body = curl("-H", "Accept: application/json", gateway.url("/ships/actuators/valve-3"))
        assert (status, json.loads(body)) == (200, {"a": 1}), (status, body)
        assert device.requests()[0].option(ACCEPT) == b"\x3c"


def test_a_condition_that_cannot_be_said_is_no_unconditional_call():
    device, gateway = device_and_gateway(lambda device, message: device.answer(message, "2.04"))
    with device, gateway:
        put = ("-X", "PUT", "--json", "{}", gateway.url("/raw/x"))
        assert curl("-H", 'If-Match: "no-such-tag"', *put)[0] == 412
        assert curl("-H", 'If-None-Match: "0a"', *put)[0] == 422
        assert not device.requests()
        assert curl("-H", 'If-Match: "0a", "zz"', *put)[0] == 204
        assert curl("-H", "If-None-Match: *", *put)[0] == 204
        assert device.requests()[0].option(IF_MATCH) == b"\x0a"
        assert device.requests()[1].option(5) == b""


def test_each_code_has_its_status():
    wanted = {"2.01": 201, "2.04": 200, "4.00": 422, "4.01": 502, "4.03": 403, "4.04": 404, "4.05": 405, "4.06": 406,
              "4.09": 409, "4.12": 409, "4.13": 413, "4.15": 415, "4.22": 422, "4.29": 429, "5.00": 503, "5.03": 503,
              "5.04": 504}

    def script(device, message):
        device.answer(message, device.state["code"], b"the reason")
    device, gateway = device_and_gateway(script)
    with device, gateway:
        for text, status in wanted.items():
            device.state["code"] = text
            seen, _, body = curl("-X", "PUT", "--json", "{}", gateway.url("/raw/x"))
            assert seen == status, (text, seen, body)
            if status >= 400:
                assert f"{text}: the reason" in body, body


def test_created_says_where_and_unavailable_says_when():
    def script(device, message):
        if message.what == POST:
            device.answer(message, "2.01", b"", [(LOCATION_PATH, b"jobs"), (LOCATION_PATH, b"7/8")])
        else:
            device.answer(message, "5.03", b"", [(MAX_AGE, b"\x1e")])
    device, gateway = device_and_gateway(script)
    with device, gateway:
        status, headers, _ = curl("--json", "{}", gateway.url("/raw/jobs"))
        assert (status, headers["location"]) == (201, "/jobs/7%2F8"), headers
        status, headers, _ = curl(gateway.url("/raw/jobs"))
        assert (status, headers["retry-after"]) == (503, "30"), headers


def test_a_lost_message_is_repeated_as_it_was():
    def script(device, message):
        device.state["n"] = device.state.get("n", 0) + 1
        if device.state["n"] == 3:
            device.answer(message, "2.05", b"third")
    device, gateway = device_and_gateway(script, "timeout: 20s, ack_timeout: 100ms")
    with device, gateway:
        status, _, body = curl(gateway.url("/raw/x"))
        assert (status, body) == (200, "third"), (status, body)
        assert len({message.pack() for message in device.seen}) == 1 and len(device.seen) >= 3


def test_a_device_that_never_answers_is_a_time_out():
    device, gateway = device_and_gateway(lambda device, message: None, "timeout: 1s, ack_timeout: 100ms")
    with device, gateway:
        status, _, body = curl("--json", "{}", gateway.url("/raw/x"))
        assert status == 504 and "no sign of life" in body, (status, body)
        alive(device, gateway)


def test_a_device_that_acknowledges_and_never_answers_is_a_time_out():
    device, gateway = device_and_gateway(lambda device, message: device.ack(message), "timeout: 3s, ack_timeout: 1s")
    with device, gateway:
        status, _, body = curl("--json", "{}", gateway.url("/raw/x"))
        assert status == 504 and "did not answer in time" in body, (status, body)
        assert len(device.seen) == 1, "an acknowledged message is not repeated"
        alive(device, gateway)


def test_a_separate_answer_is_acknowledged_each_time_and_taken_once():
    def script(device, message):
        if message.kind == ACK:
            device.state.setdefault("acks", []).append(message.mid)
            return
        device.ack(message)
        answer = Message(CON, code("2.05"), 7, message.token, [], b"late").pack()
        device.send(answer)
        device.send(answer)
    device, gateway = device_and_gateway(script)
    with device, gateway:
        status, _, body = curl(gateway.url("/raw/x"))
        assert (status, body) == (200, "late"), (status, body)
        support.wait_until(lambda: device.state.get("acks") == [7, 7], f"two acknowledgements: {device.state}")
        alive(device, gateway)


def test_an_answer_without_the_acknowledgement_counts():
    for kind in (NON, CON):
        device, gateway = device_and_gateway(lambda device, message, kind=kind: message.what and device.answer(
            message, "2.05", b"x", kind=kind))
        with device, gateway:
            assert curl(gateway.url("/raw/x"))[2] == "x"


def test_a_second_answer_to_one_command_is_dropped():
    def script(device, message):
        if 0 < message.what < 32:
            device.answer(message, "2.04", b"one")
            device.answer(message, "2.04", b"two")
            device.answer(message, "2.04", b"three", kind=CON)
    device, gateway = device_and_gateway(script)
    with device, gateway:
        for _ in range(5):
            status, _, body = curl("--json", "{}", gateway.url("/raw/x"))
            assert (status, body) == (200, "one") or status == 204, (status, body)
        assert gateway.counters("valve")["unasked"] >= 4
        support.wait_until(lambda: any(message.kind == RST for message in device.seen), "the third one to be rejected")


def test_a_reset_is_a_bad_gateway():
    device, gateway = device_and_gateway(
        lambda device, message: device.send(Message(RST, 0, message.mid).pack()))
    with device, gateway:
        status, _, body = curl(gateway.url("/raw/x"))
        assert status == 502 and "rejected" in body, (status, body)
        alive(device, gateway)


def test_garbage_and_answers_to_others_are_not_believed():
    def script(device, message):
        for junk in (b"", b"\xff", b"\x40", b"\xc0\x45\0\1",
                     Message(ACK, code("2.05"), message.mid, b"wrong", [], b"forged").pack(),
                     Message(NON, code("2.05"), 5, b"", [], b"forged").pack(),
                     Message(CON, GET, 9, b"", [(URI_PATH, b".well-known"), (URI_PATH, b"core")]).pack()):
            device.send(junk)
        if message.what:
            device.answer(message, "2.05", b"genuine")
    device, gateway = device_and_gateway(script)
    with device, gateway:
        status, _, body = curl(gateway.url("/raw/x"))
        assert (status, body) == (200, "genuine"), (status, body)
        counters = gateway.counters("valve")
        assert counters["malformed"] >= 4 and counters["unasked"] >= 3, counters
        alive(device, gateway)


def test_an_acknowledgement_that_cannot_be_read_is_a_bad_gateway():
    device, gateway = device_and_gateway(
        lambda device, message: device.send(b"\x68\x45" + message.pack()[2:4] + b"xxx"))
    with device, gateway:
        status, _, body = curl(gateway.url("/raw/x"))
        assert status == 502 and "ends inside the token" in body, (status, body)
        alive(device, gateway)


def test_a_datagram_from_somebody_else_is_not_seen():
    def script(device, message):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            stranger.bind((support.own_address(), 0))
            stranger.sendto(Message(ACK, code("2.05"), message.mid, message.token, [], b"forged").pack(), device.peer)
        device.answer(message, "2.05", b"genuine")
    device, gateway = device_and_gateway(script)
    with device, gateway:
        for _ in range(5):
            assert curl(gateway.url("/raw/x"))[2] == "genuine"


def test_an_answer_that_must_be_understood_and_is_not_is_a_bad_gateway():
    for options in ([(OSCORE, b"x")], [(1001, b"")], [(BLOCK2, b"\x07")], [(BLOCK2, b"1234")]):
        device, gateway = device_and_gateway(
            lambda device, message, options=options: device.answer(message, "2.05", b"x", options))
        with device, gateway:
            status, _, body = curl(gateway.url("/raw/x"))
            assert status == 502 and "cannot be used" in body, (options, status, body)


def test_a_device_that_never_ends_is_cut_off():
    def script(device, message):
        block = int.from_bytes(message.option(BLOCK2) or b"", "big") >> 4
        device.state["blocks"] = block
        device.answer(message, "2.05", b"z" * 1024, [(BLOCK2, number(block << 4 | 8 | 6))])
    device, gateway = device_and_gateway(script)
    with device, gateway:
        status, _, body = curl(gateway.url("/raw/x"))
        assert status == 502 and "too large" in body, (status, body)
        assert device.state["blocks"] == 64, "64 KiB and one block"
        alive(device, gateway)


def test_blocks_that_do_not_fit_together_are_a_bad_gateway():
    def shuffled(device, message):
        device.answer(message, "2.05", b"z" * 64, [(BLOCK2, number(random.randrange(3, 9) << 4 | 8 | 2))])

    def short(device, message):
        device.answer(message, "2.05", b"z" * 10, [(BLOCK2, number(8 | 2))])

    def changing(device, message):
        block = int.from_bytes(message.option(BLOCK2) or b"", "big") >> 4
        device.state["tag"] = device.state.get("tag", 0) + 1
        device.answer(message, "2.05", b"z" * 64, [(ETAG, bytes([device.state["tag"]])), (BLOCK2, number(block << 4 | 8 | 2))])
    for script in (shuffled, short, changing):
        device, gateway = device_and_gateway(script)
        with device, gateway:
            status, _, body = curl(gateway.url("/raw/x"))
            assert status == 502, (script, status, body)
            alive(device, gateway)


def test_an_earlier_block_that_comes_twice_does_no_harm():
    def script(device, message):
        if not message.what:
            return
        block = int.from_bytes(message.option(BLOCK2) or b"", "big") >> 4
        device.ack(message)
        for number_of in range(block + 1):  # all the earlier ones again, then this one
            device.answer(message, "2.05", bytes([65 + number_of]) * 64,
                          [(BLOCK2, number(number_of << 4 | (8 if number_of < 3 else 0) | 2))], kind=NON)
    device, gateway = device_and_gateway(script)
    with device, gateway:
        status, _, body = curl(gateway.url("/raw/x"))
        assert (status, body) == (200, "A" * 64 + "B" * 64 + "C" * 64 + "D" * 64), (status, body)


def test_a_value_that_changed_while_it_was_read_is_read_again():
    def script(device, message):
        block = int.from_bytes(message.option(BLOCK2) or b"", "big") >> 4
        asked = device.state["asked"] = device.state.get("asked", 0) + 1
        tag = b"1" if asked == 1 else b"2"
        device.answer(message, "2.05", tag * 64, [(ETAG, tag), (BLOCK2, number(block << 4 | (8 if block == 0 else 0) | 2))])
    device, gateway = device_and_gateway(script)
    with device, gateway:
        status, _, body = curl(gateway.url("/raw/x"))
        assert (status, body) == (200, "2" * 128), (status, body)


def test_an_upload_follows_the_device():
    def smaller(device, message):
        """Wants 64 bytes a block, and says so with the first answer."""
        value = int.from_bytes(message.option(BLOCK1) or b"", "big")
        at = (value >> 4) * (16 << (value & 7))
        body = device.state.setdefault("body", bytearray())
        assert at == len(body) or not body
        body += message.payload
        device.answer(message, "2.31" if value & 8 else "2.04", b"", [(BLOCK1, number(value & ~7 | 2))])

    def by_413(device, message):
        value = int.from_bytes(message.option(BLOCK1) or b"", "big")
        if value & 7 > 2:
            device.answer(message, "4.13", b"", [(BLOCK1, number(2))])
        else:
            smaller(device, message)

    def each_for_itself(device, message):
        value = int.from_bytes(message.option(BLOCK1), "big")
        device.state.setdefault("body", bytearray()).extend(message.payload)
        device.answer(message, "2.04", b"", [(BLOCK1, number(value & ~8))])
    text = "".join(f"{i:08d}" for i in range(300))
    for script in (smaller, by_413, each_for_itself):
        device, gateway = device_and_gateway(script, "timeout: 20s")
        with device, gateway:
            put = ("-X", "PUT", "-H", "Content-Type: application/octet-stream", "--data-binary", text)
            status, _, body = curl(*put, gateway.url("/raw/x"))
            assert status == 204, (script, status, body)
            assert device.state["body"].decode() == text, script
            assert int.from_bytes(device.requests()[0].option(SIZE1), "big") == len(text)


def test_an_upload_that_is_taken_in_part_is_no_success():
    for what, options in (("2.04", []), ("2.31", [(BLOCK1, number(7 << 4 | 8 | 6))]), ("2.31", [])):
        device, gateway = device_and_gateway(
            lambda device, message, what=what, options=options: device.answer(message, what, b"", options))
        with device, gateway:
            put = ("-X", "PUT", "-H", "Content-Type: application/octet-stream", "--data-binary", "x" * 3000)
            assert curl(*put, gateway.url("/raw/x"))[0] == 502
            assert curl("--json", "{}", gateway.url("/raw/x"))[0] == 502 or what == "2.04"


def test_the_device_may_ask_for_an_echo():
    def script(device, message):
        if message.option(ECHO) == b"fresh":
            device.answer(message, "2.04")
        else:
            device.answer(message, "4.01", b"", [(ECHO, b"fresh")])
    device, gateway = device_and_gateway(script)
    with device, gateway:
        assert curl("--json", "{}", gateway.url("/raw/x"))[0] == 204
        assert len(device.requests()) == 2


def test_calls_go_one_at_a_time_and_in_order():
    def script(device, message):
        now = device.state["now"] = device.state.get("now", 0) + 1
        device.state["most"] = max(now, device.state.get("most", 0))
        device.ack(message)

        def late():
            device.state["now"] -= 1
            device.answer(message, "2.05", message.option(URI_PATH), kind=NON)
        threading.Timer(0.05, late).start()
    for in_flight in (1, 3):
        device, gateway = device_and_gateway(script, f"timeout: 20s, in_flight: {in_flight}")
        with device, gateway:
            results = {}

            def ask(i, gateway=gateway, results=results):
                results[i] = curl(gateway.url(f"/raw/{i}"))[2]
            threads = [threading.Thread(target=ask, args=(i,)) for i in range(9)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(support.DEADLINE_S)
            assert results == {i: str(i) for i in range(9)}, results
            assert device.state["most"] <= in_flight, device.state
            assert in_flight == 1 or device.state["most"] > 1, device.state


def test_the_queue_is_bounded():
    device, gateway = device_and_gateway(lambda device, message: device.ack(message), "timeout: 2s, queue: 2")
    with device, gateway:
        results = []
        threads = [threading.Thread(target=lambda: results.append(curl(gateway.url("/raw/x")))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(support.DEADLINE_S)
        statuses = sorted(status for status, _, _ in results)
        assert statuses == [503] * 5 + [504] * 3, statuses
        assert any("too many requests wait" in body for _, _, body in results)
        alive(device, gateway)


def test_whatever_comes_the_gateway_lives():
    chance = random.Random(7)

    def script(device, message):
        if not message.what:
            return
        for _ in range(chance.randrange(1, 4)):
            options = [(chance.choice([1, 3, 4, 6, 8, 9, 11, 12, 14, 17, 20, 23, 27, 28, 60, 252, 258]),
                        chance.randbytes(chance.choice([0, 1, 2, 3, 4, 9, 41]))) for _ in range(chance.randrange(4))]
            if chance.random() < 0.5:
                options.append((chance.choice([BLOCK1, BLOCK2]), chance.randbytes(1)))
            token = message.token if chance.random() < 0.8 else chance.randbytes(chance.randrange(9))
            data = bytearray(Message(
                chance.choice([ACK, ACK, CON, NON, RST]), chance.choice([0, 2, 64, 65, 68, 69, 95, 129, 136, 141, 160, 225]),
                message.mid if chance.random() < 0.8 else chance.randrange(65536), token, options,
                chance.randbytes(chance.choice([0, 1, 16, 64, 1024]))).pack())
            if chance.random() < 0.3:
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            device.send(bytes(data))
    device, gateway = device_and_gateway(script, "timeout: 500ms, ack_timeout: 100ms")
    with device, gateway:
        for i in range(150):
            if i % 3:
                curl(gateway.url(f"/raw/{i}"))
            else:
                curl("-X", "PUT", "-H", "Content-Type: application/octet-stream", "--data-binary", "x" * (i * 20 + 1),
                     gateway.url("/raw/x"))
        alive(device, gateway)


if __name__ == "__main__":
    support.main(globals())
