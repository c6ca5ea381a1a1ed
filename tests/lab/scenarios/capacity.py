# SPDX-License-Identifier: GPL-2.0
"""Backing devices grow and shrink: each guest that has them hears of it once, and has the new size after a rescan."""
from vscsilab.cdbs import GOOD, TEST_UNIT_READY, Node, reads, sends, ten
from vscsilab.load import VerifiedLoad
from vscsilab.mapper import Mapped, linear

GUESTS = 2
LONG = True
TIMEOUT = 400
DRIVERS = ("ours",)
NAA = "naa.50014050000000e4"
BLOCK, MIB = 512, 1 << 20
READ10 = 0x28
BEYOND = "5/21/00"
# MiB at first, grown, and shrunk; scsi_debug changes by GiB, whatever it has of them.
STORE, VIRTUAL = (16, 32, 8), (1024, 2048, 1024)
# Seconds until a guest that asks hears of it, and in which nothing more comes.
SOON, QUIET = 10, 1
NEW = "/tmp/new"


class Path:
    """A guest's to a LUN."""

    def __init__(self, lab, guest, pdev, lun):
        self.lab, self.guest, self.lun = lab, guest, lun
        self.name = f"{guest.name}, LUN {lun}"
        vdev = f"0:0:0:{lun}"
        lab.attach(guest, pdev, vdev)
        self.disk = lab.disk(guest, vdev)
        self.node = Node(guest, lab.generic(guest, vdev))
        self.node.settle()
        # Its kernel tells of each, whoever's command it came with.
        self.told = f"dmesg | grep -c ':0:0:{lun}: Capacity data has changed'"
        self.known = self.count()

    def count(self):
        return int(self.guest.run(f"{self.told}; true").out)

    def asks(self):
        """Until it is told, and goes on asking, in the background."""
        return self.guest.start(f"for i in $(seq {SOON * 5}); do sg_turs {self.node.node}; "
                                f"[ $({self.told}) = {self.known} ] || break; sleep 0.2; done; "
                                f"sleep {QUIET}; sg_turs {self.node.node}; sg_turs {self.node.node}; true")

    def times_told(self):
        """Since this was asked last."""
        before, self.known = self.known, self.count()
        return self.known - before

    def size(self):
        return int(self.guest.run(f"blockdev --getsize64 {self.disk}").out)

    def rescan(self):
        self.guest.run(f"echo 1 > /sys/block/{self.disk[5:]}/device/rescan")

    def uses_end(self, megabytes):
        """Whether the last MiB reads as it was written."""
        return self.guest.run(f"head -c {MIB} /dev/urandom > {NEW} && dd if={NEW} of={self.disk} bs=1M oflag=direct "
                              f"seek={megabytes - 1} && dd if={self.disk} bs=1M skip={megabytes - 1} iflag=direct "
                              f"status=none | cmp - {NEW}", check=False)


def each_hears(lab, what, paths):
    jobs = [path.asks() for path in paths]
    for path, job in zip(paths, jobs):
        job.wait(90)
        lab.equal(f"{what}: {path.name} hears of it once", path.times_told(), 1)


def sized(lab, what, paths, megabytes):
    for path in paths:
        path.rescan()
        lab.equal(f"{what}: {path.name} has the new size after a rescan", path.size(), megabytes * MIB)


def grows(lab, kind, paths, change, megabytes):
    what = f"{kind} grows"
    change(megabytes)
    each_hears(lab, what, paths)
    sized(lab, what, paths, megabytes)
    for path in paths:
        done = path.uses_end(megabytes)
        lab.check(f"{what}: {path.name} writes and reads the last MiB", done.rc == 0, done.err)


def beyond(paths, megabytes):
    """How a READ of the last block and one of the block behind it end, of each."""
    end = megabytes * MIB // BLOCK
    return [tuple(path.node.ends(*(reads(ten(READ10, lba, 1), BLOCK) for lba in (end - 1, end)))) for path in paths]


def shrinks(lab, kind, paths, change, megabytes):
    what = f"{kind} shrinks"
    change(megabytes)
    each_hears(lab, what, paths)
    lab.equal(f"{what}: reads up to the end and beyond it, before any rescan", beyond(paths, megabytes),
              [(GOOD, BEYOND)] * len(paths))
    sized(lab, what, paths, megabytes)


def mapped(lab):
    before, grown, _ = STORE
    ram = lab.backstore.brd(grown)
    device = Mapped(lab.dom0, "grow", linear(ram, before * MIB // BLOCK))
    return (lab.backstore.iblock("block", device=device.device),
            lambda megabytes: device.becomes(linear(ram, megabytes * MIB // BLOCK)))


def file(lab):
    store = lab.backstore.fileio("file", f"{STORE[0]}M")

    def change(megabytes):
        """target core does not look at the file again by itself."""
        lab.dom0.run(f"truncate -s {megabytes}M {store.device} && "
                     f"echo fd_dev_size={megabytes * MIB} > {store.path}/control")

    return store, change


def passed(lab):
    hctl = lab.backstore.scsi_debug(16, f"virtual_gb={VIRTUAL[0] // 1024}")
    return (lab.backstore.pscsi("passed", hctl), lambda megabytes: lab.dom0.run(
        f"echo {megabytes // 1024} > /sys/bus/pseudo/drivers/scsi_debug/virtual_gb"))


def one_kind(lab, target, kind, store, change, sizes, first, loaded):
    """g1 has it as two LUNs, g2 as one of them."""
    before, grown, shrunk = sizes
    pdevs = {number: target.lun(number, store) for number in (first, first + 1)}
    g1, g2 = lab.guests
    paths = [Path(lab, guest, pdevs[lun], lun) for guest, lun in ((g1, first), (g1, first + 1), (g2, first))]
    lab.equal(f"{kind}: all have the size", [path.size() for path in paths], [before * MIB] * len(paths))
    load = VerifiedLoad(g1, paths[0].disk) if loaded else None
    grows(lab, kind, paths, change, grown)
    if load:
        lab.check(f"{kind}: the load goes on", load.goes_on(), load.log())
        lab.check(f"{kind}: all of it read right", load.stop(), load.log())
    shrinks(lab, kind, paths, change, shrunk)
    lab.equal(f"{kind}: nothing more is told", [path.node.ends(sends(TEST_UNIT_READY)) for path in paths],
              [[GOOD]] * len(paths))


def run(lab):
    lab.load_driver()
    target, stores = lab.target.create(NAA), []
    kinds = {"iblock": (mapped, STORE), "fileio": (file, STORE), "pscsi": (passed, VIRTUAL)}
    for number, (kind, (make, sizes)) in enumerate(kinds.items()):
        store, change = make(lab)
        stores.append(store)
        one_kind(lab, target, kind, store, change, sizes, 2 * number, kind == "iblock")
    g1, g2 = lab.guests
    g2.shutdown()
    lab.dismantle(g1, [target], stores)
