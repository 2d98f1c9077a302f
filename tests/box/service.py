"""The package in a running Debian: the service is there at once, is what systemd thinks it is, and every door of a whole fleet
works inside the sandbox."""
import os
import re
import socket
import subprocess

from machine import SOURCE, support

import fleet as demo

# The journal of the service since it was started last.
THIS = "journalctl -o cat --no-pager _SYSTEMD_INVOCATION_ID=$(systemctl show -p InvocationID --value fairlead)"


def test_installed_it_runs(box, fleet):
    # Lights that are there before are looked at again, by the rules that the package brings, and by this one.
    box.run("""echo 'SUBSYSTEM=="leds", ACTION=="change", RUN+="/bin/touch /run/light-%k"' >/etc/udev/rules.d/99-seen.rules""")
    printed = box.run("apt-get install -y /box/fairlead.deb 2>&1 </dev/null").out
    box.run("ls /run/light-* && rm /etc/udev/rules.d/99-seen.rules && udevadm control --reload")
    # Type=notify: whoever waits for the installation finds the listeners listening, without another try.
    answer = box.run("""exec 3<>/dev/tcp/127.0.0.1/8080
printf 'POST /hello/world HTTP/1.1\\r\\nHost: box\\r\\nConnection: close\\r\\nContent-Type: application/json\\r\\nContent-Length: 1\\r\\n\\r\\n1' >&3
head -1 <&3""").out
    assert "HTTP/1.1 204" in answer, answer + printed
    assert box.run("systemctl is-enabled fairlead; systemctl is-active fairlead").out.split() == ["enabled", "active"]
    status = box.run("systemctl status --no-pager fairlead").out
    assert 'Status: "1 of 1 listeners, 1 backends, 1 endpoints"' in status, status
    assert "Started fairlead.service" in status and "ready: gateway=" in status, status
    assert box.run("ps -o user:20= -o group:20= -C fairlead").out.split() == ["fairlead", "fairlead"]
    kept = box.run("stat -c '%a %U %n' /var/lib/fairlead /var/lib/fairlead/*").out.split("\n")
    assert kept[0] == "700 fairlead /var/lib/fairlead" and all(re.match(r"[67]00 fairlead |$", line) for line in kept), kept
    assert box.run("journalctl -u fairlead -p err -o cat --no-pager").out.replace("-- No entries --", "").strip() == ""


def test_systemd_has_nothing_to_say_of_it(box, fleet):
    said = box.run("systemd-analyze verify --man=no fairlead.service 2>&1").out
    assert "fairlead" not in said, said
    said = box.run("systemd-analyze security --no-pager --threshold=20 fairlead | tail -1").out
    assert re.search(r"for fairlead.service: ([01]\.\d|2\.0) ", said), said


def test_the_sandbox_is_in_force(box, fleet):
    process = box.run("cat /proc/$(pidof fairlead)/status").out
    for line in ("CapEff:\t0000000000000400", "CapBnd:\t0000000000000400", "NoNewPrivs:\t1", "Seccomp:\t2"):
        assert line in process, process
    # As the gateway sees it: its own mounts, its own user.
    def inside(script):
        return box.run(f"nsenter -t $(pidof fairlead) -m setpriv --reuid=fairlead --regid=fairlead --init-groups sh -c '{script}' 2>&1", check=False)
    for path in ("/etc/fairlead", "/usr", "/srv", "/home", "/root", "/boot", "/sys/kernel"):
        assert inside(f"touch {path}/touched").code != 0, path
    assert inside("touch /var/lib/fairlead/t && rm /var/lib/fairlead/t && touch /run/fairlead/t && rm /run/fairlead/t && touch /tmp/t").code == 0
    assert inside("ls /home").code != 0
    assert "1" not in inside("ls /proc").out.split(), "another user's process can be seen"  # ProtectProc=


