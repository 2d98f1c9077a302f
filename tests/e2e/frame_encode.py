"""fairlead frame encode writes the frame that means this: lengths, counts, checksum and framing are computed, and what
does not fit is told with its path."""
import json
import os
import tempfile

import support
from support import BINARY, SOURCE, run


def schema(name):
    return os.path.join(SOURCE, "schemas", "frames", f"{name}.ksy")


def encode(*arguments, expect=0, **options):
    return run(BINARY, "frame", "encode", *arguments, expect=expect, **options)


READING = {"kind": "reading", "body": {"sensor": {"text": "oil"}, "value": 81.5, "unit": {"text": "Cel"},
                                       "time": 1700000000123456789}}


def test_lengths_and_checksum_are_computed():
    done = encode(schema("reading"), json.dumps(READING))
    body = "036f696c" + "4054600000000000" + "0343656c" + f"{1700000000123456789:016x}"
    assert done.out.startswith("fa020018" + body) and len(done.out.strip()) == 8 + len(body) + 4, done.out
    again = json.loads(run(BINARY, "frame", "decode", schema("reading"), done.out.strip(), "--json").out)
    assert again["body"]["time"] == 1700000000123456789 and again["body"]["sensor"] == {"length": 3, "text": "oil"}, again


def test_what_was_read_is_written_again():
    stream = "000b010441a26666020343656c" + "0006030400000007"
    values = run(BINARY, "frame", "decode", schema("tlv"), stream, "--json").out
    assert len(values.splitlines()) == 2, values
    assert encode(schema("tlv"), "-", input=values.encode()).out.replace("\n", "") == stream
    done = encode(schema("tlv"), "--raw", input=values.splitlines()[1].encode())
    assert done.out.encode("latin-1") == bytes.fromhex("0006030400000007")


def test_a_sentence_gets_its_checksum_and_line_end():
    done = encode(schema("nmea0183"), '{"start":"$","body":{"address":"SDDBT","fields":["7.8","f","2.4","M","1.3","F"]}}')
    assert bytes.fromhex(done.out.strip()) == b"$SDDBT,7.8,f,2.4,M,1.3,F*0D\r\n", done.out


def test_one_type_alone():
    done = encode(schema("tlv"), "--type", "record", "--bare", '{"tag":"counter","value":{"number":7}}')
    assert done.out == "030400000007\n", done.out
    assert "no such type" in encode(schema("tlv"), "--type", "nothing", "{}", expect=1).err


def test_what_does_not_fit_is_told_with_its_path():
    wrong = [({"records": [{"tag": "counter", "value": {"number": 1 << 32}}]},
              "records[0].value.number: is 4294967296, which u4 cannot hold"),
             ({"records": [{"tag": "weight", "value": {"number": 1}}]},
              'records[0].tag: is "weight", a name that the enum "tag" has not'),
             ({"records": [{"tag": "unit", "value": {"number": 1}}]},
              'records[0].value: "number" is no field of "text"'),
             ({"records": [{"tag": "unit", "length": 2, "value": {"text": "Cel"}}]},
              "records[0].value: has 3 bytes, where it must have 2"),
             ({}, "records: is missing"),
             ({"records": [], "colour": 1}, 'the frame: "colour" is no field of "tlv"')]
    for value, told in wrong:
        assert encode(schema("tlv"), json.dumps(value), expect=1).err == told + "\n", (value, told)
    assert "no JSON" in encode(schema("tlv"), "{", expect=2).err
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "wrong.ksy")
        with open(path, "w", encoding="utf-8") as out:
            out.write("meta: { id: a }\nseq:\n  - { id: n, type: u1, repeat: eos, -fairlead-write: 1 }\n")
        assert encode(path, "{}", expect=2).err.startswith(f"{path}:3:37: \"-fairlead-write\" goes with")
    assert "Usage" in encode(expect=2).err and "--bare" in encode("--help").out


if __name__ == "__main__":
    support.main(globals())
