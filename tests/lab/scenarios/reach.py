# SPDX-License-Identifier: GPL-2.0
"""The tools on a real kernel: how far reservations reach, attach --across-hosts, resize, a zoned disk."""
from vscsilab.admin import Admin
from vscsilab.cdbs import GOOD, TEST_UNIT_READY, Node, reads, sends, ten, writes
from vscsilab.targetcli import Targetcli, install

GUESTS = 2
LONG = True
TIMEOUT = 400
DRIVERS = ("ours",)
BLOCK, MIB = 512, 1 << 20
PATTERN = bytes([0xa5]) * BLOCK
# INVALID COMMAND OPERATION CODE, CAPACITY DATA HAS CHANGED
REFUSED, CHANGED = "5/20/00", "6/2a/09"
KEY = 0xc1
REGISTER = bytes(8) + KEY.to_bytes(8, "big") + bytes(8)
RESERVATIONS = {
    "PERSISTENT RESERVE IN": reads(bytes([0x5e, 0, 0, 0, 0, 0, 0, 0, 64, 0]), 64),
    "PERSISTENT RESERVE OUT": writes(bytes([0x5f, 0, 0, 0, 0, 0, 0, 0, len(REGISTER), 0]), REGISTER),
    "RESERVE(6)": sends(bytes([0x16, *bytes(5)])), "RESERVE(10)": sends(bytes([0x56, *bytes(9)]))}
WRITE, READ = writes(ten(0x2a, 8, 1), PATTERN), reads(ten(0x28, 8, 1), BLOCK)
# MiB of a file, and what it becomes.
SIZE, GROWN, SMALLER = 16, 32, 8
ZONES = "is zoned: pass it through (pscsi)"
# v-devs in g1
ACROSS, LOCAL, PASSED, FILE = "0:0:0:0", "0:0:1:0", "0:0:2:0", "0:0:3:0"


def node_of(lab, guest, vdev):
    node = Node(guest, lab.generic(guest, vdev))
    node.settle()
    return node


def across(lab, admin, guest):
    admin.attach("g1", "/dev/ram0", ACROSS, "--across-hosts")
    node, disk = node_of(lab, guest, ACROSS), lab.disk(guest, ACROSS)
    lab.equal("--across-hosts: reservations are refused", dict(zip(RESERVATIONS, node.ends(*RESERVATIONS.values()))),
              dict.fromkeys(RESERVATIONS, REFUSED))
    lab.equal("--across-hosts: WRITE and READ go on", node.ends(WRITE, READ), [GOOD] * 2)
    done = guest.run(f"head -c 1M /dev/urandom > /tmp/data; dd if=/tmp/data of={disk} bs=64k oflag=direct && "
                     f"dd if={disk} bs=64k count=16 iflag=direct status=none | cmp - /tmp/data", check=False)
    lab.check("--across-hosts: a guest reads what it wrote", done.rc == 0, done.out + done.err)


def how_far(lab, admin, guest, zoned):
    admin.attach("g1", "/dev/ram1", LOCAL)
    admin.attach("g1", zoned, PASSED)
    listed = {device["v-dev"]: device["reservations"] for controller in admin.json("list g1")[0]["controllers"]
              for device in controller["devices"]}
    lab.equal("list says how far reservations reach", listed,
              {ACROSS: "none", LOCAL: "this host", PASSED: "device"})
    node = node_of(lab, guest, LOCAL)
    lab.equal("this host: a guest registers, reads keys, reserves", node.ends(
        RESERVATIONS["PERSISTENT RESERVE OUT"], RESERVATIONS["PERSISTENT RESERVE IN"]), [GOOD] * 2)


def in_use(admin):
    admin.attach("g2", "/dev/ram2")
    admin.refused("attach g1 /dev/ram2 --share --across-hosts", 4, "keeps reservations in this host", "g2")
    admin.refused("attach g1 /dev/ram2 --across-hosts", 4, "g2")


def said_for_a_while(node):
    """How TEST UNIT READY ends for some seconds, but for good."""
    out = node.place.run(f"for i in $(seq 25); do echo {sends(TEST_UNIT_READY)} | cdbs {node.node}; sleep 0.2; done",
                         timeout=90).out
    return [line for line in out.splitlines() if line != GOOD]


