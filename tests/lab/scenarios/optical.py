"""A guest uses a DVD drive of dom0's: table of contents, reads to the end, file system, tray lock, eject, another disc."""
import hashlib

from vscsilab import iso, library
from vscsilab.cdbs import GOOD, TEST_UNIT_READY, Node, reads, sends

GUESTS = 1
TIMEOUT = 1200
DRIVERS = ("ours",)
LONG = True
# An adapter that takes 128 KiB of a command to a drive like this.
DEVICES = ["-device", "ich9-ahci,id=ahci", "-drive", "if=none,id=disc,media=cdrom",
           "-device", "ide-cd,id=dvd,bus=ahci.0,drive=disc"]
NAA = "naa.50014050000000e6"
VDEV = "0:0:0:0"
# Neither ends with a whole MiB, which has 512 sectors.
DISCS = [iso.image(6 * 512 + 301, 1), iso.image(3 * 512 + 7, 2)]
READ_TOC = bytes([0x43, 0, 0, 0, 0, 0, 0, 0, 20, 0])
PREVENT, ALLOW = bytes([0x1e, 0, 0, 0, 1, 0]), bytes([0x1e, 0, 0, 0, 0, 0])
EJECT = bytes([0x1b, 0, 0, 0, 2, 0])
# MEDIUM REMOVAL PREVENTED, and MEDIUM NOT PRESENT; QEMU's sense keys and qualifiers are its own.
LOCKED, EMPTY = "53", "3a"
OUTPUT = "/tmp/out"
LEAD_OUT = 0xaa
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
