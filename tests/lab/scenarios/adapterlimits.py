# SPDX-License-Identifier: GPL-2.0
"""A disk whose adapter takes less than a guest sends is read and written whole; errors in the middle are where they are."""
from vscsilab.cdbs import GOOD, reads, six, sixteen, ten, twelve, writes_file
from vscsilab.scripted import DISK, TAPE, Path, Scripted, fixed

GUESTS = 1
LONG = True
TIMEOUT = 400
DRIVERS = ("ours",)
NAA = "naa.50014050000000e0"
BLOCK = 512
MIB = 1 << 20
SIZE_MB, USED_MB = 16, 8
# What adapters take: few bytes, and few pieces of memory.
ADAPTERS = ({"max_sectors": 240, "sg_tablesize": 128}, {"max_sectors": 8192, "sg_tablesize": 16})
INPUT, OUTPUT = "/tmp/written", "/tmp/read"
READ10 = 0x28
# A block that cannot be read, and a command around it that is larger than both adapters take.
BAD, BLOCKS = 700, 1000
MEDIUM, ABORTED = "3/11/00", "b/47/00"
REFUSED = "5/24/00"
# Opcodes of READ and WRITE, how their CDB is made, and how many blocks it names.
SIZES = {6: (0x08, 0x0a, six, 256), 10: (0x28, 0x2a, ten, BLOCKS), 12: (0xa8, 0xaa, twelve, BLOCKS),
         16: (0x88, 0x8a, sixteen, BLOCKS)}


class Case:
    """An adapter, its disk, and a guest that has it."""

    def __init__(self, lab, guest, limits):
        self.lab, self.guest, self.limits = lab, guest, limits
        self.name = ", ".join(f"{name}={value}" for name, value in limits.items())
        self.scripted = Scripted(lab, size_mb=SIZE_MB, **limits)
        self.target = lab.target.create(NAA)
        self.stores = {lun: self.scripted.store(lun) for lun in (TAPE, DISK)}
        for lun, store in self.stores.items():
            lab.attach(guest, self.target.lun(lun, store), f"0:0:0:{lun}")
        self.disk = lab.disk(guest, f"0:0:0:{DISK}")
        self.path = Path(self.scripted, guest, DISK)
        self.path.settle()
        self.own = self.scripted.node(lab.dom0, DISK, "block")

    def ends(self, what, command):
        done = self.guest.run(command, timeout=120, check=False)
        self.lab.check(f"{self.name}: {what}", done.rc == 0, done.out + done.err)

    def in_dom0(self, blocks, first=0):
        """What dom0 reads there, as a checksum."""
        return self.lab.dom0.run(f"dd if={self.own} bs=1M skip={first * BLOCK} count={blocks * BLOCK} status=none "
                                 "iflag=direct,skip_bytes,count_bytes | sha256sum").out.split()[0]

    def close(self):
        self.lab.vscsi.detach_controller(self.guest.domid)
        self.target.delete()
        for store in self.stores.values():
            store.delete()
        self.scripted.close()


def sums(guest, *shells):
    """Checksums of what each prints."""
    out = guest.run("; ".join(f"{shell} | sha256sum" for shell in shells), timeout=120).out
    return [line.split()[0] for line in out.splitlines()]


