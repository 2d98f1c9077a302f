"""A newer version is installed while everybody is at work; then the package is removed, and purged."""
import subprocess

from restarts import all_there, go_on, load, pid


def newer(box):
    """The same package, with another version."""
    folder = f"{box.folder}/newer"
    subprocess.run(["dpkg-deb", "-R", f"{box.share}/fairlead.deb", folder], check=True)
    subprocess.run(["sed", "-i", r"s/^Version: \(.*\)/Version: \1+newer/", f"{folder}/DEBIAN/control"], check=True)
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", folder, f"{box.share}/newer.deb"], check=True, stdout=subprocess.DEVNULL)


def test_an_upgrade_under_load_fails_no_request(box, fleet):
    newer(box)
    before, configuration = pid(box), box.run("sha256sum /etc/fairlead/fairlead.yaml").out
    with load(fleet, "upgrade") as running:
        go_on(running)
        box.run("dpkg -i /box/newer.deb 2>&1")
        go_on(running)
    assert not running.failed, (len(running.failed), running.done, running.failed[:5])
    assert pid(box) != before and box.run("dpkg-query -W -f '${Version}' fairlead").out.endswith("+newer")
    assert box.run("sha256sum /etc/fairlead/fairlead.yaml").out == configuration
    all_there(fleet, running.kept())


def test_removed_it_is_gone_and_its_state_is_not(box, fleet):
    box.run("dpkg -r fairlead 2>&1")
    assert box.run("pidof fairlead", check=False).code != 0
    assert box.run("systemctl is-active fairlead", check=False).code != 0
    box.run("test -s /var/lib/fairlead/fairlead.db && test -s /etc/fairlead/fairlead.yaml && ! test -e /run/fairlead")
    # Back again, with all of it.
    box.run("dpkg -i /box/newer.deb 2>&1")
    box.wait("systemctl is-active fairlead", "the service")
    assert fleet.get("/kept/upgrade0-0") == "0"


def test_purged_nothing_is_left(box, fleet):
    box.run("dpkg -P fairlead 2>&1")
    assert box.run("pidof fairlead", check=False).code != 0
    left = box.run("find / -xdev -name '*fairlead*' -not -path '/proc/*' -not -path '/box/*' -not -path '*/dpkg/*' -not -path '/sys/*' -not -path '/var/log/*'").out.split()
    # What an operator has put there is theirs.
    assert set(left) <= {"/etc/fairlead", "/etc/systemd/system/fairlead.service.d", "/etc/tmpfiles.d/fairlead.conf", "/etc/udev/rules.d/99-fairlead.rules"}, left
    assert box.run("systemctl --failed --no-legend").out.strip() == ""
