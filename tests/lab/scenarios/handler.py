# SPDX-License-Identifier: GPL-2.0
"""dom0's scsi_dh_alua, which answers unit attentions by itself, keeps none of a passed-through disk's from its guest."""
from vscsilab.cdbs import TEST_UNIT_READY
from vscsilab.scripted import DISK, Path, Scripted, fixed

GUESTS = 1
TIMEOUT = 300
DRIVERS = ("ours",)
NAA = "naa.50014050000000da"
# SPC-4: POWER ON OR RESET OCCURRED, MODE PARAMETERS CHANGED, ASYMMETRIC ACCESS STATE CHANGED.
CODES = [(0x29, 0), (0x2a, 1), (0x2a, 6)]


def hears_all(lab, scripted, path, when):
    scripted.forget()
    scripted.answers([(DISK, TEST_UNIT_READY[0], {"status": 2, "sense": fixed(6, *code)}) for code in CODES])
    lab.equal(f"{when}, a guest hears of all that the disk has to tell",
              path.send(*[TEST_UNIT_READY] * (len(CODES) + 1)),
              [f"6/{code:02x}/{qualifier:02x}" for code, qualifier in CODES] + ["good"])


def run(lab):
    lab.load_driver()
    scripted = Scripted(lab, alua=True)
    handler = f"/sys/class/scsi_device/{scripted.hctl(DISK)}/device/dh_state"
    guest, = lab.guests
    target = lab.target.create(NAA)
    store = scripted.store(DISK)
    pdev = target.lun(0, store)
    lab.attach(guest, pdev, "0:0:0:1")
    path = Path(scripted, guest, DISK)
    path.settle()
    hears_all(lab, scripted, path, "without a device handler in dom0")

    lab.dom0.run(f"modprobe scsi_dh_alua && echo alua > {handler}")
    lab.equal("dom0 has a device handler for the disk now", lab.dom0.run(f"cat {handler}").out.strip(), "alua")
    # The module sees it at the next command.
    path.settle()
    lab.dom0.poll("dmesg | grep 'device handler alua lets unit attentions pass'")
    hears_all(lab, scripted, path, "with one that came later")

    lab.vscsi.detach_controller(guest.domid)
    target.remove_lun(0)
    lab.equal("the disk still has its handler", lab.dom0.run(f"cat {handler}").out.strip(), "alua")
    lab.attach(guest, target.lun(0, store), "0:0:0:1")
    path = Path(scripted, guest, DISK)
    path.settle()
    hears_all(lab, scripted, path, "with one that was there before")
    lab.dismantle(guest, [target], [store])
    scripted.close()
    lab.dom0.run("rmmod scsi_dh_alua")
    lab.check("and is gone with the disk", True)
