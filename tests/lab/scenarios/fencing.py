# SPDX-License-Identifier: GPL-2.0
"""Two guests are two initiators on one LUN: every persistent reservation, in both directions."""
import re

GUESTS = 2
TIMEOUT = 900
FAILS_ON = {"in-tree": "page fault|the other guest|host died"}
NAA = "naa.5001405000000092"
CONFLICT = 24
ATTENTION = 6
KEYS = {"g1": "0xa1", "g2": "0xb2"}
# By type: its name, whether registrants share it, whether others may read.
TYPES = {1: ("write exclusive", False, True), 3: ("exclusive access", False, False),
         5: ("write exclusive, registrants only", True, True),
         6: ("exclusive access, registrants only", True, False),
         7: ("write exclusive, all registrants", True, True),
         8: ("exclusive access, all registrants", True, False)}


class Initiator:
    """A guest with a path to the LUN."""

    def __init__(self, lab, guest, pdev):
        self.lab, self.guest, self.pdev = lab, guest, pdev
        self.key = KEYS[guest.name]
        self.attach()

    def attach(self):
        self.guest.run("modprobe sg")
        self.dev = self.lab.attach(self.guest, self.pdev, "0:0:0:0")
        self.node = "/dev/" + self.guest.poll(
            "ls /sys/class/scsi_device/*:0:0:0/device/scsi_generic").out.strip()

    def ends(self, command):
        return self.guest.run(command, timeout=60, check=False).rc

    def settle(self):
        self.guest.poll(f"sg_turs {self.node}")

    def persist(self, arguments):
        return self.ends(f"sg_persist --out {arguments} {self.node}")

    def register(self, ignore=False, aptpl=False):
        how = "--register-ignore" if ignore else "--register"
        return self.persist(f"{how} --param-sark={self.key}{' --param-aptpl' if aptpl else ''}")

    def reserve(self, kind):
        return self.persist(f"--reserve --param-rk={self.key} --prout-type={kind}")

    def release(self, kind):
        return self.persist(f"--release --param-rk={self.key} --prout-type={kind}")

    def preempt(self, victim, kind, abort=False):
        return self.persist(f"--preempt{'-abort' if abort else ''} --param-rk={self.key} "
                            f"--param-sark={victim.key} --prout-type={kind}")

    def clear(self):
        return self.persist(f"--clear --param-rk={self.key}")

    def unregister(self):
        return self.persist(f"--register --param-rk={self.key} --param-sark=0")

    def writes(self):
        return self.ends(f"sg_raw -t 60 -s 512 -i /dev/zero {self.node} 2a 0 0 0 0 0 0 0 1 0")

    def reads(self):
        return self.ends(f"sg_raw -t 60 -r 512 {self.node} 28 0 0 0 0 0 0 0 1 0")

    def keys(self):
        text = self.guest.run(f"sg_persist --in -k {self.node}").out
        return sorted(re.findall(r"^\s+(0x\w+)", text, re.M))

    def holder(self):
        text = self.guest.run(f"sg_persist --in -r {self.node}").out
        found = re.search(r"Key=(0x\w+)", text)
        return found and found.group(1)


def access(lab, what, initiator, may_read, may_write):
    got = (initiator.reads(), initiator.writes())
    lab.equal(what, got, (0 if may_read else CONFLICT, 0 if may_write else CONFLICT))


def each_type(lab, holder, other):
    way = f"{holder.guest.name} holds"
    for kind, (name, shared, readable) in TYPES.items():
        what = f"{way} {name}"
        lab.equal(f"{what}: registered and reserved", (holder.register(), holder.reserve(kind)), (0, 0))
        access(lab, f"{what}: it reads and writes", holder, True, True)
        access(lab, f"{what}: the other guest, not registered", other, readable, False)
        lab.equal(f"{what}: the other guest registers, and cannot reserve",
                  (other.register(), other.reserve(1)), (0, CONFLICT))
        access(lab, f"{what}: the other guest, registered", other, readable or shared, shared)
        lab.equal(f"{what}: both keys", other.keys(), sorted(KEYS.values()))
        if "all registrants" not in name:
            lab.equal(f"{what}: the other guest's release changes nothing", other.release(kind), 0)
            lab.equal(f"{what}: still", other.holder(), holder.key)
        lab.equal(f"{what}: released", holder.release(kind), 0)
        if shared:
            lab.equal(f"{what}: the other registrant hears of it", other.writes(), ATTENTION)
        access(lab, f"{what}: then the other guest is free", other, True, True)
        lab.equal(f"{what}: both take their keys back", (holder.unregister(), other.unregister()), (0, 0))


