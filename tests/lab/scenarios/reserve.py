# SPDX-License-Identifier: GPL-2.0
"""Two guests and another host share a device: who reserves it has it."""
from vscsilab.library import Library
from vscsilab.scripted import TAPE, Scripted

GUESTS = 2
TIMEOUT = 900
FAILS_ON = {"in-tree": "the other guest"}
NAA = "naa.5001405000000076"
OTHER = "naa.5001405000000077"
CONFLICT = 24
KEY = "0xabc"


class User:
    """Somebody with a path to the device."""

    def __init__(self, place, generic):
        self.place, self.generic = place, generic

    def ends(self, command):
        return self.place.run(command, timeout=90, check=False).rc

    def send(self, *cdb):
        return self.ends(f"sg_raw -t 60 {self.generic} {' '.join(f'{byte:02x}' for byte in cdb)}")

    def reserve(self, long=False):
        return self.send(0x56, *[0] * 9) if long else self.send(0x16, *[0] * 5)

    def release(self, long=False):
        return self.send(0x57, *[0] * 9) if long else self.send(0x17, *[0] * 5)

    def ready(self):
        return self.ends(f"sg_turs {self.generic}")

    def settle(self):
        """Takes the unit attentions."""
        self.place.poll(f"sg_turs {self.generic}")

    def writes(self):
        return self.ends(f"sg_raw -t 60 -s 512 -i /dev/zero {self.generic} 2a 0 0 0 0 0 0 0 1 0")

    def reads(self):
        return self.ends(f"sg_raw -t 60 -r 512 {self.generic} 28 0 0 0 0 0 0 0 1 0")

    def persist(self, arguments):
        return self.ends(f"sg_persist {arguments} {self.generic}")

    def register(self, key=KEY, ignore=False):
        return self.persist(f"--out --register{'-ignore' if ignore else ''} --param-sark={key}")


def check(lab, name, got, wanted):
    lab.check(name, got == wanted, f"exit code {got}, not {wanted}")


def other_sessions(lab, first, second, pdevs):
    """What a guest has besides comes and goes: its reservation stays."""
    check(lab, "a guest reserves", first.reserve(), 0)
    for what, pdev, devid in (("another device of another portal group", pdevs[1], 0),
                              ("another controller with the same portal group", pdevs[0], 1)):
        dev = lab.attach(first.place, pdev, "0:0:1:0", devid)
        lab.detach(first.place, dev, devid)
        if devid:
            lab.vscsi.detach_controller(first.place.domid, devid)
        check(lab, f"{what} comes and goes: the other guest is kept out", second.ready(), CONFLICT)
    check(lab, "the holder releases", first.release(), 0)
    check(lab, "then the other guest is not", second.ready(), 0)


def emulated(lab, first, second, pdev):
    """On a device that target core emulates: the controller that reserved goes, the guest's other one stays."""
    users = []
    for guest, devid in ((first, 2), (first, 3), (second, 2)):
        lab.attach(guest, pdev, f"0:0:{devid}:0", devid)
        users.append(User(guest, "/dev/" + guest.poll(
            f"ls /sys/class/scsi_device/*:0:{devid}:0/device/scsi_generic").out.strip()))
    stays, goes, other = users
    for user in users:
        user.settle()
    check(lab, "emulated: a guest reserves", goes.reserve(), 0)
    check(lab, "emulated: it has it by its other controller", stays.writes(), 0)
    lab.vscsi.detach_controller(first.domid, 3)
    lab.dom0.poll(f"! ls -d /sys/bus/xen-backend/devices/vscsi-{first.domid}-3")
    check(lab, "emulated: the controller that reserved goes: the other guest is kept out", other.writes(), CONFLICT)
    check(lab, "emulated: the guest still has it", stays.writes(), 0)
    lab.vscsi.detach_controller(first.domid, 2)
    lab.dom0.poll(f"! ls -d /sys/bus/xen-backend/devices/vscsi-{first.domid}-2")
    check(lab, "emulated: its last controller goes: the other guest is not", other.writes(), 0)
    lab.vscsi.detach_controller(second.domid, 2)


def reserve_release(lab, first, second, host):
    kind = "RESERVE"
    check(lab, f"{kind}: a guest reserves", first.reserve(), 0)
    check(lab, f"{kind}: the other guest is told of the conflict", second.ready(), CONFLICT)
    check(lab, f"{kind}: the other guest cannot reserve", second.reserve(), CONFLICT)
    check(lab, f"{kind}: the other guest's release changes nothing", second.release(), 0)
    check(lab, f"{kind}: the other guest is still kept out", second.ready(), CONFLICT)
    lab.check(f"{kind}: the other guest cannot write", second.writes() != 0)
    check(lab, f"{kind}: another host is kept out", host.ready(), CONFLICT)
    check(lab, f"{kind}: the holder writes", first.writes(), 0)
    check(lab, f"{kind}: the holder releases", first.release(), 0)
    check(lab, f"{kind}: then the other guest reserves", second.reserve(), 0)
    check(lab, f"{kind}: and keeps the first one out", first.ready(), CONFLICT)
    check(lab, f"{kind}: until it releases", second.release(), 0)
    check(lab, f"{kind}: the drive is free", first.ready() or host.ready(), 0)


