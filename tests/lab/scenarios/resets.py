"""A reset by one guest, as another one hears of it; and target core's own trace events, which begin and end."""
from collections import Counter

from vscsilab.scripted import DISK, Scripted
from vscsilab.statistics import Trace

GUESTS = 2
TIMEOUT = 300
DRIVERS = ("ours",)
NAA = "naa.50014050000000c4"
STUCK = "/dev/mapper/stuck"
READS = 20
# DID_RESET, status GOOD.
RESET = "result=0x00080000"


def generic(guest, lun):
    return "/dev/" + guest.run(f"ls /sys/class/scsi_device/*:0:0:{lun}/device/scsi_generic").out.strip()


def another_guests_reset(lab, first, second):
    """Its commands end as by a reset of its own: SAM-5's TASK ABORTED would be new to it."""
    node = generic(first, 0)
    lab.dom0.run("dmsetup suspend --noflush --nolockfs stuck")
    with Trace(lab.dom0) as trace:
        reading = first.start(f"sg_raw -t 60 -r 512 {node} 28 00 00 00 00 10 00 00 01 00")
        lab.dom0.poll("grep -q '28 00 00 00 00 10' /sys/kernel/debug/xen-scsiback/vscsi-*/inflight")
        resetting = second.start(f"sg_reset -d {generic(second, 0)}")
        second.run("sleep 2")
        lab.dom0.run("dmsetup resume stuck")
        lab.equal("the reset succeeds", resetting.wait(30, check=False).rc, 0)
        reading.wait(30, check=False)
    answers = [text for event, text in trace.events
               if event == "responded" and f"vscsi-{first.domid}-" in text and "cdb=" not in text]
    answers = [text.split(" command ")[1].split()[0] for text in answers if " command " in text]
    lab.check("the other guest's command is answered with a reset", RESET in answers, answers)
    lab.equal("and none with TASK ABORTED", [answer for answer in answers if answer.endswith("40")], [])


def in_pairs(lab, what, guest, command, status):
    """Each command that target core has begun ends there as well, with the status that the guest gets."""
    with Trace(lab.dom0, "target") as trace:
        guest.run(f"for i in $(seq {READS}); do {command}; done", check=False)
    count = Counter(event for event, _ in trace.events)
    lab.check(f"{what}: seen", count["target_sequencer_start"] >= READS, count)
    lab.equal(f"{what}: each ends", count["target_cmd_complete"], count["target_sequencer_start"])
    ended = [text for event, text in trace.events if event == "target_cmd_complete"]
    lab.check(f"{what}: with its status", sum(status in text for text in ended) >= READS, ended[:3])


def run(lab):
    lab.load_driver()
    scripted = Scripted(lab)
    lab.dom0.run("modprobe -a dm-mod brd; dmsetup create stuck --table '0 32768 linear /dev/ram9 0'; "
                 f"dmsetup mknodes; ls {STUCK}")
    store, other = lab.backstore.iblock("stuck", device=STUCK), scripted.store(DISK)
    target = lab.target.create(NAA)
    first, second = lab.guests
    for guest in lab.guests:
        guest.run("modprobe sg")
    pdev = target.lun(0, store)
    for guest in lab.guests:
        lab.attach(guest, pdev, "0:0:0:0")
        lab.disk(guest, "0:0:0:0")
    lab.attach(first, target.lun(1, other), "0:0:0:1")
    lab.disk(first, "0:0:0:1")

    another_guests_reset(lab, first, second)
    first.poll(f"sg_turs {generic(first, 0)}")
    in_pairs(lab, "iblock", first, f"sg_raw -r 512 {generic(first, 0)} 28 00 00 00 00 10 00 00 01 00", "GOOD")
    in_pairs(lab, "passed through", first, f"sg_raw -r 512 {generic(first, 1)} 28 00 00 00 00 10 00 00 01 00",
             "GOOD")
    # Beyond the end of the disk.
    in_pairs(lab, "an error", first, f"sg_raw -r 512 {generic(first, 0)} 28 00 7f ff ff ff 00 00 01 00",
             "CHECK CONDITION")
