# SPDX-License-Identifier: GPL-2.0
"""Each command of the guide for a real host is run as the documents have it, on a dom0 of Debian and the packages alone."""
import json
import shlex

from vscsilab import guide
from vscsilab.debianhost import guest as host_guest
from vscsilab.debianhost import problems, settled, started, version, with_a_san
from vscsilab.storage import FABRIC

TIMEOUT = 2400
DRIVERS = ("ours",)
LONG = True
IMAGE = "packages"
GUEST, OTHER = "guest1", "guest2"
# Typed on a terminal.
TERMINAL = "(for second in 1 2 3 4 5 6; do sleep 2; printf q; done) | TERM=xterm timeout 60 script -qec {} /dev/null"
ON_A_TERMINAL = ("xl-vscsi top",)
# What is done by whoever sits before the machine.
REBOOT = "reboot"
# What is no complaint: apt says it where there is no terminal.
REMARKS = ("WARNING: apt does not have a stable CLI interface. Use with caution in scripts.",)


def hardware(lab):
    """What the documents name: {their words: this host's}; and identities of what is gone after a reboot."""
    dom0 = lab.dom0
    found = with_a_san(lab)
    dom0.run("modprobe scsi_debug add_host=2 max_luns=3 dev_size_mb=8 && udevadm settle -t 60", timeout=120)
    devices = json.loads(dom0.run("xl-vscsi devices --json").out)
    disk = next(device["node"] for device in devices if device["identity"] == found["disk"])
    dom0.run(f"vgcreate -q vg0 {disk} && for name in guest1 data; do lvcreate -q -L 8M -n $name vg0 || exit; done",
             timeout=120)
    pretended = sorted((device for device in devices if device["model"] == "scsi_debug"),
                       key=lambda device: [int(number) for number in device["hctl"].split(":")])
    kept = [device["identity"] for device in pretended]
    tape = next(device["link"] for device in devices if device["identity"] == found["tape"])
    return {"/dev/tape/by-id/scsi-3500000000000a1-nst": tape,
            "naa.500000000000a1b2": found["medium changer"],
            "naa.6000000000000001": kept[0], "naa.6000000000000002": kept[1], "naa.6000000000000003": kept[2],
            "host:2": f"host:{pretended[-1]['hctl'].split(':')[0]}"}, kept


def as_here(text, names):
    if text in ON_A_TERMINAL:
        return TERMINAL.format(shlex.quote(text))
    for name, stands_for in names.items():
        text = text.replace(name, stands_for)
    return text


def follow(lab, commands, names):
    """Each must succeed, and complain of nothing."""
    for command in commands:
        done = lab.dom0.run(as_here(command.text, names), timeout=600, check=False)
        said = [line for line in done.err.splitlines() if line.strip() and line.strip() not in REMARKS]
        lab.check(str(command), done.rc == 0 and not said,
                  "\n".join([f"as {done.command}", f"ended with {done.rc}", *said, done.out[-1500:]]))


def without_devices(lab):
    """What the parts of the guide have in common is not meant to be given twice."""
    found = json.loads(lab.dom0.run(f"xl-vscsi list {GUEST} --json").out)
    vdevs = [device["v-dev"] for guest in found for controller in guest["controllers"]
             for device in controller["devices"]]
    for vdev in vdevs:
        lab.dom0.run(f"xl-vscsi detach {GUEST} {vdev}", timeout=120)
    return vdevs


def luns(lab, gone=()):
    """{LUN: its backstore}, but for those whose backstore is of a device that no reboot brings back."""
    said = lab.dom0.run(f"cd {FABRIC} && for lun in naa.*/tpgt_*/lun/lun_*; do for link in $lun/*; do [ ! -L $link ] || "
                        "echo $lun $(basename $(readlink $link)); done; done", check=False).out
    found = dict(line.split() for line in said.splitlines())
    return {lun: store for lun, store in found.items() if not any(identity in store for identity in gone)}


def back(lab, commands, names, gone):
    """The kernel's own module has the same targets after the reboot that is said."""
    wanted = luns(lab, gone)
    lab.check("there are LUNs before", len(wanted) >= 3, wanted)
    follow(lab, [command for command in commands if command.text != REBOOT], names)
    lab.dom0.run("sync")
    lab.machine.power_cycle()
    settled(lab, "back")
    lab.check("back: the kernel's own module is loaded", lab.dom0.run(
        "test -d /sys/module/xen_scsiback && ! test -e /sys/module/xen_scsiback/version", check=False).rc == 0)
    lab.check("back: status says so", any("the kernel's own" in text for text in problems(lab)), problems(lab))
    lab.dom0.poll(f"cd {FABRIC} && ls -d {' '.join(wanted)}", 240)
    lab.equal("back: the targets have their LUNs", luns(lab, gone), wanted)


def run(lab):
    settled(lab, "after the installation")
    version(lab, "after the installation")
    names, gone = hardware(lab)
    guests = [host_guest(lab, name, "/root") for name in (GUEST, OTHER)]
    lab.dom0.run(f"xl create /root/{GUEST}.cfg && xl create /root/{OTHER}.cfg", timeout=300)
    guest, other = [started(lab, guest) for guest in guests]
    parts = [command for command in guide.commands(*guide.README) if command.text not in guide.installation()]
    follow(lab, [command for command in parts if command.text != REBOOT], names)
    guest.run("modprobe -a st sg sd_mod || :", check=False, timeout=120)
    lab.check("the guest has the tape drive", guest.poll("ls /dev/nst0", 60).rc == 0)
    lab.equal("and all three devices", len(without_devices(lab)), 3)
    follow(lab, guide.commands(*guide.ATTACH), names)
    other.run("modprobe -a st sg || :", check=False, timeout=120)
    lab.check("the other guest has the drive now", other.poll("ls /dev/nst0", 60).rc == 0)
    back(lab, guide.commands(*guide.BACK), names, gone)
