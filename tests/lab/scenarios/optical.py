# SPDX-License-Identifier: GPL-2.0
"""A guest uses a DVD drive of dom0's: contents, reads to the end, file system, tray, another disc; and an ATA disk."""
import hashlib

from vscsilab import iso, library
from vscsilab.cdbs import GOOD, TEST_UNIT_READY, Node, reads, sends

GUESTS = 1
TIMEOUT = 1200
DRIVERS = ("ours",)
LONG = True
# An adapter that takes 128 KiB of a command to a drive like this.
DEVICES = ["-device", "ich9-ahci,id=ahci", "-drive", "if=none,id=disc,media=cdrom",
           "-device", "ide-cd,id=dvd,bus=ahci.0,drive=disc",
           "-blockdev", "driver=null-co,node-name=zeroes,size=16777216,read-zeroes=on",
           "-device", "ide-hd,id=disk,bus=ahci.1,drive=zeroes,serial=ATA00001,model=DISK"]
NAA = "naa.50014050000000e6"
VDEV, ATA_VDEV = "0:0:0:0", "0:0:0:1"
# Neither ends with a whole MiB, which has 512 sectors.
DISCS = [iso.image(6 * 512 + 301, 1), iso.image(3 * 512 + 7, 2)]
READ_TOC = bytes([0x43, 0, 0, 0, 0, 0, 0, 0, 20, 0])
PREVENT, ALLOW = bytes([0x1e, 0, 0, 0, 1, 0]), bytes([0x1e, 0, 0, 0, 0, 0])
EJECT = bytes([0x1b, 0, 0, 0, 2, 0])
# MEDIUM REMOVAL PREVENTED, and MEDIUM NOT PRESENT; QEMU's sense keys and qualifiers are its own.
LOCKED, EMPTY = "53", "3a"
OUTPUT = "/tmp/out"
LEAD_OUT = 0xaa
# Commands of ATA by ATA PASS-THROUGH (SAT-3 12.2), with CK_COND: protocol, what is transferred, and registers.
PIO_IN, NO_DATA = 0x08, 0x06
CK_COND, FROM_DEVICE = 0x20, 0x0e
ATA16, ATA12 = 0x85, 0xa1
# ATA PASS-THROUGH INFORMATION AVAILABLE
REGISTERS = "1/00/1d"
# Seconds until the drive is unlocked for a guest that is gone.
SOON = 5


class Drive:
    """From outside of the machine."""

    def __init__(self, lab):
        self.lab, self.monitor = lab, lab.machine.qemu.monitor

    def insert(self, disc):
        path = self.lab.machine.disks / f"{hashlib.sha256(disc).hexdigest()[:8]}.iso"
        path.write_bytes(disc)
        self.monitor.execute("blockdev-change-medium", id="dvd", filename=str(path), format="raw",
                             **{"read-only-mode": "read-only"})

    def state(self, what):
        """Whether it is "locked", or "tray_open"."""
        block, = [block for block in self.monitor.execute("query-block") if block["device"] == "disc"]
        return block[what]


def digest(data):
    return hashlib.sha256(data).hexdigest()


def code(answer):
    """The additional sense code."""
    return answer.split("/")[1] if "/" in answer else answer


