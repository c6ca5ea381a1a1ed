# SPDX-License-Identifier: GPL-2.0
"""Statistics, trace events and debugfs say what was done, and go away with what they are about."""
from vscsilab.admin import Admin
from vscsilab.scripted import TAPE, Scripted, fixed
from vscsilab.statistics import DEBUG, Trace, directory, entries, grown, numbers

GUESTS = 1
TIMEOUT = 600
DRIVERS = ("ours",)
NAA = "naa.50014050000000b4"
STUCK = "/dev/mapper/stuck"
READ6 = 0x08
CHECK_CONDITION, CONFLICT, TASK_ABORTED = 0x02, 0x18, 0x40
# What Linux calls DID_ERROR.
ADAPTER_ERROR = 7
TAPE_AT, DISK_AT = "0:0:0:0", "0:0:0:1"
# Of a LUN, as Linux' frontend has it.
QUEUE = 10


def tape_read(node, patience):
    return f"sg_raw -r 1000 -t {patience} {node} 08 00 00 03 e8 00"


class Counted:
    """What the numbers of the controller and of a LUN grow by."""

    def __init__(self, lab, guest, vdev):
        self.dom0 = lab.dom0
        self.ring = directory(guest)
        self.lun = f"{self.ring}/lun-{vdev}"
        self.before = self.read()

    def read(self):
        return numbers(self.dom0, self.ring, self.lun)

    def growth(self):
        return tuple(grown(old, new) for old, new in zip(self.before, self.read()))


def plain(growth):
    """Without times, which nobody can foretell."""
    return {name: value for name, value in growth.items() if not name.startswith("time_")}


def known_io(lab, guest, disk):
    # Unit attentions are over then.
    guest.run(f"dd if={disk} of=/dev/null bs=4k count=1 iflag=direct status=none")
    counted = Counted(lab, guest, DISK_AT)
    guest.run(f"dd if=/dev/zero of={disk} bs=64k count=16 oflag=direct status=none; "
              f"dd if={disk} of=/dev/null bs=64k count=32 iflag=direct status=none")
    ring, lun = counted.growth()
    lab.equal("the LUN counts 48 commands and their bytes", plain(lun), {
        "requests": 48, "reads": 32, "writes": 16, "bytes_read": 32 << 16, "bytes_written": 16 << 16})
    # Each is at a page's start, so a piece for each page.
    lab.equal("the ring counts the same", {name: ring.get(name) for name in (
        "requests", "responses", "bytes_read", "bytes_written", "copies")}, {
            "requests": 48, "responses": 48, "bytes_read": 32 << 16, "bytes_written": 16 << 16,
            "copies": 48 * 16})
    lab.check("no more hypercalls than commands, a notification at most for each",
              ring["copy_calls"] <= 48 and 0 < ring["notifications"] <= 48
              and 0 < ring["interrupts"] <= 48, ring)
    lab.check("time passed", lun["time_total"] >= lun["time_device"] + lun["time_queue"] > 0, lun)


def sums(lab, guest, vdev):
    lun, = numbers(lab.dom0, f"{directory(guest)}/lun-{vdev}")
    lab.equal(f"{vdev}: histograms have what was completed",
              [entries(lun[f"latency_{what}"]) for what in ("queue", "device", "total")],
              [lun["requests"] - lun["in_flight"]] * 3)
    lab.equal(f"{vdev}: bounds are powers of two", [bound for bound, _ in lun["latency_total"]],
              [str(1024 << i) for i in range(31)] + ["inf"])


def failures(lab, guest, scripted, node, disk):
    counted = Counted(lab, guest, TAPE_AT)
    scripted.answers([(TAPE, READ6, dict(status=CHECK_CONDITION, residual=1000, sense=fixed(3, 0x11)))])
    guest.run(tape_read(node, 20), check=False)
    lab.equal("a CHECK CONDITION is counted", plain(counted.growth()[1]),
              {"requests": 1, "reads": 1, "errors_check_condition": 1})
    for name, answer in (("conflict", dict(status=CONFLICT)), ("status", dict(status=TASK_ABORTED)),
                         ("host", dict(host=ADAPTER_ERROR))):
        counted = Counted(lab, guest, TAPE_AT)
        scripted.answers([(TAPE, READ6, dict(residual=1000, **answer))])
        guest.run(tape_read(node, 20), check=False)
        lab.equal(f"an error of class {name} is counted", plain(counted.growth()[1]),
                  {"requests": 1, "reads": 1, f"errors_{name}": 1})
    counted = Counted(lab, guest, DISK_AT)
    guest.run(f"sg_reset -d {disk}")
    ring, lun = counted.growth()
    lab.equal("a reset is counted", (lun.get("resets"), ring.get("resets")), (1, 1))
    # Its unit attention.
    guest.run(f"dd if={disk} of=/dev/null bs=4k count=1 iflag=direct status=none")
    counted = Counted(lab, guest, TAPE_AT)
    scripted.hang(TAPE, READ6)
    guest.run(tape_read(node, 2), check=False, timeout=90)
    ring, lun = counted.growth()
    lab.equal("an abort is counted", [lun.get("aborts"), lun.get("errors_aborted"), ring.get("aborts"),
                                      ring.get("abandoned")], [1, 1, 1, None])
    counted = Counted(lab, guest, DISK_AT)
    guest.run("for h in /sys/class/scsi_host/host*; do echo 0 5 0 > $h/scan; done")
    ring, lun = counted.growth()
    lab.check("a LUN that is not there is the ring's affair", ring.get("rejected_lun", 0) > 0 and not plain(lun),
              (ring, lun))


