# SPDX-License-Identifier: GPL-2.0
"""SCSI devices in dom0 that answer what a scenario tells them to."""
from . import paths, tools
from .cdbs import Node

SOURCES = paths.LAB_DIR / "scripted"
CONTROL = "/sys/kernel/debug/scripted-scsi"
TAPE, DISK, CHANGER, OTHER_TAPE = range(4)
SERIALS = {TAPE: "TAPE0001", DISK: "DISK0001"}


class Scripted:
    def __init__(self, lab, tags=64, alua=False, **parameters):
        """tags: commands that the adapter takes at a time, 64 at most. alua: the disk has target port
        groups. parameters: max_sectors and sg_tablesize, which the adapter takes of a command; size_mb,
        for a disk that keeps what is written to it; more=1: there are a changer and another tape as well."""
        self.lab, self.dom0 = lab, lab.dom0
        module = tools.kernel_module("scripted-scsi", SOURCES, self.dom0)
        self.dom0.put(module.read_bytes(), "/root/scripted-scsi.ko")
        self.dom0.run(f"modprobe -a sg st sd_mod && insmod /root/scripted-scsi.ko tags={tags} alua={int(alua)} "
                      + " ".join(f"{name}={value}" for name, value in parameters.items()) + " && "
                      "(mountpoint -q /sys/kernel/debug || mount -t debugfs none /sys/kernel/debug)")
        self.host = self.dom0.poll("grep -l scripted_scsi /sys/class/scsi_host/*/proc_name | "
                                   "sed 's/.*host\\([0-9]*\\).*/\\1/'").out.strip()
        for lun in (TAPE, DISK, CHANGER, OTHER_TAPE)[:4 if "more" in parameters else 2]:
            self.dom0.poll(f"ls /sys/class/scsi_device/{self.hctl(lun)}/device/scsi_generic/sg*")

    def hctl(self, lun):
        return f"{self.host}:0:0:{lun}"

    def store(self, lun):
        return self.lab.backstore.pscsi(f"scripted{lun}", self.hctl(lun))

    def node(self, place, lun, kind="scsi_generic"):
        """/dev/sgN, or /dev/nstN for kind scsi_tape, /dev/sdX for block, at LUN lun of the last
        host that has one."""
        pattern = "nst[0-9]" if kind == "scsi_tape" else "*"
        tail = self.hctl(lun) if place is self.dom0 else f"*:0:0:{lun}"
        found = place.poll(f"ls -d /sys/class/scsi_device/{tail}/device/{kind}/{pattern} | tail -1 | grep .")
        return "/dev/" + found.out.strip().rsplit("/", 1)[1]

    def rule(self, text):
        self.dom0.run(f"echo '{text}' > {CONTROL}/rule")

    def answers(self, rules):
        """rules: (lun, opcode, answer) each, for the next command with that opcode; answer may
        have status, host, residual and sense."""
        lines = [f"{lun} {opcode:02x} 1 {answer.get('status', 0):02x} {answer.get('host', 0):02x} "
                 f"{answer.get('residual', 0)} {answer.get('sense', b'').hex() or '-'}"
                 for lun, opcode, answer in rules]
        self.dom0.run("set -e; while read line; do echo \"$line\" > " + CONTROL + "/rule; done",
                      stdin="\n".join([*lines, ""]))

    def hang(self, lun, opcode, count=1):
        self.rule(f"{lun} {opcode:02x} {count} hang")

    def passes(self, lun, opcode, count=1):
        """The next ones have no rule, so that one made after this is for a later command."""
        self.rule(f"{lun} {opcode:02x} {count} pass")

    def spoil(self, block):
        """Of a disk that keeps data: it cannot be read any more, until forget()."""
        self.rule(f"bad {block}")

    def data(self, lun, opcode, data):
        """What the next command with that opcode reads."""
        self.rule(f"{lun} {opcode:02x} 1 data {data.hex()}")

    def forget(self):
        self.rule("forget")

    def release(self):
        self.rule("release")

    def stuck(self, yes):
        self.dom0.run(f"echo {'Y' if yes else 'N'} > {CONTROL}/stuck")

    def resets_fail(self, yes):
        self.dom0.run(f"echo {'Y' if yes else 'N'} > {CONTROL}/resets_fail")

    def log(self):
        return self.dom0.run(f"cat {CONTROL}/log").out.splitlines()

    def reached(self, lun):
        """The CDBs that a device was given, in hex."""
        return [words[1] for words in map(str.split, self.log()) if words[0] == str(lun)]

    def resets(self, lun):
        """How often the adapter was asked to reset it."""
        return self.log().count(f"reset {lun}")

    # A device that goes, and one that comes at its place

    def go_away(self, lun):
        self.dom0.run(f"echo 1 > /sys/class/scsi_device/{self.hctl(lun)}/device/delete")

    def come_back(self, lun, serial):
        """As the device with this unit serial number; at first they have SERIALS."""
        self.rule(f"serial {lun} {serial}")
        self.dom0.run(f"echo '- - -' > /sys/class/scsi_host/host{self.host}/scan")
        self.dom0.poll(f"ls /sys/class/scsi_device/{self.hctl(lun)}/device/scsi_generic/sg*")

    def close(self):
        self.dom0.run("rmmod scripted-scsi", timeout=90)


class Path(Node):
    """A guest's to one of the devices."""

    def __init__(self, scripted, guest, lun):
        self.guest = guest
        guest.run("modprobe sg")
        super().__init__(guest, scripted.node(guest, lun))


def fixed(key, code=0, qualifier=0, information=None, flags=0, deferred=False):
    """Fixed format sense data (SPC-4 4.5.3)."""
    valid = 0 if information is None else 0x80
    return bytes([valid | 0x70 | deferred, 0, flags | key,
                  *((information or 0) & 0xffffffff).to_bytes(4, "big"), 10, 0, 0, 0, 0,
                  code, qualifier, 0, 0, 0, 0])


def descriptor(key, code=0, qualifier=0, information=None, flags=0, deferred=False):
    """Descriptor format (SPC-4 4.5.2) with information and stream commands descriptors."""
    parts = b""
    if information is not None:
        parts += bytes([0, 10, 0x80, 0]) + (information & (1 << 64) - 1).to_bytes(8, "big")
    parts += bytes([4, 2, 0, flags])
    return bytes([0x72 | deferred, key, code, qualifier, 0, 0, 0, len(parts)]) + parts
