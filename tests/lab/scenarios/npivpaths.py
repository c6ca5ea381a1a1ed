# SPDX-License-Identifier: GPL-2.0
"""NPIV by two fabrics: a vport on each of two HBAs, dm-multipath in the guest; either fabric fails under writes."""
import time

from vscsilab.admin import Admin
from vscsilab.array import Controller, Medium
from vscsilab.errors import LabError
from vscsilab.fabric import PORTS_EACH, Fabric, wwn
from vscsilab.load import VerifiedLoad
from vscsilab.multipath import Multipath

TIMEOUT = 1500
GUESTS = 1
LONG = True
DRIVERS = ("ours",)
TARGET = 4
READ = "dd if={} bs=1M count=4 iflag=direct status=none | sha256sum"


class Side:
    """A fabric with the array's controller at it, and the guest's path by its vport there."""

    def __init__(self, lab, number, medium):
        self.lab, self.number = lab, number
        self.port = wwn(0x5001_63ef_0000_0071 + number)
        self.controller = Controller(lab, "ab"[number], number * PORTS_EACH + TARGET, medium).shows(self.port)
        self.fabric = self.disk = self.block = None

    def connect(self):
        self.fabric = Fabric(self.lab, number=self.number, controllers=[self.controller])
        self.fabric.enable()

    def give(self, admin, guest):
        parent = f"hba:{self.fabric.hba.wwpn}"
        admin.run(f"npiv create {guest.name} {parent} {self.number} --wwpn {self.port}")
        admin.run(f"npiv attach {guest.name} {parent}")
        found = guest.poll(f"ls -d /sys/devices/vscsi-{self.number}/host*/target*:0:0/*:0:0:0/block/sd*")
        self.disk = "/dev/" + found.out.strip().rsplit("/", 1)[1]
        guest.poll(f"[ -b {self.disk} ]")
        self.block = guest.run(f"cat /sys/block/{self.disk[5:]}/dev").out.strip()

    def repaired(self, guest):
        """The controller, which a write may hang in, begins anew; until the guest's path answers."""
        self.controller.boot().enable().online()
        self.fabric.until("the controller is back", lambda ports: self.controller.wwpn in ports)
        guest.poll(f"dd if={self.disk} of=/dev/null bs=512 count=1 iflag=direct status=none", 90)


def fails(lab, guest, load, multipath, side, other, how, cut):
    """One fabric; and comes back."""
    what = f"fabric {side.number} fails ({how})"
    begin = time.monotonic()
    mend = cut(side)
    side.controller.fail()
    multipath.uses(what, other, 60)
    lab.note(f"{what}: the other path is used after {time.monotonic() - begin:.0f} s")
    lab.check(f"{what}: writes go on, and read right", load.goes_on(90), f"{load.log()}\n{multipath.status()}")
    side.controller.restart()
    mend()
    side.repaired(guest)
    multipath.reinstate(side)
    lab.check(f"{what}: it is back, and writes go on", load.goes_on(90), f"{load.log()}\n{multipath.status()}")


def settled(admin):
    """The daemon sees the second vport some moments after the command that made it."""
    for _ in range(20):
        found = {target["fast-io-fail-tmo"] for one in admin.json("npiv status") for target in one["targets"]
                 if target["target"]}
        if found == {"5"}:
            break
        time.sleep(1)
    return found


def power(side):
    side.fabric.ctl("power off")
    return lambda: side.fabric.ctl("power on")


def cable(side):
    side.fabric.hba.link("down")
    return lambda: side.fabric.hba.link("up")


def run(lab):
    lab.load_driver()
    admin = Admin(lab)
    guest, = lab.guests
    guest.run("modprobe -a dm-multipath dm-round-robin")
    medium = Medium(lab, 16)
    sides = [Side(lab, number, medium) for number in range(2)]
    try:
        for side in sides:
            side.controller.boot()
        for side in sides:
            side.connect()
        admin.start()
        for side in sides:
            side.give(admin, guest)
        wanted = sides[0].controller.wwpn
        admin.refused(f"npiv create g9 hba:{sides[0].fabric.hba.wwpn} --wwpn {wanted}", 4, "is in the fabric already",
                      sides[0].fabric.ports()[wanted]["id"], "over eth0")
        said = [guest.run(f"sg_vpd -i {side.disk} | grep -i 0x6001405").out.strip() for side in sides]
        lab.check("two controllers of the guest have one LU", said[0] and said[0] == said[1], said)
        states = {one["wwpn"]: (one["controller"], one["state"], one["hba"]) for one in admin.json("npiv status")}
        lab.equal("a vport at each HBA", states, {side.port: (side.number, "Active", side.fabric.hba.wwpn)
                                                 for side in sides})
        lab.equal("with another way to go, I/O fails soon", settled(admin), {"5"})
        multipath = Multipath(lab, guest, sides, "0")
        load = VerifiedLoad(guest, multipath.disk)
        first, second = sides
        fails(lab, guest, load, multipath, first, second, "its switch is off", power)
        fails(lab, guest, load, multipath, second, first, "the HBA's cable is out", cable)
        lab.check("all of it read right, to the end", load.stop(), load.log())
        lab.equal("both paths read the same", *[guest.run(READ.format(side.disk)).out for side in sides])
        multipath.mapped.remove()
        for side in sides:
            admin.run(f"npiv detach {guest.name} --wwpn {side.port}")
        lab.check("nothing is left of them", not any(side.port in side.fabric.ports() for side in sides))
        admin.stop()
    except LabError:
        lab.note("".join(side.fabric.log()[-1500:] for side in sides if side.fabric))
        raise
    finally:
        if admin.daemon:
            lab.note(admin.daemon.output()[1][-4000:])
        for side in sides:
            if side.fabric:
                lab.machine.logs.joinpath(f"fcswitch{side.number}.log").write_text(side.fabric.log())
