"""A folder that stands for a machine, and the boards that come along."""
import os
import shutil
import tempfile

import support

BOARDS = os.path.join(support.SOURCE, "board")


class Machine:
    """sys/, proc/ and dev/ below .root; .environment is what makes the gateway take it for the machine."""

    def __init__(self, memory_kib=4 * 1024 * 1024, boards=BOARDS):
        self.root = tempfile.mkdtemp(prefix="fairlead-machine-")
        self.environment = {"FAIRLEAD_BOARD_ROOT": self.root, "FAIRLEAD_BOARDS": boards}
        self.file("proc/meminfo", f"MemTotal: {memory_kib} kB\n")

    def file(self, path, content=""):
        whole = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        with open(whole, "wb") as out:
            out.write(content if isinstance(content, bytes) else content.encode())
        return whole

    def link(self, path, to):
        whole = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(whole), exist_ok=True)
        os.symlink(to, whole)

    def device_tree(self, name, *texts):
        """A property that is a list of texts."""
        self.file("sys/firmware/devicetree/base/" + name, b"".join(text.encode() + b"\0" for text in texts))

    def tty(self, name, parent):
        """A serial port that hangs on `parent`."""
        self.link(f"sys/class/tty/{name}", f"../../devices/platform/soc/{parent}/{parent}:0/{parent}:0.0/tty/{name}")
        self.file(f"dev/{name}")

    def holds(self, folder, kind):
        """The device that this folder, of the real machine, is on is of this kind here: "SD" or "MMC"."""
        number = os.stat(folder).st_dev
        self.file("sys/devices/mmc0/mmcblk0/device/type", kind + "\n")
        self.file("sys/devices/mmc0/mmcblk0/mmcblk0p2/partition", "2\n")
        self.link(f"sys/dev/block/{os.major(number)}:{os.minor(number)}", "../../devices/mmc0/mmcblk0/mmcblk0p2")

    def mounted(self, folder, file_system):
        number = os.stat(folder).st_dev
        self.file("proc/self/mountinfo",
                  f"36 35 {os.major(number)}:{os.minor(number)} / / rw - {file_system} {file_system} rw\n")

    def raspberry_pi_4(self, serial="10000000a1b2c3d4"):
        self.device_tree("compatible", "raspberrypi,4-model-b", "brcm,bcm2711")
        self.device_tree("model", "Raspberry Pi 4 Model B Rev 1.4")
        self.device_tree("serial-number", serial)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        shutil.rmtree(self.root, ignore_errors=True)
