# SPDX-License-Identifier: GPL-2.0
"""A dom0 of Debian and the packages alone comes up by itself, also after power cuts, and guests have tape, changer and disk."""
import json
import shlex
import time

from vscsilab.debianhost import guest as host_guest
from vscsilab.debianhost import problems, settled, started, version, with_a_san
from vscsilab.errors import LabError
from vscsilab.load import VerifiedLoad

TIMEOUT = 4800
DRIVERS = ("ours",)
LONG = True
IMAGE = "packages"
# Seconds after the configuration was restored; then devices are there.
LATE = 60
VDEVS = {"tape": "0:0:0:0", "medium changer": "0:0:0:1", "disk": "0:0:0:2"}
CONNECTED = 4


def states(lab):
    found = json.loads(lab.dom0.run("xl-vscsi list g1 --json").out)
    return {device["v-dev"]: device["state"] for guest in found for controller in guest["controllers"]
            for device in controller["devices"]}


def complete(lab, guest, what, patience=300):
    """The guest has all three, and they work."""
    limit = time.monotonic() + patience
    while sorted(vdev for vdev, state in states(lab).items() if state == CONNECTED) != sorted(VDEVS.values()):
        if time.monotonic() > limit:
            lab.check(f"{what}: the guest gets its devices", False, lab.dom0.run("xl-vscsi status", check=False).out)
            raise LabError("the guest lacks devices")
        time.sleep(3)
    guest.run("modprobe -a st ch sg sd_mod || :", check=False, timeout=120)
    disk = lab.disk(guest, VDEVS["disk"], 120)
    changer = lab.generic(guest, VDEVS["medium changer"])
    inquiry = guest.run(f"sg_inq {changer}").out
    lab.check(f"{what}: the guest has its changer", "medium changer" in inquiry.lower() or "changer" in inquiry.lower(), inquiry)
    lab.check(f"{what}: and its tape drive", guest.poll("ls /dev/nst0", 60).rc == 0)
    return disk


def marked(lab, guest, disk, text):
    guest.run(f"printf %s '{text}' | dd of={disk} bs=512 seek=40000 conv=sync oflag=direct status=none && sync")


def mark(guest, disk):
    return guest.run(f"dd if={disk} bs=512 skip=40000 count=1 iflag=direct status=none | tr -d '\\0'").out


def first_boot(lab):
    settled(lab, "first boot")
    version(lab, "first boot")
    lab.equal("first boot: nothing is wrong", problems(lab), [])
    dom0 = lab.dom0
    found = with_a_san(lab)
    guest = host_guest(lab, "g1", "/etc/xen/auto")
    for kind, vdev in VDEVS.items():
        dom0.run(f"xl-vscsi assign g1 {shlex.quote('id:' + found[kind])} {vdev} --save", timeout=180)
    dom0.run("xl create /etc/xen/auto/g1.cfg", timeout=300)
    started(lab, guest)
    disk = complete(lab, guest, "first boot")
    marked(lab, guest, disk, "first")
    return guest


def cut_in_a_save(lab, guest):
    """The power goes while the configuration is written; devices come late."""
    lab.dom0.run(f"echo {LATE} >/etc/san-late; sync")
    lab.dom0.start("while :; do targetctl save; done")
    time.sleep(7)
    lab.machine.power_cycle()
    saved = lab.dom0.get("/etc/rtslib-fb-target/saveconfig.json")
    lab.check("after a power cut the saved configuration is whole", "xen-pvscsi" in str(json.loads(saved)), saved[-300:])
    settled(lab, "after a cut")
    version(lab, "after a cut")
    started(lab, guest)
    disk = complete(lab, guest, "devices that come late")
    lab.equal("what was written is there", mark(guest, disk), "first")
    return disk


def cut_in_a_start(lab, guest):
    lab.machine.power_cycle()
    time.sleep(3)
    lab.machine.power_cycle()
    settled(lab, "after two cuts")
    started(lab, guest)
    disk = complete(lab, guest, "after two cuts")
    lab.equal("after two cuts: nothing is wrong", problems(lab), [])
    return disk


def upgraded(lab, guest, disk):
    """Under I/O."""
    dom0 = lab.dom0
    load = VerifiedLoad(guest, disk)
    old = dom0.run("systemctl show xen-vscsid -p MainPID --value").out
    dom0.run("DEBIAN_FRONTEND=noninteractive dpkg -i /var/cache/later/*.deb", timeout=900)
    dom0.poll(f"systemctl is-active xen-vscsid && [ $(systemctl show xen-vscsid -p MainPID --value) != {old.strip()} ]", 120)
    lab.equal("upgraded: the tools are the later ones", dom0.run("xl-vscsi --version").out.split()[-1],
              lab.machine.image.about["later"])
    lab.check("upgraded: the guest's I/O goes on", load.goes_on(240), load.log())
    dom0.run("systemctl restart rtslib-fb-targetctl", timeout=300)
    lab.check("rtslib's service was started anew: the guest's I/O goes on", load.goes_on(240), load.log())
    said = dom0.run("DEBIAN_FRONTEND=noninteractive dpkg -r xen-scsiback-dkms 2>&1", timeout=900).out
    lab.check("removed: it says that what is loaded stays", "is loaded stays" in said, said)
    version(lab, "removed")
    lab.check("removed: the guest's I/O goes on", load.goes_on(240), load.log())
    lab.check("all of it read right", load.stop(), load.log())


def run(lab):
    guest = first_boot(lab)
    cut_in_a_save(lab, guest)
    disk = cut_in_a_start(lab, guest)
    upgraded(lab, guest, disk)
