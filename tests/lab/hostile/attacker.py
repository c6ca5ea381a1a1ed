# SPDX-License-Identifier: GPL-2.0
"""The guest that has the program `hostile` and its module in place of a frontend."""
from vscsilab import paths, tools

from .request import WELL, WELL_ANSWER

SOURCES = paths.LAB_DIR / "hostile"
DRIVER = "/sys/bus/xen/drivers/vscsi_hostile"


class Attacker:
    def __init__(self, lab):
        self.lab = lab
        # One processor changes what the other has just sent.
        self.guest = lab.guest("hostile", vcpus=2, wait=False)
        self.back = f"/local/domain/0/backend/vscsi/{self.guest.domid}/0"
        self.error = f"/local/domain/0/error/backend/vscsi/{self.guest.domid}/0/error"
        self.devices = []

    def take_over(self):
        self.guest.run("modprobe -r xen-scsifront && insmod /root/vscsi-hostile.ko")

    def attach(self, pdev, vdev):
        self.devices.append(self.lab.attach(self.guest, pdev, vdev))

    def detach(self):
        self.lab.vscsi.detach_controller(self.guest.domid)
        self.guest.poll("! [ -e /sys/bus/xen/devices/vscsi-0 ]")
        self.devices = []

    def install(self):
        self.guest.wait_up()
        module = tools.kernel_module("vscsi-hostile", SOURCES, self.guest)
        self.guest.put(module.read_bytes(), "/root/vscsi-hostile.ko")
        tools.install(self.guest, "hostile", SOURCES)

    def say(self, lines, timeout=100):
        text = lines if isinstance(lines, str) else "\n".join([*lines, ""])
        result = self.guest.run("hostile", timeout=timeout, check=False, stdin=text)
        return result.out + result.err + (f"ended with {result.rc}" if result.rc else "")

    def well(self, name):
        output = self.say(WELL)
        return self.lab.check(name, output == f"case well\n{WELL_ANSWER}\n", output)

    def connected(self):
        for dev in self.devices:
            self.lab.vscsi.wait_connected(self.guest.domid, dev)

    def reconnect(self):
        self.guest.run(f"echo vscsi-0 > {DRIVER}/unbind; echo vscsi-0 > {DRIVER}/bind", timeout=90)
        self.connected()
