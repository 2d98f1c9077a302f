"""A box whose disk cannot be written: everything but the state folder (which is enough), or the state folder itself (which
is not, and says so before anything listens)."""
import os

from support import curl, main
from support_box import ALL_READ_ONLY, Box

CONFIGURATION = """
gateway: { name: test, state: "{state}" }
listeners:
  - { name: web, protocol: http, bind: "{address}:{port_web}" }
  - { name: mqtt, protocol: mqtt, bind: "{address}:{port_mqtt}" }
endpoints:
  - { name: own, path: "/own/{x}", methods: [GET, PUT], auth: [none], keep: last }
"""


def put(gate, body, path="/own/a"):
    return curl("-X", "PUT", "--json", body, gate.url(path))[0]


def test_a_state_folder_that_can_be_written_is_enough():
    # No /dev/shm either, and /tmp as read-only as the rest: nothing is made there.
    with Box(then="mount -t tmpfs -o ro none /dev/shm; " + ALL_READ_ONLY) as box:
        assert box.run("touch", "/tmp/fairlead-x", expect=None).returncode != 0
        assert box.run("touch", os.path.join(box.folder, "x"), expect=None).returncode != 0
        with box.gateway(CONFIGURATION) as gate:
            assert put(gate, "[1]") == 201
            gate.reload()
            assert put(gate, "[2]") == 204
        with box.gateway(CONFIGURATION) as gate:
            assert curl(gate.url("/own/a"))[2] == "[2]"


def test_a_state_folder_that_cannot_be_written_is_refused():
    with Box(then='mount -o remount,ro "$STATE"') as box:
        said = box.refusal(CONFIGURATION)
        assert f"the state folder {box.state} cannot be used: its file system is read-only: mount it" in said, said
        assert "listening" not in said and "ready" not in said, said
        assert os.listdir(box.inside()) == []


def test_nor_is_one_made_where_nothing_can_be():
    with Box(then='mount -o remount,ro "$STATE"') as box:
        said = box.refusal(CONFIGURATION.replace("{state}", "{state}/deep"))
        assert "deep cannot be made: its file system is read-only" in said, said


if __name__ == "__main__":
    main(globals())
