# SPDX-License-Identifier: GPL-2.0
"""A CDB is judged by what it does: no false direction gets past a reservation or a write protection."""
from vscsilab import tools
from vscsilab.cdbs import CONFLICT, GOOD, sixteen, ten, twelve
from vscsilab.scripted import DISK, Scripted

GUESTS = 2
TIMEOUT = 900
DRIVERS = ("ours",)
NAA, PROTECTED = "naa.50014050000000c1", "naa.50014050000000c2"
INITIATOR = "naa.50014050000000ca"
# As the tool says it: INVALID FIELD IN CDB, WRITE PROTECTED.
REFUSED, PROTECT = "5/24/00", "7/27/00"
KEYS = ("0xa1", "0xb2")
# Each command has eight blocks of its own, so that what was written tells which one wrote.
SPACING, BLOCK = 8, 512
AREA = 128 << 10
FILL = 0xa5
FILLED = "/tmp/filled"


class Command:
    """A CDB with what the guest says of its data: bytes that it takes (into), those that it sends (out), or none."""

    def __init__(self, name, cdb, into=0, out=b""):
        self.name, self.cdb = name, cdb
        self.data = f"in {into}" if into else f"out {out.hex()}" if out else "none"


def one_block(_):
    return bytes(BLOCK)


def compare_list(_):
    return bytes([FILL]) * BLOCK + bytes(BLOCK)


def unmap_list(lba):
    """SBC-3 5.28: one descriptor, of the command's own blocks."""
    return bytes([0, 22, 0, 16, 0, 0, 0, 0, *lba.to_bytes(8, "big"), *SPACING.to_bytes(4, "big"), 0, 0, 0, 0])


# What writes at a block: its CDB, and the data that go with it.
WRITES = {
    "WRITE(6)": (lambda lba: bytes([0x0a, 0, *lba.to_bytes(2, "big"), 1, 0]), one_block),
    "WRITE(10)": (lambda lba: ten(0x2a, lba, 1), one_block),
    "WRITE(12)": (lambda lba: twelve(0xaa, lba, 1), one_block),
    "WRITE(16)": (lambda lba: sixteen(0x8a, lba, 1), one_block),
    "WRITE AND VERIFY(10)": (lambda lba: ten(0x2e, lba, 1), one_block),
    "COMPARE AND WRITE": (lambda lba: bytes([0x89, 0, *lba.to_bytes(8, "big"), 0, 0, 0, 1, 0, 0]), compare_list),
}
# The same for what rd_mcp does not know.
THIN = {
    "WRITE SAME(10)": (lambda lba: ten(0x41, lba, 1), one_block),
    "WRITE SAME(16)": (lambda lba: sixteen(0x93, lba, SPACING), one_block),
    "WRITE SAME(16) with UNMAP": (lambda lba: sixteen(0x93, lba, SPACING, 8), one_block),
    "UNMAP": (lambda lba: bytes([0x42, 0, 0, 0, 0, 0, 0, 0, 24, 0]), unmap_list),
}
READ = Command("READ(10)", ten(0x28, 0, 1), into=BLOCK)


class Batch:
    """All of these with a true direction, and with both false ones."""

    def __init__(self, kinds):
        self.all = []
        for claim in ("", " that claims to read", " that claims no data"):
            for name, (cdb, data) in kinds.items():
                lba = len(self.all) * SPACING
                sent = data(lba)
                self.all.append(Command(name + claim, cdb(lba), into=len(sent) if "read" in claim else 0,
                                        out=b"" if claim else sent))
        self.true, self.false = self.all[:len(kinds)], self.all[len(kinds):]

    def names(self, text):
        return [self.all[int(number)].name for number in text.split()]


