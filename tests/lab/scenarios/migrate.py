# SPDX-License-Identifier: GPL-2.0
"""xl migrate, to the same host: a PVH guest, bound by name, takes its I/O along; the daemon sees to its devices."""
from vscsilab.admin import Admin
from vscsilab.load import VerifiedLoad

# Debian's Xen can follow the memory of a running guest only where the processor helps.
CPU_FEATURES = ",+svm,+npt,+nrip-save,+vgif"
TIMEOUT = 2400
DRIVERS = ("ours",)
LONG = True
NAA = "naa.50014050000000c8"


def run(lab):
    lab.load_driver()
    admin = Admin(lab)
    target = lab.target.create(NAA)
    target.lun(0, lab.backstore.ramdisk("disk", "16M"))
    target.param("domain", "pvh")
    admin.start()
    guest = lab.guest("pvh", kind="pvh", wait=False)
    # On the emulated processor a kernel may fall over at its start; then it is another domain by now.
    connected = "xl-vscsi list pvh --json | grep -q '\"state\": *4'"
    lab.dom0.poll(connected, timeout=600)
    guest.find()
    guest.wait_up(900)
    disk = lab.disk(guest, "0:0:0:0", timeout=200)
    load = VerifiedLoad(guest, disk)
    old = guest.domid
    moved = lab.dom0.run("xl migrate -s '' pvh 'xl migrate-receive' 2>&1", timeout=600, check=False)
    lab.check("migration succeeds", moved.rc == 0, moved.out)
    guest.find()
    guest.wait_up(300)
    lab.check("it is another domain", guest.domid != old)
    lab.check("I/O goes on, with right checksums", load.goes_on(300), load.log())
    lab.dom0.poll(connected, timeout=60)
    lab.check("the device is connected", True)
    lab.dom0.poll(f"! xenstore-exists /local/domain/0/backend/vscsi/{old}", timeout=60)
    lab.check("nothing is left of the domain of before", True)
    lab.check("no pause is left", lab.dom0.run("xl list pvh").out.split()[-2][2] != "p")
    lab.check("all of it read right", load.stop(), load.log())
    admin.stop()
