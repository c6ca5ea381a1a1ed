# SPDX-License-Identifier: GPL-2.0
"""A guest breaks the rules of the ring, each in turn; dom0 keeps calm."""
import re
import time

from hostile.attacker import Attacker
from hostile.cases import CASES, FILEIO, IBLOCK, PSCSI, RAMDISK, REFUSALS, SLOW
from hostile.request import FREE, answer, check, inquiry, large, read, request, script
from vscsilab.statistics import directory, grown, numbers

TIMEOUT = 900
DRIVERS = ("ours",)
NAA = "naa.6001405000000050"
SIZE = "16M"
SLOW_MS = 1200
SEED = 20080815
FUZZ = 20000
# Hostile SCSI, at each of four LUNs; scenario hostilescsi has more of it.
SCSI, BLOCKS = 5000, 32768
PARAMETER = "/sys/module/xen_scsiback/parameters/guest_complaints"
# Commands a second that target core may complain of, and lines of its for each, at most.
COMPLAINTS, LINES = 40, 3


def targets(lab):
    """A LUN of each kind, and one that takes its time."""
    kinds = {
        "ramdisk": lab.backstore.ramdisk("rd", SIZE),
        "fileio": lab.backstore.fileio("file", SIZE),
        "iblock": lab.backstore.iblock("ram", SIZE),
        "pscsi": lab.backstore.pscsi_disk("scsi", SIZE),
    }
    lab.dom0.run("dmsetup create slow --table "
                 f"\"0 $(blockdev --getsz /dev/ram31) delay /dev/ram31 0 {SLOW_MS}\" && "
                 # There is no udev to do it.
                 "dmsetup mknodes")
    kinds["slow"] = lab.backstore.iblock("slow", device="/dev/mapper/slow")
    return list(kinds.values())


def refusals(lab, attacker):
    """Each kind of refusal has a counter of its own."""
    place = directory(attacker.guest)
    for reason, lines in REFUSALS.items():
        before, = numbers(lab.dom0, place)
        output = attacker.say([*lines, "go"])
        after, = numbers(lab.dom0, place)
        grew = grown(before, after)
        lab.equal(f"refused for its {reason}: that is counted, and nothing else",
                  {name: count for name, count in grew.items()
                   if name.startswith("rejected_") or name in ("requests", "responses")},
                  {"requests": len(lines), "responses": len(lines), f"rejected_{reason}": 1} if output else output)


def long_ones(lab, attacker):
    """What goes on for seconds while dom0 has other things to do."""
    job = attacker.guest.start("echo storm 5 | hostile")
    slowest = 0.0
    for _ in range(3):
        begin = time.monotonic()
        lab.dom0.run("uname -r")
        slowest = max(slowest, time.monotonic() - begin)
    storm = job.wait(60).out
    lab.note(f"{storm.strip()}; dom0 answered within {slowest:.1f} s")
    lab.check("dom0 answers in a storm of events", slowest < 20)
    attacker.well("INQUIRY works after the storm")

    for name, line in ((f"{FUZZ} random requests", f"fuzz {SEED} {FUZZ} {RAMDISK} {IBLOCK}"),
                       ("random requests for a passed-through device", f"fuzz {SEED} 500 {PSCSI}"),
                       ("requests that change while they are read",
                        f"race {SEED} 4 {RAMDISK} {IBLOCK}")):
        begin = time.monotonic()
        output = attacker.say([line], 300)
        words = output.split()
        lab.check(f"{name}: each is answered", len(words) > 3 and words[1] == words[3], output)
        lab.note(f"{name}: {time.monotonic() - begin:.1f} s: " + "; ".join(output.splitlines()))
        lab.dom0.run("uname -r")
        attacker.well(f"{name}: INQUIRY works afterwards")


def scsi(lab, attacker):
    for turn, (lun, device) in enumerate(((RAMDISK, "disk"), (FILEIO, "disk"), (IBLOCK, "disk"), (PSCSI, "passed-disk"))):
        begin = time.monotonic()
        output = attacker.say([f"scsi {SEED} {turn * SCSI} {SCSI} ordinary {device} {lun} {BLOCKS}"], 300)
        lab.check(f"hostile SCSI for LUN {lun}: each is answered rightly, and what comes between",
                  re.search(rf"scsi {SCSI} requests {SCSI} answers \d+ probes 0 faults", output), output)
        lab.note(f"hostile SCSI: {time.monotonic() - begin:.1f} s: " + "; ".join(output.splitlines()))


