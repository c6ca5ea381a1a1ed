# SPDX-License-Identifier: GPL-2.0
"""A guest that goes on after xl save, because it was only a checkpoint or because it failed, goes on with its disk."""
import time

from vscsilab.load import VerifiedLoad

GUESTS = 1
TIMEOUT = 500
LONG = True
DRIVERS = ("ours",)
NAA = "naa.50014050000000d8"
SMALL = "/mnt/small"
# Seconds until the guest reads again.
SOON = 20


def goes_on(lab, what, guest, disk, load):
    begin = time.monotonic()
    read = guest.run(f"timeout {SOON} dd if={disk} of=/dev/null bs=64k count=16 iflag=direct status=none",
                     timeout=2 * SOON, check=False)
    lab.check(f"{what}: the guest reads", read.rc == 0, f"exit code {read.rc} {read.err}")
    lab.note(f"{what}: it reads after {time.monotonic() - begin:.1f} s")
    lab.check(f"{what}: its I/O goes on, with right checksums", load.goes_on(), load.log())


def run(lab):
    lab.load_driver()
    guest, = lab.guests
    target, store = lab.target.create(NAA), lab.backstore.iblock("disk", "16M")
    lab.attach(guest, target.lun(0, store), "0:0:0:0")
    disk = lab.disk(guest, "0:0:0:0")
    load = VerifiedLoad(guest, disk)
    domid = guest.domid

    saved = lab.dom0.run(f"xl save -c {guest.name} /var/tmp/checkpoint 2>&1", timeout=120, check=False)
    lab.check("xl save -c ends well", saved.rc == 0, saved.out)
    lab.equal("it is the same domain", guest.find(), domid)
    goes_on(lab, "after a checkpoint", guest, disk, load)

    lab.dom0.run(f"rm /var/tmp/checkpoint; mkdir -p {SMALL}; mount -t tmpfs -o size=16m none {SMALL}")
    saved = lab.dom0.run(f"xl save {guest.name} {SMALL}/saved 2>&1", timeout=120, check=False)
    lab.check("xl save without room fails", saved.rc != 0, saved.out)
    lab.equal("it is the same domain after that", guest.find(), domid)
    goes_on(lab, "after a save that failed", guest, disk, load)

    lab.check("all of it reads right", load.stop(), load.log())
    lab.equal("controller and device are connected", (*lab.vscsi.states(domid), lab.device_state(guest, 0, "dev-0")),
              (4, 4, 4))
    lab.dom0.run(f"umount {SMALL}")
    # xl, which would end the domain when it has powered off, left at the first suspend.
    guest.destroy()
    lab.vscsi.forget(domid)
    target.delete()
    store.delete()
    lab.unload_driver()
