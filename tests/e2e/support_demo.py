"""The example fleet (board/demo), as it is, in a place of its own."""
import os
import re
import shutil
import socket

import support
from support import SOURCE


def free_port(address):
    """One that is free for TCP and for UDP."""
    while True:
        port = support.free_port(address)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.bind((address, port))
                return port
            except OSError:
                pass


def copy_of_the_demo(folder, address):
    """The example fleet in another folder, on this address and on free ports: which, by its own."""
    shutil.copytree(os.path.join(SOURCE, "schemas"), os.path.join(folder, "schemas"))
    demo = os.path.join(folder, "board", "demo")
    shutil.copytree(os.path.join(SOURCE, "board", "demo"), demo, ignore=shutil.ignore_patterns("pki", "state"))
    with open(os.path.join(demo, "fairlead.yaml"), encoding="utf-8") as file:
        ports = {port: free_port(address) for port in set(re.findall(r"0\.0\.0\.0:(\d+)", file.read()))}
    for name in ("fairlead.yaml", "run", "make-pki"):
        path = os.path.join(demo, name)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        text = re.sub(r"\b(0\.0\.0\.0|127\.0\.0\.1)\b", address, text)
        text = re.sub(r"\b\d{4,5}\b", lambda found: str(ports.get(found.group(), found.group())), text)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return {int(port): ports[port] for port in ports}
