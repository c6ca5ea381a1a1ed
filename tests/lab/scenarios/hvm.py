"""An HVM guest with QEMU's device model uses a disk and a tape drive by its PV drivers."""
from vscsilab.guest import HVM
from vscsilab.library import Library
from vscsilab.load import VerifiedLoad

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
    library = Library(lab)
    library.mtx("load 1 0")
    stores = [lab.backstore.iblock("disk", "16M"), lab.backstore.pscsi("drive", library.hctl(1))]
    target = lab.target.create(NAA)
    pdevs = [target.lun(number, store) for number, store in enumerate(stores)]
    guest = lab.guest("hvm", kind="hvm", wait=False, config=MODEL, **HVM)
    guest.wait_up(1500)
    model = lab.dom0.run("pgrep -af qemu-system", check=False).out
    lab.check("QEMU is its device model", f"-xen-domid {guest.domid} " in model, model)
    kind = guest.run("cat /sys/hypervisor/guest_type").out.strip()
    lab.equal("the guest knows itself as HVM", kind, "HVM")
    lab.attach(guest, pdevs[0], "0:0:0:0", timeout=300)
    load = VerifiedLoad(guest, lab.disk(guest, "0:0:0:0", timeout=300))
    lab.check("an HVM guest's I/O", load.goes_on(400), load.log())
    lab.check("all of it read right", load.stop(), load.log())
    lab.attach(guest, pdevs[1], "0:0:0:1", timeout=300)
    guest.run("modprobe -a st sg", timeout=300)
    tape = "/dev/n" + guest.poll("ls /sys/class/scsi_device/*:0:0:1/device/scsi_tape | grep '^st[0-9]$'", 200).out.strip()
    done = guest.run(f"head -c 200000 /dev/urandom > /tmp/in; dd if=/tmp/in of={tape} bs=10000 && mt -f {tape} rewind "
                     f"&& dd if={tape} bs=64k | cmp - /tmp/in", timeout=600, check=False)
    lab.check("a file is written to tape, and read to its filemark", done.rc == 0, done.err)
    lab.dismantle(guest, [target], stores)
