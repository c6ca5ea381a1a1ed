# SPDX-License-Identifier: GPL-2.0
"""A node that starts while another one holds a disk for itself sees its size; no registration claims more than it does."""
from vscsilab.cdbs import (CONFLICT, GOOD, READ_CAPACITY10, READ_CAPACITY16, REPORT_PORT_GROUPS, Node, reads, sends, ten,
                           writes)
from vscsilab.library import Library

GUESTS = 2
TIMEOUT = 400
DRIVERS = ("ours",)
NAA = "naa.50014050000000e5"
BLOCK = 512
KEY = 0xa1
EXCLUSIVE = {3: "exclusive access", 6: "exclusive access, registrants only", 8: "exclusive access, all registrants"}
READ = reads(ten(0x28, 0, 1), BLOCK)
# What a node asks before it knows a disk (SBC-3 table 13, SPC-4 table 66).
QUESTIONS = {"READ CAPACITY(10)": reads(READ_CAPACITY10, 8), "READ CAPACITY(16)": reads(READ_CAPACITY16, 32),
             "REPORT TARGET PORT GROUPS": reads(REPORT_PORT_GROUPS, 256)}
RESERVE6, RELEASE6 = bytes([0x16, *bytes(5)]), bytes([0x17, *bytes(5)])
# PERSISTENT RESERVE IN and OUT (SPC-4 6.15, 6.16).
READ_KEYS, REPORT_CAPABILITIES = 0, 2
REGISTER, REGISTER_AND_IGNORE = 0, 6
ALL_TG_PT, SPEC_I_PT = 4, 8
ATP_C, SIP_C = 4, 8
# INVALID FIELD IN PARAMETER LIST
REFUSED = "5/26/00"
OUTPUT = "/tmp/out"
# One TransportID, of a SAS initiator, with its length before it (SPC-4 7.6.4).
OTHER_INITIATOR = bytes([0, 0, 0, 24, 6, 0, 0, 0, *bytes.fromhex("5001405000000001"), *bytes(12)])


class Case:
    """A store as one LUN, and who has it."""

    def __init__(self, lab, target, kind, store, lun):
        self.lab, self.kind, self.lun = lab, kind, lun
        self.pdev = target.lun(lun, store)
        self.vdev = f"0:0:0:{lun}"
        self.own = store.device
        self.holder, self.late = lab.guests
        lab.attach(self.holder, self.pdev, self.vdev)
        self.node = Node(self.holder, lab.generic(self.holder, self.vdev))
        self.node.settle()

    def equal(self, what, got, wanted):
        self.lab.equal(f"{self.kind}: {what}", got, wanted)

    def persist(self, words):
        return self.holder.run(f"sg_persist --out {words} {self.node.node}", timeout=60, check=False).rc

    def comes(self):
        """The other guest gets the LUN: the size that it sees at once, and its way to it."""
        self.dev = self.lab.attach(self.late, self.pdev, self.vdev)
        disk = self.lab.disk(self.late, self.vdev)
        size = int(self.late.run(f"blockdev --getsize64 {disk}").out)
        return size, Node(self.late, self.lab.generic(self.late, self.vdev))

    def goes(self):
        self.lab.detach(self.late, self.dev)


def starts_meanwhile(lab, case):
    size = int(lab.dom0.run(f"blockdev --getsize64 {case.own}").out)
    seen, node = case.comes()
    node.settle()
    usual = node.ends(*QUESTIONS.values())
    case.equal("without a reservation, a guest sees the size", (seen, usual[:2]), (size, [GOOD] * 2))
    case.goes()
    case.equal("a guest registers", case.persist(f"--register --param-sark={KEY:#x}"), 0)
    for kind, name in EXCLUSIVE.items():
        case.equal(f"{name}: reserved", case.persist(f"--reserve --param-rk={KEY:#x} --prout-type={kind}"), 0)
        seen, node = case.comes()
        case.equal(f"{name}: a guest that gets the disk now sees its size", seen, size)
        node.settle()
        answers = node.ends(*QUESTIONS.values(), READ)
        case.equal(f"{name}: what it asks is answered as without a reservation",
                   dict(zip(QUESTIONS, answers)), dict(zip(QUESTIONS, usual)))
        case.equal(f"{name}: its READ is a conflict", answers[-1], CONFLICT)
        case.goes()
        case.equal(f"{name}: released", case.persist(f"--release --param-rk={KEY:#x} --prout-type={kind}"), 0)
    case.equal("the guest takes its key back", case.persist(f"--register --param-rk={KEY:#x} --param-sark=0"), 0)


