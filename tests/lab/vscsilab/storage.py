# SPDX-License-Identifier: GPL-2.0
"""Backstores, and targets of the xen-pvscsi fabric, by plain configfs.

Stock targetcli works in dom0 too; scenarios that test it call it themselves.
"""
import re
import shlex
import uuid

from .errors import LabError

CORE = "/sys/kernel/config/target/core"
FABRIC = "/sys/kernel/config/target/xen-pvscsi"


def mebibytes(size):
    """"16M", "2G" or a number of bytes, in MiB."""
    if isinstance(size, int):
        return max(size >> 20, 1)
    found = re.fullmatch(r"(\d+)([MG])i?B?", size)
    if not found:
        raise LabError(f"size {size!r}: say a number of bytes, 16M or 2G")
    return int(found.group(1)) * (1024 if found.group(2) == "G" else 1)


class Backstore:
    def __init__(self, dom0, hba, name, device=None, undo=()):
        self.dom0, self.hba, self.name = dom0, hba, name
        self.device = device
        self.path = f"{CORE}/{hba}/{name}"
        self.undo = list(undo)

    def attribute(self, name, value=None):
        """Read or write attrib/name."""
        return config(self.dom0, f"{self.path}/attrib/{name}", value)

    def delete(self):
        self.dom0.run(f"rmdir {self.path}")
        for command in self.undo:
            self.dom0.run(command)


def config(dom0, path, value=None):
    if value is None:
        return dom0.run(f"cat {path}").out.strip("\0\n")
    # Without the stderr of a subshell the error names no file.
    dom0.run(f"printf %s {shlex.quote(str(value))} > {path}")
    return None


# Exit code: there is one of that name.
TAKEN = 99


class Backstores:
    """Every method makes one backstore and returns it."""

    def __init__(self, dom0):
        self.dom0 = dom0
        self.numbers = {}

    def _next(self, kind):
        self.numbers[kind] = self.numbers.get(kind, -1) + 1
        return self.numbers[kind]

    def _create(self, plugin, name, control, device=None, undo=(), before=()):
        serial = uuid.uuid5(uuid.NAMESPACE_URL, name)
        while True:
            hba = f"{plugin}_{self._next(plugin)}"
            path = f"{CORE}/{hba}/{name}"
            done = self.dom0.run("; ".join([
                "set -e", "[ -d /sys/module/target_core_pscsi ] || modprobe -a target_core_mod target_core_file "
                "target_core_iblock target_core_pscsi",
                # Someone else, stock targetcli say, may have made some too.
                f"mkdir {CORE}/{hba} 2>/dev/null || exit {TAKEN}",
                f"mkdir {path}", *[step.format(path=path) for step in before],
                f"printf %s {shlex.quote(control)} > {path}/control",
                f"echo 1 > {path}/enable",
                # Passed-through devices have a serial number of their own.
                f"[ {plugin} = pscsi ] || echo {serial} > {path}/wwn/vpd_unit_serial",
            ]), check=False)
            if done.rc == 0:
                return Backstore(self.dom0, hba, name, device, undo)
            if done.rc != TAKEN:
                raise LabError(f"backstore {hba}/{name}: {done.out}{done.err}")

    def ramdisk(self, name, size="16M"):
        return self._create("rd_mcp", name,
                            f"rd_pages={mebibytes(size) * 256}")

    def fileio(self, name, size="16M", path=None, buffered=False):
        """In a file of its own or the given one, or on the given block device; buffered: with a write cache."""
        file = path or f"/var/tmp/{name}.img"
        amount = mebibytes(size) << 20
        self.dom0.run(f"[ -b {file} ] || truncate -s {amount} {file}")
        return self._create("fileio", name,
                            f"fd_dev_name={file},fd_dev_size={amount}{',fd_buffered_io=1' if buffered else ''}",
                            device=file, undo=[f"[ -b {file} ] || rm -f {file}"])

    def iblock(self, name, size="16M", device=None, readonly=False):
        """On a brd ramdisk of its own, or on the given block device."""
        device = device or self.brd(mebibytes(size))
        return self._create("iblock", name, f"udev_path={device}{',readonly=1' if readonly else ''}",
                            device=device)

    def loop(self, name, size="16M", readonly=False):
        """iblock on a loop device, which can unmap; its file is /var/tmp/NAME.img."""
        file = f"/var/tmp/{name}.img"
        device = self.dom0.run(f"modprobe loop && truncate -s {mebibytes(size) << 20} {file} && "
                               f"losetup --show -f {file}").out.strip()
        store = self.iblock(name, device=device, readonly=readonly)
        store.undo = [f"losetup -d {device}; rm -f {file}"]
        return store

    def brd(self, size):
        """A ramdisk of so many MiB; all are of one size, the first one's."""
        if not hasattr(self, "brd_size"):
            self.brd_size = size
            self.dom0.run(f"modprobe brd rd_nr=32 rd_size={size * 1024}")
        if size > self.brd_size:
            raise LabError(f"brd disks have {self.brd_size} MiB here: make "
                           "the largest iblock backstore first")
        return f"/dev/ram{self._next('brd')}"

    def block_node(self, hctl):
        """/dev/sdX of a disk of dom0's."""
        found = self.dom0.poll(f"ls /sys/class/scsi_device/{hctl}/device/block | grep .")
        return "/dev/" + found.out.strip()

    def pscsi(self, name, hctl):
        """Any SCSI device of dom0 by host:channel:target:lun."""
        host, channel, target, lun = hctl.split(":")
        node = self.dom0.run(
            f"cd /sys/class/scsi_device/{hctl}/device && "
            "for d in block/* tape/nst* scsi_changer/* scsi_generic/*; do "
            "[ -e $d ] && echo /dev/${d##*/} && break; done").out.strip()
        # The device's path has to be known before it is enabled.
        return self._create(
            "pscsi", name, f"scsi_host_id={host},scsi_channel_id={channel},"
            f"scsi_target_id={target},scsi_lun_id={lun}", device=node,
            before=[f"echo {node} > {{path}}/udev_path"])

    def pscsi_disk(self, name, size="16M"):
        """Pass-through of a scsi_debug disk made for this backstore."""
        return self.pscsi(name, self.scsi_debug(mebibytes(size)))

    def scsi_debug(self, size, parameters=""):
        """A disk of so many MiB on a host adapter of its own; its h:c:t:l. parameters: of the
        module, said with the first disk and true of all."""
        if not hasattr(self, "debug_size"):
            self.debug_size = size
            self.dom0.run(f"modprobe scsi_debug dev_size_mb={size} delay=0 "
                          f"num_tgts=1 max_luns=1 per_host_store=1 {parameters}")
        else:
            self.dom0.run("echo 1 > "
                          "/sys/bus/pseudo/drivers/scsi_debug/add_host")
        if size > self.debug_size:
            raise LabError(f"scsi_debug disks have {self.debug_size} MiB "
                           "here: make the largest one first")
        found = self.dom0.poll(
            "for h in /sys/class/scsi_host/*; do "
            "[ \"$(cat $h/proc_name)\" = scsi_debug ] && echo ${h##*host}; "
            "done | sort -n | tail -1 | grep .")
        hctl = f"{found.out.strip()}:0:0:0"
        self.dom0.poll(f"ls /sys/class/scsi_device/{hctl}/device/block/*")
        return hctl

    def unload_scsi_debug(self):
        """Its disks go, and the next one may come with other parameters."""
        self.dom0.poll("rmmod scsi_debug")
        del self.debug_size


