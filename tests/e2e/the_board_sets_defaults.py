"""What the board brings is in force where the operator's file says nothing: the gateway's name, limits, how often it writes;
and what is wrong with a board's file is said where it stands."""
import os
import socket
import tempfile

import support
import support_board

PLAIN = """
listeners:
  - { name: web, protocol: http, bind: "{address}:{port_web}" }
backends:
  telemetry: { protocol: rest, targets: [{ url: http://127.0.0.1:9 }] }
endpoints:
  - { name: open, path: /open, methods: [POST], auth: [none], to: telemetry }
"""


def said(machine, configuration):
    """The gateway's log from its start to its end."""
    with support.Gateway(configuration, environment=machine.environment) as gateway:
        gateway.wait_log("ready:")
        return gateway.log()


def test_the_name_is_the_identity():
    with support_board.Machine() as machine:
        machine.raspberry_pi_4()
        log = said(machine, PLAIN)
        assert "ready: gateway=10000000a1b2c3d4 " in log, log
        assert "Raspberry Pi 4 (raspberry-pi-4): Raspberry Pi 4 Model B Rev 1.4" in log, log
        assert "ready: gateway=mv-aurora " in said(machine, "gateway: { name: mv-aurora }\n" + PLAIN)
        log = said(machine, "gateway: { board: none }\n" + PLAIN)
        assert "ready: gateway=fairlead " in log and "Raspberry" not in log, log


def test_without_an_identity_it_is_fairlead():
    with support_board.Machine() as machine:
        machine.raspberry_pi_4(serial="0000000000000000")
        assert "ready: gateway=fairlead " in said(machine, PLAIN)


def test_where_no_boards_are_installed():
    with support_board.Machine(boards="/nonexistent/board") as machine:
        log = said(machine, PLAIN)
        assert "no boards in /nonexistent/board: nothing is set" in log, log
        assert "ready: gateway=fairlead " in log, log


def hold(gateway, body):
    """A connection on which all but a byte of this body has come; None: it was refused meanwhile."""
    client = socket.create_connection((gateway.address, gateway.port("web")), support.DEADLINE_S)
    try:
        client.sendall(b"POST /open HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\n"
                       b"Content-Length: %d\r\n\r\n" % (len(body) + 1) + body)
    except ConnectionError:
        client.close()
        return None
    return client


def answer_beside_bodies_under_way(memory_kib):
    """What a small request is answered while eight bodies of 700 KiB are being read."""
    backend = support.RestBackend()
    with support_board.Machine(memory_kib=memory_kib) as machine:
        configuration = "gateway: { limits: { body: 2MiB } }\n" + PLAIN.replace("http://127.0.0.1:9", backend.url)
        with support.Gateway(configuration, environment=machine.environment) as gateway:
            def ask():
                return support.curl(gateway.url("/open"), "--json", "{}")[0]
            assert ask() == 200
            clients = [hold(gateway, b"x" * (700 * 1024)) for _ in range(8)]
            try:
                # The first may come before all that was sent has been read.
                return next((status for status in (ask() for _ in range(20)) if status != 200), 200)
            finally:
                for client in clients:
                    if client:
                        client.close()
                backend.close()


def test_a_small_box_reads_less_at_a_time():
    # A sixteenth of it is 4 MiB, which all that is being read may hold together.
    assert answer_beside_bodies_under_way(memory_kib=64 * 1024) == 503
    assert answer_beside_bodies_under_way(memory_kib=4 * 1024 * 1024) == 200


def test_nothing_outlives_a_loss_of_power_in_memory():
    with support_board.Machine() as machine, tempfile.TemporaryDirectory() as folder:
        machine.mounted(folder, "tmpfs")
        state = os.path.join(folder, "state")
        log = said(machine, f"gateway: {{ state: {state} }}\n" + PLAIN)
        assert f"{state} is in memory: nothing that is kept there outlives a loss of power" in log, log


def check(machine, configuration):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fairlead.yaml")
        with open(path, "w", encoding="utf-8") as out:
            out.write(configuration + PLAIN.replace("{address}:{port_web}", "127.0.0.1:0"))
        done = support.run(support.BINARY, "check", "-c", path, expect=None, env=dict(os.environ, **machine.environment))
        return done.returncode, (done.out + done.err).replace(path, "FILE")


def test_a_board_that_there_is_not():
    with support_board.Machine() as machine:
        code, text = check(machine, "gateway: { board: raspberry }\n")
        assert code == 2 and text.startswith('FILE:1:19: gateway.board: there is no board "raspberry"; there are beaglebone, '
                                             "generic, imx8m, raspberry-pi-4, raspberry-pi-5, x86"), text
    with support_board.Machine(boards="") as machine:
        code, text = check(machine, "gateway: { board: x86 }\n")
        assert code == 2 and 'there is no board "x86"' in text, text


def test_a_board_file_that_is_broken():
    with support_board.Machine() as machine:
        broken = machine.file("boards/mine/board.yaml", "title: mine\nserail: []\n")
        machine.environment["FAIRLEAD_BOARDS"] = os.path.join(machine.root, "boards") + ":" + support_board.BOARDS
        code, text = check(machine, "")
        assert code == 2 and f"{broken}:2:1: serail: unknown key; did you mean serial?" in text, text
        # Also the one that nobody would take.
        assert check(machine, "gateway: { board: x86 }\n")[0] == 0
        machine.file("boards/mine/board.yaml", "title: mine\ngateway: { save_within: soon }\n")
        code, text = check(machine, "gateway: { board: mine }\n")
        assert code == 2 and f'{broken}:2:25: gateway.save_within: "soon" is no duration' in text, text


def test_what_the_board_sets_is_a_mistake_at_its_place():
    with support_board.Machine() as machine:
        path = machine.file("boards/mine/board.yaml", "title: mine\ngateway:\n  limits: { memory: 1MiB, values: 0 }\n")
        machine.environment["FAIRLEAD_BOARDS"] = os.path.join(machine.root, "boards")
        code, text = check(machine, "gateway: { board: mine, limits: { body: 1KiB } }\n")
        assert code == 2 and f"{path}:3:35: gateway.limits.values: values is from 1 to ten million" in text, text


def test_a_reload_that_breaks_it_changes_nothing():
    with support_board.Machine() as machine:
        machine.raspberry_pi_4()
        with support.Gateway(PLAIN, environment=machine.environment) as gateway:
            gateway.write("gateway: { board: no-such-board }\n" + PLAIN)
            gateway.reload()
            gateway.wait_log('there is no board "no-such-board"')
            gateway.write("gateway: { board: generic }\n" + PLAIN)
            gateway.reload()
            gateway.wait_log("a box that is not known (generic)")


if __name__ == "__main__":
    support.main(globals())