def reserved_as_of_old(case):
    """SPC-2 allows less beside RESERVE."""
    _, node = case.comes()
    node.settle()
    case.equal("a guest reserves by RESERVE(6)", case.node.ends(sends(RESERVE6)), [GOOD])
    case.equal("RESERVE(6): the other guest's READ CAPACITY(10) and READ are conflicts",
               node.ends(QUESTIONS["READ CAPACITY(10)"], READ), [CONFLICT] * 2)
    case.equal("RESERVE(6): released", case.node.ends(sends(RELEASE6)), [GOOD])
    case.equal("RESERVE(6): then they are not", node.ends(QUESTIONS["READ CAPACITY(10)"], READ), [GOOD] * 2)
    case.goes()


def persistent_in(case, action, size):
    """The data of a PERSISTENT RESERVE IN."""
    cdb = bytes([0x5e, action, 0, 0, 0, 0, 0, *size.to_bytes(2, "big"), 0])
    case.equal(f"PERSISTENT RESERVE IN, action {action}", case.node.ends(reads(cdb, size, OUTPUT)), [GOOD])
    return case.holder.get_bytes(OUTPUT)


def register(action, flags, rest=b""):
    data = bytes(8) + KEY.to_bytes(8, "big") + bytes(4) + bytes([flags, 0, 0, 0]) + rest
    return writes(bytes([0x5f, action, 0, 0, 0, *len(data).to_bytes(4, "big"), 0]), data)


def one_port_each(case):
    """What target core would do for some of the ports only."""
    offered = persistent_in(case, REPORT_CAPABILITIES, 8)[2]
    case.equal("neither ALL_TG_PT nor SPEC_I_PT is offered", offered & (ATP_C | SIP_C), 0)
    asked = {"REGISTER with ALL_TG_PT": register(REGISTER, ALL_TG_PT),
             "REGISTER AND IGNORE with ALL_TG_PT": register(REGISTER_AND_IGNORE, ALL_TG_PT),
             "REGISTER with SPEC_I_PT": register(REGISTER, SPEC_I_PT, OTHER_INITIATOR),
             "REGISTER with both": register(REGISTER, ALL_TG_PT | SPEC_I_PT, OTHER_INITIATOR)}
    case.equal("and neither is accepted", dict(zip(asked, case.node.ends(*asked.values()))),
               dict.fromkeys(asked, REFUSED))
    case.equal("nobody is registered", persistent_in(case, READ_KEYS, 64)[4:8], bytes(4))
    case.equal("an honest REGISTER is accepted", case.node.ends(register(REGISTER, 0)), [GOOD])
    case.equal("its key is there, once", persistent_in(case, READ_KEYS, 64)[4:16],
               bytes([0, 0, 0, 8]) + KEY.to_bytes(8, "big"))
    case.equal("and taken back", case.persist(f"--register --param-rk={KEY:#x} --param-sark=0"), 0)


def run(lab):
    lab.load_driver()
    library = Library(lab, disk=True)
    stores = {"iblock": lab.backstore.iblock("block", "16M"),
              "pscsi": lab.backstore.pscsi("passed", library.hctl(library.disk_lun))}
    target = lab.target.create(NAA)
    for lun, (kind, store) in enumerate(stores.items()):
        case = Case(lab, target, kind, store, lun)
        one_port_each(case)
        starts_meanwhile(lab, case)
        reserved_as_of_old(case)
    holder, late = lab.guests
    late.shutdown()
    lab.dismantle(holder, [target], list(stores.values()))
