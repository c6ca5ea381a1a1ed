# SPDX-License-Identifier: GPL-2.0
"""Backing devices of 4096-byte blocks: right data from memory of any alignment, WRITE SAME, COMPARE AND WRITE, UNMAP."""
import hashlib

from vscsilab import tools
from vscsilab.cdbs import GOOD, Node, reads, sixteen, ten, writes, writes_file
from vscsilab.mapper import Mapped

GUESTS = 1
LONG = True
TIMEOUT = 400
DRIVERS = ("ours",)
NAA = "naa.50014050000000e3"
BLOCK = 4096
SIZE_MB = 16
READ16, WRITE16, WRITE_SAME10, WRITE_SAME16 = 0x88, 0x8a, 0x41, 0x93
COMPARE_AND_WRITE, UNMAP = 0x89, 0x42
FLAG_UNMAP = 8
MISCOMPARE = "e/1d/00"
OUTPUT = "/tmp/out"
# What blocks are filled with; files of the guest have it by these names.
FIRST, SECOND, ZERO = "first", "second", "zero"
FILLS = {FIRST: 0x11, SECOND: 0x22, ZERO: 0}
# What is before and behind the blocks that a command is for stays.
BEGIN, COUNT = 1027, 5
# Larger, and memory that is not aligned makes more pages than the stock frontend takes.
LARGEST = "448k"


def crypt(lab):
    """dm-crypt, which takes no pieces of a block."""
    ram = lab.backstore.brd(SIZE_MB)
    lab.dom0.run("modprobe -a dm-crypt xts")
    sectors = lab.dom0.run(f"blockdev --getsz {ram}").out.strip()
    mapped = Mapped(lab.dom0, "c4k", f"0 {sectors} crypt aes-xts-plain64 {bytes(range(32)).hex()} 0 {ram} 0 1 "
                                     "sector_size:4096")
    size = lab.dom0.run(f"blockdev --getss {mapped.device}").out
    lab.equal("dm-crypt has blocks of 4096 bytes", int(size), BLOCK)
    return lab.backstore.iblock("crypt", device=mapped.device)


def debug_disk(lab):
    return lab.backstore.scsi_debug(SIZE_MB, f"sector_size={BLOCK} lbpu=1 lbpws=1 lbprz=1")


def fileio(lab):
    store = lab.backstore.fileio("file", f"{SIZE_MB}M")
    store.attribute("block_size", BLOCK)
    return unmaps(store)


def unmaps(store):
    for name in ("emulate_tpu", "emulate_tpws"):
        store.attribute(name, 1)
    return store


# How each is made, and whether it can unmap.
STORES = {
    "dm-crypt by iblock": (crypt, False),
    "scsi_debug by iblock": (lambda lab: unmaps(lab.backstore.iblock("debug-block", device=lab.backstore.block_node(
        debug_disk(lab)))), True),
    "scsi_debug by pscsi": (lambda lab: lab.backstore.pscsi("debug-passed", debug_disk(lab)), True),
    "fileio": (fileio, True),
}


def unmap_list():
    """SBC-3 5.28: one descriptor."""
    return bytes([0, 22, 0, 16, 0, 0, 0, 0, *BEGIN.to_bytes(8, "big"), *COUNT.to_bytes(4, "big"), 0, 0, 0, 0])


class Blocks:
    """Those around BEGIN, and what they should hold."""

    def __init__(self, lab, kind, node):
        self.lab, self.kind, self.node = lab, kind, node
        self.blocks = [FIRST] * (COUNT + 2)
        ended = node.ends(*(filled(sixteen(WRITE16, BEGIN - 1 + number, 1), FIRST) for number in range(COUNT + 2)))
        lab.equal(f"{kind}: blocks are written one by one", ended, [GOOD] * (COUNT + 2))

    def after(self, what, line, count, data, said=GOOD):
        """The command ends so, and count blocks from BEGIN on are data now."""
        for number in range(count):
            self.blocks[1 + number] = data
        size = len(self.blocks) * BLOCK
        ended = self.node.ends(line, reads(sixteen(READ16, BEGIN - 1, len(self.blocks)), size, OUTPUT))
        self.lab.equal(f"{self.kind}: {what}", ended, [said, GOOD])
        wanted = hashlib.sha256(b"".join(bytes([FILLS[name]]) * BLOCK for name in self.blocks)).hexdigest()
        got = self.node.place.run(f"sha256sum < {OUTPUT}; od -Ad -tx1 {OUTPUT}").out
        self.lab.check(f"{self.kind}: {what}: the blocks are as they should be", got.startswith(wanted),
                       f"{self.blocks}, not\n{got}")


