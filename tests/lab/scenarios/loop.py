# SPDX-License-Identifier: GPL-2.0
"""What target core and its backstores answer by themselves, through their own loopback fabric and without our module."""
import contextlib

from vscsilab.cdbs import (CONFLICT, GOOD, READ_CAPACITY10, READ_CAPACITY16, REPORT_PORT_GROUPS, TEST_UNIT_READY, Node,
                           reads, sends, sixteen, ten, writes)
from vscsilab.library import Library
from vscsilab.loopback import Loopback
from vscsilab.mapper import Mapped, linear
from vscsilab.thin import PROMISED, thin_stores

# What is checked is so in Linux 6.1. Where a newer kernel answers better, the documentation of what
# is ours and what is target core's has to follow.
GUESTS = 0
TIMEOUT = 400
LONG = True
# Two target ports and one initiator.
NAAS, INITIATOR = ("naa.50014050000000e7", "naa.50014050000000e8"), "naa.70014050000000e7"
BLOCK, MIB = 512, 1 << 20
READ10, WRITE10, WRITE_SAME10, WRITE_SAME16 = 0x28, 0x2a, 0x41, 0x93
# LOGICAL UNIT COMMUNICATION FAILURE stands for every error of a bio or a file.
FAILURE, BEYOND = "2/08/00", "5/21/00"
# scsi_debug tells of no smaller number, wherever its bad sectors are.
BAD, BADS = 4660, 8
PATTERN = bytes([0x5a]) * BLOCK
KEY = 0xc3
WRITE_EXCLUSIVE, EXCLUSIVE_ACCESS, WRITE_EXCLUSIVE_REGISTRANTS = 1, 3, 5
# PERSISTENT RESERVE IN (SPC-4 6.15).
READ_KEYS, REPORT_CAPABILITIES, READ_FULL_STATUS = 0, 2, 3
ATP_C, SIP_C = 4, 8
# In a descriptor of READ FULL STATUS: its length with a TransportID of SAS, and ALL_TG_PT.
FULL_STATUS, ALL_TG_PT = 48, 2
# MiB at first, grown, and shrunk.
BEFORE, GROWN, SHRUNK = 8, 16, 4
INQUIRY = bytes([0x12, 0, 0, 0, 36, 0])
TYPE_DISK, TYPE_ZBC = 0, 0x14
OUTPUT = "/tmp/out"


def read(lba, blocks=1):
    return reads(ten(READ10, lba, blocks), blocks * BLOCK)


def write(lba, blocks=1):
    return writes(ten(WRITE10, lba, blocks), PATTERN * blocks)


def data(node, cdb, size):
    """What the command reads, and nothing if it fails."""
    return node.place.get_bytes(OUTPUT) if node.ends(reads(cdb, size, OUTPUT)) == [GOOD] else b""


def capacity(node):
    """In bytes, by READ CAPACITY(10)."""
    return (int.from_bytes(data(node, READ_CAPACITY10, 8)[:4], "big") + 1) * BLOCK


@contextlib.contextmanager
def exported(store, *ports):
    """dom0's way to it through each port."""
    yield [port.export(0, store) for port in ports]
    for port in ports:
        port.remove_lun(0)
    store.delete()


def bad(lab, port, _):
    hctl = lab.backstore.scsi_debug(16, f"opts=2 medium_error_start={BAD} medium_error_count={BADS}")
    store = lab.backstore.iblock("bad", device=lab.backstore.block_node(hctl))
    with exported(store, port) as (node,):
        ranges = {"of bad sectors alone": (BAD, BADS), "into which they come": (BAD - 6, 128),
                  "before them": (BAD - 8, 8)}
        for name, extent in ranges.items():
            answer, = node.ask(read(*extent))
            lab.equal(f"iblock: a READ {name}", (answer.said, answer.at),
                      (GOOD if name == "before them" else FAILURE, None))