def test_every_door_of_a_fleet(box, fleet):
    fleet.lay_out()
    status = box.run("systemctl show -p StatusText fairlead").out
    found = re.search(r"StatusText=(\d+) of (\d+) listeners", status)
    assert found and found[1] == found[2] and int(found[1]) >= 13, status
    token, psk, ports = fleet.secret("engine-7.token"), fleet.secret("engine-7.psk"), fleet.ports
    assert support.curl("-H", f"Authorization: Bearer {token}", "--json", f"@{demo.READING}", fleet.url("/ships/sensors/engine-7"))[0] == 204
    assert support.curl("-H", f"Authorization: Bearer {token}", "--json", f"@{demo.READING}", fleet.url("/ships/sensors/engine-7", "80"))[0] == 204
    assert support.curl(*fleet.signed(), "--json", f"@{demo.READING}", fleet.url("/ships/sensors/engine-7", "8443", "https"))[0] == 204
    coap = ["coap-client-openssl", "-B", "60", "-m", "post", "-t", "json", "-f", demo.READING]
    for port, scheme in (("5683/udp", "coap"), ("5683", "coap+tcp")):
        support.run(*coap, f"{fleet.url('/ships/sensors/engine-7', port, scheme)}?access_token={token}")
    for port, scheme in (("5684/udp", "coaps"), ("5684", "coaps+tcp")):
        support.run(*coap, "-u", "engine-7", "-k", psk, fleet.url("/ships/sensors/engine-7", port, scheme))
    mqtt = ["mosquitto_pub", "-q", "1", "-h", "127.0.0.1", "-t", "ships/sensors/engine-7", "-f", demo.READING]
    support.run(*mqtt, "-V", "5", "-p", str(ports["1883"]), "-u", "engine-7", "-P", token)
    support.run(*mqtt, "-p", str(ports["8883"]), *["--cafile" if word == "--cacert" else word for word in fleet.signed()])
    soap = support.curl("-H", f"Authorization: Bearer {token}", "-H", "Content-Type: text/xml", "-H", 'SOAPAction: ""', "-d", f"@{os.path.dirname(demo.READING)}/reading.xml", fleet.url("/ships"))
    assert soap[0] == 200 and "ReportReadingResponse" in soap[2], soap
    frames = subprocess.run([f"{SOURCE}/board/demo/send-frame", "engine-7", token], stdout=subprocess.PIPE, check=True).stdout
    with socket.create_connection(("127.0.0.1", ports["5027"]), timeout=60) as device:
        device.sendall(frames)
        answers = b"".join(device.recv(1) for _ in range(12))
    assert answers.hex() == "fa060000c186" * 2, answers
    sentence = "$GPGGA,123519,4807.038,N,01131.000,E,1,08,0.9,545.4,M,46.9,M,,*47\\r\\n"
    subprocess.run(f"printf '{sentence}' | socat -t 1 - TCP:127.0.0.1:{ports['10110']}", shell=True, timeout=60, check=True)
    box.put("sentence", sentence.replace("\\r\\n", "\r\n"))
    box.put("ais", """use Socket;
socket(my $to, AF_UNIX, SOCK_STREAM, 0);
connect($to, sockaddr_un("/run/fairlead/ais.sock")) or die "$!\\n";
open(my $from, "<", "/box/sentence");
syswrite($to, <$from>);
""")
    as_nobody = "setpriv --reuid=nobody --clear-groups --regid="
    assert box.run("stat -c '%a %U:%G' /run/fairlead/ais.sock").out.strip() == "660 fairlead:fairlead"
    assert "Permission denied" in box.run(f"{as_nobody}nogroup perl /box/ais", check=False).out
    box.run(f"{as_nobody}fairlead perl /box/ais")  # the group that the file's mode lets in
    box.wait(f"{THIS} | grep -c ' binary .* POST /ships/nmea/' | grep -qx 2", "the sentence by TCP and by the socket in /run")
    assert support.curl("--json", '{"a":1}', fleet.url("/filed/x"))[0] == 204
    assert '"body":{"a":1}' in box.run("cat /srv/readings/readings.jsonl").out
    taken = box.run(f"{THIS} | grep -oE ' (http|coap|mqtt|soap|binary) engine-7 POST /v1/ships/engine-7/readings ' | sort | uniq -c").out
    assert dict((protocol, int(n)) for n, protocol in re.findall(r"(\d+)  (\w+) ", taken)) == {"http": 3, "coap": 4, "mqtt": 2, "soap": 1, "binary": 1}, taken
    journal = box.run(THIS).out
    assert token not in journal and psk not in journal
    refused = box.run("journalctl -k -o cat --no-pager | grep type=1326", check=False).out  # by the filter of system calls
    assert not refused and not re.search("Operation not permitted|Read-only file system", journal), refused + journal


def test_the_command_line_finds_the_running_service(box, fleet):
    assert "ENGINE_7 is not set" in box.run("fairlead check -c /etc/fairlead/fairlead.yaml 2>&1", check=False).out
    done = box.run("set -a; . /etc/fairlead/environment; cd /; fairlead client add engine-9 --role ship-sensor -c /etc/fairlead/fairlead.yaml && fairlead audit tail -n 3 -c /etc/fairlead/fairlead.yaml")
    assert "client.add object=engine-9" in done.out, done.out