def resized(lab, admin, guest):
    store = lab.backstore.fileio("grow", f"{SIZE}M")
    admin.attach("g1", "fileio/grow", FILE)
    node, disk = node_of(lab, guest, FILE), lab.disk(guest, FILE)
    lab.equal("a file: its first size", int(guest.run(f"blockdev --getsize64 {disk}").out), SIZE * MIB)
    lab.dom0.run(f"truncate -s {GROWN}M {store.device}")
    answer = admin.json(f"resize {store.device}")
    lab.equal("resize says sizes", (answer["before"], answer["after"], answer["changed"]),
              (SIZE * MIB, GROWN * MIB, True))
    lab.equal("the guest hears of it once", said_for_a_while(node), [CHANGED])
    guest.run(f"echo 1 > /sys/block/{disk[5:]}/device/rescan")
    lab.equal("after a rescan it has the new size", int(guest.run(f"blockdev --getsize64 {disk}").out), GROWN * MIB)
    done = guest.run(f"dd if=/tmp/data of={disk} bs=1M seek={GROWN - 1} oflag=direct && dd if={disk} bs=1M "
                     f"skip={GROWN - 1} iflag=direct status=none | cmp - /tmp/data", check=False)
    lab.check("and uses the last MiB", done.rc == 0, done.out + done.err)
    admin.refused(f"resize fileio/grow {SMALLER}M", 4, "--shrink", "g1")
    lab.equal("a refused resize: nothing is told", said_for_a_while(node), [])
    answer = admin.json("resize /dev/ram1")
    size = int(lab.dom0.run("blockdev --getsize64 /dev/ram1").out)
    lab.equal("of iblock, resize says the device's size, and changes nothing",
              (answer["follows"], answer["after"], answer["changed"]), (True, size, False))


def zones(lab, admin, guest, zoned):
    """Passed through it is a zoned disk; otherwise it is none, and nobody gets it."""
    disk = lab.disk(guest, PASSED)
    lab.equal("a zoned disk is passed through, and zoned in the guest",
              guest.run(f"cat /sys/block/{disk[5:]}/queue/zoned").out.strip(), "host-managed")
    admin.run(f"detach g1 {PASSED}")
    admin.refused(f"attach g1 {zoned} --backstore block", 2, ZONES)
    lab.backstore.iblock("zones", device=zoned)
    admin.refused("attach g1 block/zones", 2, ZONES)
    install(lab)
    said = Targetcli(lab).run("/xen-pvscsi map g1 block/zones", rc=1)
    lab.check("the plugin refuses it too", ZONES in said, said)


def image(lab, admin, guest):
    """A file as a disk, by its path alone."""
    lab.dom0.run("truncate -s 16M /var/tmp/disk.img && ln -sf disk.img /var/tmp/other.img && truncate -s 100 /var/tmp/odd.img")
    before = admin.state()
    given = admin.attach("g1", "/var/tmp/disk.img", "0:0:7:0")
    lab.equal("a file: the guest has it", given["state-name"], "connected")
    disk = lab.disk(guest, "0:0:7:0")
    guest.run(f"dd if=/dev/urandom of=/tmp/data bs=64k count=16 status=none; dd if=/tmp/data of={disk} bs=64k "
              f"oflag=direct status=none")
    lab.equal("a file: what the guest wrote is in it",
              lab.dom0.run("head -c 1048576 /var/tmp/disk.img | sha256sum").out, guest.run("sha256sum < /tmp/data").out)
    admin.run("attach g2 /var/tmp/other.img", 4)
    admin.run("attach g2 /var/tmp/odd.img", 2)
    admin.run("attach g2 /var/tmp/disk.img --backstore pscsi", 2)
    admin.run("detach g1 0:0:7:0")
    admin.unchanged("a file", before)


def run(lab):
    lab.load_driver()
    admin = Admin(lab)
    guest = lab.guests[0]
    lab.dom0.run("modprobe brd rd_nr=3 rd_size=8192")
    zoned = lab.backstore.block_node(lab.backstore.scsi_debug(64, "zbc=managed zone_size_mb=4"))
    across(lab, admin, guest)
    how_far(lab, admin, guest, zoned)
    in_use(admin)
    resized(lab, admin, guest)
    zones(lab, admin, guest, zoned)
    image(lab, admin, guest)