def full(lab, port, _):
    for kind, store in thin_stores(lab).items():
        with exported(store, port) as (node,):
            disk = lab.backstore.block_node(node.hctl)
            done = lab.dom0.run(f"dd if=/dev/zero of={disk} bs=64k oflag=direct", check=False, timeout=120)
            lab.check(f"{kind}: dd writes until there is an I/O error", done.rc and "Input/output error" in done.err,
                      done.err)
            free = PROMISED // 2
            lab.equal(f"{kind}, full: WRITE and WRITE SAME of what has no space yet", node.ends(
                write(free), writes(ten(WRITE_SAME10, free, 8), PATTERN),
                writes(sixteen(WRITE_SAME16, free, 128), PATTERN)), [FAILURE] * 3)
            lab.equal(f"{kind}, full: WRITE of what has, READ of either", node.ends(
                write(8), read(8), read(free)), [GOOD] * 3)


def other_host(lab, port, _):
    """A disk of a SAN, reserved by another host."""
    library = Library(lab, disk=True)
    store = lab.backstore.iblock("shared", device=lab.backstore.block_node(library.hctl(library.disk_lun)))
    with exported(store, port) as (node,):
        other = Node(lab.dom0, library.other_host(library.disk_lun))
        other.settle()
        lab.equal("another host's disk: WRITE and READ", node.ends(write(0), read(0)), [GOOD] * 2)
        persist(other, f"--register --param-sark={KEY:#x}")
        for kind, wanted in ((WRITE_EXCLUSIVE, [FAILURE, GOOD]), (EXCLUSIVE_ACCESS, [FAILURE] * 2)):
            persist(other, f"--reserve --param-rk={KEY:#x} --prout-type={kind}")
            lab.equal(f"another host's reservation of type {kind}: WRITE and READ", node.ends(write(0), read(0)),
                      wanted)
            persist(other, f"--release --param-rk={KEY:#x} --prout-type={kind}")
        lab.equal("the other host releases: WRITE and READ", node.ends(write(0), read(0)), [GOOD] * 2)


def persist(node, words):
    node.place.run(f"sg_persist --out {words} {node.node}")


def persistent_in(node, action, size):
    return data(node, bytes([0x5e, action, 0, 0, 0, 0, 0, *size.to_bytes(2, "big"), 0]), size)


def exclusive(lab, *ports):
    """What a node asks before it knows a disk."""
    questions = {"READ CAPACITY(10)": reads(READ_CAPACITY10, 8), "READ CAPACITY(16)": reads(READ_CAPACITY16, 32),
                 "REPORT TARGET PORT GROUPS": reads(REPORT_PORT_GROUPS, 256), "READ": read(0)}
    with exported(lab.backstore.iblock("exclusive"), *ports) as (holder, other):
        persist(holder, f"--register --param-sark={KEY:#x}")
        persist(holder, f"--reserve --param-rk={KEY:#x} --prout-type={EXCLUSIVE_ACCESS}")
        for name, node, wanted in (("holder", holder, [GOOD] * 4),
                                   ("other nexus", other, [CONFLICT, CONFLICT, GOOD, CONFLICT])):
            lab.equal(f"exclusive access: what the {name} gets", dict(zip(questions, node.ends(*questions.values()))),
                      dict(zip(questions, wanted)))
        persist(holder, f"--clear --param-rk={KEY:#x}")
        lab.equal("then the other nexus gets all", other.ends(*questions.values()), [GOOD] * 4)


def all_ports(lab, *ports):
    with exported(lab.backstore.iblock("ports"), *ports) as (one, other):
        offered = [byte & (ATP_C | SIP_C) for byte in persistent_in(one, REPORT_CAPABILITIES, 8)[2:3]]
        lab.equal("ALL_TG_PT and SPEC_I_PT are offered", offered, [ATP_C | SIP_C])
        persist(one, f"--register --param-sark={KEY:#x} --param-alltgpt")
        lab.equal("REGISTER with ALL_TG_PT: one key", persistent_in(one, READ_KEYS, 64)[4:16],
                  bytes([0, 0, 0, 8]) + KEY.to_bytes(8, "big"))
        status = persistent_in(one, READ_FULL_STATUS, 256)
        lab.note(f"READ FULL STATUS: {status.hex()}")
        lab.equal("READ FULL STATUS: one registration, and it is called one of all ports",
                  (int.from_bytes(status[4:8], "big"), status[20:21]), (FULL_STATUS, bytes([ALL_TG_PT])))
        persist(one, f"--reserve --param-rk={KEY:#x} --prout-type={WRITE_EXCLUSIVE_REGISTRANTS}")
        lab.equal("the registrants' reservation: WRITE and READ through the port of REGISTER and through the other",
                  [node.ends(write(0), read(0)) for node in (one, other)], [[GOOD, GOOD], [CONFLICT, GOOD]])
        persist(one, f"--clear --param-rk={KEY:#x}")


