# SPDX-License-Identifier: GPL-2.0
"""Zoned disks, protection information, enclosures and processors, and a guest that deletes its own devices."""
from vscsilab import tools
from vscsilab.cdbs import GOOD, TEST_UNIT_READY, Node, reads, sends, sixteen, ten, writes, writes_file
from vscsilab.errors import LabError

GUESTS = 1
TIMEOUT = 900
DRIVERS = ("ours",)
LONG = True
NAA = "naa.50014050000000e8"
VDEV = "0:0:0:0"
BLOCK, MIB = 512, 1 << 20
READ16, WRITE16, REPORT_ZONES, ZONE_OUT = 0x88, 0x8a, 0x95, 0x94
CLOSE, FINISH, OPEN, RESET = 1, 2, 3, 4
INPUT, OUTPUT = "/tmp/written", "/tmp/read"
# Blocks of a zone; the first zone of scsi_debug's disks may be written anywhere.
SIZE_MB, ZONE_MB = 64, 4
ZONE = ZONE_MB * MIB // BLOCK
ZONED = f"zbc=managed zone_size_mb={ZONE_MB} dev_size_mb={SIZE_MB}"
CONVENTIONAL, EMPTY, FULL = 0, 1, 0xe
UNALIGNED_WRITE = "5/21/04"
# Lines of a kernel's that tell of bad protection information, or of an error at all.
COMPLAINTS = ("check failed", "tag error", "tag check", "i/o error", "protection error", "blk_integrity",
              "integrity error")
ENCLOSURE, PROCESSOR = 13, 3


class Case:
    """A device of scsi_debug's, whose parameters are the module's, and a guest that has it."""

    def __init__(self, lab, guest, name, parameters, via="pscsi"):
        self.lab, self.guest, self.name = lab, guest, name
        self.dom0 = lab.dom0
        self.dom0.run(f"modprobe scsi_debug delay=0 num_tgts=1 max_luns=1 {parameters}")
        host = self.dom0.poll("grep -l scsi_debug /sys/class/scsi_host/*/proc_name | "
                              "sed 's/.*host\\([0-9]*\\).*/\\1/' | grep .").out.strip()
        self.hctl = f"{host}:0:0:0"
        generic = self.dom0.poll(f"ls /sys/class/scsi_device/{self.hctl}/device/scsi_generic | grep sg").out.strip()
        self.own = Node(self.dom0, f"/dev/{generic}")
        self.own.settle()
        self.store = (lab.backstore.pscsi("passed", self.hctl) if via == "pscsi" else
                      lab.backstore.iblock("block", device=self.block()))
        self.target = lab.target.create(NAA)
        lab.attach(guest, self.target.lun(0, self.store), VDEV)
        self.node = Node(guest, lab.generic(guest, VDEV))
        self.node.settle()

    def block(self):
        """dom0's own."""
        return self.lab.backstore.block_node(self.hctl)

    def equal(self, what, got, wanted):
        return self.lab.equal(f"{self.name}: {what}", got, wanted)

    def ends(self, what, place, command):
        done = place.run(command, timeout=200, check=False)
        self.lab.check(f"{self.name}: {what}", done.rc == 0, done.out + done.err)

    def same(self, lines):
        """Each ends in the guest as in dom0; how that was."""
        wanted = dict(zip(lines, self.own.ends(*lines.values())))
        got = dict(zip(lines, self.node.ends(*lines.values())))
        self.equal(f"as in dom0: {', '.join(lines)}", got, wanted)
        return got

    def close(self):
        self.lab.vscsi.detach_controller(self.guest.domid)
        self.target.delete()
        self.store.delete()
        self.dom0.poll("rmmod scsi_debug")


# Zones

def zone_out(action, lba):
    return sixteen(ZONE_OUT, lba, 0, action)


def reported(node, place):
    """The data of REPORT ZONES."""
    ended = node.ends(reads(sixteen(REPORT_ZONES, 0, 4096), 4096, OUTPUT))
    if ended != [GOOD]:
        raise LabError(f"REPORT ZONES in {place.name} ends with {ended}")
    return place.get_bytes(OUTPUT)


def zone(data, number):
    """Condition, and where the write pointer is, from the zone's first block on (ZBC 5.2)."""
    at = 64 * (number + 1)
    start, pointer = (int.from_bytes(data[at + field:at + field + 8], "big") for field in (16, 24))
    return data[at + 1] >> 4, pointer - start


