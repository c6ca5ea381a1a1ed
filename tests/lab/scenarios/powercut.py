# SPDX-License-Identifier: GPL-2.0
"""The power of the machine is cut while a guest writes: what was acknowledged as lasting is there."""
import runpy
import time

from vscsilab import paths
from vscsilab.errors import LabError
from vscsilab.shellout import host

GUESTS = 1
TIMEOUT = 1200
DRIVERS = ("ours",)
LONG = True
# Takes disks while the machine runs.
DEVICES = ["-device", "virtio-scsi-pci,id=cut"]
NAA = "naa.50014050000000e9"
PROGRAM = paths.SCENARIO_DIR / "data/writer.py"
COUNTS = "/run/acknowledged"
DISK_MB, FILE_MB = 64, 40
MIB = 1 << 20
BACK, THROUGH = "write back", "write through"
# Seconds of writing, blocks that each must have by then, and seconds until they must.
LONG_ENOUGH, ENOUGH, PATIENCE = 20, 40, 300


class Place:
    """A disk of the machine's, what dom0 makes of it for the guest, and what the guest writes there.

    The disk keeps what is not flushed in QEMU's memory: in a qcow2 file that is where new blocks are."""

    def __init__(self, name, kind, mode, fua=False):
        self.name, self.kind, self.mode, self.fua = name, kind, mode, fua
        self.cache = THROUGH if kind == "fileio" else BACK
        self.megabytes = DISK_MB if kind == "iblock" else FILE_MB

    def make(self, lab, number):
        self.image = lab.machine.disks / f"{self.name}.qcow2"
        # A cluster for each block, or the neighbours of one that lasts would last as well.
        host("qemu-img", "create", "-q", "-f", "qcow2", "-o", f"cluster_size={SIZE}", self.image, f"{DISK_MB}M")
        monitor = lab.machine.qemu.monitor
        monitor.execute("blockdev-add", driver="qcow2", file={"driver": "file", "filename": str(self.image)},
                        **{"node-name": self.name})
        monitor.execute("device_add", driver="scsi-hd", bus="cut.0", drive=self.name, id=f"disk-{self.name}",
                        lun=0, dpofua=self.fua, **{"scsi-id": number, "write-cache": "on"})

    def export(self, lab, hctl):
        device = lab.backstore.block_node(hctl)
        queue = f"/sys/block/{device[5:]}/queue"
        lab.equal(f"{self.name}: dom0's disk has a volatile cache, and FUA or not",
                  lab.dom0.run(f"cat {queue}/write_cache {queue}/fua").out.split("\n")[:2], [BACK, str(int(self.fua))])
        if self.kind == "iblock":
            return lab.backstore.iblock(self.name, device=device)
        lab.dom0.run(f"mkfs.ext4 -q -F -E nodiscard {device} && mkdir -p /mnt/{self.name} && "
                     f"mount {device} /mnt/{self.name}")
        return lab.backstore.fileio(self.name, f"{FILE_MB}M", path=f"/mnt/{self.name}/disk",
                                    buffered=self.kind == "buffered")

    def words(self, lab, guest, vdev):
        """For the program in the guest."""
        disk = lab.disk(guest, vdev)
        queue = f"/sys/block/{disk[5:]}/queue"
        cache, fua = guest.run(f"cat {queue}/write_cache {queue}/fua").out.split("\n")[:2]
        lab.equal(f"{self.name}: the guest's disk", cache, self.cache)
        lab.note(f"{self.name}: the guest's disk offers {'FUA' if fua == '1' else 'no FUA'}")
        device = lab.generic(guest, vdev) if self.mode == "fua" else disk
        return f"{self.name} {self.mode} {device} {self.megabytes * MIB // SIZE}"

    def left(self):
        """What is on the disk after the cut; of a file system, when its journal is replayed."""
        raw = self.image.with_suffix(".raw")
        host("qemu-img", "convert", "-O", "raw", self.image, raw)
        if self.kind != "iblock":
            host("sh", "-c", '/sbin/e2fsck -fy "$0" || [ $? -le 2 ]', raw)
            dumped = self.image.with_suffix(".file")
            host("/sbin/debugfs", "-R", f"dump /disk {dumped}", raw)
            raw.unlink()
            if not dumped.exists():
                raise LabError(f"{self.name}: the file system has lost its file")
            raw = dumped
        data = raw.read_bytes()
        raw.unlink()
        return data


