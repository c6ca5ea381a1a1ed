# SPDX-License-Identifier: GPL-2.0
"""A guest locks the medium in a drive that it shares: it stays until that guest allows its removal, or is gone."""
from vscsilab.scripted import CONTROL, TAPE, Path, Scripted

GUESTS = 2
TIMEOUT = 300
DRIVERS = ("ours",)
NAA = "naa.50014050000000d3"
PREVENT, ALLOW = bytes([0x1e, 0, 0, 0, 1, 0]), bytes([0x1e, 0, 0, 0, 0, 0])
NAMES = {PREVENT.hex(): "prevent", ALLOW.hex(): "allow"}
GOOD = ["good"]
# Seconds until the drive is unlocked for a guest that is gone.
SOON = 5


class Drive:
    """The drive as it sees its guests."""

    def __init__(self, lab, scripted):
        self.lab, self.scripted = lab, scripted

    def told(self):
        """What the drive was told of its medium since it was asked last."""
        told = [NAMES[cdb] for cdb in self.scripted.reached(TAPE) if cdb in NAMES]
        self.scripted.forget()
        return told

    def unlocked_soon(self, what):
        done = self.lab.dom0.run(f"for i in $(seq {SOON * 10}); do grep -q '^{TAPE} {ALLOW.hex()} ' {CONTROL}/log && "
                                 "exit; sleep 0.1; done; exit 1", check=False)
        self.lab.check(f"{what}: the drive is unlocked by itself", done.rc == 0, "\n".join(self.scripted.log()))
        self.scripted.forget()


def one_locks(lab, drive, first, second):
    lab.equal("a guest locks", (first.send(PREVENT), drive.told()), (GOOD, ["prevent"]))
    lab.equal("another guest, which did not, unlocks: that is no error", second.send(ALLOW), GOOD)
    lab.equal("and does not reach the drive", drive.told(), [])
    lab.equal("the guest unlocks", (first.send(ALLOW), drive.told()), (GOOD, ["allow"]))


def both_lock(lab, drive, first, second):
    lab.equal("both guests lock", (first.send(PREVENT), second.send(PREVENT)), (GOOD, GOOD))
    lab.check("the drive is locked", "prevent" in drive.told())
    lab.equal("the first unlocks: that is no error", first.send(ALLOW), GOOD)
    lab.equal("the drive stays locked for the second", drive.told(), [])
    lab.equal("the second unlocks", (second.send(ALLOW), drive.told()), (GOOD, ["allow"]))


def reset(lab, drive, first, second):
    """Whether the driver unlocks the drive after its reset, or leaves that to the reset: nobody prevents then."""
    lab.equal("a guest locks, to be reset", (first.send(PREVENT), drive.told()), (GOOD, ["prevent"]))
    lab.equal("another guest resets the LUN", second.reset(), 0)
    for path in (first, second):
        path.settle()
    lab.equal("then it unlocks", second.send(ALLOW), GOOD)
    lab.check("and the first guest's lock is in nobody's way", "allow" in drive.told())


def run(lab):
    lab.load_driver()
    scripted = Scripted(lab)
    target = lab.target.create(NAA)
    store = scripted.store(TAPE)
    pdev = target.lun(TAPE, store)
    for guest in lab.guests:
        lab.attach(guest, pdev, "0:0:0:0")
    first, second = [Path(scripted, guest, TAPE) for guest in lab.guests]
    for path in (first, second):
        path.settle()
    drive = Drive(lab, scripted)
    scripted.forget()

    one_locks(lab, drive, first, second)
    both_lock(lab, drive, first, second)
    reset(lab, drive, first, second)

    guest = first.guest
    lab.equal("a guest locks, to be detached", (first.send(PREVENT), drive.told()), (GOOD, ["prevent"]))
    lab.vscsi.detach_controller(guest.domid)
    drive.unlocked_soon("its controller is detached")
    lab.attach(guest, pdev, "0:0:0:0")
    first = Path(scripted, guest, TAPE)
    first.settle()
    scripted.forget()
    lab.equal("a guest locks, to be destroyed", (first.send(PREVENT), drive.told()), (GOOD, ["prevent"]))
    domid = guest.domid
    guest.destroy()
    drive.unlocked_soon("the guest is destroyed")
    lab.vscsi.forget(domid)
    lab.equal("the other guest goes on", second.send(PREVENT, ALLOW), GOOD * 2)

    lab.dismantle(second.guest, [target], [store])
    scripted.close()
