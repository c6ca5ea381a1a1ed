# SPDX-License-Identifier: GPL-2.0
"""A PVH guest uses a disk and a tape drive."""
from vscsilab.diskandtape import DiskAndTape

# The processor is emulated, and the hypervisor's use of it too: slow.
CPU_FEATURES = ",+svm,+npt,+nrip-save,+vgif"
TIMEOUT = 2400
DRIVERS = ("ours",)
LONG = True
NAA = "naa.5001405000000098"


def run(lab):
    lab.load_driver()
    devices = DiskAndTape(lab, NAA)
    guest = lab.guest("pvh", kind="pvh", wait=False)
    guest.wait_up(900)
    devices.used_by(guest, "a PVH")
