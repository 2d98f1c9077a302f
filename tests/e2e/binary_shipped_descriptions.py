"""Each description that comes along, as a listener: frames of the public specifications, a byte a write, arrive as the
messages that `fairlead frame decode --messages` shows, and devices hear what their protocol says."""
import functools
import json
import os
import socket

import support
from support import BINARY, Gateway, RestBackend, SOURCE, fleet, run
from support_frames import Device

FRAMES = os.path.join(SOURCE, "schemas", "frames")
NAMES = ("nmea0183", "ais", "teltonika", "mbus", "adsb_beast", "candump", "tlv")
LISTENERS = "".join(f"  - {{ name: {name}, protocol: binary, bind: tcp://{{address}}:{{port_{name}}}, "
                    f"frame: {os.path.join(FRAMES, name + '.ksy')} }}\n" for name in NAMES)
LISTENERS += (f"  - {{ name: datagrams, protocol: binary, bind: udp://{{address}}:{{port_datagrams}}, "
              f"frame: {os.path.join(FRAMES, 'teltonika_udp.ksy')} }}\n")
PATHS = ("/ships/nmea/{a}", "/ships/ais/{a}", "/cars/positions/{a}", "/cars/responses/{a}", "/meters/mbus/{a}",
         "/airplanes/{a}", "/can/{a}", "/devices/tlv")
ENDPOINTS = "".join(f"  - {{ name: e{number}, path: \"{path}\", methods: [POST], auth: [none], to: telemetry,\n"
                    f"      call: {{ path: \"{path}\", as: application/json }} }}\n" for number, path in enumerate(PATHS))


def sentence(text):
    return f"{text}*{functools.reduce(lambda a, b: a ^ b, text[1:].encode()):02X}\r\n".encode()


AIS = (sentence("!AIVDM,2,1,3,B,53`l7@02;H;q0S7;?@0H4U:0hD4@000000000016<PD5:6w>eDDSm51DQ0,0") +
       sentence("!AIVDM,1,1,,A,K3`l7@9OmM3kB6>0,0") + sentence("$HEHDT,274.07,T") +
       sentence("!AIVDM,2,2,3,B,C@00000000000,2"))
IMEI = b"\x00\x0f356307042441013"
POSITION = bytes.fromhex("000000000000003408010000019b76daa80001ffed29791f335115fffb010e090036"
                         "010401010101420ff001f1000059d9010b00000000000000ff0100006578")
RESPONSE = bytes.fromhex("00000000000000240c01060000001c5665723a30332e31382e31345f3034204750533a41584e5f352e3130010000edcb")
METER = bytes.fromhex("6812126808017278563412841901072a00000001130a7c16")
AIRCRAFT = bytes.fromhex("1a33001cbe991a1a14808d40621d58c382d690c8ac2863a7")


def messages(name, stream):
    """Path and message, as the command has them."""
    out = run(BINARY, "frame", "decode", os.path.join(FRAMES, name + ".ksy"), "--raw", "--messages", input=stream).out
    pairs = [line.split(" ", 1) for line in out.splitlines()]
    return [(path, json.loads(message)) for path, message in pairs]


def arrived(backend, count):
    seen = [backend.next() for _ in range(count)]
    return [(one.path, one.json()) for one in seen]


def check(name, stream, paths):
    backend = RestBackend()
    with Gateway(fleet(backend.url, LISTENERS, extra=ENDPOINTS), environment=support.TOKENS) as gateway:
        expected = messages(name, stream)
        assert [path for path, _ in expected] == paths, expected
        device = Device(gateway, name)
        for byte in stream:
            device.send(bytes([byte]))
        assert arrived(backend, len(expected)) == expected
        backend.nothing_more()
    backend.close()
    return [message for _, message in expected]


def test_nmea_with_a_tag_block():
    got = check("nmea0183", b"\\s:bridge,c:1120959341*22\\" + sentence("$SDDBT,7.8,f,2.4,M,1.3,F"), ["/ships/nmea/DBT"])
    assert got[0]["tag"] == {"source": "bridge", "time": 1120959341} and got[0]["data"]["depth"] == 2.4, got


def test_ais_of_several_sentences_among_others():
    got = check("ais", AIS, ["/ships/ais/244123456", "/ships/nmea/HDT", "/ships/ais/244123456"])
    assert got[0]["message"]["speed_knots"] == 12 and got[1]["data"]["heading"] == 274.07, got
    assert got[2]["message"]["name"] == "FAIR LEAD" and got[2]["message"]["draught"] == 8.1, got


def test_a_tracker_is_answered_with_how_many_records_were_taken():
    backend = RestBackend()
    with Gateway(fleet(backend.url, LISTENERS, extra=ENDPOINTS), environment=support.TOKENS) as gateway:
        device = Device(gateway, "teltonika")
        device.send(IMEI)
        device.hears(b"\x01")
        device.send(b"\xff" + POSITION)
        device.hears(b"\x00\x00\x00\x01")
        device.send(RESPONSE + POSITION)
        device.hears(b"\x00\x00\x00\x01")
        got = arrived(backend, 3)
        assert got == messages("teltonika", IMEI + POSITION + RESPONSE + POSITION), got
        assert got[0][0] == "/cars/positions/356307042441013" and got[0][1]["latitude"] == 52.3456789, got
        assert got[1] == ("/cars/responses/356307042441013",
                          {"device": "356307042441013", "kind": 6, "text": "Ver:03.18.14_04 GPS:AXN_5.10"}), got
        backend.nothing_more()
    backend.close()


def test_a_tracker_of_datagrams_is_answered_by_their_numbers():
    datagram = bytes.fromhex("0049cafe01dd000f333532303933303831343532323531" + POSITION.hex()[16:-8])
    backend = RestBackend()
    with Gateway(fleet(backend.url, LISTENERS, extra=ENDPOINTS), environment=support.TOKENS) as gateway:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
            device.settimeout(support.DEADLINE_S)
            device.connect((gateway.address, gateway.port("datagrams")))
            device.send(datagram)
            assert device.recv(100) == bytes.fromhex("0005cafe01dd01")
        assert arrived(backend, 1) == messages("teltonika_udp", datagram)
        backend.nothing_more()
    backend.close()


def test_a_meter_between_what_is_no_message():
    got = check("mbus", b"\xe5\x10\x5b\x01\x5c\x16" + METER, ["/meters/mbus/12345678"])
    assert got[0]["records"][0]["value"] == 0.01, got


def test_an_aircraft_with_its_escapes():
    got = check("adsb_beast", AIRCRAFT, ["/airplanes/40621d"])
    assert got[0]["message"]["altitude_feet"] == 38000, got


def test_a_bus_in_lines():
    got = check("candump", b"can0 18FEEE00#82FF002EFFFF50FF\ncan0 1CECFF00#20120003FFECFE00\ncan0 1CEBFF00#0157444239363334\n"
                b"can0 1CEBFF00#023033314C313233\ncan0 1CEBFF00#033435362AFFFFFF\n", ["/can/65262", "/can/65260"])
    assert got[0]["message"]["coolant"] == 90 and got[1]["message"] == {"vin": "WDB9634031L123456"}, got


def test_tag_length_value():
    got = check("tlv", bytes.fromhex("000b010441a26666020343656c"), ["/devices/tlv"])
    assert got[0][0]["value"] == {"number": 20.3}, got


if __name__ == "__main__":
    support.main(globals())