class Disk:
    """A guest's path to a LUN."""

    def __init__(self, lab, guest, pdev, vdev, **options):
        self.guest = guest
        lab.attach(guest, pdev, vdev, **options)
        self.block = lab.disk(guest, vdev)
        self.generic = "/dev/" + guest.run(
            f"ls /sys/class/scsi_device/*:{vdev.split(':', 1)[1]}/device/scsi_generic").out.strip()

    def answers(self, sent):
        """How each ended, by name; what there is of unit attentions is over before."""
        settling = [Command("TEST UNIT READY", bytes(6))] * 2
        text = "\n".join(f"{item.cdb.hex()} {item.data}" for item in (*settling, *sent))
        lines = self.guest.run(f"cdbs {self.generic}", timeout=120, stdin=text).out.splitlines()
        return dict(zip((item.name for item in sent), lines[len(settling):]))

    def does(self, *commands):
        """One after another, since each by itself costs the time of all."""
        return self.guest.run(" && ".join(commands)).out

    def persist(self, words):
        return f"sg_persist --out {words} {self.generic} > /dev/null"

    def fill(self):
        return f"dd if={FILLED} of={self.block} bs={AREA} oflag=direct status=none"

    def written(self):
        return changed(f"dd if={self.block} bs={AREA} count=1 iflag=direct status=none")


def changed(reads):
    """Prints the numbers of the commands whose blocks are not as they were filled."""
    return f"{reads} | cmp -l - {FILLED} | awk '{{ print int(($1 - 1) / {SPACING * BLOCK}) }}' | uniq"


def other_than(answers, *wanted):
    return {name: answer for name, answer in answers.items() if answer not in wanted}


def judge(lab, what, answers, batch, refusal):
    """Reads pass; what writes ends with the refusal, whether it says so or not."""
    lab.equal(f"{what}: reads", answers.pop(READ.name), GOOD)
    false = {item.name: answers.pop(item.name) for item in batch.false}
    lab.equal(f"{what}: what writes is refused", other_than(answers, refusal), {})
    lab.equal(f"{what}: what writes and denies it is refused", other_than(false, refusal), {})


def fenced(lab, what, holder, other, batch, kind):
    """other must not write while holder has reserved for writing."""
    holder.does(holder.fill(), holder.persist(f"--reserve --param-rk={KEYS[0]} --prout-type={kind}"))
    judge(lab, what, other.answers([*batch.all, READ]), batch, CONFLICT)
    written = holder.does(holder.written(), holder.persist(f"--release --param-rk={KEYS[0]} --prout-type={kind}"))
    lab.equal(f"{what}: nothing is written", batch.names(written), [])


def reserved(lab, name, holder, other, batch, kinds, registrant=False):
    holder.does(holder.persist(f"--register --param-sark={KEYS[0]}"))
    for kind in kinds:
        fenced(lab, f"{name}, reservation of type {kind}", holder, other, batch, kind)
    if registrant:
        other.does(other.persist(f"--register --param-sark={KEYS[1]}"))
        fenced(lab, f"{name}, reservation of type 1, another registrant", holder, other, batch, 1)
        other.does(other.persist(f"--register --param-rk={KEYS[1]} --param-sark=0"))
    holder.does(holder.persist(f"--register --param-rk={KEYS[0]} --param-sark=0"), holder.fill())
    # With nothing in the way all of them do write, or they would have shown nothing.
    lab.equal(f"{name}, not reserved: what writes is carried out", other_than(other.answers(batch.true), GOOD), {})
    lab.equal(f"{name}, not reserved: each writes", batch.names(holder.does(holder.written())),
              [item.name for item in batch.true])


def protected(lab, what, disk, batch, written):
    judge(lab, what, disk.answers([*batch.all, READ]), batch, PROTECT)
    lab.equal(f"{what}: nothing is written", written(), [])
    mode = disk.guest.run(f"sg_raw -r 4 -o /tmp/mode {disk.generic} 1a 00 3f 00 04 00 && "
                          "od -An -tu1 -j2 -N1 /tmp/mode").out
    lab.check(f"{what}: MODE SENSE says so", int(mode) & 0x80, mode)


