# SPDX-License-Identifier: GPL-2.0
"""A disk that stops answering holds up no other guest: not its I/O, nor what comes and goes, nor a destroy."""
import time

from vscsilab.errors import LabError

GUESTS = 2
TIMEOUT = 600
FAILS_ON = {"in-tree": "stuck disk is destroyed.*: another device comes and goes"}
NAA = "naa.5001405000000094"
OTHER = "naa.5001405000000095"
STUCK = "/dev/mapper/stuck"


class Neighbour:
    """A guest that has nothing to do with it, and what it is kept waiting."""

    def __init__(self, lab, guest, pdevs):
        self.lab, self.guest, self.pdevs = lab, guest, pdevs
        lab.attach(guest, pdevs[0], "0:0:0:0")
        self.disk = lab.disk(guest, "0:0:0:0")

    def reads(self):
        self.guest.run(f"dd if={self.disk} of=/dev/null bs=64k count=64 iflag=direct status=none", timeout=40)

    def comes_and_goes(self):
        dev = self.lab.attach(self.guest, self.pdevs[1], "0:0:0:1", timeout=40)
        self.lab.disk(self.guest, "0:0:0:1")
        self.lab.detach(self.guest, dev)

    def measure(self, when):
        for what, action in (("another guest reads 4 MiB", self.reads),
                             ("another device comes and goes", self.comes_and_goes)):
            begin = time.monotonic()
            wrong = ""
            try:
                action()
            except LabError as error:
                wrong = str(error).split("\n")[0]
            self.lab.check(f"{when}: {what}", not wrong, wrong)
            self.lab.note(f"{when}: {what}: {time.monotonic() - begin:.1f} s")


def run(lab):
    lab.load_driver()
    stores = [lab.backstore.iblock(f"disk{number}", "16M") for number in range(2)]
    lab.dom0.run("modprobe dm-mod; modprobe brd rd_nr=16 rd_size=16384; "
                 "dmsetup create stuck --table '0 32768 linear /dev/ram9 0'; "
                 f"dmsetup mknodes; ls {STUCK}")
    stuck = lab.backstore.iblock("stuck", device=STUCK)
    target, other = lab.target.create(NAA), lab.target.create(OTHER)
    victim, guest = lab.guests
    lab.attach(victim, target.lun(0, stuck), "0:0:0:0")
    neighbour = Neighbour(lab, guest, [other.lun(number, store) for number, store in enumerate(stores)])
    disk = lab.disk(victim, "0:0:0:0")
    neighbour.measure("all is well")

    lab.dom0.run("dmsetup suspend --noflush --nolockfs stuck")
    victim.start(f"dd if={disk} of=/dev/null bs=64k count=16 iflag=direct status=none")
    victim.run("sleep 2")
    neighbour.measure("a disk is stuck")

    domid = victim.domid
    begin = time.monotonic()
    victim.destroy()
    lab.note(f"xl destroy took {time.monotonic() - begin:.1f} s")
    neighbour.measure("the guest of a stuck disk is destroyed")

    lab.dom0.run("dmsetup resume stuck")
    lab.vscsi.forget(domid)
    lab.dom0.poll(f"! ls -d /sys/bus/xen-backend/devices/vscsi-{domid}-0", timeout=60)
    neighbour.measure("the disk answers again")
    lab.dismantle(guest, [target, other], [*stores, stuck])
    lab.dom0.run("dmsetup remove stuck")