def preempted(lab, first, second):
    """Fencing, as cluster software does it."""
    for abort in (False, True):
        what = "preempt and abort" if abort else "preempt"
        first.register()
        second.register()
        first.reserve(5)
        lab.equal(f"{what}: both write", (first.writes(), second.writes()), (0, 0))
        lab.equal(f"{what}: the survivor fences the other", second.preempt(first, 5, abort), 0)
        lab.equal(f"{what}: the fenced guest hears of it", first.reads(), ATTENTION)
        access(lab, f"{what}: the fenced guest reads, no more", first, True, False)
        access(lab, f"{what}: the survivor goes on", second, True, True)
        lab.equal(f"{what}: one key is left", second.keys(), [second.key])
        lab.equal(f"{what}: the survivor holds", second.holder(), second.key)
        lab.equal(f"{what}: the fenced guest cannot come back with its old key",
                  first.persist(f"--register --param-rk={first.key} --param-sark=0x77"), CONFLICT)
        lab.equal(f"{what}: it is let in again", (first.register(), first.writes()), (0, 0))
        lab.equal(f"{what}: clear", first.clear(), 0)
        lab.equal(f"{what}: the other hears of it", second.reads(), ATTENTION)
        lab.equal(f"{what}: nobody is registered", second.keys(), [])
    # The fenced guest's commands end, those of the survivor do not.
    first.register()
    second.register()
    first.reserve(5)
    job = first.guest.start("fio --name=x --filename=/dev/sda --rw=randwrite --bs=64k --iodepth=16 "
                            "--ioengine=libaio --direct=1 --time_based --runtime=60")
    first.guest.poll("a=$(cat /sys/block/sda/stat); sleep 0.3; [ \"$a\" != \"$(cat /sys/block/sda/stat)\" ]", 100)
    lab.equal("in flight: the survivor fences the other", second.preempt(first, 5, abort=True), 0)
    lab.check("in flight: the fenced guest's I/O ends with an error", job.wait(60, check=False).rc != 0)
    lab.equal("in flight: the survivor writes", second.writes(), 0)
    lab.equal("in flight: clear", second.clear(), 0)
    first.settle()


def reboots(lab, first, second, uuid):
    """A reservation is the initiator's, not the connection's."""
    first.register()
    first.reserve(3)
    domid = first.guest.domid
    first.guest.shutdown()
    lab.vscsi.forget(domid)
    lab.equal("the holder is down: the other guest is still kept out", second.writes(), CONFLICT)
    first.guest = lab.guest("g1", config=f'uuid = "{uuid}"', memory=256)
    first.attach()
    first.settle()
    access(lab, "the holder is up again: it reads and writes", first, True, True)
    lab.equal("the other guest is kept out", second.writes(), CONFLICT)
    lab.equal("released after the reboot", first.release(3), 0)
    first.unregister()


def export(lab):
    store = lab.backstore.iblock("shared", "16M", device="/dev/ram0")
    return store, lab.target.create(NAA)


def reloads(lab, first, second, target, store):
    """APTPL: what dom0 keeps over a reload of everything."""
    lab.equal("APTPL: registered and reserved", (first.register(aptpl=True), first.reserve(3)), (0, 0))
    # The snapshot's guest stays, for its devices come again.
    for initiator in (first, second):
        lab.vscsi.detach_controller(initiator.guest.domid)
    target.delete()
    serial = lab.dom0.run(f"sed 's/.*: //' {store.path}/wwn/vpd_unit_serial").out.strip()
    lab.dom0.run(f"rmdir {store.path}")
    lab.unload_driver()
    lab.load_driver()
    store, target = export(lab)
    lab.dom0.run(
        f"awk '/^PR_REG_START/ {{ r = \"\"; next }} /^PR_REG_END/ {{ print r; next }} {{ r = r $0 \",\" }}' "
        f"/var/target/pr/aptpl_{serial} | while read r; do echo -n \"$r\" > {store.path}/pr/res_aptpl_metadata "
        "|| exit 1; done")
    target.lun(0, store)
    for initiator in (first, second):
        initiator.attach()
        initiator.settle()
    lab.equal("APTPL: the holder's key is there", second.keys(), [first.key])
    lab.equal("APTPL: and its reservation", second.holder(), first.key)
    access(lab, "APTPL: the holder reads and writes", first, True, True)
    access(lab, "APTPL: the other guest does not", second, False, False)
    lab.equal("APTPL: cleared", first.clear(), 0)
    return store, target


def run(lab):
    lab.load_driver()
    lab.dom0.run("mkdir -p /var/target/pr /var/target/alua; modprobe brd rd_nr=1 rd_size=16384")
    store, target = export(lab)
    pdev = target.lun(0, store)
    g1, g2 = lab.guests
    uuid = lab.xs.read(f"/local/domain/{g1.domid}/vm").rsplit("/", 1)[1]
    first, second = Initiator(lab, g1, pdev), Initiator(lab, g2, pdev)
    for initiator in (first, second):
        initiator.settle()
    each_type(lab, first, second)
    each_type(lab, second, first)
    preempted(lab, first, second)
    reboots(lab, first, second, uuid)
    store, target = reloads(lab, first, second, target, store)
    first.guest.shutdown()
    lab.dismantle(second.guest, [target], [store])
