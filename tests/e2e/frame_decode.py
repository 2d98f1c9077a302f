"""fairlead frame decode shows what bytes mean; a wrong description is told with its file, line and column."""
import json
import os
import re
import subprocess
import tempfile

import support
from support import BINARY, SOURCE, run

TLV = os.path.join(SOURCE, "schemas", "frames", "tlv.ksy")
FRAME = "000b010441a26666020343656c"


def decode(*arguments, expect=0, **options):
    return run(BINARY, "frame", "decode", *arguments, expect=expect, **options)


def test_a_table_of_fields():
    rows = [line.split() for line in decode(TLV, FRAME).out.splitlines()]
    assert ["4", "4", "records[0].value.number", "20.3"] in rows, rows
    assert ["8", "1", "records[1].tag", "unit", "(2)"] in rows, rows


def test_what_is_computed():
    nmea = os.path.join(SOURCE, "schemas", "frames", "nmea0183.ksy")
    rows = [line.split() for line in decode(nmea, "--raw", input=b"$SDDBT,7.8,f,2.4,M,1.3,F*0D\r\n").out.splitlines()]
    assert ["7", "4", "body.fields[0]", '"7.8"'] in rows and ["-", "-", "body.data.depth", "2.4"] in rows, rows
    rows = decode(nmea, "--raw", input=b"$GPGLL,4916.45,N,12311.12,X,,*7E\r\n").out
    assert "body.data.latitude" in rows and "body.data.longitude" not in rows, rows


def test_json_and_standard_input():
    value = json.loads(decode(TLV, "-", "--json", input=FRAME.encode()).out)
    assert value["records"][0] == {"tag": "temperature", "length": 4, "value": {"number": 20.3}}
    assert decode(TLV, "--raw", "--json", input=bytes.fromhex(FRAME)).out == decode(TLV, FRAME, "--json").out


def test_the_messages_that_the_gateway_would_send():
    ais = os.path.join(SOURCE, "schemas", "frames", "ais.ksy")
    stream = b"!AIVDM,1,1,,A,K3`l7@9OmM3kB6>0,0*51\r\n$HEHDT,274.07,T*19\r\n"
    lines = decode(ais, "--raw", "--messages", input=stream).out.splitlines()
    assert [line.split(" ", 1)[0] for line in lines] == ["/ships/ais/244123456", "/ships/nmea/HDT"], lines
    assert json.loads(lines[0].split(" ", 1)[1])["message"]["speed_knots"] == 12, lines


def test_where_a_wrong_frame_stops_making_sense():
    done = decode(TLV, "0006010941a26666", expect=1)
    assert "stops making sense at byte 4, in records[0].value" in done.out, done.out
    assert "a frame that is not whole" in decode(TLV, "000b0104", expect=1).out
    assert "hexadecimal" in decode(TLV, "0g", expect=2).err


def test_what_messages_have_and_what_a_description_is_told():
    lorawan = os.path.join(SOURCE, "schemas", "frames", "lorawan")
    elsys, dragino = os.path.join(lorawan, "elsys", "elsys.ksy"), os.path.join(lorawan, "dragino", "lht65n.ksy")
    table = decode(elsys, "0100ea0237").out
    assert "234 = 23.4 Cel" in table and "55 %RH" in table, table
    assert json.loads(decode(elsys, "0100ea0237", "--payload").out) == {"temperature": 23.4, "humidity": 55}
    state = json.loads(decode(dragino, "0b014201ff0c8a", "--payload", "--with", "f_port=5").out)
    assert (state["SENSOR_MODEL"], state["BAT"]) == ("LHT65N", 3.21), state
    assert "state.battery" in decode(dragino, "0b014201ff0c8a", "--with", "f_port=5").out
    assert "the parameter \"f_port\" is not given" in decode(dragino, "0b014201ff0c8a", expect=1).out
    assert "is not what its type wants" in decode(dragino, "0b", "--with", "f_port=five", expect=1).out
    assert "Usage" in decode(dragino, "0b", "--with", "f_port", expect=2).err


def test_the_examples_of_the_reference_print_what_they_say():
    with open(os.path.join(SOURCE, "docs", "reference", "frame-schemas.md"), encoding="utf-8") as page:
        blocks = re.findall(r"^```\n\$ (.*?)\n(.*?)^```$", page.read(), re.M | re.S)
    assert len(blocks) > 8, blocks
    for command, expected in blocks:
        assert "fairlead frame decode schemas/frames/" in command, command
        shell = command.replace("fairlead ", BINARY + " ", 1)
        done = subprocess.run(["/bin/sh", "-c", shell], cwd=SOURCE, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, expected), (command, done)


def test_messages_that_cannot_be():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "x.ksy")
        description = "meta: { id: x, endian: be }\nseq: [{ id: a, type: f4 }]\n-fairlead: { framing: { fixed: 4 } }\n"
        for text, what, said in ((description, "3f800000", "the description has no path"),
                                 (description.replace(" } }", " }, path: /x }"), "7fc00000", "not-a-number")):
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
            done = decode(path, what, "--messages", expect=1)
            assert said in done.err and len(done.err.splitlines()) == 1 and not done.out, (done.out, done.err)


def test_a_wrong_description():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "wrong.ksy")
        with open(path, "w", encoding="utf-8") as out:
            out.write("meta: { id: a }\nseq:\n  - id: n\n    type: u9\n")
        assert decode(path, "00", expect=2).err.startswith(f"{path}:4:11: ")
        with open(os.path.join(folder, "fairlead.yaml"), "w", encoding="utf-8") as out:
            out.write("gateway: { name: test }\nlisteners:\n"
                      "  - { name: a, protocol: binary, bind: tcp://127.0.0.1:0, frame: wrong.ksy }\n"
                      "backends: { screen: { protocol: console } }\n"
                      "endpoints: [ { name: a, path: /a, methods: [POST], auth: [none], to: screen } ]\n")
        done = run(BINARY, "check", "-c", os.path.join(folder, "fairlead.yaml"), expect=2)
        assert "wrong.ksy:4:11: " in done.err and "fairlead.yaml:3:" in done.err, done.err


def test_a_message_of_several_frames_is_shown_whole():
    stream = ("!AIVDM,2,1,3,B,55P5TL01VIaAL@7WKO@mBplU@<PDhh000000001S;AJ::4A80?4i@E53,0*3E\r\n"
              "!AIVDM,2,2,3,B,1@0000000000000,2*55\r\n").encode()
    shown = decode(os.path.join(SOURCE, "schemas", "frames", "ais.ksy"), stream.hex()).out
    parts, whole = shown.split("the message of all parts:\n")
    assert "a part of a message that is not whole yet" in parts, parts
    assert "    +1      4  assembled.message.body.mmsi      369190000\n" in whole, whole
    assert '"MT.MITCHELL"' in whole, whole


if __name__ == "__main__":
    support.main(globals())
