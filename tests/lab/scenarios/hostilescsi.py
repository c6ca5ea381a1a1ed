# SPDX-License-Identifier: GPL-2.0
"""A million hostile SCSI commands on devices of every kind, by a guest that may do anything, one that is fenced
and one that may only read; a neighbour's data stay right."""
import os
import re
import time

from hostile.attacker import Attacker
from vscsilab.leaks import counts, grants, ports, same
from vscsilab.load import VerifiedLoad
from vscsilab.scripted import CHANGER, OTHER_TAPE, TAPE, Scripted
from vscsilab.statistics import directory, numbers

GUESTS = 1
TIMEOUT = 7200
LONG = True
DRIVERS = ("ours",)
OWN, SHARED, READ_ONLY = "naa.6001405000000051", "naa.6001405000000052", "naa.6001405000000053"
SEED = 20080816
REQUESTS = int(os.environ.get("REQUESTS") or 1_000_000)
# Of one run of the program; what comes between is looked at.
CHUNK = min(20_000, REQUESTS // 30)
SIZE, BLOCKS = "16M", 32768
# Where the load writes, and where the neighbour's marker is.
LOAD_MIB, MARKED_MIB = 4, 12
MARKER = "SSVPMARK"
KEY, EXCLUSIVE_ACCESS = "0xa1", 3
PARAMETER = "/sys/module/xen_scsiback/parameters/guest_complaints"
# Of the neighbour's I/O alone, what is left at least.
LEAST_SPEED = 0.05
# With the limit that there is by itself: how long, and lines a second in dom0's log, for the 40
# complaints that are allowed.
LIMITED_S, MOST_LINES = 60, 100


class Place:
    """A LUN of the attacker's: what it may do there, and the neighbour's disk that it is."""

    def __init__(self, name, role, device, pdev, shared=None):
        self.name, self.role, self.device, self.pdev, self.shared = name, role, device, pdev, shared
        self.blocks = BLOCKS if device.endswith("disk") else 0
        self.sent = self.probes = 0


class Neighbour:
    """A guest with a LUN of its own, and with those that the attacker must not have."""

    def __init__(self, lab, guest):
        self.lab, self.guest = lab, guest
        self.disks, self.loads = {}, {}

    def gets(self, number, pdev, name):
        vdev = f"0:0:0:{number}"
        self.lab.attach(self.guest, pdev, vdev)
        self.disks[name] = (None if name.endswith("tape") else self.lab.disk(self.guest, vdev),
                            self.lab.generic(self.guest, vdev))

    def marks(self, name):
        self.guest.run(f"[ -e /tmp/marked ] || yes {MARKER} | tr -d '\\n' | head -c {MARKED_MIB}M > /tmp/marked; "
                       f"dd if=/tmp/marked of={self.disks[name][0]} bs=256k seek={LOAD_MIB}M "
                       "oflag=direct,seek_bytes status=none")

    def marked(self, name):
        return self.guest.run(f"dd if={self.disks[name][0]} bs=256k skip={LOAD_MIB}M iflag=direct,skip_bytes "
                              "status=none | cmp - /tmp/marked", check=False)

    def fences(self, name):
        generic = self.disks[name][1]
        self.guest.poll(f"sg_turs {generic}")
        self.guest.run(f"sg_persist --out --register --param-sark={KEY} {generic} && "
                       f"sg_persist --out --reserve --param-rk={KEY} --prout-type={EXCLUSIVE_ACCESS} {generic}")

    def reserves(self, name):
        generic = self.disks[name][1]
        self.guest.poll(f"sg_turs {generic}")
        self.guest.run(f"sg_raw {generic} 16 00 00 00 00 00")

    def loaded(self, name):
        self.loads[name] = VerifiedLoad(self.guest, self.disks[name][0])

    def done(self):
        """Commands that the load's disks have ended so far."""
        names = " ".join(f"/sys/block/{self.disks[name][0][5:]}/stat" for name in self.loads)
        return self.guest.run(f"awk '{{ sum += $1 + $5 }} END {{ print sum }}' {names}").out

    def speed(self, seconds):
        before, begin = int(self.done()), time.monotonic()
        time.sleep(seconds)
        return (int(self.done()) - before) / (time.monotonic() - begin)


def prepare(lab, neighbour):
    """Everything that there is to attack."""
    lab.dom0.run("mkdir -p /var/target/pr /var/target/alua")
    # tgt, whose drives other scenarios have, ends at the first commands of this kind.
    scripted = Scripted(lab, more=1)
    own, shared = lab.target.create(OWN), lab.target.create(SHARED)
    protected = lab.target.create(READ_ONLY)
    protected.attribute("demo_mode_write_protect", 1)
    kinds = {"ramdisk": lab.backstore.ramdisk("rd", SIZE), "fileio": lab.backstore.fileio("file", SIZE),
             "iblock": lab.backstore.iblock("ram", SIZE), "pscsi": lab.backstore.pscsi_disk("scsi", SIZE),
             "tape": scripted.store(TAPE), "changer": scripted.store(CHANGER)}
    devices = {"pscsi": "passed-disk", "tape": "tape", "changer": "changer"}
    places = [Place(name, "ordinary", devices.get(name, "disk"), own.lun(number, store))
              for number, (name, store) in enumerate(kinds.items())]

    others = {"fenced iblock": lab.backstore.iblock("fenced", SIZE),
              "fenced fileio": lab.backstore.fileio("fencedfile", SIZE),
              "fenced pscsi": lab.backstore.pscsi_disk("fencedscsi", SIZE),
              "fenced tape": scripted.store(OTHER_TAPE),
              "read-only iblock": lab.backstore.iblock("protected", SIZE),
              "read-only fileio": lab.backstore.fileio("protectedfile", SIZE)}
    for number, (name, store) in enumerate(others.items()):
        pdev = shared.lun(number, store)
        neighbour.gets(number, pdev, name)
        if not name.endswith("tape"):
            neighbour.marks(name)
        role = name.split()[0]
        device = devices.get(name.split()[1], "disk")
        places.append(Place(name, role, device, protected.lun(number, store) if role == "read-only" else pdev,
                            name if device.endswith("disk") else None))
    for name in ("tape", "changer", "pscsi"):
        places.append(Place(f"read-only {name}", "read-only", devices[name],
                            protected.lun(len(protected.links) + len(others), kinds[name])))
    neighbour.gets(len(others), shared.lun(len(others), lab.backstore.iblock("neighbour", SIZE)), "other")
    for name in ("fenced iblock", "fenced fileio"):
        neighbour.fences(name)
    for name in ("fenced pscsi", "fenced tape"):
        neighbour.reserves(name)
    for name in ("fenced iblock", "other"):
        neighbour.loaded(name)
    return places


class Log:
    """Of dom0's and Xen's lines, how many come a second."""

    def __init__(self, lab):
        self.file = lab.machine.logs / "dom0-console.log"

    def lines(self):
        return self.file.read_bytes().count(b"\n")

    def rate(self, action):
        before, begin = self.lines(), time.monotonic()
        output = action()
        seconds = time.monotonic() - begin
        return output, (self.lines() - before) / seconds, seconds


def assault(lab, log, attacker, number, place, requests):
    """A run of the program; whether it found nothing."""
    line = f"scsi {SEED + number} {place.sent} {requests} {place.role} {place.device} {number} {place.blocks}"
    output, lines, seconds = log.rate(lambda: attacker.say([line], 900))
    found = re.search(rf"scsi {requests} requests {requests} answers (\d+) probes 0 faults", output)
    if not found:
        return lab.check(f"{place.name}, {line}: each is answered rightly", False, output)
    place.sent += requests
    place.probes += int(found[1])
    lab.note(f"{place.name}, {place.role}: {place.sent} sent, {requests / seconds:.0f} a second, {lines:.1f} log lines "
             f"a second")
    return True


def limited(lab, log, attacker):
    """The same with the limit; all at once is used up before."""
    default = lab.dom0.run("modinfo -F parm /lib/modules/$(uname -r)/updates/xen-scsiback.ko | grep guest_complaints").out
    lab.dom0.run(f"echo {re.search('default ([0-9]+)', default)[1]} > {PARAMETER}")
    attacker.say([f"scsi {SEED} 0 600 ordinary disk 1 {BLOCKS}"], 300)
    count = 0
    begin = time.monotonic()

    def attack():
        nonlocal count
        while time.monotonic() - begin < LIMITED_S:
            attacker.say([f"scsi {SEED} {100_000 + count} 400 ordinary disk 1 {BLOCKS}"], 300)
            count += 400
    _, lines, seconds = log.rate(attack)
    lab.note(f"limited: {count / seconds:.0f} requests a second, {lines:.1f} log lines a second")
    lab.check("with the limit dom0's log grows slowly", lines <= MOST_LINES, f"{lines:.1f} lines a second")
    lab.dom0.run(f"echo 0 > {PARAMETER}")


def run(lab):
    # The limit for complaints would make a million last for hours.
    lab.load_driver("guest_complaints=0")
    neighbour = Neighbour(lab, lab.guests[0])
    attacker = Attacker(lab)
    attacker.install()
    attacker.take_over()
    places = prepare(lab, neighbour)
    for number, place in enumerate(places):
        attacker.attach(place.pdev, f"0:0:0:{number}")
    alone = neighbour.speed(10)
    lab.note(f"the neighbour alone: {alone:.0f} commands a second")

    log = Log(lab)
    wanted = -(-REQUESTS // len(places))
    before, slowest, good = None, alone, True
    while good and places[0].sent < wanted:
        done, begin = int(neighbour.done()), time.monotonic()
        for number, place in enumerate(places):
            good &= assault(lab, log, attacker, number, place, min(wanted - place.sent, CHUNK))
        speed = (int(neighbour.done()) - done) / (time.monotonic() - begin)
        slowest = min(slowest, speed)
        lab.note(f"the neighbour: {speed:.0f} commands a second")
        if before is None:
            # All caches are filled once.
            before, granted, bound = counts(lab), grants(lab), ports(lab)
    for place in places:
        lab.equal(f"{place.name}, {place.role}: each is answered rightly, and {place.probes} groups of known "
                  "commands between", place.sent, wanted)
    limited(lab, log, attacker)
    lab.check("the neighbour goes on", slowest >= alone * LEAST_SPEED,
              f"{slowest:.1f} commands a second, alone {alone:.1f}")
    for name, load in neighbour.loads.items():
        lab.check(f"{name}: the neighbour's data are right all the while", load.stop(), load.log())
    for place in places:
        if place.shared:
            same_data = neighbour.marked(place.shared)
            lab.check(f"{place.name}: nothing of the neighbour's is written", same_data.rc == 0, same_data.out)
    same(lab, "hostile SCSI", before, counts(lab), 8192)
    lab.equal("grants in use as before", grants(lab), granted)
    lab.equal("event channels as before", ports(lab), bound)
    lab.note(str(numbers(lab.dom0, directory(attacker.guest))[0]))
