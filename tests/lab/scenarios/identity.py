# SPDX-License-Identifier: GPL-2.0
"""Tape drives whose numbers change over a reboot of dom0: each guest has its own drive again, or none and a word of it."""
import json

from vscsilab.admin import CONFIGS, Admin
from vscsilab.library import Library, node
from vscsilab.storage import CORE
from vscsilab.targetcli import Targetcli, install

LONG = True
TIMEOUT = 2400
GUESTS = 2
DRIVERS = ("ours",)
STATE = "/tmp/identity.json"
LINKS = "/dev/tape/by-id"


def serial(place, hctl):
    """By VPD page 80h of a device that a place has there."""
    place.run("modprobe -a sg st")
    generic = node(place, hctl, "generic")
    return place.run(f"sg_inq -p 0x80 {generic} | sed -n 's/.*serial number: *//p'").out.strip()


class Drives:
    """Two drives of dom0's, by their LUNs 1 and 2, and the order that st numbers them in."""

    def __init__(self, lab):
        self.lab, self.dom0 = lab, lab.dom0
        self.library = Library(lab, drives=2)
        for cartridge in (1, 2):
            self.library.mtx(f"load {cartridge} {cartridge - 1}")
        self.order = [1, 2]
        self.serials = {lun: serial(self.dom0, self.hctl(lun)) for lun in (1, 2)}
        lab.check("two drives have serial numbers of their own", len(set(self.serials.values())) == 2 and
                  all(self.serials.values()), self.serials)
        self.identities = {lun: self.devices(self.hctl(lun))[0]["identity"] for lun in (1, 2)}
        lab.check("and identities", len(set(self.identities.values())) == 2 and all(self.identities.values()),
                  self.identities)

    def hctl(self, lun):
        return self.library.hctl(lun)

    def devices(self, word=""):
        return json.loads(self.dom0.run(f"xl-vscsi devices {word} --json").out)

    def nst(self, lun):
        return self.library.node(self.dom0, self.hctl(lun), "tape")

    def number(self, order):
        """As a kernel does that finds them in this order."""
        order = list(order)
        both = " ".join(self.hctl(lun) for lun in (1, 2))
        again = " ".join(self.hctl(lun) for lun in order)
        before = self.nst(1)
        self.dom0.run(f"cd /sys/bus/scsi/drivers/st && for d in {both}; do echo $d > unbind; done; "
                      f"for d in {again}; do echo $d > bind; done")
        self.order = order
        self.lab.note(f"drive 1 was {before} and is {self.nst(1)}")

    def swap(self):
        before = self.nst(1), self.nst(2)
        self.number(reversed(self.order))
        self.lab.equal("the drives have each other's numbers", (self.nst(2), self.nst(1)), before)

    def link(self):
        """As udev does, which this dom0 has not."""
        self.dom0.run(f"mkdir -p {LINKS}; " + "; ".join(
            f"ln -sfn {self.nst(lun)} {LINKS}/scsi-drive{lun}-nst" for lun in (1, 2)))

    def owners(self, guests):
        """Which drive each guest has, by what it reads itself."""
        found = {}
        for guest in guests:
            got = guest.run("ls /sys/class/scsi_device", check=False).out.split()
            found[guest.name] = [self.drive_of(serial(guest, hctl)) for hctl in got]
        return found

    def drive_of(self, text):
        return next((lun for lun, known in self.serials.items() if known == text), text)


def reboot(lab, drives, guests):
    """Of dom0, but for the reboot; the configuration is saved before. What targetctl says."""
    lab.dom0.run("targetctl save " + STATE, timeout=120)
    for guest in guests:
        guest.destroy()
    lab.dom0.poll("xen-vscsid --once >/dev/null 2>&1; ! ls /sys/bus/xen-backend/devices | grep vscsi", 60)
    lab.dom0.run("targetctl clear", timeout=120)
    lab.check("all is cleared", not lab.dom0.run(f"ls -d {CORE}/*_*", check=False).out.strip())
    drives.swap()
    if lab.dom0.run(f"test -d {LINKS}", check=False).rc == 0:
        drives.link()
    done = lab.dom0.run("targetctl restore " + STATE, timeout=120, check=False)
    return done.out + done.err


OWN = {"g1": [1], "g2": [2]}


def by_number(lab, admin, drives):
    """xl-vscsi attach by nst nodes, without udev's links: refused, and the remedy."""
    first, second = drives.nst(1), drives.nst(2)
    admin.attach("g1", first)
    admin.attach("g2", second)
    lab.equal("each guest has its drive", drives.owners(lab.guests), OWN)
    lab.check("the backstores' names keep what they are", all(
        lab.dom0.run(f"ls -d {CORE}/*/auto-{drives.identities[lun]}", check=False).rc == 0 for lun in (1, 2)))
    reboot(lab, drives, list(lab.guests))

    admin.start()
    guests = lab.boot_guests("g1", "g2")
    lab.equal("no guest has the other's drive", drives.owners(guests), {"g1": [], "g2": []})
    for guest, own, other in (("g1", 1, 2), ("g2", 2, 1)):
        admin.refused(f"attach {guest} {(first, second)[own - 1]}", 5, drives.identities[own],
                      drives.identities[other], f"attach id:{drives.identities[own]}")
    shown = admin.run("status", rc=8).out
    for lun in (1, 2):
        lab.check(f"status names drive {lun}", f"of g{lun}: it was made for {drives.identities[lun]}" in shown, shown)
    shown = admin.run("list").out
    lab.check("list names both", shown.count("refused") == 2 and "leads to" in shown, shown)
    log = "".join(admin.daemon.output())
    lab.check("the daemon told of both", all(f"made for {name}" in log for name in drives.identities.values()), log)

    for guest in ("g1", "g2"):
        admin.run(f"detach {guest} 0:0:0:0")
    for lun in (1, 2):
        admin.attach(f"g{lun}", f"id:{drives.identities[lun]}")
    lab.equal("after the remedy each has its own", drives.owners(guests), OWN)
    # Whatever else it may find is not of interest here.
    shown = lab.dom0.run("xl-vscsi status", check=False).out
    lab.check("status has nothing more to say of it", "made for" not in shown and "number" not in shown, shown)
    for guest in ("g1", "g2"):
        admin.run(f"detach {guest} 0:0:0:0")
    return guests