class Targets:
    def __init__(self, dom0):
        self.dom0 = dom0

    def create(self, naa, tpgt=1, nexus=None, enable=False, params=None):
        """One WWN with one portal group; naa like naa.600140512345678."""
        tpg = Target(self.dom0, naa, tpgt)
        self.dom0.run(f"mkdir -p {tpg.path}")
        for key, value in (params or {}).items():
            tpg.param(key, value)
        # Some drivers need to be told their initiator's name, some do not.
        if nexus is not False:
            tpg.nexus(nexus or "naa.7" + naa[5:])
        if enable:
            config(self.dom0, tpg.path + "/enable", 1)
        return tpg


class Target:
    """A target portal group."""
    fabric = FABRIC

    def __init__(self, dom0, naa, tpgt):
        self.dom0, self.naa, self.tpgt = dom0, naa, tpgt
        self.path = f"{self.fabric}/{naa}/tpgt_{tpgt}"
        self.links = []

    def nexus(self, name=None):
        return config(self.dom0, self.path + "/nexus", name)

    def param(self, name, value=None):
        return config(self.dom0, f"{self.path}/param/{name}", value)

    def attribute(self, name, value=None):
        return config(self.dom0, f"{self.path}/attrib/{name}", value)

    def lun(self, number, backstore):
        """Export; returns the p-dev that names it, naa.X:N."""
        lun = f"{self.path}/lun/lun_{number}"
        self.dom0.run(f"mkdir {lun} && ln -s {backstore.path} "
                      f"{lun}/{backstore.name}")
        self.links.append((number, backstore.name))
        return f"{self.naa}:{number}"

    def remove_lun(self, number):
        for item in [item for item in self.links if item[0] == number]:
            lun = f"{self.path}/lun/lun_{number}"
            self.dom0.run(f"rm {lun}/{item[1]} && rmdir {lun}")
            self.links.remove(item)

    def delete(self):
        for number, _ in list(self.links):
            self.remove_lun(number)
        self.dom0.run(f"rmdir {self.path} && "
                      f"(rmdir --ignore-fail-on-non-empty {self.fabric}/{self.naa})")
