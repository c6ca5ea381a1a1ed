# SPDX-License-Identifier: GPL-2.0
"""A guest that comes back waits until the device is done with what its earlier connection has left there."""
import time

from vscsilab.errors import LabError
from vscsilab.scripted import DISK, TAPE, Scripted
from vscsilab.statistics import directory
from vscsilab.vscsi import CLOSING, CONNECTED, INITIALISING, RECONFIGURING, backend

GUESTS = 2
TIMEOUT = 400
DRIVERS = ("ours",)
NAA, FORCED = "naa.50014050000000d1", "naa.50014050000000d2"
# dom0's disks that hold what is written: HELD and AT_ONCE of a guest that is destroyed, AGAIN of a
# device and ANEW of a controller that is detached, all of them attached once more.
HELD, AT_ONCE, AGAIN, ANEW = DISKS = "held", "forced", "again", "anew"
SECTORS = 8192
BLOCK = 4096
# A block of 1s in a guest's file.
ONE = "/tmp/one"
WRITE6, WRITE10 = 0x0a, 0x2a
WRITES = 8
# Seconds.
SOON, GIVES_UP = 10, 3
TAPE_AT, FORCED_AT, QUEUED_AT = "0:0:0:1", "0:0:1:0", "0:0:0:3"


def make_disks(lab):
    lab.dom0.run(f"set -e; modprobe -a dm-mod; modprobe brd rd_nr={len(DISKS)} rd_size={SECTORS // 2}; " + "; ".join(
        f"dmsetup create {name} --table '0 {SECTORS} linear /dev/ram{number} 0'"
        for number, name in enumerate(DISKS)) + "; dmsetup mknodes; " + "; ".join(
            f"ls /dev/mapper/{name}" for name in DISKS))


def hold(lab, *names):
    lab.dom0.run("; ".join(f"dmsetup suspend --noflush --nolockfs {name}" for name in names))


def let_go(lab, *names):
    lab.dom0.run("; ".join(f"dmsetup resume {name}" for name in names))


def write(disk, mark):
    return (f"head -c {BLOCK} /dev/zero | tr '\\0' {mark} | "
            f"dd of={disk} bs={BLOCK} count=1 iflag=fullblock oflag=direct status=none")


def marks(place, disk):
    """What the block is full of, each mark once in a row."""
    return place.run(f"dd if={disk} bs={BLOCK} count=1 iflag=direct status=none | tr -s 0-9").out


def settle(guest, *disks):
    """Whatever the guest's kernel wants of a new disk is over."""
    for disk in disks:
        guest.run(f"dd if={disk} of=/dev/null bs={BLOCK} count=1 iflag=direct status=none")


def in_flight(lab, guest, *vdevs, count=1):
    """Until each device has so many commands of the guest."""
    lab.dom0.poll(" && ".join(f"[ $(cat {directory(guest, int(vdev.split(':')[0]))}/lun-{vdev}/in_flight) -ge {count} ]"
                              for vdev in vdevs))
    # A bio that was not to wait, and had to, is with the disk by then.
    lab.dom0.run("sleep 1")


class Return:
    """A device that is attached while commands of an earlier connection are not over."""

    def __init__(self, lab, what, guest, pdev, vdev, devid=0):
        self.lab, self.what, self.guest, self.devid = lab, what, guest, devid
        self.dev = lab.attach(guest, pdev, vdev, devid, wait=False)
        self.path = f"{backend(guest.domid, devid)}/vscsi-devs/{self.dev}"

    def error(self):
        return self.lab.xs.read(self.path + "/error")

    def waits(self):
        for _ in range(50):
            error = self.error()
            if error:
                break
            time.sleep(0.1)
        self.lab.check(f"{self.what}: the operator is told what it waits for", "earlier" in (error or ""), error)
        time.sleep(1)
        self.lab.equal(f"{self.what}: it waits", self.lab.xs.read(self.path + "/state"), str(INITIALISING))

    def is_given(self):
        wrong = ""
        try:
            self.lab.vscsi.wait_connected(self.guest.domid, self.dev, self.devid, timeout=SOON)
        except LabError as error:
            wrong = str(error)
        return self.lab.check(f"{self.what}: the guest has it", not wrong, wrong)

    def is_given_then(self):
        """By itself, when it need not wait any more."""
        self.is_given()
        self.lab.equal(f"{self.what}: and the operator is told nothing any more", self.error(), None)


