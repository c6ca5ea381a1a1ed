# SPDX-License-Identifier: GPL-2.0
"""A dom0 of Debian and the packages alone comes up by itself, also after power cuts, and guests have tape, changer and disk."""
import json
import shlex
import time

from vscsilab import paths
from vscsilab.errors import LabError
from vscsilab.guest import Guest, config_text
from vscsilab.load import VerifiedLoad
from vscsilab.storage import FABRIC

TIMEOUT = 4800
DRIVERS = ("ours",)
LONG = True
IMAGE = "packages"
# Seconds after the configuration was restored; then devices are there.
LATE = 60
VDEVS = {"tape": "0:0:0:0", "medium changer": "0:0:0:1", "disk": "0:0:0:2"}
CONNECTED = 4
TYPES = {0: "disk", 1: "tape", 8: "medium changer"}
SAN = """[Unit]
After=tgt.service iscsid.service rtslib-fb-targetctl.service
Wants=tgt.service
[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=infinity
ExecStartPre=/bin/sh -c 'sleep $(cat /etc/san-late 2>/dev/null || echo 0)'
ExecStart=/usr/local/sbin/san
[Install]
WantedBy=multi-user.target
"""
ORDER = ("xen.service", "rtslib-fb-targetctl.service", "xen-vscsid.service", "xendomains.service")


def settled(lab, what):
    """Nothing that was to start has failed; devices that come late are still to come."""
    dom0 = lab.dom0
    dom0.poll("systemctl is-active xendomains.service", 600)
    failed = dom0.run("systemctl --failed --no-legend --plain").out
    lab.equal(f"{what}: no unit has failed", failed, "")
    if failed:
        for line in failed.splitlines():
            lab.note(dom0.run(f"journalctl -b --no-pager -n 20 -u {line.split()[0]}", check=False).out)
    times = {}
    for unit in ORDER:
        said = dom0.run(f"systemctl show {unit} -p InactiveExitTimestampMonotonic,ActiveEnterTimestampMonotonic").out
        found = dict(line.split("=") for line in said.split())
        times[unit] = tuple(int(found[name]) / 1e6 for name in ("InactiveExitTimestampMonotonic",
                                                               "ActiveEnterTimestampMonotonic"))
    lab.note(f"{what}: " + ", ".join(f"{unit} {begin:.0f}-{end:.0f} s" for unit, (begin, end) in times.items()))
    for first, then in zip(ORDER, ORDER[1:]):
        if first == "xen.service" and then == "rtslib-fb-targetctl.service":
            continue
        lab.check(f"{what}: {then} after {first}", times[then][0] >= times[first][1] > 0, times)


def version(lab, what):
    wanted = lab.machine.image.about["version"]
    lab.equal(f"{what}: the module is DKMS's", lab.dom0.run("cat /sys/module/xen_scsiback/version").out.strip(), wanted)


def problems(lab):
    return json.loads(lab.dom0.run("xl-vscsi status --json", check=False).out)["problems"]


def identities(lab):
    """Of the three, by kind."""
    found = {}
    for device in json.loads(lab.dom0.run("xl-vscsi devices --json").out):
        if device["type"] in TYPES and device["vendor"] == "IET":
            found[TYPES[device["type"]]] = device["identity"]
    return found


def guest_of_boot(lab):
    """g1, which the host starts: what libxl needs of the lab's is on the disk."""
    lab.dom0.run("mount -o ro /dev/vdb /mnt && cp /mnt/boot/vmlinux /boot/vmlinux && umount /mnt; mkdir -p /etc/xen/auto; "
                 "cp /lab/payload/guest-initrd /boot/guest-initrd; cp /lab/payload/vbd-hotplug /etc/xen/scripts/lab-disk")
    text = config_text("g1").replace("/lab/payload/guest-initrd", "/boot/guest-initrd")
    lab.dom0.put(text.replace("/lab/payload/vbd-hotplug", "/etc/xen/scripts/lab-disk"), "/etc/xen/auto/g1.cfg")
    return Guest(lab, "g1")


def started(lab, guest):
    lab.dom0.poll("xl domid g1", 600)
    guest.find()
    guest.wait_up(600)
    return guest


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
    dom0.put((paths.SCENARIO_DIR / "data/san.sh").read_bytes(), "/usr/local/sbin/san", 0o755)
    dom0.put(SAN, "/etc/systemd/system/san.service")
    dom0.run("systemctl daemon-reload && systemctl enable --now san.service", timeout=300)
    dom0.run("udevadm settle -t 60", timeout=90, check=False)
    found = identities(lab)
    lab.equal("there are a tape drive, a changer and a disk", sorted(found), sorted(VDEVS))
    guest = guest_of_boot(lab)
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


def with_the_kernels_own(lab, guest):
    """Which the next boot has, with the same configuration."""
    lab.dom0.run("rm /etc/xen/auto/g1.cfg; echo 0 >/etc/san-late; sync")
    lab.machine.power_cycle()
    settled(lab, "back")
    lab.check("back: the kernel's own module is loaded",
              lab.dom0.run("test -d /sys/module/xen_scsiback && ! test -e /sys/module/xen_scsiback/version", check=False).rc == 0)
    lab.check("back: status says so", any("the kernel's own" in text for text in problems(lab)), problems(lab))
    luns = lab.dom0.poll(f"ls -d {FABRIC}/naa.*/tpgt_*/lun/lun_* | wc -l | grep 3", 240)
    lab.equal("back: the targets have their LUNs", luns.out.strip(), "3")


def run(lab):
    guest = first_boot(lab)
    cut_in_a_save(lab, guest)
    disk = cut_in_a_start(lab, guest)
    upgraded(lab, guest, disk)
    with_the_kernels_own(lab, guest)