def port_groups(lab, first, second):
    """No guest decides for another whether its port is there."""
    cdb = bytes([0xa4, 0x0a, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0])
    # SPC-4 6.38: relative target port 1 goes OFFLINE.
    offline = bytes([0, 0, 0, 0, 0x0e, 0, 0, 1])
    for command in (Command("SET TARGET PORT GROUPS that claims to read", cdb, into=len(offline)),
                    Command("SET TARGET PORT GROUPS", cdb, out=offline)):
        lab.equal(f"{command.name} is refused", second.answers([command]), {command.name: REFUSED})
        lab.equal(f"after {command.name} the other guest goes on",
                  other_than(first.answers([Command("TEST UNIT READY", bytes(6)), READ]), GOOD), {})


ANY_DEVICE = [
    Command("TEST UNIT READY", bytes(6)),
    Command("INQUIRY", bytes([0x12, 0, 0, 0, 36, 0]), into=36),
    Command("MODE SELECT(6) of nothing", bytes([0x15, 0x10, 0, 0, 0, 0])),
    Command("PERSISTENT RESERVE OUT", bytes([0x5f, 6, 0, 0, 0, 0, 0, 0, 24, 0]), out=bytes(24)),
    Command("READ(10)", ten(0x28, 0, 1), into=BLOCK),
    Command("READ(10) of no block", ten(0x28, 0, 0)),
    Command("WRITE(10)", ten(0x2a, 0, 1), out=bytes(BLOCK)),
    Command("WRITE(10) of no block", ten(0x2a, 0, 0)),
    Command("SYNCHRONIZE CACHE(10)", ten(0x35, 0, 0)),
    Command("START STOP UNIT", bytes([0x1b, 1, 0, 0, 1, 0])),
    Command("VERIFY(10)", ten(0x2f, 0, 1)),
    Command("REQUEST SENSE", bytes([3, 0, 0, 0, 18, 0]), into=18),
    Command("READ CAPACITY(10)", ten(0x25, 0, 0), into=8),
]
EMULATED = [
    *ANY_DEVICE,
    Command("READ CAPACITY(16)", sixteen(0x9e, 0, 32, 0x10), into=32),
    Command("PERSISTENT RESERVE IN", bytes([0x5e, 0, 0, 0, 0, 0, 0, 0, 64, 0]), into=64),
    Command("REPORT LUNS", bytes([0xa0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]), into=256),
    Command("REPORT TARGET PORT GROUPS", bytes([0xa3, 0x0a, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]), into=256),
]
PASSED_THROUGH = [
    *ANY_DEVICE,
    Command("PERSISTENT RESERVE OUT of nothing", bytes([0x5f, 6, *bytes(8)])),
    Command("LOG SENSE", bytes([0x4d, 0, 0x40, 0, 0, 0, 0, 0, 64, 0]), into=64),
    Command("a vendor's command", bytes([0xc5, 1, *bytes(8)])),
    Command("a vendor's command that reads", bytes([0xc5, 2, *bytes(8)]), into=64),
    Command("a vendor's command that writes", bytes([0xc5, 3, *bytes(8)]), out=bytes(64)),
]
FALSE = [
    Command("WRITE(6) that claims to read", bytes([0x0a, 0, 0, 0, 1, 0]), into=BLOCK),
    Command("WRITE(10) that claims to read", ten(0x2a, 0, 1), into=BLOCK),
    Command("PERSISTENT RESERVE OUT that claims to read", bytes([0x5f, 0, 0, 0, 0, 0, 0, 0, 24, 0]), into=24),
    Command("TEST UNIT READY that claims to read", bytes(6), into=36),
]


def reached(scripted):
    """The CDBs that the adapter was given."""
    return [line.split()[1] for line in scripted.log() if not line.startswith("abort")]


def honest(lab, scripted, emulated, passed_through):
    lab.equal("an emulated disk does as it is asked", other_than(emulated.answers(EMULATED), GOOD), {})
    lab.equal("and refuses a false direction", other_than(emulated.answers(FALSE), REFUSED), {})
    settling = [bytes(6).hex()] * 2
    scripted.forget()
    lab.equal("a passed-through disk does as it is asked",
              other_than(passed_through.answers(PASSED_THROUGH), GOOD), {})
    lab.equal("and is sent just that", reached(scripted), settling + [item.cdb.hex() for item in PASSED_THROUGH])
    scripted.forget()
    lab.equal("a passed-through disk's false directions are refused",
              other_than(passed_through.answers(FALSE), REFUSED), {})
    lab.equal("before they reach the adapter", reached(scripted), settling)


