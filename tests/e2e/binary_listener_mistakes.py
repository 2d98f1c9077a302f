"""What one gets wrong with the transports of the raw binary listener is said by `fairlead check`: where, what, and what would
be right."""
import os
import tempfile

import support
from support_lines import NMEA_KSY


def check(listener):
    """(exit code, what was said)."""
    text = f"""gateway: {{ name: x }}
listeners:
  - {{ name: it, protocol: binary, frame: {NMEA_KSY},
      {listener} }}
backends:
  it: {{ protocol: console }}
endpoints:
  - {{ name: a, path: "/ships/nmea/{{type}}", methods: [POST], auth: [none], to: it }}
"""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fairlead.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        done = support.run(support.BINARY, "check", "-c", path, expect=None, cwd=folder)
        return done.returncode, (done.out + done.err).replace(path + ":", "")


def wrong(column, part, listener):
    """The mistake is in line 4; `column` is that of the text in it that is to blame."""
    code, said = check(listener)
    place = f"4:{7 + listener.index(column)}:"
    assert code == 2 and any(line.startswith(place) and part in line for line in said.split("\n")), (place, part, said)


def test_what_is_right_is_valid():
    for listener in ("bind: 0.0.0.0:5027", "bind: tcp://0.0.0.0:5027", "bind: 'tcp://[::]:5027'", "bind: unix:///run/x.sock?mode=660",
                     "bind: unix:///run/x.sock, device: plc", "connect: tcp://plc.example:502", "connect: tcp://10.0.0.5:502, device: plc",
                     "connect: unix:///run/gps.sock", "bind: udp://0.0.0.0:10110", "bind: serial:///dev/ttyS1?baud=4800&parity=even, device: plc",
                     "connect: serial:///dev/ttyS1", "connect: tls://plc.example:802",
                     "connect: tls://10.0.0.5:802, tls: { server_name: plc.example }", "connect: tcp://plc:1, retry: 1ms, retry_max: 1ms"):
        code, said = check(listener)
        assert code == 0, (listener, said)


def test_places():
    wrong("tcp:", "HOST:PORT", "bind: tcp://5027")
    wrong("tcp:", "no numeric address", "bind: tcp://box.example:5027")
    wrong("tls:", "tls: is missing", "bind: tls://0.0.0.0:5027")
    wrong("dtls:", "tls: is missing", "bind: dtls://0.0.0.0:5027")
    wrong("dtls:", "is at tcp://", "connect: dtls://10.0.0.5:5027")
    wrong("http:", "a transport is tcp://", "bind: http://0.0.0.0:5027")
    wrong("unix:", "path is missing", "bind: unix://ais.sock")
    wrong("unix:", "mode=999: a mode is octal", "bind: unix:///run/ais.sock?mode=999")
    wrong("tcp:", "no port is 0", "connect: tcp://plc:0")
    wrong("tcp:", "HOST:PORT", "connect: tcp://plc")
    wrong("udp:", "is at tcp://", "connect: udp://10.0.0.5:502")


def test_what_means_nothing_there():
    wrong("3s", "nobody is called here", "bind: tcp://0.0.0.0:5027, retry: 3s")
    wrong("3s", "silent for ever", "connect: serial:///dev/ttyS1, idle: 3s")
    wrong("unix:", "mode is of bind", "connect: unix:///run/gps.sock?mode=660")
    wrong("serial:", "go with rs485=on", "bind: serial:///dev/ttyS1?rts-before=5")
    wrong("serial:", "baud=4800: it is said twice", "bind: serial:///dev/ttyS1?baud=9600&baud=4800")
    for key in ("idle", "login_timeout", "frame_timeout", "answer_timeout"):
        wrong("0s", "at least 1ms", f"bind: tcp://0.0.0.0:5027, {key}: 0s")


def test_serial_lines():
    for listener, part in (("serial://?baud=4800", "path is missing"), ("serial:///dev/ttyS1?parity=maybe", "none, even or odd"),
                           ("serial:///dev/ttyS1?baud=0", "a rate is from 50"), ("serial:///dev/ttyS1?stop=3", "1 or 2 stop bits"),
                           ("serial:///dev/ttyS1?bits=9", "7 or 8 bits"), ("serial:///dev/ttyS1?rs485=1", "on or off"),
                           ("serial:///dev/ttyS1?speed=9600", "no such parameter")):
        wrong("serial:", part, f"bind: {listener}")
        wrong("serial:", part, f"connect: {listener}")


def test_what_does_not_go_together():
    wrong("plc", "anybody may send there", "bind: tcp://0.0.0.0:5027, device: plc")
    wrong("plc", "anybody may send there", "bind: udp://0.0.0.0:5027, device: plc")
    wrong("{ certificate", "it is called dtls://0.0.0.0:5027", f"bind: udp://0.0.0.0:5027, tls: {{ certificate: {NMEA_KSY} }}")
    wrong("udp:", "no numeric address", "bind: udp://box.example:5027")
    wrong("''", "the id of a client", "connect: tcp://plc:502, device: ''")
    wrong("{ ca", "no TLS over", f"connect: unix:///run/gps.sock, tls: {{ ca: {NMEA_KSY} }}")
    wrong("tls://", "say server_name", "connect: tls://10.0.0.5:802")
    wrong("{ ca", "no TLS over", f"connect: serial:///dev/ttyS1, tls: {{ ca: {NMEA_KSY} }}")
    wrong("{ certificate", "go together", f"connect: tls://plc:802, tls: {{ certificate: {NMEA_KSY} }}")
    wrong("0ms", "at least 1ms", "connect: tcp://plc:502, retry: 0ms")
    wrong("1s", "shorter than the first", "connect: tcp://plc:502, retry: 2s, retry_max: 1s")
    wrong("0s", "in no time", "connect: tcp://plc:502, connect_timeout: 0s")
    code, said = check("bind: 0.0.0.0:5027, connect: tcp://plc:502")
    assert code == 2 and "bind" in said, said


if __name__ == "__main__":
    support.main(globals())