WRITER = runpy.run_path(str(PROGRAM))
SIZE, block = WRITER["SIZE"], WRITER["block"]
# By backstore, and by how the guest makes its blocks last. A fileio that is not buffered has no cache: nothing is
# to be done.
PLACES = [Place("iblock-flush", "iblock", "flush"), Place("iblock-cached", "iblock", "cached"),
          Place("iblock-dsync", "iblock", "dsync"), Place("iblock-fua", "iblock", "fua"),
          Place("iblock-fua-fua", "iblock", "fua", fua=True),
          Place("buffered-flush", "buffered", "flush"), Place("buffered-fua", "buffered", "fua"),
          Place("fileio-none", "fileio", "none")]
# To see that blocks get lost where nobody asks for more.
LOST = [Place("iblock-none", "iblock", "none"), Place("buffered-none", "buffered", "none")]


def disks(lab):
    """Their addresses in dom0."""
    for number, place in enumerate(PLACES + LOST):
        place.make(lab, number)
    lab.dom0.run("modprobe virtio_scsi")
    number = lab.dom0.poll("grep -l virtio_scsi /sys/class/scsi_host/*/proc_name | sed 's/.*host\\([0-9]*\\).*/\\1/' | "
                           "grep .").out.strip()
    hctls = [f"{number}:0:{place}:0" for place in range(len(PLACES + LOST))]
    for hctl in hctls:
        lab.dom0.poll(f"ls /sys/class/scsi_device/{hctl}/device/block/*", 90)
    return hctls


def acknowledged(guest):
    return [int(line) for line in guest.run(f"cat {COUNTS}").out.split()]


def write_for_a_while(lab, guest, words):
    """How many blocks of each were acknowledged when the power went."""
    guest.put(PROGRAM.read_bytes(), "/tmp/writer.py")
    job = guest.start(f"exec python3 /tmp/writer.py {COUNTS} {' '.join(words)}")
    guest.poll(f"test -s {COUNTS}")
    begin = time.monotonic()
    while True:
        time.sleep(1)
        passed, counts = time.monotonic() - begin, acknowledged(guest)
        # It says nothing unless something fails.
        done = passed > LONG_ENOUGH and (min(counts) >= ENOUGH or any(job.output()))
        if done or passed > PATIENCE or job.poll():
            break
    said = "".join(job.output())
    lab.equal("all could write", said, "")
    counts = acknowledged(guest)
    lab.machine.cut_power()
    return dict(zip([place.name for place in PLACES + LOST], counts))


def missing(place, count):
    """Numbers of acknowledged blocks that are not there, and how many others are."""
    data = place.left()
    there = [data[number * SIZE:(number + 1) * SIZE] == block(place.name, number)
             for number in range(place.megabytes * MIB // SIZE)]
    return [number for number in range(count) if not there[number]], sum(there[count:])


def run(lab):
    lab.load_driver()
    guest, = lab.guests
    stores = [place.export(lab, hctl) for place, hctl in zip(PLACES + LOST, disks(lab))]
    target = lab.target.create(NAA)
    words = []
    for lun, (place, store) in enumerate(zip(PLACES + LOST, stores)):
        vdev = f"0:0:0:{lun}"
        lab.attach(guest, target.lun(lun, store), vdev)
        words.append(place.words(lab, guest, vdev))
    # The file systems and the empty files are there to stay.
    lab.dom0.run("sync")
    counts = write_for_a_while(lab, guest, words)
    for place in PLACES:
        count = counts[place.name]
        lab.check(f"{place.name}: at least {ENOUGH} blocks were acknowledged", count >= ENOUGH, count)
        lost, more = missing(place, count)
        lab.check(f"{place.name}: each acknowledged block is there", not lost,
                  f"{len(lost)} of {count} are not, the first are {lost[:10]}")
        lab.note(f"{place.name}: {count} acknowledged, {more} more are there")
    for place in LOST:
        lost, _ = missing(place, counts[place.name])
        lab.note(f"{place.name}: {len(lost)} of {counts[place.name]} blocks that nobody asked to last are lost")
