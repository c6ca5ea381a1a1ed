# SPDX-License-Identifier: GPL-2.0
"""A tape library in dom0, for as long as the machine lives (iSCSI's logout can draw a
warning of the kernel's own): tgt emulates drives and a changer, open-iscsi over
dom0's own loopback makes them st, ch and sg devices, pscsi exports them."""
import re

from .errors import LabError

TARGET = "iqn.2007-10.org.xen.pvscsi:library"
HOME = "/var/tmp/library"
ADM = "tgtadm --lld iscsi"
FIRST_SLOT = 100
PICKER = 1
FIRST_DRIVE = 10


def node(place, hctl, kind):
    """/dev/nst0 and the like."""
    where, name = {"tape": ("scsi_tape", "nst"), "changer": ("scsi_changer", "sch"),
                   "generic": ("scsi_generic", "sg")}[kind]
    found = place.poll(f"ls /sys/class/scsi_device/{hctl}/device/{where} | "
                       f"grep -E '^{name}[0-9]+$' | head -1 | grep .", 60).out.strip()
    if not found:
        raise LabError(f"{hctl} has no {kind} node")
    return f"/dev/{found}"


class Library:
    """drives: how many; cartridges: barcodes, each in a storage slot; disk: a disk LUN
    besides, since tgt's tape drives know no reservations.

    tgt takes a cartridge's size for a remark. One that shall be full some time is
    named in limits, with its kilobytes: its file has a file system to itself.
    """

    def __init__(self, lab, drives=1, cartridges=("T00001", "T00002"), megabytes=64, limits=None,
                 disk=False):
        self.lab, self.dom0 = lab, lab.dom0
        self.drives, self.cartridges, self.megabytes = drives, cartridges, megabytes
        self.limits = limits or {}
        self.changer_lun = drives + 1
        self.disk_lun = drives + 2 if disk else None
        self._emulate()
        self._log_in()
        self.changer_node = self.node(self.dom0, self.hctl(self.changer_lun), "generic")
        self.at_home = self.mtx("status")

    def _logical_unit(self, lun, params):
        return f"{ADM} --mode logicalunit --op update --tid 1 --lun {lun} --params {params}"

    def _file(self, barcode):
        return f"{HOME}-{barcode}/{barcode}" if barcode in self.limits else f"{HOME}/{barcode}"

    def _format(self):
        return [f"rm -f {self._file(barcode)}; tgtimg --op new --device-type tape "
                f"--barcode={barcode} --size={self.megabytes} --type=data "
                f"--file={self._file(barcode)}" for barcode in self.cartridges]

    def _emulate(self):
        """Drives are LUNs 1 to n, empty; the changer comes after them."""
        steps = [f"mkdir -p {HOME}", f"dd if=/dev/zero of={HOME}/changer bs=1k count=1 status=none",
                 "tgtd --iscsi portal=127.0.0.1:3260",
                 f"for i in $(seq 100); do {ADM} --op show --mode target >/dev/null 2>&1 && break; "
                 "sleep 0.2; done",
                 f"{ADM} --op new --mode target --tid 1 -T {TARGET}"]
        for barcode, kilobytes in self.limits.items():
            steps += [f"mkdir {HOME}-{barcode}",
                      f"mount -t tmpfs -o size={kilobytes}k none {HOME}-{barcode}",
                      f"ln -s {self._file(barcode)} {HOME}/{barcode}"]
        steps += self._format()
        for drive in range(1, self.drives + 1):
            steps += [f"{ADM} --mode logicalunit --op new --tid 1 --lun {drive} "
                      f"-b {HOME}/{self.cartridges[0]} --device-type=tape",
                      self._logical_unit(drive, "online=0")]
        lun = self.changer_lun
        steps += [f"{ADM} --mode logicalunit --op new --tid 1 --lun {lun} -b {HOME}/changer "
                  "--device-type=changer",
                  self._logical_unit(lun, f"media_home={HOME}"),
                  self._logical_unit(lun, f"element_type=4,start_address={FIRST_DRIVE},"
                                          f"quantity={self.drives}")]
        for drive in range(1, self.drives + 1):
            steps.append(self._logical_unit(
                lun, f"element_type=4,address={FIRST_DRIVE + drive - 1},tid=1,lun={drive}"))
        steps += [self._logical_unit(lun, f"element_type=1,start_address={PICKER},quantity=1"),
                  self._logical_unit(lun, f"element_type=2,start_address={FIRST_SLOT},"
                                          f"quantity={len(self.cartridges) + 2}")]
        for number, barcode in enumerate(self.cartridges):
            steps.append(self._logical_unit(
                lun, f"element_type=2,address={FIRST_SLOT + number},barcode={barcode},sides=1"))
        if self.disk_lun:
            steps.append(f"truncate -s 8M {HOME}/disk; {ADM} --mode logicalunit --op new --tid 1 "
                         f"--lun {self.disk_lun} -b {HOME}/disk")
        steps.append(f"{ADM} --op bind --mode target --tid 1 -I ALL")
        self.dom0.run("set -e; " + "; ".join(steps), timeout=120)

    def _log_in(self):
        self.dom0.run(
            "set -e; modprobe -a iscsi_tcp st ch sg; mkdir -p /run/lock/iscsi /etc/iscsi; "
            "[ -s /etc/iscsi/initiatorname.iscsi ] && grep -q ^InitiatorName= "
            "/etc/iscsi/initiatorname.iscsi || echo InitiatorName=iqn.2007-10.org.xen.pvscsi:dom0 "
            "> /etc/iscsi/initiatorname.iscsi; pgrep -x iscsid >/dev/null || iscsid; "
            "iscsiadm -m discovery -t sendtargets -p 127.0.0.1; "
            f"iscsiadm -m node -T {TARGET} -p 127.0.0.1 --login", timeout=120)
        self.host = self.dom0.poll(
            "for s in /sys/class/iscsi_session/*; do h=$(readlink -f $s); "
            "echo $h | sed -n 's/.*host\\([0-9]*\\).*/\\1/p'; done | tail -1 | grep .").out.strip()
        self.dom0.poll(f"ls -d /sys/class/scsi_device/{self.host}:0:0:{self.changer_lun}/device/"
                       "scsi_generic/sg*", timeout=60)

    def hctl(self, lun):
        return f"{self.host}:0:0:{lun}"

    def node(self, place, hctl, kind):
        return node(place, hctl, kind)

    def exports(self):
        """What a guest gets, and by which names nodes are known: of the first drive."""
        return [(self.hctl(1), {"tape": "tape", "drive": "generic"}),
                (self.hctl(self.changer_lun), {"changer": "generic", "sch": "changer"})]

    def drive(self, number=1):
        """A pscsi backstore of a drive."""
        return self.lab.backstore.pscsi(f"drive{number}", self.hctl(number))

    def changer(self):
        return self.lab.backstore.pscsi("changer", self.hctl(self.changer_lun))

    def other_host(self, lun=1):
        """A path to a LUN by another I_T nexus, as another computer has it; its sg node."""
        known = set(self.dom0.run("ls /dev | grep '^sg'").out.split())
        self.dom0.run("set -e; iscsiadm -m iface -I other --op new; iscsiadm -m iface -I other --op update "
                      "-n iface.initiatorname -v iqn.2007-10.org.xen.pvscsi:other; "
                      "iscsiadm -m discovery -t sendtargets -p 127.0.0.1 -I other; "
                      f"iscsiadm -m node -T {TARGET} -p 127.0.0.1 -I other --login", timeout=120)
        host = self.dom0.poll(
            "for s in /sys/class/iscsi_session/*; do [ \"$(cat $s/initiatorname)\" = "
            "iqn.2007-10.org.xen.pvscsi:other ] && readlink -f $s | sed -n 's/.*host\\([0-9]*\\).*/\\1/p'; "
            "done | grep .").out.strip()
        found = node(self.dom0, f"{host}:0:0:{lun}", "generic")
        if found.rsplit("/", 1)[1] in known:
            raise LabError(f"{found} is not a new path")
        return found

    def mtx(self, words):
        """In dom0."""
        return self.dom0.run(f"mtx -f {self.changer_node} {words}").out

    def reset(self):
        """Every cartridge blank and at home; drives can be written."""
        for drive, slot in re.findall(r"Transfer Element (\d+):Full \(Storage Element (\d+)",
                                      self.mtx("status")):
            self.mtx(f"unload {slot} {drive}")
        if self.mtx("status") != self.at_home:
            raise LabError("cartridges are not where they belong:\n" + self.mtx("status"))
        for drive in range(1, self.drives + 1):
            self.write_protect(False, drive)
        self.dom0.run("set -e; " + "; ".join(self._format()))

    def write_protect(self, on, drive=1):
        """tgt knows it of a drive, not of a cartridge; to be set with the drive empty."""
        self.dom0.run(self._logical_unit(drive, f"readonly={int(on)}"))