def contents(lab, guest, node, disc):
    lab.equal("READ TOC", node.ends(reads(READ_TOC, 20, OUTPUT)), [GOOD])
    toc = guest.get_bytes(OUTPUT)
    lab.equal("there is one track, from the beginning", (toc[2], toc[3], int.from_bytes(toc[8:12], "big")), (1, 1, 0))
    lab.equal("and the disc ends where its image does", (toc[14], int.from_bytes(toc[16:20], "big")),
              (LEAD_OUT, len(disc) // iso.SECTOR))


def whole(lab, place, device, disc, what):
    queue = f"/sys/block/{device[5:]}/queue"
    place.run(f"cat {queue}/max_hw_sectors_kb > {queue}/max_sectors_kb")
    lab.equal(f"{what}: the size", int(place.run(f"blockdev --getsize64 {device}").out), len(disc))
    got = place.run(f"dd if={device} bs=1M iflag=direct status=none | sha256sum", timeout=200).out.split()[0]
    lab.equal(f"{what}: read to the end, 1 MiB at a time", got, digest(disc))


def mounted(lab, guest, drive, node, device, disc):
    guest.run(f"mkdir -p /mnt && mount -t iso9660 -r {device} /mnt")
    got = guest.run("sha256sum /mnt/data", timeout=200).out.split()[0]
    lab.equal("mounted: the file is right", got, digest(iso.data(disc)))
    lab.check("mounted: the tray is locked", drive.state("locked"))
    lab.equal("mounted: eject is refused", code(node.ends(sends(EJECT))[0]), LOCKED)
    guest.run("umount /mnt")
    lab.check("unmounted: it is not", not drive.state("locked"))


def tray(lab, drive, node, own):
    lab.equal("the guest locks the tray", node.ends(sends(PREVENT)), [GOOD])
    lab.check("the drive knows", drive.state("locked"))
    lab.equal("the guest cannot eject", code(node.ends(sends(EJECT))[0]), LOCKED)
    lab.equal("nor can dom0", code(own.ends(sends(EJECT))[0]), LOCKED)
    lab.equal("the guest unlocks it, and ejects", node.ends(sends(ALLOW), sends(EJECT)), [GOOD] * 2)
    lab.check("the tray is open", drive.state("tray_open"))
    lab.equal("there is no disc", code(node.ends(sends(TEST_UNIT_READY))[0]), EMPTY)


def ata16(protocol, flags, command, count=0, features=0, middle=0, high=0):
    return bytes([ATA16, protocol, flags, 0, features, 0, count, 0, 0, 0, middle, 0, high, 0, command, 0])


def ata(lab, guest, target):
    """The same as in dom0, with the registers in the sense data."""
    hctl = lab.dom0.poll("grep -l '^ATA' /sys/class/scsi_device/*/device/vendor | "
                         "sed 's,/sys/class/scsi_device/\\([^/]*\\)/.*,\\1,' | grep .").out.strip()
    store = lab.backstore.pscsi("ata", hctl)
    dev = lab.attach(guest, target.lun(1, store), ATA_VDEV)
    own = Node(lab.dom0, library.node(lab.dom0, hctl, "generic"))
    node = Node(guest, lab.generic(guest, ATA_VDEV))
    for path in (own, node):
        path.settle()
    identify = ata16(PIO_IN, CK_COND | FROM_DEVICE, 0xec, 1)
    lines = {"IDENTIFY DEVICE": reads(identify, 512),
             "IDENTIFY DEVICE, 12 bytes": reads(bytes([ATA12, PIO_IN, CK_COND | FROM_DEVICE, 0, 1, 0, 0, 0, 0, 0xec,
                                                       0, 0]), 512),
             "CHECK POWER MODE": sends(ata16(NO_DATA, CK_COND, 0xe5)),
             "SMART RETURN STATUS": sends(ata16(NO_DATA, CK_COND, 0xb0, 0, 0xda, 0x4f, 0xc2)),
             "IDENTIFY DEVICE without CK_COND": reads(ata16(PIO_IN, FROM_DEVICE, 0xec, 1), 512)}
    answers = [(answer.said, answer.moved) for answer in node.ask(*lines.values())]
    lab.equal("ATA PASS-THROUGH ends as in dom0", dict(zip(lines, answers)), dict(zip(
        lines, [(answer.said, answer.moved) for answer in own.ask(*lines.values())])))
    # Of those with data libata of Linux 6.1 makes an ABORTED COMMAND, in dom0 as well.
    lab.equal("with CK_COND there are registers", answers[2:4], [(REGISTERS, 0)] * 2)
    # With the whole of the sense data, and of the data.
    for command in ("sg_sat_identify {}", "sg_sat_identify --ck_cond {}", "sg_sat_identify --ck_cond --len=12 {}",
                    f"sg_raw -r 512 {{}} {identify.hex(' ')}"):
        got, wanted = ((done.rc, (done.out + done.err).replace(path.node, "NODE")) for path, done in (
            (path, path.place.run(command.format(path.node), check=False)) for path in (node, own)))
        lab.equal(f"as in dom0: {command.format('NODE')}", got, wanted)
    lab.detach(guest, dev)
    target.remove_lun(1)
    store.delete()


def run(lab):
    lab.load_driver()
    drive = Drive(lab)
    drive.insert(DISCS[0])
    lab.dom0.run("modprobe -a ahci sr_mod sg", timeout=120)
    hctl = lab.dom0.poll("basename $(readlink -e /sys/block/sr0/device)").out.strip()
    own = Node(lab.dom0, library.node(lab.dom0, hctl, "generic"))
    own.settle()
    whole(lab, lab.dom0, "/dev/sr0", DISCS[0], "in dom0")
    lab.note(f"the adapter takes {lab.dom0.run('cat /sys/block/sr0/queue/max_hw_sectors_kb').out.strip()} KiB")

    guest, = lab.guests
    target, store = lab.target.create(NAA), lab.backstore.pscsi("dvd", hctl)
    lab.attach(guest, target.lun(0, store), VDEV)
    device = lab.disk(guest, VDEV)
    node = Node(guest, lab.generic(guest, VDEV))
    node.settle()
    contents(lab, guest, node, DISCS[0])
    whole(lab, guest, device, DISCS[0], "in the guest")
    mounted(lab, guest, drive, node, device, DISCS[0])
    tray(lab, drive, node, own)
    ata(lab, guest, target)

    drive.insert(DISCS[1])
    node.settle()
    contents(lab, guest, node, DISCS[1])
    whole(lab, guest, device, DISCS[1], "another disc")
    lab.equal("the guest locks the tray, to be destroyed", node.ends(sends(PREVENT)), [GOOD])
    domid = guest.domid
    guest.destroy()
    lab.vscsi.forget(domid)
    lab.dom0.run(f"sleep {SOON}")
    lab.check("it is gone: the tray is not locked", not drive.state("locked"))
    target.delete()
    store.delete()
    lab.unload_driver()
    lab.check("the driver is unloaded", not lab.driver_loaded())