def writes_last(lab, what, guest, disk, name):
    """What the guest writes now stays."""
    guest.run(write(disk, 2))
    lab.equal(f"{what}: what it writes then is what it reads", marks(guest, disk), "2")
    lab.equal(f"{what}: and what dom0 reads", marks(lab.dom0, f"/dev/mapper/{name}"), "2")


def destroyed(lab, scripted, guest, pdevs):
    """The guest is destroyed with writes that two disks and a tape drive do not answer; its UUID."""
    for name, vdev in (("held", "0:0:0:0"), ("tape", TAPE_AT), ("forced", FORCED_AT)):
        lab.attach(guest, pdevs[name], vdev)
    disks = [lab.disk(guest, vdev) for vdev in ("0:0:0:0", FORCED_AT)]
    tape = scripted.node(guest, 1)
    guest.poll(f"sg_turs {tape}")
    settle(guest, *disks)
    hold(lab, HELD, AT_ONCE)
    scripted.forget()
    scripted.stuck(True)
    scripted.hang(TAPE, WRITE6)
    for disk in disks:
        guest.start(write(disk, 1))
    guest.start(f"sg_raw -t 300 -s 512 -i /dev/zero {tape} {WRITE6:02x} 00 00 02 00 00")
    in_flight(lab, guest, "0:0:0:0", TAPE_AT, FORCED_AT)
    uuid = lab.xs.read(f"/local/domain/{guest.domid}/vm").rsplit("/", 1)[1]
    domid = guest.domid
    guest.destroy()
    lab.vscsi.forget(domid)
    return uuid


def given_up(guest, disk):
    """A write that the guest does not wait for, and its disk does."""
    return guest.start(f"sg_raw -t {GIVES_UP} -s {BLOCK} -i {ONE} {disk} "
                       f"{WRITE10:02x} 00 00 00 00 00 00 00 {BLOCK // 512:02x} 00 2>&1")


def take_away(lab, guest, dev):
    """As lab.detach(), by a toolstack that does not wait until the device is Closed."""
    back = backend(guest.domid, 0)
    lab.xs.transaction([("write", f"{back}/vscsi-devs/{dev}/state", str(CLOSING)),
                        ("write", back + "/state", str(RECONFIGURING))])
    lab.xs.wait(back + "/state", CONNECTED)
    lab.xs.rm(f"{back}/vscsi-devs/{dev}")


def detached(lab, guest, pdevs, dev, writes):
    """A running guest gets back a device, and a controller, whose disks still have a write of before."""
    for job in writes:
        ended = job.wait(60, check=False)
        lab.check("the guest has given up its write", ended.rc != 0, ended.out)
    take_away(lab, guest, dev)
    again = Return(lab, "a device that was detached", guest, pdevs["again"], "0:0:0:0")
    again.waits()
    lab.vscsi.detach_controller(guest.domid, 1)
    anew = Return(lab, "a controller that was detached", guest, pdevs["anew"], "1:0:1:0", devid=1)
    anew.waits()
    let_go(lab, AGAIN, ANEW)
    again.is_given_then()
    anew.is_given_then()
    for item, name, vdev in ((again, AGAIN, "0:0:0:0"), (anew, ANEW, "1:0:1:0")):
        writes_last(lab, item.what, guest, lab.disk(guest, vdev), name)