def traced(lab, guest, disk):
    with Trace(lab.dom0) as trace:
        guest.run(f"dd if={disk} of=/dev/null bs=64k count=1 skip=9 iflag=direct status=none")
        guest.run("for h in /sys/class/scsi_host/host*; do echo 0 5 0 > $h/scan; done")
    rqid = next((text.split("rqid=")[1].split()[0] for event, text in trace.events
                 if event == "fetched" and "cdb=28 00 00 00 04 80 00 00 80" in text), None)
    lab.check("the read was fetched", rqid, trace.text)
    own = [(event, text) for event, text in trace.events if f"rqid={rqid} " in text]
    lab.equal("a request's life, in order", [event for event, _ in own][:4],
              ["fetched", "submitted", "completed", "responded"])
    place = f"vscsi-{guest.domid}-0 0:0:1 rqid={rqid} "
    lab.check("all say whose it is", all(text.startswith(place) for _, text in own[:4]), own)
    lab.check("and what became of it", "in bytes=65536" in own[1][1] and
              "host=0 status=0x00 residual=0" in own[2][1] and "result=0x00000000" in own[3][1], own)
    lab.check("what is rejected says why", any(event == "rejected" and " reason=lun" in text
                                               for event, text in trace.events), trace.text)


def stuck(lab, guest, disk):
    counted = Counted(lab, guest, DISK_AT)
    lab.dom0.run("dmsetup suspend --noflush --nolockfs stuck")
    job = guest.start(f"dd if={disk} of=/dev/null bs=4k count=1 skip=512 iflag=direct status=none")
    shown = lab.dom0.poll(f"grep {DISK_AT} {DEBUG}/vscsi-{guest.domid}-0/inflight").out.split()
    lab.dom0.run("sleep 1")
    later = lab.dom0.run(f"grep {DISK_AT} {DEBUG}/vscsi-{guest.domid}-0/inflight").out.split()
    lab.note(" ".join(later))
    lab.equal("debugfs shows what it waits for", later[2:3] + later[4:],
              ["device", DISK_AT, f"{NAA}:1", "4096",
               *"28 00 00 00 10 00 00 00 08 00 00 00 00 00 00 00".split()])
    lab.check("and for how long", int(later[3]) >= int(shown[3]) + 1000, (shown, later))
    lab.equal("it is in flight", [found["in_flight"] for found in counted.read()],
              [1, 1])
    lab.dom0.run("dmsetup resume stuck")
    lab.equal("it ends", job.wait(30).rc, 0)
    lab.check("and is shown no more", DISK_AT not in
              lab.dom0.run(f"cat {DEBUG}/vscsi-{guest.domid}-0/inflight").out)
    lab.equal("counted once", plain(counted.growth()[1]), {"requests": 1, "reads": 1, "bytes_read": 4096})


def top(lab, admin, guest, disk):
    job = guest.start(f"while :; do dd if={disk} of=/dev/null bs=64k iflag=direct status=none; done")
    picture = admin.json("top -n 1 -d 4")
    shown, = picture["guests"]
    lun, = [item for item in shown["controllers"][0]["luns"] if item["v-dev"] == DISK_AT]
    lab.equal("top names the guest", (shown["name"], shown["domid"]), ("g1", guest.domid))
    rate = lun["per-second"]
    # One is counted when it comes and when it ends, and a picture may be taken in between.
    astray = abs(rate["bytes_read"] / 65536 - rate["reads"]) * picture["seconds"]
    lab.check("top shows the load", rate["reads"] > 0 and rate["writes"] == 0 and astray < 1.5
              and 0 < lun["latency-ns"]["device"]["mean"] < lun["latency-ns"]["total"]["mean"], lun)
    table = admin.run("top -b -n 2 -d 1 g1").out
    lab.note(table)
    lines = [line.split() for line in table.splitlines() if line.startswith("g1 ") and DISK_AT in line]
    lab.check("and as a table, twice", len(lines) == 2 and all(float(line[3]) > 0 for line in lines), table)
    job.kill()
    guest.run("pkill dd", check=False)


def read_all_the_while(lab):
    return lab.dom0.start("while sleep 0.01; do cat /sys/bus/xen-backend/devices/vscsi-*/statistics/* "
                          f"/sys/bus/xen-backend/devices/vscsi-*/statistics/*/* {DEBUG}/*/*; "
                          "done > /dev/null 2>&1")


def slots_and_tables(lab, guest, slots, tables):
    """Waits until the ring has that many, and none of them more than it needs."""
    lab.dom0.poll(f"set -- $(grep -E 'slots|tables' {DEBUG}/vscsi-{guest.domid}-0/memory); "
                  f"[ $2 = {slots} ] && [ $4 = {tables} ]", 20)