def read_only(lab, batch, scripted, paths):
    """Each way to make a LUN read-only; beside is a way to write one of them."""
    backstore, group, acl, passed_through, beside = paths
    protected(lab, "a read-only backstore", backstore, batch,
              lambda: batch.names(lab.dom0.run(changed(f"head -c {AREA} /var/tmp/readonly.img")).out))
    beside.does(beside.fill())
    protected(lab, "a read-only portal group", group, batch, lambda: batch.names(beside.does(beside.written())))
    protected(lab, "an initiator's read-only LUN", acl, batch, lambda: batch.names(beside.does(beside.written())))
    writes = Batch(WRITES)
    scripted.forget()
    sent = {item.cdb.hex() for item in writes.all}
    protected(lab, "a read-only portal group, passed through", passed_through, writes,
              lambda: [cdb for cdb in reached(scripted) if cdb in sent])


def prepare(lab):
    for place in (lab.dom0, *lab.guests):
        place.run(f"head -c {AREA} /dev/zero | tr '\\0' '\\{FILL:o}' > {FILLED}; modprobe sg; "
                  "mkdir -p /var/target/pr /var/target/alua")
    for guest in lab.guests:
        tools.install(guest, "cdbs")


def run(lab):
    lab.load_driver()
    prepare(lab)
    scripted = Scripted(lab)
    target = lab.target.create(NAA)
    stores = {"iblock": lab.backstore.loop("shared"), "fileio": lab.backstore.fileio("file"),
              "ramdisk": lab.backstore.ramdisk("ram")}
    readonly = lab.backstore.loop("readonly", readonly=True)
    lab.dom0.run(f"dd if={FILLED} of=/var/tmp/readonly.img conv=notrunc status=none")
    lab.dom0.run("echo 1 | tee " + " ".join(f"{store.path}/attrib/emulate_tpu {store.path}/attrib/emulate_tpws"
                                            for store in (stores["iblock"], stores["fileio"], readonly)))
    ports, passed_through = lab.backstore.ramdisk("ports"), scripted.store(DISK)
    first, second = lab.guests

    everything = Batch({**WRITES, **THIN})
    shared = {}
    for number, (name, store) in enumerate(stores.items()):
        pdev = target.lun(number, store)
        shared[name] = [Disk(lab, guest, pdev, f"0:0:0:{number}") for guest in lab.guests]
        reserved(lab, name, *shared[name], Batch(WRITES) if name == "ramdisk" else everything,
                 (5, 1, 7) if name == "iblock" else (5,), name == "iblock")

    pdev = target.lun(3, ports)
    port_groups(lab, *[Disk(lab, guest, pdev, "0:0:0:3") for guest in lab.guests])
    honest(lab, scripted, shared["iblock"][0], Disk(lab, first, target.lun(4, passed_through), "0:0:0:4"))

    group = lab.target.create(PROTECTED)
    group.attribute("demo_mode_write_protect", 1)
    lab.dom0.run(f"mkdir -p {target.path}/acls/{INITIATOR}/lun_0 && cd {target.path}/acls/{INITIATOR}/lun_0 && "
                 f"ln -s {target.path}/lun/lun_0 link && echo 1 > write_protect")
    read_only(lab, everything, scripted, (
        Disk(lab, first, target.lun(5, readonly), "0:0:0:5"),
        Disk(lab, second, group.lun(0, stores["iblock"]), "0:0:1:0"),
        Disk(lab, second, f"{NAA}:0", "0:0:2:0", devid=1, back_extra={"initiator": INITIATOR}),
        Disk(lab, second, group.lun(1, passed_through), "0:0:1:1"), shared["iblock"][0]))