def says(lab, what, node, megabytes):
    """No unit attention, and this size."""
    lab.equal(f"{what}: TEST UNIT READY, and the size", (node.ends(sends(TEST_UNIT_READY)), capacity(node)),
              ([GOOD], megabytes * MIB))


def ends_at(lab, what, node, megabytes):
    end = megabytes * MIB // BLOCK
    lab.equal(f"{what}: READ up to the end and beyond it", node.ends(read(end - 1), read(end)), [GOOD, BEYOND])


def mapped_grows(lab, port, _):
    ram = lab.backstore.brd(GROWN)
    device = Mapped(lab.dom0, "grow", linear(ram, BEFORE * MIB // BLOCK))
    with exported(lab.backstore.iblock("mapped", device=device.device), port) as (node,):
        says(lab, "iblock", node, BEFORE)
        for what, size in (("grows", GROWN), ("shrinks", SHRUNK)):
            device.becomes(linear(ram, size * MIB // BLOCK))
            says(lab, f"iblock {what}", node, size)
            ends_at(lab, f"iblock {what}", node, size)
    device.remove()


def file_grows(lab, port, _):
    store = lab.backstore.fileio("file", f"{BEFORE}M")
    with exported(store, port) as (node,):
        old = BEFORE
        for what, size in (("grows", GROWN), ("shrinks", SHRUNK)):
            lab.dom0.run(f"truncate -s {size}M {store.device}")
            says(lab, f"fileio's file {what}", node, old)
            lab.dom0.run(f"echo fd_dev_size={size * MIB} > {store.path}/control")
            says(lab, f"fileio's file {what}, fd_dev_size is written", node, size)
            ends_at(lab, f"fileio's file {what}, fd_dev_size is written", node, size)
            old = size


def device_type(node):
    return [byte & 0x1f for byte in data(node, INQUIRY, 36)[:1]]


def zoned(lab, port, _):
    lab.backstore.unload_scsi_debug()
    hctl = lab.backstore.scsi_debug(16, "zbc=managed")
    disk = lab.backstore.block_node(hctl)
    own = Node(lab.dom0, "/dev/" + lab.dom0.run(f"ls /sys/class/scsi_device/{hctl}/device/scsi_generic").out.strip())
    own.settle()
    queue = f"/sys/block/{disk.rsplit('/', 1)[1]}/queue"
    lab.equal("a host-managed disk, by itself", (device_type(own), lab.dom0.run(f"cat {queue}/zoned").out.strip()),
              ([TYPE_ZBC], "host-managed"))
    # The first zone is a conventional one.
    zone = int(lab.dom0.run(f"cat {queue}/chunk_sectors").out)
    with exported(lab.backstore.iblock("zoned", device=disk), port) as (node,):
        lab.equal("by iblock it is an ordinary one", device_type(node), [TYPE_DISK])
        lab.note("host-managed by iblock: WRITE at a zone's write pointer, and not at it: "
                 + ", ".join(node.ends(write(zone), write(zone + 8))) + "; by itself: "
                 + ", ".join(own.ends(write(zone + 1), write(zone + 8))))


def run(lab):
    lab.check("the module under test is not there", not lab.driver_loaded())
    ports = [Loopback(lab.dom0, naa, INITIATOR) for naa in NAAS]
    for part in (bad, full, other_host, exclusive, all_ports, mapped_grows, file_grows, zoned):
        part(lab, *ports)
    for port in ports:
        port.delete()
