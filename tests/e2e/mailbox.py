"""Commands for a device that is away: taken with 202 once they are on disk, delivered in order when it returns, also by
another process after SIGKILL; expiry, bounds, what a reload drops, and a CoAP device that nobody announces."""
import json
import threading

import support
import support_mqtt
from support_coap_device import RealDevice
from support_mqtt_device import TOKENS, V5, V311, Calling, Device, call, fleet, mqtt_5, request_properties

MAILBOX = ", timeout: 5s, mailbox: { messages: 4, expire: 1h }"


def gateway_with(mailbox=MAILBOX, extra="", listeners=""):
    return support.Gateway(fleet(mailbox, extra, listeners, gateway="state: state"), environment=TOKENS)


def put(gateway, n, device="valve-3", method="PUT"):
    return call(gateway, method, json.dumps({"n": n}), device)[0]


def number(command):
    """The n of {"n": n} in CBOR, up to 255."""
    assert command.payload[:3] == b"\xa1an", command.payload
    return command.payload[-1]


def take(device, *numbers):
    """The device takes these, in this order, and one at a time."""
    for n in numbers:
        command = device.next()
        assert number(command) == n, (number(command), n)
        assert device.commands.empty()
        device.reply(command, status="changed")


def waiting(gateway):
    return gateway.counters("valves", "mailbox")["waiting"]


def test_what_was_taken_is_delivered_in_order():
    with gateway_with() as gateway:
        assert [put(gateway, n) for n in (1, 2, 3)] == [202] * 3
        assert waiting(gateway) == 3
        # What has no effect does not wait.
        assert call(gateway, "GET")[0] == 503
        with Device(gateway) as valve:
            take(valve, 1, 2, 3)
            support.wait_until(lambda: not waiting(gateway), "nothing waits any more")
            setting = Calling(put, gateway, 4)
            take(valve, 4)
            assert setting.result() == 204
        counters = gateway.counters("valves", "mailbox")
        assert (counters["taken"], counters["delivered"]) == (3, 3), counters


def test_later_ones_line_up_though_the_device_is_back():
    with gateway_with() as gateway:
        assert put(gateway, 1) == 202
        with Device(gateway) as valve:
            first = valve.next()
            assert put(gateway, 2) == 202
            assert valve.commands.empty()
            valve.reply(first)
            take(valve, 2)


def test_a_3_1_1_device():
    with gateway_with() as gateway:
        assert [put(gateway, n) for n in (1, 2)] == [202] * 2
        with Device(gateway, protocol=V311) as valve:
            take(valve, 1, 2)


def test_a_session_that_is_resumed_need_not_subscribe_again():
    for protocol in (V311, V5):
        with gateway_with() as gateway:
            Device(gateway, protocol=protocol, keep=True).close()
            assert put(gateway, 1) == 202
            with Device(gateway, protocol=protocol, keep=True, topic="") as valve:
                take(valve, 1)


def test_a_caller_over_mqtt_is_acknowledged():
    with gateway_with() as gateway, Device(gateway, "captain", topic="") as captain:
        captain.subscribe("reply/#")
        captain.client.publish("ships/actuators/valve-3", b'{"n":1}', 1, properties=request_properties("reply/it", "PUT"))
        assert mqtt_5(captain.next())["status"] == "accepted"
        captain.published.get(timeout=support.DEADLINE_S)
        with Device(gateway) as valve:
            take(valve, 1)


def test_it_outlives_the_process():
    with gateway_with() as gateway:
        assert [put(gateway, n) for n in (1, 2, 3)] == [202] * 3
        gateway.kill()
        gateway.start()
        with Device(gateway) as valve:
            take(valve, 1)
            second = valve.next()
            assert number(second) == 2
            key = mqtt_5(second)["idempotency-key"]
            # It dies with the second one sent and not answered: that one comes again, and is known by its key.
            gateway.kill()
        gateway.start()
        with Device(gateway) as valve:
            again = valve.next()
            assert (number(again), mqtt_5(again)["idempotency-key"]) == (2, key)
            valve.reply(again)
            take(valve, 3)
            support.wait_until(lambda: not waiting(gateway), "nothing waits any more")
        gateway.kill()
        gateway.start()
        with Device(gateway) as valve:
            setting = Calling(put, gateway, 4)
            take(valve, 4)
            assert setting.result() == 204


def test_no_command_is_lost_by_kills():
    with gateway_with(", timeout: 5s, mailbox: { messages: 255 }") as gateway:
        accepted, sent, done = [], 0, []
        for turn in range(1, 5):
            # Killed while commands are being taken …
            enough = threading.Event()
            killing = threading.Thread(target=lambda enough=enough: (enough.wait(), gateway.kill()))
            killing.start()
            try:
                while True:
                    sent += 1
                    if put(gateway, sent) == 202:
                        accepted.append(sent)
                    if len(accepted) >= 8 * turn:
                        enough.set()
            except AssertionError:
                assert enough.is_set()  # curl got no answer
            killing.join()
            gateway.start()
            # … and while they are being delivered.
            with Device(gateway) as valve:
                for _ in range(3):
                    command = valve.next()
                    done.append(number(command))
                    valve.reply(command)
                gateway.kill()
            gateway.start()
        last = Calling(put, gateway, 255)
        with Device(gateway) as valve:
            while not done or done[-1] != 255:
                command = valve.next()
                done.append(number(command))
                valve.reply(command)
        assert last.result() in (202, 204)
        # Each that was answered 202 came, in order; at worst the last one before a kill came twice.
        assert set(accepted) <= set(done), (accepted, done)
        assert done == sorted(done), done
        assert len(done) - len(set(done)) <= 8, done