def by_block_layer(lab, case):
    queue = f"/sys/block/{case.disk[5:]}/queue"
    case.guest.run(f"cat {queue}/max_hw_sectors_kb > {queue}/max_sectors_kb")
    lab.note(f"{case.name}: the guest sends up to {case.guest.run(f'cat {queue}/max_sectors_kb').out.strip()} KiB")
    case.ends("a guest writes 1 MiB at a time",
              f"head -c {USED_MB * MIB} /dev/urandom > {INPUT}; dd if={INPUT} of={case.disk} bs=1M oflag=direct")
    case.ends("and reads it back",
              f"dd if={case.disk} bs=1M count={USED_MB} iflag=direct status=none | cmp - {INPUT}")
    lab.equal(f"{case.name}: dom0 reads the same", case.in_dom0(USED_MB * MIB // BLOCK),
              sums(case.guest, f"cat {INPUT}")[0])
    case.ends("fio verifies what it wrote at random", f"fio --name=x --filename={case.disk} --rw=randwrite --bs=508k "
              f"--direct=1 --size={USED_MB}m --verify=crc32c --verify_state_save=0")
    lab.equal(f"{case.name}: guest and dom0 still read the same",
              sums(case.guest, f"dd if={case.disk} bs=1M count={USED_MB} iflag=direct status=none")[0],
              case.in_dom0(USED_MB * MIB // BLOCK))


def by_command(lab, case):
    """READ and WRITE of each size, as programs send them."""
    case.guest.run(f"head -c {BLOCKS * BLOCK} /dev/urandom > {INPUT}")
    for bytes_of_cdb, (read, write, cdb, blocks) in SIZES.items():
        what, size = f"{case.name}: CDBs of {bytes_of_cdb} bytes", blocks * BLOCK
        ended = case.path.ask(writes_file(cdb(write, 1, blocks), INPUT, size),
                              reads(cdb(read, 1, blocks), size, OUTPUT))
        lab.equal(f"{what}: written and read", [(answer.said, answer.moved) for answer in ended],
                  [(GOOD, size)] * 2)
        wanted, got = sums(case.guest, f"head -c {size} {INPUT}", f"cat {OUTPUT}")
        lab.check(f"{what}: the guest reads what it wrote, and so does dom0",
                  wanted == got == case.in_dom0(blocks, 1), (wanted, got))


def errors(lab, case):
    case.scripted.forget()
    case.scripted.spoil(BAD)
    answer, = case.path.ask(reads(ten(READ10, 0, BLOCKS), BLOCKS * BLOCK, OUTPUT))
    lab.equal(f"{case.name}: a bad block in the middle of a READ", (answer.said, answer.at), (MEDIUM, BAD))
    lab.equal(f"{case.name}: what is before it comes", answer.moved, BAD * BLOCK)
    good, got = answer.moved, sums(case.guest, f"cat {OUTPUT}")
    lab.equal(f"{case.name}: and is right", got, [case.in_dom0(good // BLOCK)])
    dd = case.guest.run(f"dd if={case.disk} of=/dev/null bs={BLOCK} skip={BAD - 1} count=3 iflag=direct", check=False)
    lab.check(f"{case.name}: dd fails at it", dd.rc and "No data available" in dd.err, dd.err)
    case.scripted.forget()
    if case.limits["max_sectors"] >= BLOCKS:
        return
    case.scripted.passes(DISK, READ10)
    case.scripted.answers([(DISK, READ10, {"status": 2, "residual": MIB, "sense": fixed(0xb, 0x47)})])
    answer, = case.path.ask(reads(ten(READ10, 0, BLOCKS), BLOCKS * BLOCK))
    lab.equal(f"{case.name}: an error of another kind in the middle", (answer.said, answer.at), (ABORTED, None))
    lab.check(f"{case.name}: no more is said to have come than did", answer.moved < BLOCKS * BLOCK, answer)
    case.scripted.forget()
    case.ends("after errors it is read as before", f"dd if={case.disk} of=/dev/null bs=1M count=2 iflag=direct")


def tape(lab, case):
    """The size of a tape's block is the user's choice, and a block is one command."""
    most = case.limits["max_sectors"] * BLOCK
    path = Path(case.scripted, case.guest, TAPE)
    path.settle()
    lab.equal("a tape's block: as large as the adapter takes, and larger",
              path.ends(*(reads(bytes([8, 0, *size.to_bytes(3, "big"), 0]), size) for size in (most, 2 * most))),
              [GOOD, REFUSED])
    lab.expect_log("more than its host adapter takes")


def run(lab):
    lab.load_driver()
    guest, = lab.guests
    for limits in ADAPTERS:
        case = Case(lab, guest, limits)
        by_block_layer(lab, case)
        by_command(lab, case)
        errors(lab, case)
        if limits is ADAPTERS[0]:
            tape(lab, case)
        case.close()
    lab.dismantle(guest)
