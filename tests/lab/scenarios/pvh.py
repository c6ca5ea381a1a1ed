"""A PVH guest uses a disk and a tape drive."""
from vscsilab.library import Library
from vscsilab.load import VerifiedLoad

# The processor is emulated, and the hypervisor's use of it too: slow.
CPU_FEATURES = ",+svm,+npt,+nrip-save,+vgif"
TIMEOUT = 2400
DRIVERS = ("ours",)
LONG = True
NAA = "naa.5001405000000098"


def run(lab):
    lab.load_driver()
    library = Library(lab)
    library.mtx("load 1 0")
    stores = [lab.backstore.iblock("disk", "16M"), lab.backstore.pscsi("drive", library.hctl(1))]
    target = lab.target.create(NAA)
    pdevs = [target.lun(number, store) for number, store in enumerate(stores)]
    guest = lab.guest("pvh", kind="pvh", wait=False)
    guest.wait_up(900)
    lab.attach(guest, pdevs[0], "0:0:0:0", timeout=200)
    disk = lab.disk(guest, "0:0:0:0", timeout=200)
    load = VerifiedLoad(guest, disk)
    lab.check("a PVH guest's I/O", load.goes_on(300), load.log())
    lab.check("all of it read right", load.stop(), load.log())
    lab.attach(guest, pdevs[1], "0:0:0:1", timeout=200)
    guest.run("modprobe -a st sg", timeout=200)
    tape = "/dev/n" + guest.poll("ls /sys/class/scsi_device/*:0:0:1/device/scsi_tape | grep '^st[0-9]$'", 100).out.strip()
    done = guest.run(f"head -c 200000 /dev/urandom > /tmp/in; dd if=/tmp/in of={tape} bs=10000 && mt -f {tape} rewind "
                     f"&& dd if={tape} bs=64k | cmp - /tmp/in", timeout=300, check=False)
    lab.check("a file is written to tape, and read to its filemark", done.rc == 0, done.err)
    lab.dismantle(guest, [target], stores)