class Zones:
    def __init__(self, lab, case):
        self.lab, self.case = lab, case
        self.disk, self.own = lab.disk(case.guest, VDEV), case.block()

    def report(self, what, number, condition, pointer):
        """All of it as dom0 has it, and the zone so."""
        guest, dom0 = self.case.guest, self.case.dom0
        data = reported(self.case.node, guest)
        self.case.equal(f"{what}: REPORT ZONES as in dom0", data.hex(), reported(self.case.own, dom0).hex())
        self.case.equal(f"{what}: the zone's condition and write pointer", zone(data, number), (condition, pointer))
        self.case.equal(f"{what}: blkzone as in dom0", guest.run(f"blkzone report {self.disk}").out,
                        dom0.run(f"blkzone report {self.own}").out)

    def known(self):
        for name in ("zoned", "chunk_sectors", "nr_zones", "zone_append_max_bytes"):
            read = "cat /sys/block/{}/queue/" + name
            got, wanted = (place.run(read.format(disk[5:])).out.strip() for place, disk in
                           ((self.case.guest, self.disk), (self.case.dom0, self.own)))
            if name == "zone_append_max_bytes":
                self.lab.note(f"{self.case.name}: {name} is {got} in the guest, {wanted} in dom0")
            else:
                self.case.equal(f"the guest knows {name}", got, "host-managed" if name == "zoned" else wanted)

    def written(self):
        """At the write pointer, by programs, and read back."""
        guest, first = self.case.guest, ZONE * BLOCK
        guest.run(f"head -c {MIB} /dev/urandom > {INPUT}")
        self.case.ends("written at the write pointer, and read back", guest,
                       f"dd if={INPUT} of={self.disk} bs=64k oflag=direct,seek_bytes seek={first} && "
                       f"dd if={self.disk} bs=64k iflag=direct,skip_bytes,count_bytes skip={first} count={MIB} "
                       f"status=none | cmp - {INPUT}")
        self.case.ends("dom0 reads the same", self.case.dom0,
                       f"[ $(dd if={self.own} bs=64k iflag=direct,skip_bytes,count_bytes skip={first} count={MIB} "
                       f"status=none | sha256sum | cut -c1-64) = {guest.run(f'sha256sum < {INPUT}').out.split()[0]} ]")
        self.report("written", 1, 2, MIB // BLOCK)
        self.case.ends("written anywhere in a zone that is conventional", guest,
                       f"dd if={INPUT} of={self.disk} bs=64k count=4 seek=7 oflag=direct && "
                       f"dd if={self.disk} bs=64k count=4 skip=7 iflag=direct status=none | cmp -n 262144 - {INPUT}")

    def refused(self):
        """What a zoned disk refuses, without a trace in its zones."""
        def write(lba, blocks=8):
            return writes_file(sixteen(WRITE16, lba, blocks), INPUT, blocks * BLOCK)

        self.case.dom0.run(f"head -c {MIB} /dev/zero > {INPUT}")
        pointer = ZONE + MIB // BLOCK
        ends = self.case.same({
            "WRITE before the write pointer": write(ZONE), "WRITE behind it": write(pointer + 64),
            "WRITE into the next zone": write(2 * ZONE - 8, 16),
            "READ from one kind of zone into the other": reads(sixteen(READ16, ZONE - 8, 16), 16 * BLOCK),
            "OPEN ZONE in the middle": sends(zone_out(OPEN, ZONE + 8)),
            "RESET of a conventional zone": sends(zone_out(RESET, 0)),
            "REPORT ZONES beyond the end": reads(sixteen(REPORT_ZONES, SIZE_MB * MIB // BLOCK, 4096), 4096)})
        self.case.equal("a WRITE elsewhere is an unaligned write", [ends[name] for name in list(ends)[:2]],
                        [UNALIGNED_WRITE] * 2)
        done = self.case.guest.run(f"dd if={INPUT} of={self.disk} bs=4k count=1 oflag=direct,seek_bytes "
                                   f"seek={(pointer + 64) * BLOCK}", check=False)
        self.lab.check(f"{self.case.name}: dd fails there too", done.rc, done.err)
        self.report("refused", 1, 2, MIB // BLOCK)

    def reset(self):
        node, guest = self.case.node, self.case.guest
        self.case.equal("FINISH ZONE", node.ends(sends(zone_out(FINISH, ZONE))), [GOOD])
        self.report("finished", 1, FULL, ZONE)
        self.case.ends("blkzone reset", guest, f"blkzone reset -o {ZONE} -c 1 {self.disk}")
        self.report("reset", 1, EMPTY, 0)
        self.case.equal("by commands: WRITE, OPEN, CLOSE, RESET WRITE POINTER", node.ends(
            writes(sixteen(WRITE16, 2 * ZONE, 1), bytes(BLOCK)), sends(zone_out(OPEN, 2 * ZONE)),
            sends(zone_out(CLOSE, 2 * ZONE)), sends(zone_out(RESET, 2 * ZONE))), [GOOD] * 4)
        self.report("reset by a command", 2, EMPTY, 0)
        self.case.ends("after a reset it is written from its beginning", guest,
                       f"dd if={INPUT} of={self.disk} bs=64k oflag=direct,seek_bytes seek={ZONE * BLOCK}")
        self.report("written again", 1, 2, MIB // BLOCK)


def zoned(lab, guest):
    case = Case(lab, guest, "zoned", ZONED)
    zones = Zones(lab, case)
    zones.known()
    zones.report("at first", 1, EMPTY, 0)
    zones.report("at first", 0, CONVENTIONAL, zone(reported(case.node, guest), 0)[1])
    zones.written()
    zones.refused()
    zones.reset()
    case.close()


def zoned_by_iblock(lab, guest):
    """Nobody promises anything; xl-vscsi and the plugin refuse it."""
    try:
        case = Case(lab, guest, "zoned by iblock", ZONED, "iblock")
    except LabError as error:
        lab.note(f"zoned by iblock: {str(error).splitlines()[0]}")
        return
    disk = lab.disk(guest, VDEV)
    seen = guest.run(f"cat /sys/block/{disk[5:]}/queue/zoned").out.strip()
    said = case.node.ends(*(writes(ten(0x2a, lba, 1), bytes(BLOCK)) for lba in (0, ZONE, ZONE + 64)),
                          reads(ten(0x28, ZONE, 8), 8 * BLOCK))
    lab.note(f"zoned by iblock: the guest sees '{seen}'; WRITE to the conventional zone, at the write pointer, "
             f"elsewhere, and READ end with {', '.join(said)}")
    case.close()


# Protection information

def complaints(place, since=0):
    """Of the kernel, behind so many lines; and how many lines it has."""
    lines = place.run("dmesg").out.splitlines()
    return [line for line in lines[since:] if any(words in line.lower() for words in COMPLAINTS)], len(lines)


def protected(lab, guest, via):
    before = {place: complaints(place)[1] for place in (lab.dom0, guest)}
    case = Case(lab, guest, f"dif=1 dix=1 by {via}", "dif=1 dix=1 dev_size_mb=16", via)
    disk, own = lab.disk(guest, VDEV), case.block()
    integrity = f"cat /sys/block/{own[5:]}/integrity/format"
    lab.note(f"{case.name}: dom0's disk says {lab.dom0.run(integrity, check=False).out.strip() or 'nothing'}")
    for direct in ("Y", "N") if via == "iblock" else ("Y",):
        lab.dom0.run(f"echo {direct} > /sys/module/xen_scsiback/parameters/direct")
        for align in (4096, 512):
            case.ends(f"direct={direct}: 4 MiB, memory aligned to {align} bytes", guest,
                      f"ioverify {disk} align={align} bytes=4M largest=448k seed={align}")
        case.ends(f"direct={direct}: fio verifies", guest,
                  f"fio --name=x --filename={disk} --rw=randwrite --bs=64k --direct=1 --offset=4m --size=4m "
                  "--iodepth=4 --ioengine=libaio --verify=crc32c --verify_state_save=0")
        guest.run(f"head -c {MIB} /dev/urandom > {INPUT} && dd if={INPUT} of={disk} bs=64k oflag=direct")
        wanted = guest.run(f"sha256sum < {INPUT}").out.split()[0]
        case.ends(f"direct={direct}: dom0 reads what the guest wrote", lab.dom0,
                  f"[ $(dd if={own} bs=64k count=16 iflag=direct status=none | sha256sum | cut -c1-64) = {wanted} ]")
    lab.dom0.run("echo Y > /sys/module/xen_scsiback/parameters/direct")
    for place, lines in before.items():
        case.equal(f"{place.name}'s kernel does not complain", complaints(place, lines)[0], [])
    case.close()


# Devices that are no disks

def no_disk(lab, guest, name, kind):
    case = Case(lab, guest, name, f"ptype={kind} dev_size_mb=8")
    place = "/sys/class/scsi_device/{}/device"
    guest_place = guest.run(f"ls -d {place.format('*:0:0:0')}").out.strip()
    case.equal("the guest knows its type", guest.run(f"cat {guest_place}/type").out.strip(), str(kind))
    inquiry = bytes([0x12, 0, 0, 0, 96, 0])
    case.equal("INQUIRY, also of its pages", case.node.ends(reads(inquiry, 96, OUTPUT), *(
        reads(bytes([0x12, 1, page, 0, 96, 0]), 96) for page in (0, 0x80, 0x83))), [GOOD] * 4)
    case.equal("INQUIRY has its type", guest.get_bytes(OUTPUT)[0] & 0x1f, kind)
    lines = {"TEST UNIT READY": sends(TEST_UNIT_READY),
             "REQUEST SENSE": reads(bytes([3, 0, 0, 0, 18, 0]), 18),
             "RECEIVE DIAGNOSTIC RESULTS": reads(bytes([0x1c, 1, 1, 0, 64, 0]), 64),
             "RECEIVE DIAGNOSTIC RESULTS of the last": reads(bytes([0x1c, 0, 0, 0, 64, 0]), 64),
             "SEND DIAGNOSTIC, the self-test": sends(bytes([0x1d, 4, 0, 0, 0, 0])),
             "an unknown command": sends(bytes([0xc1, *bytes(5)]))}
    if kind == PROCESSOR:
        lines |= {"SEND": writes(bytes([0x0a, 0, 0, 0, 8, 0]), bytes(8)),
                  "RECEIVE": reads(bytes([0x08, 0, 0, 0, 8, 0]), 8)}
    case.same(lines)
    if kind == ENCLOSURE:
        driver = guest.run(f"modprobe ses; basename $(readlink {guest_place}/driver)", check=False)
        case.equal("the guest's driver takes it", driver.out.strip(), "ses")
        got, wanted = (node.place.run(f"sg_ses {node.node}", check=False) for node in (case.node, case.own))
        case.equal("sg_ses says the same as in dom0", (got.rc, got.out), (wanted.rc, wanted.out))
        guest.run("rmmod ses", check=False)
    case.close()


# A guest that deletes devices of its own

def deleted(lab, guest):
    target = lab.target.create(NAA)
    stores = {"iblock": lab.backstore.iblock("deleted", "16M"), "pscsi": lab.backstore.pscsi_disk("passed-too", "16M")}
    luns = {}
    for lun, (kind, store) in enumerate(stores.items()):
        vdev = f"0:0:0:{lun}"
        dev = lab.attach(guest, target.lun(lun, store), vdev)
        disk = lab.disk(guest, vdev)
        guest.run(f"head -c {4 * MIB} /dev/urandom > {INPUT}-{kind} && "
                  f"dd if={INPUT}-{kind} of={disk} bs=64k oflag=direct")
        luns[kind] = vdev, dev
    read = "dd if={} bs=64k count=64 iflag=direct status=none | cmp - {}"
    for kind, (vdev, dev) in luns.items():
        for scan in (vdev.split(":", 1)[1].replace(":", " "), "- - -"):
            place = guest.run(f"ls -d /sys/class/scsi_device/*:{vdev.split(':', 1)[1]}").out.strip()
            guest.run(f"echo 1 > {place}/device/delete")
            gone = guest.run(f"for i in $(seq 50); do [ -e {place} ] || exit 0; sleep 0.2; done; exit 1", check=False)
            what = f"{kind}, deleted by the guest, scan {scan}"
            lab.check(f"{what}: it is gone there", gone.rc == 0, guest.run("lsscsi").out)
            lab.equal(f"{what}: dom0 still serves it", lab.device_state(guest, 0, dev), 4)
            for other, (their_vdev, _) in luns.items():
                if other != kind:
                    done = guest.run(read.format(lab.disk(guest, their_vdev), f"{INPUT}-{other}"), check=False)
                    lab.check(f"{what}: the other one is read", done.rc == 0, done.out + done.err)
            host = place.rsplit("/", 1)[1].split(":")[0]
            guest.run(f"echo '{scan}' > /sys/class/scsi_host/host{host}/scan", timeout=120)
            done = guest.run(read.format(lab.disk(guest, vdev), f"{INPUT}-{kind}"), check=False)
            lab.check(f"{what}: found again, it reads right", done.rc == 0, done.out + done.err)
    for kind, (vdev, _) in luns.items():
        done = guest.run(f"ioverify {lab.disk(guest, vdev)} bytes=4M largest=448k", timeout=200, check=False)
        lab.check(f"{kind}: and can be written", done.rc == 0, done.err)
    return target, stores.values()


def run(lab):
    lab.load_driver()
    guest, = lab.guests
    tools.install(guest, "ioverify")
    zoned(lab, guest)
    zoned_by_iblock(lab, guest)
    for via in ("pscsi", "iblock"):
        protected(lab, guest, via)
    no_disk(lab, guest, "an enclosure", ENCLOSURE)
    no_disk(lab, guest, "a processor", PROCESSOR)
    target, stores = deleted(lab, guest)
    lab.dismantle(guest, [target], stores)
