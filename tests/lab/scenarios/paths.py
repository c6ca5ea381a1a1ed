# SPDX-License-Identifier: GPL-2.0
"""Two target ports of one disk with ALUA, dm-multipath in the guest: I/O goes on as states change and a path goes."""
from vscsilab.cdbs import GOOD, READ_CAPACITY10, REPORT_PORT_GROUPS, Node, reads, ten
from vscsilab.load import VerifiedLoad
from vscsilab.multipath import Multipath

GUESTS = 1
TIMEOUT = 600
DRIVERS = ("ours",)
LONG = True
PORTS = ("naa.50014050000000ea", "naa.50014050000000eb")
BLOCK = 512
# SPC-4 table 269, and how a READ ends in a state that takes none.
OPTIMIZED, NON_OPTIMIZED, STANDBY, UNAVAILABLE = 0, 1, 2, 3
STATES = {OPTIMIZED: "active/optimized", NON_OPTIMIZED: "active/non-optimized", STANDBY: "standby",
          UNAVAILABLE: "unavailable"}
READ_ENDS = {OPTIMIZED: GOOD, NON_OPTIMIZED: GOOD, STANDBY: "2/04/0b", UNAVAILABLE: "2/04/0c"}
OUTPUT = "/tmp/groups"
READ = reads(ten(0x28, 0, 1), BLOCK)


class Group:
    """A target port group of the store's."""

    def __init__(self, lab, store, number):
        self.lab, self.number = lab, number
        self.path, self.name = f"{store.path}/alua/port{number}", f"port{number}"
        lab.dom0.run(f"mkdir {self.path} && echo {number} > {self.path}/tg_pt_gp_id")

    def take(self, target):
        """The target's LUN 0."""
        self.lab.dom0.run(f"echo {self.name} > {target.path}/lun/lun_0/alua_tg_pt_gp")

    def becomes(self, state):
        self.lab.dom0.run(f"echo {state} > {self.path}/alua_access_state")

    def delete(self):
        self.lab.dom0.run(f"rmdir {self.path}")


class Path:
    """The guest's, to the disk by one of its ports."""

    def __init__(self, lab, guest, number, target):
        self.lab, self.guest, self.number = lab, guest, number
        self.vdev = f"{number}:0:{number}:0"
        self.dev = lab.attach(guest, f"{target.naa}:0", self.vdev, devid=number)
        self.disk = lab.disk(guest, self.vdev)
        self.block = guest.run(f"cat /sys/block/{self.disk[5:]}/dev").out.strip()
        self.node = Node(guest, lab.generic(guest, self.vdev))
        self.node.settle()

    def group(self):
        """Which it is of, by page 83h."""
        said = self.guest.run(f"sg_vpd -p 0x83 {self.node.node}").out
        return [int(line.split(":")[1], 16) for line in said.splitlines() if "Target port group:" in line]

    def detach(self):
        self.lab.detach(self.guest, self.dev, devid=self.number)


def parsed(data):
    """REPORT TARGET PORT GROUPS (SPC-4 6.37): states by group, without groups that have no port."""
    found, at = {}, 4
    while at < 4 + int.from_bytes(data[:4], "big"):
        ports = data[at + 7]
        if ports:
            found[int.from_bytes(data[at + 2:at + 4], "big")] = data[at] & 0xf
        at += 8 + 4 * ports
    return found


def told(lab, groups, paths, states):
    """Each path tells of both groups, and takes what its state lets it."""
    for group, state in zip(groups, states):
        group.becomes(state)
    name = ", ".join(STATES[state] for state in states)
    for path, state in zip(paths, states):
        what = f"{name}: path {path.number}"
        # Takes the unit attentions; TEST UNIT READY could not say when they are gone.
        first = path.node.ends(*[READ] * 4)
        ended = path.node.ends(reads(REPORT_PORT_GROUPS, 256, OUTPUT), reads(READ_CAPACITY10, 8), READ)
        lab.equal(f"{what}: RTPG, READ CAPACITY, READ", ended,
                  [GOOD, READ_ENDS[UNAVAILABLE] if state == UNAVAILABLE else GOOD, READ_ENDS[state]])
        lab.equal(f"{what}: RTPG tells of both groups", parsed(path.guest.get_bytes(OUTPUT)),
                  {group.number: its for group, its in zip(groups, states)})
        lab.note(f"{what}: READs before that end with {', '.join(first)}")
    lab.note(f"{name}: {paths[0].guest.run(f'sg_rtpg -d {paths[0].node.node}', check=False).out}")


def goes_on(lab, what, load, multipath, path):
    lab.check(f"{what}: I/O goes on, and reads right", load.goes_on(90), f"{load.log()}\n{multipath.status()}")
    multipath.uses(what, path)


def under_load(lab, guest, groups, paths):
    first, second = paths
    for group, state in zip(groups, (OPTIMIZED, STANDBY)):
        group.becomes(state)
    multipath = Multipath(lab, guest, paths)
    load = VerifiedLoad(guest, multipath.disk)
    goes_on(lab, "one path is active, one standby", load, multipath, first)
    groups[1].becomes(OPTIMIZED)
    groups[0].becomes(STANDBY)
    goes_on(lab, "the active path becomes standby", load, multipath, second)
    groups[0].becomes(NON_OPTIMIZED)
    multipath.reinstate(first)
    groups[1].becomes(UNAVAILABLE)
    goes_on(lab, "the active path becomes unavailable", load, multipath, first)
    groups[1].becomes(OPTIMIZED)
    multipath.reinstate(second)
    goes_on(lab, "both are active", load, multipath, first)
    first.detach()
    goes_on(lab, "the path in use is detached", load, multipath, second)
    lab.check("all of it read right, to the end", load.stop(), load.log())
    return multipath


def run(lab):
    lab.load_driver()
    guest, = lab.guests
    guest.run("modprobe -a dm-multipath dm-round-robin scsi_dh_alua")
    store = lab.backstore.iblock("shared", "16M")
    targets, groups, paths = [], [], []
    for number, naa in enumerate(PORTS):
        target, group = lab.target.create(naa), Group(lab, store, number + 1)
        target.lun(0, store)
        group.take(target)
        path = Path(lab, guest, number, target)
        lab.equal(f"path {number}: page 83h names its group", path.group(), [group.number])
        lab.note(f"path {number}: INQUIRY has " + guest.run(f"sg_inq {path.node.node} | grep -o 'TPGS=.'").out.strip())
        targets.append(target)
        groups.append(group)
        paths.append(path)
    for states in ((OPTIMIZED, OPTIMIZED), (OPTIMIZED, STANDBY), (UNAVAILABLE, NON_OPTIMIZED), (STANDBY, OPTIMIZED)):
        told(lab, groups, paths, states)
    multipath = under_load(lab, guest, groups, paths)
    read = "dd if={} bs=1M count=4 iflag=direct status=none | sha256sum"
    lab.equal("guest and dom0 read the same", guest.run(read.format(multipath.disk)).out,
              lab.dom0.run(read.format(store.device)).out)
    multipath.mapped.remove()
    lab.dismantle(guest, [*targets, *groups], [store])
