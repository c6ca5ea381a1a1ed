# SPDX-License-Identifier: GPL-2.0
"""Devices that fail, in all the ways that dm and scsi_debug have, an iSCSI target that is cut off, a device that is
removed: the guest sees what dom0 sees on the same device."""
import time

from vscsilab.cdbs import Node, reads, sixteen, ten, writes
from vscsilab.errors import LabError
from vscsilab.library import Library
from vscsilab.mapper import Mapped, linear

GUESTS = 1
TIMEOUT = 1500
LONG = True
DRIVERS = ("ours",)
NAA = "naa.50014050000000e5"
SECTORS = 32768
# Where the bad part of a disk is, in sectors.
BAD, BADS = 8192, 64
DEBUG = "/sys/bus/pseudo/drivers/scsi_debug"
# scsi_debug's opts: what it does to every_nth command.
INJECTED = {"recovered errors": 0x8, "transport errors": 0x10, "protection errors": 0x20,
            "host's protection errors": 0x40, "short transfers": 0x100}
DELAY_MS = 700
# Seconds in which iSCSI gives a target up that does not answer.
REPLACEMENT = 5

PRELUDE = r"""
export LC_ALL=C
# What the last error is, without the device's name.
told() { sed -n 's/^dd: .*: \([A-Z][^:]*\)$/\1/p' /tmp/err | tail -1; }
get() { timeout 100 dd if=$disk of=/tmp/got iflag=direct status=none "$@" 2> /tmp/err; local rc=$?
        set -- $(cksum < /tmp/got); echo "get: $rc, $2 bytes $1 $(told)"; }
put() { head -c 65536 /dev/zero | tr '\0' "$1" > /tmp/put; shift
        timeout 100 dd if=/tmp/put of=$disk oflag=direct conv=notrunc status=none "$@" 2> /tmp/err; echo "put: $? $(told)"; }
"""


class Pair:
    """The same device, dom0's and the guest's."""

    def __init__(self, lab, guest, own, disk):
        self.lab, self.places = lab, {lab.dom0: own, guest: disk}

    def run(self, place, script):
        place.put(f"{PRELUDE}disk={self.places[place]}\n{script}\n", "/tmp/script")
        return place.run("bash /tmp/script", timeout=400, check=False).out.splitlines()

    def same(self, name, script, fails=True):
        """fails: whether it must, in both places."""
        wanted, got = (self.run(place, script) for place in self.places)
        failed = [not line.split()[1].strip(",") == "0" for line in wanted]
        self.lab.equal(f"{name}: the guest sees what dom0 sees", got, wanted)
        if fails is not None:
            self.lab.check(f"{name}: that is {'an error' if fails else 'none'}", any(failed) == fails, wanted)
        return wanted


class Exports:
    def __init__(self, lab, guest):
        self.lab, self.guest = lab, guest
        self.target, self.stores = lab.target.create(NAA), []

    def disk(self, store, own):
        """A Pair; and the guest's SCSI generic node."""
        number = len(self.stores)
        self.stores.append(store)
        vdev = f"0:0:0:{number}"
        self.lab.attach(self.guest, self.target.lun(number, store), vdev)
        return (Pair(self.lab, self.guest, own, self.lab.disk(self.guest, vdev)),
                Node(self.guest, self.lab.generic(self.guest, vdev)))