def created_again(lab, scripted, guest, pdevs, forced):
    """The guest of destroyed(), booted by the same UUID."""
    held = Return(lab, "a disk of a guest that was destroyed", guest, pdevs["held"], "0:0:0:0")
    held.waits()
    tape = Return(lab, "a tape drive of a guest that was destroyed", guest, pdevs["tape"], TAPE_AT)
    tape.waits()
    lab.equal("a portal group waits if it is not told otherwise", forced.attribute("wait_for_earlier"), "1")
    at_once = Return(lab, "a disk that the operator does not want to wait for", guest, pdevs["forced"], FORCED_AT)
    at_once.waits()
    forced.attribute("wait_for_earlier", 0)
    at_once.is_given_then()
    lab.equal("the others wait on", [lab.device_state(guest, 0, item.dev) for item in (held, tape)],
              [INITIALISING] * 2)
    let_go(lab, HELD, AT_ONCE)
    held.is_given_then()
    writes_last(lab, held.what, guest, lab.disk(guest, "0:0:0:0"), HELD)
    lab.equal("the tape drive waits on", lab.device_state(guest, 0, tape.dev), INITIALISING)
    scripted.release()
    scripted.stuck(False)
    tape.is_given_then()
    guest.poll(f"sg_turs {scripted.node(guest, 1)}")
    lab.equal("the drive was told to write once", sum(cdb.startswith(f"{WRITE6:02x}")
                                                       for cdb in scripted.reached(TAPE)), 1)


def never_started(lab, scripted, guest, pdev):
    """Of what a guest has sent, its end stops all that the adapter did not have by then."""
    lab.attach(guest, pdev, QUEUED_AT)
    disk = lab.disk(guest, QUEUED_AT)
    settle(guest, disk)
    scripted.forget()
    scripted.hang(DISK, WRITE10)
    guest.start(" & ".join(f"sg_raw -t 300 -s 512 -i /dev/zero {disk} {WRITE10:02x} 00 00 00 00 {number:x}0 00 00 01 00"
                           for number in range(WRITES)) + " & wait")
    in_flight(lab, guest, QUEUED_AT, count=WRITES)

    def written():
        return [cdb for cdb in scripted.reached(DISK) if cdb.startswith(f"{WRITE10:02x}")]
    lab.equal(f"the adapter has one of {WRITES} writes", len(written()), 1)
    domid = guest.domid
    guest.destroy()
    lab.vscsi.forget(domid)
    lab.dom0.poll(f"! pgrep '^vscsi-{domid}-' && sleep 1")
    scripted.release()
    lab.dom0.poll(f"! ls /sys/bus/xen-backend/devices/vscsi-{domid}-0")
    # One may have been in dom0's block layer, which nobody can call back.
    lab.check("when it answers it gets none of a dead guest's writes but what the block layer had",
              len(written()) <= 2, written())


def run(lab):
    lab.load_driver()
    make_disks(lab)
    scripted = Scripted(lab, tags=1)
    node = scripted.node(lab.dom0, DISK, "block")
    # What waits for the adapter waits outside the block layer, and nobody loses patience.
    lab.dom0.run(f"echo none > /sys/block/{node[5:]}/queue/scheduler; "
                 f"echo 600 > /sys/class/scsi_device/{scripted.hctl(DISK)}/device/timeout")
    target, forced = lab.target.create(NAA), lab.target.create(FORCED)
    stores = {name: lab.backstore.iblock(name, device=f"/dev/mapper/{name}") for name in DISKS}
    stores.update(tape=scripted.store(TAPE), queued=lab.backstore.iblock("queued", device=node))
    pdevs = {name: (forced if name == AT_ONCE else target).lun(number, store)
             for number, (name, store) in enumerate(stores.items())}
    first, second = lab.guests
    for guest in lab.guests:
        guest.run(f"modprobe sg; head -c {BLOCK} /dev/zero | tr '\\0' 1 > {ONE}")

    # What takes a while goes on side by side: a guest gives up its writes, and another boots.
    dev = lab.attach(second, pdevs["again"], "0:0:0:0")
    lab.attach(second, pdevs["anew"], "1:0:1:0", devid=1)
    disks = [lab.disk(second, vdev) for vdev in ("0:0:0:0", "1:0:1:0")]
    settle(second, *disks)
    hold(lab, AGAIN, ANEW)
    writes = [given_up(second, disk) for disk in disks]
    in_flight(lab, second, "0:0:0:0", "1:0:1:0")
    uuid = destroyed(lab, scripted, first, pdevs)
    first = lab.guest(first.name, wait=False, config=f'uuid = "{uuid}"', memory=256)
    detached(lab, second, pdevs, dev, writes)
    first.wait_up()
    first.run("modprobe sg")
    created_again(lab, scripted, first, pdevs, forced)
    never_started(lab, scripted, second, pdevs["queued"])

    lab.dismantle(first, [target, forced], stores.values())
    scripted.close()
