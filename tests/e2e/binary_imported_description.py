"""A description in several files: an imported one that has changed opens the listener anew at the next reload, and a mistake
in it is told with its own file, line and column."""
import os
import signal
import socket
import subprocess
import tempfile

import support
from support import BINARY, DEADLINE_S, Gateway, RestBackend, TOKENS, fleet

MAIN = """meta: { id: main, imports: [parts/body] }
seq:
  - { id: length, type: u1 }
  - { id: body, type: body }
-fairlead:
  framing: { length-field: { offset: 0, size: 1 } }
  path: /open/readings
  emit: body
  ack: [0x06]
"""
BODY = "meta: { id: body, endian: be }\nseq:\n  - { id: value, type: u2%s }\n"


def put(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w") as file:
        file.write(text)
    os.rename(path + ".new", path)
    return path


def sent(gateway, frame):
    with socket.create_connection((gateway.address, gateway.port("frames")), DEADLINE_S) as device:
        device.settimeout(DEADLINE_S)
        device.sendall(frame)
        return device.recv(1)


def test_an_imported_description_is_read_anew():
    with tempfile.TemporaryDirectory() as folder:
        main = put(folder, "main.ksy", MAIN)
        put(folder, "parts/body.ksy", BODY % "be")
        listeners = f"  - {{ name: frames, protocol: binary, bind: tcp://{{address}}:{{port_frames}}, frame: {main} }}\n"
        backend = RestBackend()
        gateway = Gateway(fleet(backend.url, listeners), environment=TOKENS)
        with gateway:
            assert sent(gateway, b"\x02\x00\x01") == b"\x06"
            assert backend.next().json() == {"value": 1}
            put(folder, "parts/body.ksy", BODY % "le")
            gateway.reload()
            assert sent(gateway, b"\x02\x00\x01") == b"\x06"
            assert backend.next().json() == {"value": 256}
            # What cannot be loaded changes nothing, and says where it is wrong.
            put(folder, "parts/body.ksy", BODY % "xe")
            gateway.signal(signal.SIGHUP)
            gateway.wait_log('parts/body.ksy:3:24: the type "u2xe" is not known')
            assert sent(gateway, b"\x02\x00\x01") == b"\x06"
            assert backend.next().json() == {"value": 256}
            shown = subprocess.run([BINARY, "frame", "decode", main, "020001"], stderr=subprocess.PIPE, text=True)
            assert shown.returncode == 2, shown
            assert 'main.ksy:1:29: parts/body.ksy:3:24: the type "u2xe" is not known' in shown.stderr, shown.stderr
        backend.close()


if __name__ == "__main__":
    support.main(globals())