def mapped(lab, exports):
    """Device mapper's faulty targets, under iblock."""
    ram = lab.backstore.brd(16)
    disk = Mapped(lab.dom0, "faulty", linear(ram, SECTORS))
    pair, node = exports.disk(lab.backstore.iblock("mapped", device=disk.device), disk.device)
    node.settle()
    # What is written comes first: what was there is not the same for who comes second.
    everything = f"put x bs=64k count=1; get bs=64k count=8; get bs=64k skip={BAD // 128} count=1"
    pair.same("a device that is well", everything, fails=False)

    lab.dom0.run("modprobe -a dm-flakey dm-delay")
    disk.becomes(f"0 {BAD} linear {ram} 0\n{BAD} {BADS} error\n"
                 f"{BAD + BADS} {SECTORS - BAD - BADS} linear {ram} {BAD + BADS}")
    pair.same("dm-error in the middle", f"get bs=4k skip={BAD // 8} count=1; put y bs=4k seek={BAD // 8} count=1; "
              f"get bs=4k skip={BAD // 8 - 1} count=1; get bs=4k skip={(BAD + BADS) // 8} count=1")
    lab.note("dm-error, by the guest's commands: " + str(node.ask(
        reads(ten(0x28, BAD, 8), 4096), writes(ten(0x2a, BAD, 1), bytes(512)), reads(sixteen(0x88, BAD - 8, 16), 8192))))
    disk.becomes(linear(ram, SECTORS))
    pair.same("dm-error is taken away", everything, fails=False)

    def flakey(words):
        # Never well, and from now on.
        disk.becomes(f"0 {SECTORS} flakey {ram} 0 0 1000 {words}".rstrip())
    flakey("")
    pair.same("dm-flakey that fails", "get bs=4k count=1; put z bs=4k count=1")
    flakey("1 error_writes")
    pair.same("dm-flakey that fails to write", "get bs=64k count=1; put z bs=64k count=1; get bs=64k count=1")
    flakey("1 drop_writes")
    wanted = pair.same("dm-flakey that drops writes", "get bs=64k count=1; put w bs=64k count=1; get bs=64k count=1",
                       fails=False)
    lab.equal("and they are dropped", wanted[0], wanted[2])
    flakey("5 corrupt_bio_byte 32 r 1 0")
    pair.same("dm-flakey that corrupts what is read", "get bs=4k count=1; get bs=64k count=1 skip=1", fails=False)

    disk.becomes(f"0 {SECTORS} delay {ram} 0 {DELAY_MS}")
    begin = time.monotonic()
    pair.same("dm-delay", "put v bs=4k count=1; get bs=4k count=1", fails=False)
    lab.check("dm-delay: each took its time", time.monotonic() - begin >= 4 * DELAY_MS / 1000)
    if lab.dom0.run("modprobe dm-dust", check=False).rc == 0:
        disk.becomes(f"0 {SECTORS} dust {ram} 0 512")
        disk.message("addbadblock 60")
        disk.message("enable")
        pair.same("dm-dust", "get bs=512 skip=60 count=1; get bs=512 skip=61 count=1; put u bs=512 seek=60 count=1; "
                  "get bs=512 skip=60 count=1")
    else:
        lab.note("this kernel has no dm-dust")
    disk.becomes(linear(ram, SECTORS))
    pair.same("all is well again", everything, fails=False)


def inject(lab, opts, every):
    lab.dom0.run(f"echo 0 > {DEBUG}/every_nth; echo {opts} > {DEBUG}/opts; echo {every} > {DEBUG}/every_nth")


def heard(answers):
    """Of what fails in the adapter it is not said how much was moved."""
    return ", ".join(answer.said if answer.said.startswith("host") else repr(answer) for answer in answers)


def debugged(lab, exports):
    """scsi_debug's errors, passed through and under iblock."""
    hctl = lab.backstore.scsi_debug(16, "delay=1 statistics=1")
    own = lab.backstore.block_node(hctl)
    passed, node = exports.disk(lab.backstore.pscsi("passed", hctl), own)
    beside = lab.dom0.run(f"ls /sys/class/scsi_device/{hctl}/device/scsi_generic").out.strip()
    host = Node(lab.dom0, f"/dev/{beside}")
    node.settle()
    commands = [reads(ten(0x28, 64, 8), 4096), writes(ten(0x2a, 64, 8), bytes(4096)), reads(sixteen(0x88, 64, 1), 512)]
    lab.equal("passed through, well: the guest hears what dom0 hears", repr(node.ask(*commands)),
              repr(host.ask(*commands)))
    for name, opts in INJECTED.items():
        inject(lab, opts, 1)
        answers = [heard(place.ask(*commands)) for place in (host, node)]
        inject(lab, 0, 0)
        lab.equal(f"passed through, {name}: the guest hears what dom0 hears", answers[1], answers[0])
        lab.note(f"{name}: {answers[0]}")
    hctl = lab.backstore.scsi_debug(16)
    own = lab.backstore.block_node(hctl)
    pair, _ = exports.disk(lab.backstore.iblock("debugged", device=own), own)
    for name in ("transport errors", "short transfers", "recovered errors"):
        # One block that is short each time is asked for again without end, by dom0's own driver.
        if name != "short transfers":
            inject(lab, INJECTED[name], 1)
            pair.same(f"iblock, {name} at each command", "get bs=4k count=1 skip=40", fails=None)
        inject(lab, INJECTED[name], 3)
        pair.same(f"iblock, {name} at every third command", "get bs=64k count=4 skip=8", fails=None)
        inject(lab, 0, 0)
    pair.same("iblock, and then none", "get bs=4k count=4", fails=False)
    return pair, hctl, passed


