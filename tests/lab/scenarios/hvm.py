# SPDX-License-Identifier: GPL-2.0
"""An HVM guest with QEMU's device model uses a disk and a tape drive by its PV drivers."""
from vscsilab.diskandtape import DiskAndTape
from vscsilab.guest import HVM

# The processor is emulated, and the hypervisor's use of it too: slow.
CPU_FEATURES = ",+svm,+npt,+nrip-save,+vgif"
TIMEOUT = 3000
DRIVERS = ("ours",)
LONG = True
NAA = "naa.5001405000000119"
# PV drivers alone: no emulated disk, screen or network that somebody would have to unplug.
MODEL = "vga = 'none'\nnographic = 1\nvnc = 0\nserial = 'none'\nusb = 0\nxen_platform_pci = 1\n"


def run(lab):
    lab.load_driver()
    devices = DiskAndTape(lab, NAA)
    guest = lab.guest("hvm", kind="hvm", wait=False, config=MODEL, **HVM)
    guest.wait_up(1500)
    model = lab.dom0.run("pgrep -af qemu-system", check=False).out
    lab.check("QEMU is its device model", f"-xen-domid {guest.domid} " in model, model)
    kind = guest.run("cat /sys/hypervisor/guest_type").out.strip()
    lab.equal("the guest knows itself as HVM", kind, "HVM")
    devices.used_by(guest, "an HVM")
