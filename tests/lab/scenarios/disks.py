# SPDX-License-Identifier: GPL-2.0
"""What is wrong with a backing device reaches the guest as what it is: bad sectors, no space, another host's reservation."""
from vscsilab.cdbs import CONFLICT, GOOD, Node, reads, sixteen, ten, writes
from vscsilab.library import Library
from vscsilab.scripted import DISK, Scripted
from vscsilab.thin import PROMISED, thin_stores

GUESTS = 1
TIMEOUT = 400
DRIVERS = ("ours",)
NAA = "naa.50014050000000e2"
BLOCK = 512
READ10, WRITE10, WRITE_SAME10, WRITE_SAME16 = 0x28, 0x2a, 0x41, 0x93
# scsi_debug tells of no smaller number, wherever its bad sectors are.
BAD, BADS = 4660, 8
MEDIUM, FULL = "3/11/00", "7/27/07"
PATTERN = bytes([0x5a]) * BLOCK
KEY = "0xb2"
WRITE_EXCLUSIVE, EXCLUSIVE_ACCESS = 1, 3
# Results of a host adapter, as Linux and the wire count them.
DISRUPTED, TRANSPORT_FAILED, TRANSPORT_MARGINAL = 14, 15, 20


class Lun:
    def __init__(self, lab, guest, target, number, store):
        self.lab, self.guest, self.store = lab, guest, store
        vdev = f"0:0:0:{number}"
        lab.attach(guest, target.lun(number, store), vdev)
        self.disk = lab.disk(guest, vdev)
        self.node = Node(guest, lab.generic(guest, vdev))
        self.node.settle()

    def fails(self, what, arguments, text):
        """dd fails, and with this error."""
        done = self.guest.run(f"dd {arguments}", check=False, timeout=120)
        self.lab.check(what, done.rc and text in done.err, done.err)


def read(lba, blocks):
    return reads(ten(READ10, lba, blocks), blocks * BLOCK)


def bad_sectors(lab, kind, lun):
    ranges = {"of bad sectors alone": (BAD, BADS), "into which they come": (BAD - 6, 128),
              "of the third of them": (BAD + 2, 1), "before them": (BAD - 8, 8), "after them": (BAD + BADS, 8)}
    wanted = [(MEDIUM, BAD)] * 2 + [(MEDIUM, BAD + 2)] + [(GOOD, None)] * 2
    answers = lun.node.ask(*(read(*extent) for extent in ranges.values()))
    for name, answer, expected in zip(ranges, answers, wanted):
        lab.equal(f"{kind}: a READ {name}", (answer.said, answer.at), expected)


def bad(lab, guest, target):
    luns = {}
    for number, kind in enumerate(("pscsi", "iblock")):
        hctl = lab.backstore.scsi_debug(16, f"opts=2 medium_error_start={BAD} medium_error_count={BADS}")
        own = lab.backstore.block_node(hctl)
        store = (lab.backstore.pscsi("bad-passed", hctl) if kind == "pscsi" else
                 lab.backstore.iblock("bad-block", device=own))
        luns[kind] = Lun(lab, guest, target, number, store)
        done = lab.dom0.run(f"dd if={own} of=/dev/null bs=64k count={BAD * BLOCK} iflag=direct,count_bytes && "
                            f"! dd if={own} of=/dev/null bs={BLOCK} skip={BAD} count=1 iflag=direct", check=False)
        lab.check(f"{kind}: dom0 reads up to the bad sectors", done.rc == 0, done.err)
    for kind, lun in luns.items():
        bad_sectors(lab, kind, lun)
    for kind, lun in luns.items():
        lun.fails(f"{kind}: dd says it", f"if={lun.disk} of=/dev/null bs={BLOCK} skip={BAD} count=1 iflag=direct",
                  "No data available")
    return [lun.store for lun in luns.values()]


def full(lab, guest, target):
    stores = thin_stores(lab)
    for number, (kind, store) in enumerate(stores.items(), 2):
        lun = Lun(lab, guest, target, number, store)
        lun.fails(f"{kind}: dd writes until there is no space", f"if=/dev/zero of={lun.disk} bs=64k oflag=direct",
                  "No space left on device")
        free = PROMISED // 2
        lab.equal(f"{kind}, full: WRITE and WRITE SAME of what has no space yet", lun.node.ends(
            writes(ten(WRITE10, free, 1), PATTERN), writes(ten(WRITE_SAME10, free, 8), PATTERN),
            writes(sixteen(WRITE_SAME16, free, 128), PATTERN)), [FULL] * 3)
        lab.equal(f"{kind}, full: WRITE of what has, READ of either", lun.node.ends(
            writes(ten(WRITE10, 8, 1), PATTERN), read(8, 1), read(free, 1)), [GOOD] * 3)
    return list(stores.values())


def other_host(lab, guest, target):
    """A disk of a SAN, reserved by another host."""
    library = Library(lab, disk=True)
    device = lab.backstore.block_node(library.hctl(library.disk_lun))
    lun = Lun(lab, guest, target, 4, lab.backstore.iblock("shared", device=device))
    other = Node(lab.dom0, library.other_host(library.disk_lun))
    other.settle()
    write = writes(ten(WRITE10, 0, 1), PATTERN)
    lab.equal("another host's disk: the guest writes and reads", lun.node.ends(write, read(0, 1)), [GOOD] * 2)
    lab.dom0.run(f"sg_persist --out --register --param-sark={KEY} {other.node}")
    for kind, readable in ((WRITE_EXCLUSIVE, True), (EXCLUSIVE_ACCESS, False)):
        lab.dom0.run(f"sg_persist --out --reserve --param-rk={KEY} --prout-type={kind} {other.node}")
        lab.equal(f"another host's reservation of type {kind}: the guest's WRITE and READ",
                  lun.node.ends(write, read(0, 1)), [CONFLICT, GOOD if readable else CONFLICT])
        lun.fails(f"another host's reservation of type {kind}: dd says it",
                  f"if=/dev/zero of={lun.disk} bs=4k count=1 oflag=direct", "Invalid exchange")
        lab.dom0.run(f"sg_persist --out --release --param-rk={KEY} --prout-type={kind} {other.node}")
    lab.equal("the other host releases: the guest writes and reads", lun.node.ends(write, read(0, 1)), [GOOD] * 2)
    return [lun.store]


def transport(lab, guest, target):
    """What is worth another try, or another path, is no sense data."""
    scripted = Scripted(lab)
    store = lab.backstore.iblock("transport", device=scripted.node(lab.dom0, DISK, "block"))
    lun = Lun(lab, guest, target, 5, store)
    for host in (TRANSPORT_FAILED, TRANSPORT_MARGINAL):
        scripted.answers([(DISK, READ10, dict(host=host, residual=8 * BLOCK))])
        lab.equal(f"iblock: the transport fails ({host}), and then a READ", lun.node.ends(read(0, 8), read(0, 8)),
                  [f"host {DISRUPTED}", GOOD])
    return [store]


def run(lab):
    lab.load_driver()
    guest, = lab.guests
    target = lab.target.create(NAA)
    stores = [store for part in (bad, full, other_host, transport) for store in part(lab, guest, target)]
    lab.dismantle(guest, [target], stores)
