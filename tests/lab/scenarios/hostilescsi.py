# SPDX-License-Identifier: GPL-2.0
"""A million hostile SCSI commands on devices of every kind, by a guest that may do anything, one that is fenced
and one that may only read; a neighbour's data stay right."""
import os
import re
import time

from hostile.attacker import Attacker
from vscsilab.leaks import counts, grants, ports, same
from vscsilab.library import Library
from vscsilab.load import VerifiedLoad
from vscsilab.statistics import directory, numbers

GUESTS = 1
TIMEOUT = 7200
LONG = True
DRIVERS = ("ours",)
OWN, SHARED, READ_ONLY = "naa.6001405000000051", "naa.6001405000000052", "naa.6001405000000053"
SEED = 20080816
REQUESTS = int(os.environ.get("REQUESTS") or 1_000_000)
# Of one run of the program; what comes between is looked at.
CHUNK = min(20_000, REQUESTS // 40)
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
    """A LUN of the attacker's: what it may do there, and how much of the whole it is given."""

    def __init__(self, name, role, device, pdev, share, shared=None):
        self.name, self.role, self.device, self.pdev, self.share = name, role, device, pdev, share
        self.shared = shared
        self.blocks = BLOCKS if device.endswith("disk") else 0
        self.sent = 0


class Neighbour:
    """A guest with a LUN of its own, and with those that the attacker must not have."""

    def __init__(self, lab, guest):
        self.lab, self.guest = lab, guest
        self.disks, self.loads = {}, {}

    def gets(self, number, pdev, name):
        vdev = f"0:0:0:{number}"
        self.lab.attach(self.guest, pdev, vdev)
        self.disks[name] = (self.lab.disk(self.guest, vdev), self.lab.generic(self.guest, vdev))

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
    library = Library(lab)
    own, shared = lab.target.create(OWN), lab.target.create(SHARED)
    protected = lab.target.create(READ_ONLY)
    protected.attribute("demo_mode_write_protect", 1)
    kinds = {"ramdisk": lab.backstore.ramdisk("rd", SIZE), "fileio": lab.backstore.fileio("file", SIZE),
             "iblock": lab.backstore.iblock("ram", SIZE), "pscsi": lab.backstore.pscsi_disk("scsi", SIZE),
             "tape": library.drive(), "changer": library.changer()}
    devices = {"pscsi": "passed-disk", "tape": "tape", "changer": "changer"}
    places = [Place(name, "ordinary", devices.get(name, "disk"), own.lun(number, store),
                    1 if name in ("tape", "changer") else 6)
              for number, (name, store) in enumerate(kinds.items())]

    others = {"fenced iblock": lab.backstore.iblock("fenced", SIZE),
              "fenced fileio": lab.backstore.fileio("fencedfile", SIZE),
              "fenced pscsi": lab.backstore.pscsi_disk("fencedscsi", SIZE),
              "read-only iblock": lab.backstore.iblock("protected", SIZE),
              "read-only fileio": lab.backstore.fileio("protectedfile", SIZE)}
    for number, (name, store) in enumerate(others.items()):
        pdev = shared.lun(number, store)
        neighbour.gets(number, pdev, name)
        neighbour.marks(name)
        role = name.split()[0]
        device = devices.get(name.split()[1], "disk")
        places.append(Place(name, role, device, protected.lun(number, store) if role == "read-only" else pdev,
                            6, name))
    places.append(Place("read-only tape", "read-only", "tape", protected.lun(len(others), kinds["tape"]), 1))
    neighbour.gets(len(others), shared.lun(len(others), lab.backstore.iblock("neighbour", SIZE)), "other")
    for name in ("fenced iblock", "fenced fileio"):
        neighbour.fences(name)
    neighbour.reserves("fenced pscsi")
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


def assault(lab, log, attacker, number, place, requests, neighbour):
    """A run of the program; what was found."""
    line = f"scsi {SEED + number} {place.sent} {requests} {place.role} {place.device} {number} {place.blocks}"
    done = int(neighbour.done())
    output, rate, seconds = log.rate(lambda: attacker.say([line], 900))
    found = re.search(r"scsi (\d+) requests (\d+) answers (\d+) probes (\d+) faults", output)
    speed = (int(neighbour.done()) - done) / seconds
    good = found and found[1] == found[2] and found[4] == "0"
    if not good:
        lab.check(f"{place.name}, {place.role}, {line}: each is answered rightly", False, output)
    place.sent += requests
    return int(found[3]) if found else 0, requests / seconds, rate, speed


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
    shares = sum(place.share for place in places)
    before = None
    slowest = alone
    while any(place.sent < REQUESTS * place.share // shares for place in places):
        for number, place in enumerate(places):
            left = REQUESTS * place.share // shares - place.sent
            if left <= 0:
                continue
            probes, rate, lines, speed = assault(lab, log, attacker, number, place, min(left, CHUNK), neighbour)
            slowest = min(slowest, speed)
            lab.note(f"{place.name}: {place.sent} sent, {rate:.0f} a second, {probes} probes, {lines:.1f} log lines "
                     f"a second; the neighbour: {speed:.0f} commands a second")
        if before is None:
            # All caches are filled once.
            before, granted, bound = counts(lab), grants(lab), ports(lab)
    for place in places:
        lab.check(f"{place.name}, {place.role}: {place.sent} requests", place.sent >= REQUESTS * place.share // shares)
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