def persistent(lab, first, second, host):
    check(lab, "persistent: a guest registers", first.register(), 0)
    check(lab, "persistent: the other guest cannot register over it", second.register("0xdef"), CONFLICT)
    keys = second.place.run(f"sg_persist -k {second.generic}", check=False).out
    lab.check("persistent: the other guest reads the key", KEY in keys, keys)
    for kind, reads in ((1, True), (3, False)):
        what = f"persistent, type {kind}"
        check(lab, f"{what}: the holder reserves",
              first.persist(f"--out --reserve --param-rk={KEY} --prout-type={kind}"), 0)
        lab.check(f"{what}: the other guest cannot write", second.writes() != 0)
        check(lab, f"{what}: the other guest {'reads' if reads else 'cannot read'}",
              second.reads(), 0 if reads else CONFLICT)
        check(lab, f"{what}: another host is kept out", host.writes(), CONFLICT)
        check(lab, f"{what}: the holder writes", first.writes(), 0)
        check(lab, f"{what}: the holder releases",
              first.persist(f"--out --release --param-rk={KEY} --prout-type={kind}"), 0)
    check(lab, "persistent: released, the other guest writes", second.writes(), 0)
    check(lab, "persistent: the holder takes its key back",
          first.persist(f"--out --register --param-rk={KEY} --param-sark=0"), 0)
    check(lab, "persistent: the other guest registers now", second.register("0xdef"), 0)
    check(lab, "persistent: and clears", second.persist("--out --clear --param-rk=0xdef"), 0)


def loses(lab, first, second, host):
    """What ends a reservation without its holder."""
    check(lab, "a guest reserves, to be reset", first.reserve(), 0)
    second.ends(f"sg_reset -d {second.generic}")
    second.settle()
    check(lab, "a reset of the LUN ends a reservation", second.ready(), 0)
    # The device itself was reset, so that host hears of it.
    host.settle()
    check(lab, "for another host too", host.ready(), 0)
    first.settle()
    check(lab, "a guest reserves, and is destroyed", first.reserve(), 0)
    check(lab, "until then another host is kept out", host.ready(), CONFLICT)
    domid = first.place.domid
    first.place.destroy()
    lab.vscsi.forget(domid)
    lab.dom0.poll(f"sg_turs {host.generic}", timeout=60)
    check(lab, "its reservation is gone for the other guest", second.ready(), 0)
    check(lab, "which writes", second.writes(), 0)


def tape(lab, scripted, first, second):
    """What reaches a tape drive that says yes to everything."""
    scripted.forget()
    check(lab, "tape: a guest reserves", first.reserve(), 0)
    for name, cdb in (("write", (0x0a, 0, 0, 0, 0, 0)), ("write a filemark", (0x10, 0, 0, 0, 1, 0)),
                      ("rewind", (1, *[0] * 5)), ("space", (0x11, 1, 0, 0, 1, 0)),
                      ("read", (8, *[0] * 5)), ("unload", (0x1b, *[0] * 5))):
        check(lab, f"tape: the other guest cannot {name}", second.send(*cdb), CONFLICT)
    check(lab, "tape: the other guest's release is no error", second.release(), 0)
    check(lab, "tape: the holder rewinds", first.send(1, *[0] * 5), 0)
    check(lab, "tape: the holder releases", first.release(), 0)
    check(lab, "tape: the other guest rewinds", second.send(1, *[0] * 5), 0)
    # What tgt does not know: the long forms.
    check(lab, "tape: the other guest reserves by RESERVE(10)", second.reserve(long=True), 0)
    check(lab, "tape: the first guest is kept out", first.ready(), CONFLICT)
    check(lab, "tape: until RELEASE(10)", second.release(long=True), 0)
    check(lab, "tape: then it is not", first.ready(), 0)
    lab.equal("tape: the drive saw what it should and nothing else",
              [line.split()[1][:2] for line in scripted.log()],
              ["16", "01", "17", "01", "56", "57", "00"])


def run(lab):
    lab.load_driver()
    library, scripted = Library(lab, disk=True), Scripted(lab)
    host = User(lab.dom0, library.other_host(library.disk_lun))
    target = lab.target.create(NAA)
    stores = [lab.backstore.pscsi("shared", library.hctl(library.disk_lun)), scripted.store(TAPE)]
    pdevs = [target.lun(number, store) for number, store in enumerate(stores)]
    disks, tapes = [], []
    for guest in lab.guests:
        guest.run("modprobe -a sg st")
        for number, pdev in enumerate(pdevs):
            lab.attach(guest, pdev, f"0:0:0:{number}")
        for number, users in enumerate((disks, tapes)):
            users.append(User(guest, "/dev/" + guest.poll(
                f"ls /sys/class/scsi_device/*:0:0:{number}/device/scsi_generic").out.strip()))
    for user in (*disks, *tapes, host):
        user.settle()

    spare = lab.backstore.ramdisk("spare", "4M")
    beside = lab.target.create(OTHER)
    other_sessions(lab, *tapes, [target.lun(7, spare), beside.lun(0, spare)])
    emulated(lab, *lab.guests, beside.lun(1, spare))
    tape(lab, scripted, *tapes)
    reserve_release(lab, *disks, host)
    persistent(lab, *disks, host)
    loses(lab, *disks, host)

    lab.dismantle(lab.guests[-1], [target, beside], [*stores, spare])
    scripted.close()
