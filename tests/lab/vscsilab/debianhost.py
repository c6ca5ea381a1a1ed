# SPDX-License-Identifier: GPL-2.0
"""What scenarios on a dom0 of Debian and the packages alone have in common: its boot, its hardware, its guest."""
import json

from . import paths
from .guest import Guest, config_text

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
TYPES = {0: "disk", 1: "tape", 8: "medium changer"}


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


def with_a_san(lab):
    """From now on and at each boot: a tape drive, a changer and a disk. Their identities, by kind."""
    dom0 = lab.dom0
    dom0.put((paths.SCENARIO_DIR / "data/san.sh").read_bytes(), "/usr/local/sbin/san", 0o755)
    dom0.put(SAN, "/etc/systemd/system/san.service")
    dom0.run("systemctl daemon-reload && systemctl enable --now san.service", timeout=300)
    dom0.run("udevadm settle -t 60", timeout=90, check=False)
    found = {}
    for device in json.loads(dom0.run("xl-vscsi devices --json").out):
        if device["type"] in TYPES and device["vendor"] == "IET":
            found[TYPES[device["type"]]] = device["identity"]
    lab.equal("there are a tape drive, a changer and a disk", sorted(found), sorted(TYPES.values()))
    return found


def guest(lab, name, folder):
    """Its file is in a folder of the host's: what libxl needs of the lab's is on the disk from now on."""
    lab.dom0.run(f"mount -o ro /dev/vdb /mnt && cp /mnt/boot/vmlinux /boot/vmlinux && umount /mnt; mkdir -p {folder}; "
                 "cp /lab/payload/guest-initrd /boot/guest-initrd; cp /lab/payload/vbd-hotplug /etc/xen/scripts/lab-disk")
    text = config_text(name).replace("/lab/payload/guest-initrd", "/boot/guest-initrd")
    lab.dom0.put(text.replace("/lab/payload/vbd-hotplug", "/etc/xen/scripts/lab-disk"), f"{folder}/{name}.cfg")
    return Guest(lab, name)


def started(lab, guest_):
    lab.dom0.poll(f"xl domid {guest_.name}", 600)
    guest_.find()
    guest_.wait_up(600)
    return guest_