def complaints(lab, attacker):
    """dom0's log is not the guest's to fill; another guest's requests are not held back."""
    lab.dom0.run(f"echo {COMPLAINTS} > {PARAMETER}; dmesg --clear")
    beyond = request(read(0x7fffffff, 8), [f"{FREE}/0/4096"], lun=FILEIO)
    lines = [line for n in range(30) for line in (*(beyond.replace("rqid=1 ", f"rqid={m + 1} ") for m in range(16)), "go")]
    begin = time.monotonic()
    output = attacker.say(lines, 120)
    seconds = time.monotonic() - begin
    told = lab.dom0.run("dmesg | wc -l").out.strip()
    lab.equal("480 READs beyond the end are answered", output.count(" 0x2 4096 05/21/00"), 480)
    lab.check("a guest that has target core complain waits", seconds >= (480 - 256) / COMPLAINTS - 1, f"{seconds:.1f} s")
    lab.note(f"{seconds:.1f} s, {told} lines in dom0's log")
    lab.check("so that the log grows slowly", int(told) <= LINES * (256 + COMPLAINTS * (seconds + 1)), told)
    lab.dom0.run(f"echo 0 > {PARAMETER}")
    attacker.well("INQUIRY works after complaints")


def jumps(lab, attacker):
    for name, distance, before in (
            ("ahead by 17, with commands in flight", 17,
             [request(read(0, 8), f"{n}/0/4096", n + 1, lun=SLOW) for n in range(4)]),
            ("ahead by 2^31", 1 << 31, []), ("back by one", (1 << 32) - 1, [])):
        lab.dom0.run("dmesg --clear")
        lab.xs.rm(attacker.error)
        output = attacker.say([*before, "push", "sleep 300", f"jump {distance}", "sleep 300",
                               request(inquiry(), "64/0/36", 99), "push",
                               f"answers {SLOW_MS + 1500 if before else 600}"])
        lab.equal(f"producer index {name}: the ring stops, what was in flight is answered",
                  sorted(output.splitlines()),
                  sorted([answer(rqid=n + 1) for n in range(len(before))] + ["1 unanswered"]))
        log = lab.dom0.run("dmesg").out
        told = lab.xs.read(attacker.error) or ""
        for place, text in (("the kernel log", log), ("xenstore", told)):
            lab.check(f"producer index {name}: {place} tells the operator",
                      "impossible request producer index" in text, text)
        lab.check(f"producer index {name}: told once", log.count("impossible request") == 1, log)
        attacker.reconnect()
        attacker.well(f"producer index {name}: a new connection works")


def stock_frontend(lab, attacker, pdev):
    guest = attacker.guest
    # A new controller: the stock frontend gives up at once where it finds the
    # Closed of an earlier connection.
    attacker.detach()
    guest.run("rmmod vscsi-hostile && modprobe xen-scsifront", timeout=90)
    attacker.attach(pdev, "0:0:0:1")
    disk = lab.disk(guest, "0:0:0:1")
    lab.check("the stock frontend works after all that", guest.run(
        f"head -c 2M /dev/urandom > /tmp/in && dd if=/tmp/in of={disk} bs=256k oflag=direct && "
        f"dd if={disk} bs=256k count=8 iflag=direct | cmp - /tmp/in", check=False).rc == 0)
    attacker.detach()


def destroyed(lab, attacker):
    """The guest disappears with as much in flight as there can be."""
    output = attacker.say([*(line for n in range(16)
                             for line in large(n, read(n * 1024, 1024), lun=SLOW)), "push"])
    lab.equal("16 slow requests are in flight", output, "")
    domid = attacker.guest.domid
    attacker.guest.destroy()
    gone = lab.dom0.run(
        f"for i in $(seq 200); do pgrep '^vscsi-{domid}-' || exit 0; sleep 0.1; done; exit 1",
        check=False)
    lab.check("destroyed with everything in flight: the ring's thread ends", gone.rc == 0, gone.out)
    lab.vscsi.forget(domid)
    lab.dom0.poll(f"! [ -e /sys/bus/xen-backend/devices/vscsi-{domid}-0 ]")


def run(lab):
    attacker = Attacker(lab)
    # The limit for complaints would make it last.
    lab.load_driver("guest_complaints=0")
    lab.dom0.run("mkdir -p /var/target/pr")
    stores = targets(lab)
    target = lab.target.create(NAA)
    pdevs = [target.lun(number, store) for number, store in enumerate(stores)]
    attacker.install()
    attacker.take_over()
    for number, pdev in enumerate(pdevs):
        attacker.attach(pdev, f"0:0:0:{number}")

    check(lab, CASES, attacker.say(script(CASES), 200))
    refusals(lab, attacker)
    long_ones(lab, attacker)
    scsi(lab, attacker)
    complaints(lab, attacker)
    jumps(lab, attacker)
    stock_frontend(lab, attacker, pdevs[FILEIO])
    attacker.take_over()
    attacker.attach(pdevs[SLOW], f"0:0:0:{SLOW}")
    destroyed(lab, attacker)

    target.delete()
    for store in stores:
        store.delete()
    lab.unload_driver()
    lab.check("the driver is unloaded", not lab.driver_loaded())
    lab.dom0.run("dmsetup remove slow")