def stopped(lab, stop):
    """tgtd does not answer, or does again."""
    lab.dom0.run(f"kill -{'STOP' if stop else 'CONT'} $(pgrep -x tgtd)")


def comes_back(lab, what, action, wanted, patience=90):
    limit = time.monotonic() + patience
    got = action()
    while got != wanted and time.monotonic() < limit:
        time.sleep(1)
        got = action()
    lab.equal(what, got, wanted)


def cut_off(lab, exports, guest):
    """An iSCSI target that does not answer for a while: a disk under iblock, and a tape."""
    library = Library(lab, disk=True)
    lab.dom0.run("for s in /sys/class/iscsi_session/session*; do iscsiadm -m session -r ${s##*session} -o update "
                 f"-n node.session.timeo.replacement_timeout -v {REPLACEMENT}; echo {REPLACEMENT} > $s/recovery_tmo; done")
    own = lab.backstore.block_node(library.hctl(library.disk_lun))
    pair, _ = exports.disk(lab.backstore.iblock("iscsi", device=own), own)
    number = len(exports.stores)
    exports.stores.append(library.drive())
    lab.attach(guest, exports.target.lun(number, exports.stores[-1]), f"0:0:0:{number}")
    tape = Node(guest, lab.generic(guest, f"0:0:0:{number}"))
    host = Node(lab.dom0, library.node(lab.dom0, library.hctl(1), "generic"))
    read = "get bs=4k count=1 skip=7"
    library.mtx("load 1 0")
    tape.settle()
    well = pair.same("iSCSI, well", read, fails=False)
    inquiry = reads(bytes([0x12, 0, 0, 0, 36, 0]), 36)
    lab.equal("iSCSI, well: a drive", tape.ends(inquiry), ["good"])
    stopped(lab, True)
    try:
        pair.same("iSCSI, cut off", read)
        # Where the session is given up dom0's programs cannot even send anything.
        theirs = lab.dom0.run(f"sg_raw -r 36 {host.node} 12 00 00 00 24 00", check=False, timeout=90)
        got = tape.ends(inquiry)
        lab.check("iSCSI, cut off: the drive is there neither for dom0 nor for the guest",
                  theirs.rc and got[0].startswith("host"), f"dom0: {theirs.err}\nguest: {got}")
        lab.note(f"iSCSI, cut off: the guest hears {got[0]} of the drive")
    finally:
        stopped(lab, False)
    for place in pair.places:
        comes_back(lab, f"iSCSI, restored: {'dom0' if place is lab.dom0 else 'the guest'} goes on",
                   lambda place=place: pair.run(place, read), well)
    comes_back(lab, "iSCSI, restored: the guest's drive answers", lambda: tape.ends(inquiry), ["good"])


def removed(lab, pair, hctl, guest):
    """A device that is gone for good, under iblock."""
    job = guest.start(f"while dd if={pair.places[guest]} of=/dev/null bs=64k iflag=direct status=none; do :; done")
    guest.run("sleep 1")
    lab.dom0.run(f"echo 1 > /sys/class/scsi_device/{hctl}/device/delete", timeout=60)
    try:
        job.wait(90, check=False)
        ended = True
    except LabError:
        ended = False
    lab.check("the device is removed: the guest's reads end", ended)
    got = pair.run(guest, "get bs=4k count=1; put q bs=4k count=1")
    lab.check("and all others fail", all(not line.split()[1].strip(",") == "0" for line in got), got)
    lab.note(f"the guest says: {got}")


def run(lab):
    lab.load_driver()
    guest, = lab.guests
    guest.run("modprobe -a sg st")
    exports = Exports(lab, guest)
    mapped(lab, exports)
    pair, hctl, _ = debugged(lab, exports)
    cut_off(lab, exports, guest)
    removed(lab, pair, hctl, guest)
    disk = lab.disk(guest, "0:0:0:0")
    lab.check("the guest's other disk works", guest.run(
        f"dd if={disk} of=/dev/null bs=64k iflag=direct status=none", check=False, timeout=120).rc == 0)
    lab.dismantle(guest, [exports.target], exports.stores)