def by_targetcli(lab, admin, drives, guests):
    """Backstores made and mapped by number in targetcli with the plugin: restored as what they are."""
    install(lab)
    cli = Targetcli(lab)
    for lun in (1, 2):
        cli.run(f"/backstores/pscsi create name=tape{lun} dev={drives.nst(lun)}")
        cli.run(f"/xen-pvscsi map g{lun} pscsi/tape{lun}")
    lab.equal("mapped, each guest has its drive", drives.owners(guests), OWN)
    said = reboot(lab, drives, guests)
    for lun in (1, 2):
        lab.check(f"targetctl tells that tape{lun} has another number",
                  f"pscsi/tape{lun}: {drives.identities[lun]} is {drives.nst(lun)} now" in said, said)
    guests = lab.boot_guests("g1", "g2")
    lab.dom0.poll("[ $(xl-vscsi list --json | grep -c '\"state-name\": \"connected\"') = 2 ]", 60)
    lab.equal("restored with the plugin, each has its own", drives.owners(guests), OWN)
    for lun in (1, 2):
        cli.run(f"/xen-pvscsi unmap g{lun} all")
        cli.run(f"/backstores/pscsi delete tape{lun}")
    lab.dom0.run("rm /usr/lib/python3/dist-packages/xen-pvscsi-targetcli.pth")
    return guests


def stored(drives, lun):
    """Where the backstore that was made for a drive leads to."""
    info = drives.dom0.run(f"cat {CORE}/*/auto-{drives.identities[lun]}/info").out
    return drives.hctl(lun).rsplit(":", 1)[1] if f"LUN: {lun} " in " ".join(info.split()) + " " else info


def by_links(lab, admin, drives, guests):
    """With udev's links what is typed as a number is saved as a link."""
    drives.link()
    for lun in (1, 2):
        admin.attach(f"g{lun}", drives.nst(lun))
    paths = lab.dom0.run(f"cat {CORE}/*/auto-*/udev_path").out.split()
    lab.check("links are what is saved", len(paths) == 2 and all(path.startswith(LINKS) for path in paths), paths)
    reboot(lab, drives, guests)
    for lun in (1, 2):
        lab.equal(f"the backstore of drive {lun} leads to it", stored(drives, lun), str(lun))
    guests = lab.boot_guests("g1", "g2")
    lab.dom0.poll("[ $(xl-vscsi list --json | grep -c '\"state-name\": \"connected\"') = 2 ]", 60)
    lab.equal("by stock targetctl and the daemon each has its own", drives.owners(guests), OWN)
    for guest in ("g1", "g2"):
        admin.run(f"detach {guest} 0:0:0:0")
    for guest in guests:
        guest.destroy()
    lab.dom0.run(f"rm -r {LINKS}")


def line(lab, admin, drives):
    """vscsi= in xl's configuration names a number, and nothing is saved: the daemon remembers."""
    def hctl():
        found = admin.json("list g3")[0]["controllers"]
        return [device["phy-hctl"] for controller in found for device in controller["devices"]]

    lines = f"vscsi = ['{drives.nst(1)},0:0:0:0']"
    for time in ("first", "second"):
        guest = lab.guest("g3", paused=True, wait=False, memory=128, config=lines)
        lab.dom0.poll("xl-vscsi list g3 --json | grep phy-hctl", 60)
        lab.equal(f"a line means drive 1, the {time} time", hctl(), [drives.hctl(1)])
        shown = admin.run(f"status --config-dir {CONFIGS}", 8).out
        lab.check("status names the line", "g3.cfg: vscsi names" in shown, shown)
        guest.destroy()
        lab.dom0.poll("! ls /sys/bus/xen-backend/devices | grep vscsi", 60)
        admin.run("detach g3 0:0:0:0")
        drives.swap()
    log = "".join(admin.daemon.output())
    lab.check("the daemon told that the number is another's", f"was id:{drives.identities[1]}" in log, log)


def run(lab):
    lab.load_driver()
    admin = Admin(lab)
    lab.dom0.run("mkdir -p /etc/rtslib-fb-target")
    drives = Drives(lab)
    guests = by_number(lab, admin, drives)
    guests = by_targetcli(lab, admin, drives, guests)
    by_links(lab, admin, drives, guests)
    line(lab, admin, drives)
    admin.stop()
    lab.equal("nothing is left of what the tools made",
              lab.dom0.run(f"ls -d {CORE}/*/auto-*", check=False).out.strip(), "")