def filled(cdb, name):
    return writes_file(cdb, f"/tmp/{name}", BLOCK)


def compared(old, new):
    return writes_file(sixteen(COMPARE_AND_WRITE, BEGIN, 0)[:13] + bytes([1, 0, 0]), f"/tmp/{old}-{new}", 2 * BLOCK)


def prepare(guest):
    guest.run("; ".join(f"head -c {BLOCK} /dev/zero | tr '\\0' '\\{byte:03o}' > /tmp/{name}"
                        for name, byte in FILLS.items()))
    guest.run(" && ".join(f"cat /tmp/{old} /tmp/{new} > /tmp/{old}-{new}"
                          for old, new in ((FIRST, SECOND), (FIRST, ZERO))))


def commands(lab, kind, node, unmaps_too):
    blocks = Blocks(lab, kind, node)
    blocks.after("WRITE SAME(16)", filled(sixteen(WRITE_SAME16, BEGIN, COUNT), SECOND), COUNT, SECOND)
    blocks.after("WRITE SAME(10)", filled(ten(WRITE_SAME10, BEGIN, COUNT), FIRST), COUNT, FIRST)
    blocks.after("COMPARE AND WRITE", compared(FIRST, SECOND), 1, SECOND)
    blocks.after("COMPARE AND WRITE of what is not there", compared(FIRST, ZERO), 0, None, MISCOMPARE)
    blocks.after("WRITE SAME of zeroes", filled(sixteen(WRITE_SAME16, BEGIN, COUNT), ZERO), COUNT, ZERO)
    if unmaps_too:
        blocks.after("blocks again", filled(sixteen(WRITE_SAME16, BEGIN, COUNT), SECOND), COUNT, SECOND)
        blocks.after("UNMAP", writes(bytes([UNMAP, 0, 0, 0, 0, 0, 0, 0, 24, 0]), unmap_list()), COUNT, ZERO)
        blocks.after("blocks once more", filled(sixteen(WRITE_SAME16, BEGIN, COUNT), SECOND), COUNT, SECOND)
        blocks.after("WRITE SAME(16) with UNMAP", filled(sixteen(WRITE_SAME16, BEGIN, COUNT, FLAG_UNMAP), ZERO), COUNT,
                     ZERO)


def verified(lab, guest, disks, how):
    """As io does it: several at once, from memory of each alignment."""
    for align in (BLOCK, 512, 4):
        jobs = {kind: guest.start(f"ioverify {disk} block={BLOCK} align={align} bytes=4M largest={LARGEST} "
                                  f"seed={align}")
                for kind, disk in disks.items()}
        for kind, job in jobs.items():
            done = job.wait(200, check=False)
            lab.check(f"{kind}, {how}: 4 MiB, memory aligned to {align} bytes", done.rc == 0, done.err)


def run(lab):
    lab.load_driver()
    guest, = lab.guests
    tools.install(guest, "ioverify")
    prepare(guest)
    target = lab.target.create(NAA)
    stores = {kind: make(lab) for kind, (make, _) in STORES.items()}
    disks = {}
    for number, (kind, store) in enumerate(stores.items()):
        vdev = f"0:0:0:{number}"
        lab.attach(guest, target.lun(number, store), vdev)
        disks[kind] = lab.disk(guest, vdev)
        node = Node(guest, lab.generic(guest, vdev))
        node.settle()
        size = guest.run(f"cat /sys/block/{disks[kind][5:]}/queue/logical_block_size").out.strip()
        lab.equal(f"{kind}: the guest's disk has blocks of 4096 bytes", int(size), BLOCK)
        commands(lab, kind, node, STORES[kind][1])
    for direct in ("Y", "N"):
        lab.dom0.run(f"echo {direct} > /sys/module/xen_scsiback/parameters/direct")
        verified(lab, guest, disks, f"direct={direct}")
    lab.dismantle(guest, [target], list(stores.values()))
