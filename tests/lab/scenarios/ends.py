# SPDX-License-Identifier: GPL-2.0
"""How commands end: by another guest's reset, by an abort before they began, and for who traces target core."""
import re
from collections import Counter

from hostile.request import ABORT, ABORTED, FREE, TASK_DONE, TEST_UNIT_READY, answer, read, request
from vscsilab import paths, tools
from vscsilab.scripted import DISK, Scripted, fixed
from vscsilab.statistics import TRACING, Trace, directory

GUESTS = 2
TIMEOUT = 900
DRIVERS = ("ours",)
NAA = "naa.50014050000000e1"
SOURCES = paths.LAB_DIR / "hostile"
SHARED_AT, PASSED_AT, OWN_AT = "0:0:0:0", "0:0:0:1", "0:0:0:0"
# dom0's disks; the first has bad blocks at its end.
SHARED, OWN = "shared", "own"
SIZE, BAD = 32768, 8
READ10, WRITE10 = "28", "2a"
CHECK_CONDITION = 2
RESET = "0x00080000"
TIMES = 20
# A guest is answered without its device after ten.
AT_ONCE_MS, IN_THE_END_MS = 5000, 20000


def disks(lab):
    lab.dom0.run("modprobe dm-mod; modprobe brd rd_nr=16 rd_size=16384; "
                 f"dmsetup create {SHARED} <<< '0 {SIZE - BAD} linear /dev/ram9 0\n"
                 f"{SIZE - BAD} {BAD} error'; dmsetup create {OWN} --table '0 {SIZE} linear /dev/ram10 0'; "
                 f"dmsetup mknodes; ls /dev/mapper/{SHARED} /dev/mapper/{OWN}")


def suspend(lab, name):
    lab.dom0.run(f"dmsetup suspend --noflush --nolockfs {name}")


def reading(disk, block):
    return f"dd if={disk} of=/dev/null bs=4k count=1 skip={block} iflag=direct status=none"


def reset_by_another(lab, victim, other):
    """SAM-5 5.3.1 would have TASK ABORTED, which nobody on this ring asked for; the wire's word is RESET."""
    disk, others = (lab.disk(guest, SHARED_AT) for guest in (victim, other))
    for guest in (victim, other):
        guest.run(reading(disk, 0))
    suspend(lab, SHARED)
    with Trace(lab.dom0) as trace:
        job = victim.start(reading(disk, 512))
        lab.dom0.poll(f"[ $(cat {directory(victim)}/lun-{SHARED_AT}/in_flight) = 1 ]")
        reset = other.start(f"sg_reset -d {others}")
        lab.dom0.poll(f"grep -q 'fetched: vscsi-{other.domid}-0 .* reset ' {TRACING}/trace")
        # So that the device has the reset when it comes back.
        lab.dom0.run(f"sleep 1; dmsetup resume {SHARED}")
        lab.equal("the reset ends well", reset.wait(60, check=False).rc, 0)
        lab.equal("the other guest's read too, once more sent", job.wait(60, check=False).rc, 0)
    place = f"vscsi-{victim.domid}-0 {SHARED_AT.split(':', 1)[1]} rqid="
    rqids = [text[len(place):].split()[0] for event, text in trace.events if event == "fetched"
             and text.startswith(place) and f" cdb={READ10} 00 00 00 10 00" in text]
    results = [re.search(r"result=(\S+)", text).group(1) for event, text in trace.events
               if event == "responded" and rqids and text.startswith(f"{place}{rqids[0]} ")]
    lab.equal("a command that another guest's reset hit ends with the host status RESET", results[:1], [RESET])


def said(text, words):
    """(LUN, CDB) and, of what is complete, the status."""
    found = re.search(words + r".*CDB ((?:[0-9a-f]{2} ?)+)", text)
    return (*found.groups()[:-1], found.groups()[-1].strip())


