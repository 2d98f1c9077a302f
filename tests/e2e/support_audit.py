"""What the tests of the audit log share: a gateway that keeps one, its lines, and the command that looks at it."""
import glob
import json
import os

import support
from support import TOKENS, Gateway, curl, run, wait_until

LISTENERS = """  - { name: web, protocol: http, bind: "{address}:{port_web}" }
  - { name: field, protocol: coap, bind: "{address}:{port_field}", token_in_query: accept }
  - { name: devices, protocol: mqtt, bind: "{address}:{port_devices}" }"""

# Who guesses would have to wait, and be refused as one that does.
GUESSING = "guessing: { attempts: 0 }"
# strace has to look at the gateway in /proc.
TRACED = "core_dumps: true"


def configuration(audit="", state="state"):
    """`audit` is the section's content, such as "file_size: 64KiB"."""
    text = support.fleet("http://127.0.0.1:1", LISTENERS).replace("name: test,", f"name: test, state: {state}, {GUESSING}, {TRACED},")
    return text + (f"audit: {{ {audit} }}\n" if audit else "")


def gateway_with(audit="", **options):
    return Gateway(configuration(audit), environment=dict(TOKENS, **options.pop("environment", {})), **options)


def folder(gateway):
    return os.path.join(gateway.folder, "state", "audit")


def files(gateway):
    return sorted(glob.glob(os.path.join(folder(gateway), "audit-*.jsonl")))


def raw(gateway):
    content = b""
    for path in files(gateway):
        try:
            with open(path, "rb") as log:
                content += log.read()
        except FileNotFoundError:  # retention was quicker
            pass
    return content


def lines(gateway, **wanted):
    """The lines that have these members, as they are on disk now."""
    found = []
    for text in raw(gateway).split(b"\n")[:-1]:
        line = json.loads(text)
        if all(line.get(key) == value for key, value in wanted.items()):
            found.append(line)
    return found


def wait_lines(gateway, n=1, **wanted):
    """The same, once there are `n` of them."""
    return wait_until(lambda: len(found := lines(gateway, **wanted)) >= n and found, f"{n} lines with {wanted}")


def audit(*arguments, expect=0):
    return run(support.BINARY, "audit", *arguments, expect=expect)


def verify(gateway, *arguments, expect=0):
    return audit("verify", "--dir", folder(gateway), *arguments, expect=expect).out


def call(gateway, path, token=None, method="GET"):
    """The status of one HTTP call."""
    bearer = ["-H", f"Authorization: Bearer {token}"] if token else []
    return curl("-X", method, *bearer, gateway.url(path))[0]
