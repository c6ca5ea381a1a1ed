# SPDX-License-Identifier: GPL-2.0
"""What each kind of guest is shown with; limits are those of an emulated processor that emulates another."""
from .library import Library
from .load import VerifiedLoad


class DiskAndTape:
    """A disk and a tape drive, exported; then used by a guest, whatever kind it is."""

    def __init__(self, lab, naa):
        self.lab = lab
        library = Library(lab)
        library.mtx("load 1 0")
        self.stores = [lab.backstore.iblock("disk", "16M"), lab.backstore.pscsi("drive", library.hctl(1))]
        self.target = lab.target.create(naa)
        self.pdevs = [self.target.lun(number, store) for number, store in enumerate(self.stores)]

    def used_by(self, guest, kind):
        lab = self.lab
        lab.attach(guest, self.pdevs[0], "0:0:0:0", timeout=300)
        load = VerifiedLoad(guest, lab.disk(guest, "0:0:0:0", timeout=300))
        lab.check(f"{kind} guest's I/O", load.goes_on(400), load.log())
        lab.check("all of it read right", load.stop(), load.log())
        lab.attach(guest, self.pdevs[1], "0:0:0:1", timeout=300)
        guest.run("modprobe -a st sg", timeout=300)
        tape = "/dev/n" + guest.poll("ls /sys/class/scsi_device/*:0:0:1/device/scsi_tape | grep '^st[0-9]$'", 200).out.strip()
        done = guest.run(f"head -c 200000 /dev/urandom > /tmp/in; dd if=/tmp/in of={tape} bs=10000 && mt -f {tape} rewind "
                         f"&& dd if={tape} bs=64k | cmp - /tmp/in", timeout=600, check=False)
        lab.check("a file is written to tape, and read to its filemark", done.rc == 0, done.err)
        lab.dismantle(guest, [self.target], self.stores)
