"""Who a frame is from: by a login that carries a message as well, by what each frame says itself, by what an earlier frame
said; and a connection that never says it is closed, counted and logged."""
import support
from support import wait_until
from support_frames import Device, world

SEQ = """
meta: { id: who, encoding: ASCII }
seq:
  - { id: kind, type: str, size: 1 }
  - { id: who, type: str, terminator: 0x2c }
  - { id: word, type: str, terminator: 0x2c }
  - { id: body, type: str, size-eos: true }
-fairlead:
  framing: { delimiter: "\\n" }
"""
LOGIN_WITH_DATA = SEQ + """
  login: { when: kind == "L", device: who, secret: word, message: true, accept: ["hello "], refuse: ["go"] }
  path: "/ships/sensors/{device}"
  emit: { value: body }
  ack: ["+"]
  nak: ["-"]
"""
EACH_FRAME = SEQ + """
  device: { id: who, secret: word }
  heartbeat: { when: kind == "H", reply: ["."] }
  path: "/ships/sensors/{device}"
  emit: { value: body }
  ack: ["+"]
  nak: ["-"]
  on-error: nak
"""
REMEMBERED = SEQ + """
  session:
    imei: { when: kind == "I", value: who }
    day: { when: kind == "D", value: word }
    frames: { value: session.frames + 1, initial: 0 }
  heartbeat: { when: kind != "M", reply: [{ text: session.frames }] }
  path: "/things/{session.imei}"
  emit: { value: body, day: session.day, frames: session.frames }
  ack: [{ text: session.imei }]
  nak: ["-"]
  on-error: nak
"""


def test_a_login_that_is_a_message_too():
    backend, gateway = world(LOGIN_WITH_DATA, listener_extra=", login_timeout: 2s")
    with gateway:
        device = Device(gateway)
        device.send(b"Lengine-7,secret-of-engine-7,one\nM,,two\n")
        device.hears(b"hello ++")
        for value in ("one", "two"):
            seen = backend.next()
            assert seen.path == "/v1/readings/engine-7" and seen.json() == {"value": value}
            assert seen.headers["x-fairlead-client"] == "engine-7"
        wrong = Device(gateway)
        wrong.send(b"Lengine-7,guessed,three\n")
        wrong.hears(b"go")
        assert wrong.ended()
        nobody = Device(gateway)
        nobody.send(b"L,secret-of-engine-7,three\n")
        nobody.hears(b"-")
        assert nobody.ended()
        silent = Device(gateway)
        assert silent.ended()
        gateway.wait_log("connection without its login too long")
        assert gateway.counters("frames")["expired"] == 1
        backend.nothing_more()
    backend.close()


def test_a_name_alone_is_believed_where_the_file_says_so():
    tracker = SEQ + """
  login: { when: kind == "L", device: who, accept: ["in"], refuse: ["go"] }
  path: "/cars/{device}"
  emit: { value: body }
  ack: ["+"]
  nak: ["-"]
"""
    endpoint = """  - { name: cars, path: "/cars/{car}", methods: [POST], auth: [tracker], roles: [car], to: telemetry,
      call: { path: "/v1/cars/{car}", as: application/json } }
"""
    for extra, heard in (("  tracker: { method: login }\n", {"engine-7": b"in+", "nobody": b"go"}),
                         ("  tracker: { method: token }\n", {"engine-7": b"in-", "nobody": b"in-"})):
        backend, gateway = world(tracker, extra=endpoint, edit=lambda text: text.replace("roles:\n", "roles:\n  car: { allow: [\"POST /cars/{self}\"] }\n", 1)
                                 .replace("roles: [ship-sensor], token: env:TOKEN_7", "roles: [car], token: env:TOKEN_7")
                                 .replace("  token: { method: token }\n", "  token: { method: token }\n" + extra))
        with gateway:
            for who, answer in heard.items():
                device = Device(gateway)
                device.send(f"L{who},,\nM,,one\n".encode())
                device.hears(answer)
                if answer == b"in+":
                    seen = backend.next()
                    assert seen.path == "/v1/cars/engine-7" and seen.headers["x-fairlead-client"] == "engine-7", seen
                else:
                    assert device.ended()
            backend.nothing_more()
        backend.close()


def test_an_empty_secret_is_a_wrong_one():
    backend, gateway = world(EACH_FRAME)
    with gateway:
        device = Device(gateway)
        device.send(b"Mengine-7,,one\n")
        device.hears(b"-")
        gateway.wait_log("with an empty secret")
        backend.nothing_more()
    backend.close()


def test_what_comes_with_a_login_waits_for_it():
    for concurrent in (1, 16):
        backend, gateway = world(LOGIN_WITH_DATA + f"  concurrent: {concurrent}\n")
        with gateway:
            device = Device(gateway)
            device.send(b"Lengine-7,secret-of-engine-7,one\n" + b"M,,two\n" * 3)
            device.hears(b"hello ++++")
            wrong = Device(gateway)
            wrong.send(b"Lengine-7,guessed,no\nM,,no\n")
            wrong.hears(b"go")
            assert wrong.ended()
            assert sorted(backend.next().json()["value"] for _ in range(4)) == ["one", "two", "two", "two"]
            backend.nothing_more()
            assert gateway.counters("frames")["answered.unauthenticated"] == 1
        backend.close()


def test_a_name_with_a_zero_in_it_is_nobodys():
    nameless = LOGIN_WITH_DATA.replace(", secret: word", "")
    for description, heard in ((LOGIN_WITH_DATA, b"-"), (nameless, b"-"), (EACH_FRAME, b"-")):
        backend, gateway = world(description)
        with gateway:
            device = Device(gateway)
            device.send(b"Lengine-7\0x,secret-of-engine-7,one\n")
            device.hears(heard)
            gateway.wait_log("holds a byte 0")
            backend.nothing_more()
        backend.close()


def test_each_frame_is_its_own_devices():
    backend, gateway = world(EACH_FRAME)
    with gateway:
        line = Device(gateway)
        for i, (who, answer) in enumerate([("engine-7", b"+"), ("engine-8", b"+"), ("engine-9", b"-"), ("", b"-"), ("engine-7", b"+")]):
            line.send(f"M{who},secret-of-{who},{i}\n".encode() + b"H,,\n")
            line.hears(answer + b".")
        for who, value in (("engine-7", "0"), ("engine-8", "1"), ("engine-7", "4")):
            seen = backend.next()
            assert seen.headers["x-fairlead-client"] == who and seen.json() == {"value": value}, seen
        backend.nothing_more()
        gateway.wait_log("does not say which device it is from")
        assert gateway.counters("frames")["answered.unauthenticated"] == 2
        assert "secret-of" not in gateway.log()
    backend.close()


def test_what_an_earlier_frame_said():
    backend, gateway = world(REMEMBERED)
    with gateway:
        first, second = Device(gateway), Device(gateway)
        first.send(b"Iimei-1,,\n")
        first.hears(b"1")
        second.send(b"Iimei-2,,\n")
        second.hears(b"1")
        first.send(b"D,251126,\nM,,a\n")
        first.hears(b"2imei-1")
        second.send(b"M,,b\n")
        second.hears(b"imei-2")
        assert backend.next().json() == {"value": "a", "day": "251126", "frames": 3}
        seen = backend.next()
        assert seen.path == "/v1/imei-2" and seen.json() == {"value": "b", "frames": 2}
        third = Device(gateway)
        third.send(b"M,,c\n")
        third.hears(b"-")
        wait_until(lambda: "why=" in gateway.log(), "the refusal")
        backend.nothing_more()
    backend.close()


if __name__ == "__main__":
    support.main(globals())
