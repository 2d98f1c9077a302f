"""What an operator and bad luck do to a running service: reloads, restarts, stops, a kill, a hang, a configuration with mistakes."""
import contextlib
import http.client
import time

from machine import Load

import fleet as demo

YAML = "/etc/fairlead/fairlead.yaml"


def restarts(box):
    return int(box.run("systemctl show -p NRestarts --value fairlead").out)


def pid(box):
    return int(box.run("systemctl show -p MainPID --value fairlead").out)


@contextlib.contextmanager
def drop_in(box, lines):
    """Of the unit, for as long as it lasts; the service is not started again for it."""
    path = "/etc/systemd/system/fairlead.service.d/test.conf"
    box.run(f"printf '[Service]\\n{lines}\\n' >{path} && systemctl daemon-reload")
    yield
    box.run(f"rm {path} && systemctl daemon-reload")


@contextlib.contextmanager
def load(fleet, name):
    """.done, .failed, and .kept: every path whose value was acknowledged."""
    ones = demo.callers(fleet, name)
    with Load(lambda index: ones[index](), len(ones)) as running:
        running.kept = lambda: [path for one in ones for path in one.acknowledged]
        yield running
    assert running.done, running.failed[:3]


def go_on(running, n=20):
    """Until so many more requests have been answered."""
    before, end = running.done, time.monotonic() + 120
    while running.done < before + n:
        assert time.monotonic() < end, running.failed[-3:]
        time.sleep(0.05)


def all_there(fleet, paths):
    """There are thousands after a while, so one connection has to do."""
    reader = http.client.HTTPConnection("127.0.0.1", fleet.ports["8080"], timeout=60)
    for path in paths:
        reader.request("GET", path)
        answer = reader.getresponse()
        got = answer.read().decode()
        assert (answer.status, got) == (200, path.rpartition("-")[2]), (path, answer.status, got)
    reader.close()


def test_reloads_under_load_fail_no_request(box, fleet):
    before = pid(box)
    with load(fleet, "reload") as running:
        go_on(running)
        for n in range(3):
            box.run(f"sed -i 's/messages: [0-9]*/messages: {501 + n}/' {YAML} && systemctl reload fairlead")
            go_on(running)
    assert not running.failed, running.failed[:3]
    assert pid(box) == before and box.run("journalctl -u fairlead -o cat --no-pager | grep -c 'configuration read again'").out.strip() == "3"
    all_there(fleet, running.kept()[-20:])


def test_a_reload_with_mistakes_fails_and_says_which(box, fleet):
    before = pid(box)
    box.run(f"cp {YAML} /root/good.yaml; sed -i 's/protocol: coap,/protocol: cope,/' {YAML}")
    assert box.run("systemctl reload fairlead", check=False).code != 0
    said = box.run("journalctl -u fairlead -p err -o cat --no-pager -n 30").out
    assert f"{YAML}:" in said and "cope" in said, said
    fleet.put("/kept/reload", "1")
    assert pid(box) == before and box.run("systemctl is-active fairlead").out.strip() == "active"
    box.run(f"cp /root/good.yaml {YAML}; systemctl reload fairlead")


def test_a_restart_under_load_fails_no_request(box, fleet):
    before = pid(box)
    with load(fleet, "restart") as running:
        for _ in range(3):
            go_on(running)
            box.run("systemctl restart fairlead")
        go_on(running)
    assert not running.failed, (len(running.failed), running.done, running.failed[:5])
    assert pid(box) != before
    all_there(fleet, running.kept())


def test_a_stop_under_load_loses_nothing(box, fleet):
    with load(fleet, "stop") as running:
        go_on(running)
        box.run("systemctl stop fairlead")
        acknowledged = running.kept()
        ended = box.run("systemctl show -p Result -p ExecMainCode -p ExecMainStatus fairlead").out.split()
        assert ended == ["Result=success", "ExecMainCode=1", "ExecMainStatus=0"], ended
        box.run("systemctl start fairlead")
        go_on(running)
    all_there(fleet, acknowledged)


def test_killed_it_comes_back_with_all_that_was_acknowledged(box, fleet):
    before, times = pid(box), restarts(box)
    with load(fleet, "kill") as running:
        go_on(running)
        box.run(f"kill -9 {before}")
        acknowledged = running.kept()
        box.wait(f"[ $(systemctl show -p NRestarts --value fairlead) -gt {times} ] && systemctl is-active fairlead", "started again")
        go_on(running)
    all_there(fleet, acknowledged)


def test_one_that_hangs_is_started_again(box, fleet):
    with drop_in(box, "WatchdogSec=20"):
        box.run("systemctl restart fairlead")
        before, times = pid(box), restarts(box)
        box.run(f"kill -STOP {before}")
        box.wait(f"[ $(systemctl show -p NRestarts --value fairlead) -gt {times} ] && systemctl is-active fairlead", "started again")
        assert pid(box) != before
        said = box.run("journalctl -u fairlead -o cat --no-pager -n 100").out
        assert "Watchdog timeout (limit 20s)" in said, said
        fleet.put("/kept/hang", "1")
    box.run("systemctl restart fairlead")


def test_a_configuration_with_mistakes_is_not_tried_for_ever(box, fleet):
    times = restarts(box)
    box.run(f"cp {YAML} /root/good.yaml; sed -i 's/protocol: coap,/protocol: cope,/' {YAML}")
    assert box.run("systemctl restart fairlead", check=False).code != 0
    time.sleep(6)  # three times RestartSec=
    state = box.run("systemctl show -p ActiveState -p ExecMainStatus -p NRestarts fairlead").out.split()
    assert {"ActiveState=failed", "ExecMainStatus=2"} <= set(state), state
    assert restarts(box) in (0, times), state
    box.run(f"cp /root/good.yaml {YAML}; systemctl restart fairlead")
    fleet.put("/kept/mistakes", "1")