def test_what_was_not_acknowledged_comes_again():
    with gateway_with() as gateway:
        assert put(gateway, 1) == 202
        login = support_mqtt.connect(client="valve-3", user="valve-3", password=TOKENS["TOKEN_VALVE_3"])
        with support_mqtt.Client(gateway.address, gateway.port("mqtt"), login) as silent:
            silent.expect(b"\x20\x02\0\0")
            silent.send(support_mqtt.subscribe("valve/valve-3", qos=1))
            packets = [silent.next(), silent.next()]
            assert any(b"\xa1an\x01" in packet for packet in packets), packets
        with Device(gateway) as valve:
            take(valve, 1)
            support.wait_until(lambda: not waiting(gateway), "nothing waits any more")


def test_what_was_acknowledged_does_not():
    with gateway_with() as gateway:
        assert [put(gateway, n) for n in (1, 2)] == [202] * 2
        valve = Device(gateway)
        assert number(valve.next()) == 1
        valve.vanish()
        with Device(gateway) as valve:
            take(valve, 2)


def test_a_refusal_by_the_device_is_final():
    with gateway_with() as gateway:
        assert [put(gateway, n) for n in (1, 2)] == [202] * 2
        with Device(gateway) as valve:
            valve.reply(valve.next(), status="422")
            take(valve, 2)
        gateway.wait_log("refused by the device key=valves/valve-3/0000000000000001 status=invalid")
        assert gateway.counters("valves", "mailbox")["refused"] == 1


def test_a_full_mailbox_says_so():
    with gateway_with() as gateway:
        assert [put(gateway, n) for n in range(4)] == [202] * 4
        status, _, body = call(gateway, "PUT", "{}")
        assert status == 507 and "4 commands wait" in json.loads(body)["detail"], body
        # Another device has room of its own.
        assert put(gateway, 1, "valve-4") == 202
        assert gateway.counters("valves", "mailbox")["full"] == 1


def test_all_devices_together_are_bounded():
    with gateway_with(", mailbox: { memory: 16KiB }") as gateway:
        statuses = [put(gateway, n % 24, f"valve-{n}") for n in range(60)]
        taken = statuses.count(202)
        assert 10 < taken < 60 and statuses == [202] * taken + [507] * (60 - taken), statuses
        assert gateway.counters("valves", "mailbox")["bytes"] <= 16384


def test_what_expires_goes():
    with gateway_with(", timeout: 5s, mailbox: { expire: 2s }") as gateway:
        assert put(gateway, 1) == 202
        gateway.wait_log("gone undelivered: key=valves/valve-3/0000000000000001")
        with Device(gateway) as valve:
            setting = Calling(put, gateway, 2)
            take(valve, 2)
            assert setting.result() == 204
        assert gateway.counters("valves", "mailbox")["expired"] == 1


def test_what_expires_while_the_gateway_is_down():
    with gateway_with(", mailbox: { expire: 1s }") as gateway:
        assert put(gateway, 1) == 202
        gateway.kill()
        support.time.sleep(1.1)  # rule broken: it is time itself that has to pass, with nobody there to watch it
        gateway.start()
        gateway.wait_log("gone undelivered")


def test_a_reload_drops_what_nobody_wants_any_more():
    with gateway_with() as gateway:
        assert put(gateway, 1) == 202
        gateway.write(fleet(MAILBOX, gateway="state: state").replace("name: actuators", "name: valves-of-old"))
        gateway.reload()
        with Device(gateway) as valve:
            gateway.wait_log("dropped key=valves/valve-3/0000000000000001")
            setting = Calling(put, gateway, 2)
            take(valve, 2)
            assert setting.result() == 204


def test_a_coap_device_is_found_when_it_is_back():
    with RealDevice() as device:
        device.stop()
        configuration = fleet(gateway="state: state").replace(
            "protocol: mqtt, listener: mqtt",
            f"protocol: coap, targets: [{{ url: {device.url()} }}], timeout: 2s, mailbox: {{}}")
        with support.Gateway(configuration, environment=TOKENS) as gateway:
            assert [put(gateway, n) for n in (1, 2)] == [202] * 2
            assert waiting(gateway) == 2
            device.start()
            support.wait_until(lambda: not waiting(gateway), "both have been delivered", 60)
            status, _, body = call(gateway, "GET")
            assert (status, json.loads(body)) == (200, {"n": 2}), body


def test_without_a_state_folder_it_is_a_mistake():
    with gateway_with() as gateway:
        gateway.write(fleet(MAILBOX))
        done = support.run(support.BINARY, "check", "-c", gateway.path, expect=2, env=gateway.environment)
        assert "backends.valves.mailbox: what waits is kept on disk" in done.err, done.err


if __name__ == "__main__":
    support.main(dict(globals()))