def traced(lab, guest, scripted):
    """Who traces target core sees each command start and end, whoever carries it out."""
    disk, passed = (lab.disk(guest, at) for at in (SHARED_AT, PASSED_AT))
    generic = scripted.node(guest, DISK)
    # The last unit attentions.
    guest.run(f"{reading(disk, 0)}; {reading(passed, 0)}")
    scripted.answers([(DISK, int(WRITE10, 16), dict(status=CHECK_CONDITION, residual=512, sense=fixed(3, 0x0c)))])
    with Trace(lab.dom0, "target/target_sequencer_start", "target/target_cmd_complete") as trace:
        for path in (disk, passed):
            guest.run(f"dd if={path} of=/dev/null bs=4k count={TIMES} iflag=direct status=none")
        guest.run(f"dd if=/dev/zero of={disk} bs=4k count={TIMES} oflag=direct status=none")
        guest.run(f"sg_raw -r 512 {disk} {READ10} 00 00 00 7f ff 00 00 01 00; "
                  f"sg_raw -r 512 {disk} {READ10} 00 00 01 00 00 00 00 01 00; "
                  f"sg_raw -s 512 -i /dev/zero {generic} {WRITE10} 00 00 00 00 00 00 00 01 00; "
                  f"sg_raw -s 512 -i /dev/zero {generic} {WRITE10} 00 00 00 00 00 00 00 01 00")
    started = Counter(said(text, r" -> LUN (\d+) ") for event, text in trace.events
                      if event == "target_sequencer_start")
    ended = [said(text, r" <- LUN (\d+) .*status (.*?) \(sense") for event, text in trace.events
             if event == "target_cmd_complete"]
    lab.equal("target core's trace events have each command's start", sum(started.values()), 3 * TIMES + 4)
    lab.equal("and its end", Counter((lun, cdb) for lun, _, cdb in ended), started)
    lab.equal("with its status", Counter((lun, status, cdb[:2]) for lun, status, cdb in ended), {
        ("000", "GOOD", READ10): TIMES, ("000", "GOOD", WRITE10): TIMES, ("000", "CHECK CONDITION", READ10): 2,
        ("001", "GOOD", READ10): TIMES, ("001", "GOOD", WRITE10): 1, ("001", "CHECK CONDITION", WRITE10): 1})


def take_over(lab, guest):
    """The guest's frontend becomes one that aborts what and when it likes."""
    lab.vscsi.detach_controller(guest.domid)
    module = tools.kernel_module("vscsi-hostile", SOURCES, guest)
    guest.put(module.read_bytes(), "/root/vscsi-hostile.ko")
    tools.install(guest, "hostile", SOURCES)
    guest.run("modprobe -r xen-scsifront && insmod /root/vscsi-hostile.ko", timeout=90)


def abort(rqid, ref):
    return request(b"", rqid=rqid, action=ABORT, ref=ref)


def parked(lab, guest, pdev):
    """A command that waits for one that was abandoned is the driver's own: its abort asks no device."""
    take_over(lab, guest)
    lab.attach(guest, pdev, OWN_AT)
    buffer = f"{FREE}/0/4096"

    def say(*lines):
        return guest.run("hostile", timeout=60, stdin="\n".join([*lines, ""])).out.splitlines()

    def abandoned():
        return lab.dom0.run(f"cat {directory(guest)}/abandoned").out.strip()
    say(*[request(TEST_UNIT_READY), "go"] * 3)
    suspend(lab, OWN)
    ended = say(request(read(4096, 8), buffer, 1), "push", "sleep 300", abort(2, 1), "push", f"answers {AT_ONCE_MS}",
                "case later", f"answers {IN_THE_END_MS}")
    lab.equal("a stuck command's abort is answered, but not at once", sorted(ended), sorted([
        "2 unanswered", "case later", answer(ABORTED, 4096, rqid=1), answer(TASK_DONE, rqid=2)]))
    before = abandoned()
    lab.check("the stuck command is abandoned", int(before) > 0, before)
    # One push, for what waits is answered with BUSY after a second.
    ended = say(request(read(8192, 8), buffer, 3), abort(4, 3), "push", f"answers {AT_ONCE_MS}", "case later",
                f"answers {IN_THE_END_MS}")
    lab.equal("a command that waits for it is aborted at once", [*sorted(ended[:2]), *ended[2:]], [
        answer(ABORTED, 4096, rqid=3), answer(TASK_DONE, rqid=4), "case later"])
    lab.equal("which abandons nothing", abandoned(), before)
    lab.dom0.run(f"dmsetup resume {OWN}")
    lab.dom0.poll(f"[ $(cat {directory(guest)}/abandoned) = 0 ]", 20)
    lab.equal("when the disk is back it is read", say(request(read(8192, 8), buffer, 5), "go"), [answer(rqid=5)])


def run(lab):
    lab.load_driver()
    scripted = Scripted(lab)
    disks(lab)
    first, second = lab.guests
    for guest in lab.guests:
        guest.run("modprobe sg")
    target = lab.target.create(NAA)
    shared = target.lun(0, lab.backstore.iblock("shared", device=f"/dev/mapper/{SHARED}"))
    for guest in lab.guests:
        lab.attach(guest, shared, SHARED_AT)
    lab.attach(first, target.lun(1, scripted.store(DISK)), PASSED_AT)
    # fileio reads in target core's worker, which a stuck disk then holds; iblock would not.
    own = target.lun(2, lab.backstore.fileio("own", f"{SIZE // 2048}M", f"/dev/mapper/{OWN}"))

    reset_by_another(lab, first, second)
    traced(lab, first, scripted)
    parked(lab, second, own)