def at_rest(lab, guest, disk):
    """A ring gives its slots back, all but one, and takes them again."""
    for time, poll in (("", 0), (" again, and the ring's thread polls", 1000)):
        lab.dom0.run(f"echo {poll} > /sys/module/xen_scsiback/parameters/poll_us")
        lab.dom0.run("dmsetup suspend --noflush --nolockfs stuck")
        job = guest.start(f"fio --name=load --filename={disk} --rw=randread --bs=508k --direct=1 "
                          "--ioengine=libaio --iodepth=16 --number_ios=200 --minimal")
        slots_and_tables(lab, guest, QUEUE, QUEUE)
        lab.dom0.run("dmsetup resume stuck")
        lab.check(f"long commands in flight have a slot and a table each{time}",
                  job.wait(30).out)
        slots_and_tables(lab, guest, 1, 0)
        lab.check(f"and gave its pages back{time}", "pages_lent 0\npages_free 0" in lab.dom0.run(
            f"cat {DEBUG}/vscsi-{guest.domid}-0/memory").out)
        lab.check(f"the ring at rest has one slot{time}", True)
    ring = Counted(lab, guest, DISK_AT)
    guest.run(f"dd if={disk} of=/dev/null bs=4k count=500 iflag=direct status=none")
    ring, lun = ring.growth()
    lab.note(f"polling: {ring['interrupts']} interrupts for {ring['requests']} requests")
    lab.equal("a thread that polls loses none", (ring["requests"], ring["responses"], lun["reads"]), (500, 500, 500))
    lab.dom0.run("echo 0 > /sys/module/xen_scsiback/parameters/poll_us")


def run(lab):
    lab.load_driver()
    scripted = Scripted(lab)
    guest, = lab.guests
    guest.run("modprobe -a sg st")
    lab.dom0.run("modprobe dm-mod; modprobe brd rd_nr=16 rd_size=16384; "
                 "dmsetup create stuck --table '0 32768 linear /dev/ram9 0'; "
                 f"dmsetup mknodes; ls {STUCK}")
    stores = [lab.backstore.iblock("stuck", device=STUCK), scripted.store(TAPE)]
    target = lab.target.create(NAA)
    with Trace(lab.dom0) as trace:
        tape_dev = lab.attach(guest, target.lun(TAPE, stores[1]), TAPE_AT)
    states = [text.split("state=")[1] for event, text in trace.events if event == "device_state"]
    lab.equal("a device's states are traced", states, ["Initialised", "Connected"])
    for side, wanted in (("backend", ["InitWait", "Connected"]), ("frontend", ["Initialised", "Connected"])):
        lab.equal(f"and the {side}'s of the controller",
                  [text.split("state=")[1] for event, text in trace.events if event == f"{side}_state"][-2:], wanted)
    lab.attach(guest, target.lun(1, stores[0]), DISK_AT)
    disk = lab.disk(guest, DISK_AT)
    node = scripted.node(guest, TAPE)

    known_io(lab, guest, disk)
    failures(lab, guest, scripted, node, disk)
    traced(lab, guest, disk)
    stuck(lab, guest, disk)
    top(lab, Admin(lab), guest, disk)
    at_rest(lab, guest, disk)
    for vdev in (DISK_AT, TAPE_AT):
        sums(lab, guest, vdev)

    reader = read_all_the_while(lab)
    for _ in range(3):
        lab.detach(guest, tape_dev)
        lab.check("a LUN's numbers go with it", lab.dom0.run(
            f"ls -d {directory(guest)}/lun-{TAPE_AT}", check=False).rc != 0)
        tape_dev = lab.attach(guest, f"{NAA}:{TAPE}", TAPE_AT)
    domid = guest.domid
    guest.start(f"while :; do dd if={disk} of=/dev/null bs=64k iflag=direct status=none; done")
    lab.dom0.run("dmsetup suspend --noflush --nolockfs stuck; sleep 1")
    guest.destroy()
    lab.vscsi.forget(domid)
    left = lab.dom0.poll(f"! ls -d {DEBUG}/vscsi-{domid}-0 2>/dev/null && "
                         f"grep {DISK_AT} {DEBUG}/vscsi-{domid}-0.*/inflight").out.split()
    lab.check("what a guest that has gone left with a device is still shown",
              left[2] in ("device", "aborting") and left[4:6] == [DISK_AT, f"{NAA}:1"], left)
    lab.dom0.run("dmsetup resume stuck")
    lab.dom0.poll("! ls -d /sys/bus/xen-backend/devices/vscsi-*")
    lab.dom0.poll(f"[ -z \"$(ls {DEBUG})\" ]")
    lab.check("nothing of it is left in sysfs and debugfs", True)
    reader.kill()
    for item in (target, *stores):
        item.delete()
    lab.dom0.run("dmsetup remove stuck")
    scripted.close()
    lab.unload_driver()
    lab.check("debugfs is as it was", lab.dom0.run(f"ls -d {DEBUG}", check=False).rc != 0)
