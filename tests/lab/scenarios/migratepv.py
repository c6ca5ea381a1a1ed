# SPDX-License-Identifier: GPL-2.0
"""xl migrate of a PV guest under checked I/O, to the same host; the daemon sees to its devices."""
from vscsilab.admin import Admin
from vscsilab.load import VerifiedLoad

# Debian's newest hypervisors cannot follow what a running PV guest writes.
SHADOW_PAGING = True
TIMEOUT = 900
DRIVERS = ("ours",)
LONG = True
NAA = "naa.5001405000000120"
MOVES = 3


def move(lab, guest, load, number):
    old = guest.domid
    moved = lab.dom0.run(f"xl migrate -s '' {guest.name} 'xl migrate-receive' 2>&1", timeout=300, check=False)
    lab.check(f"migration {number} succeeds", moved.rc == 0, moved.out)
    guest.find()
    guest.wait_up(100)
    lab.check("it is another domain", guest.domid != old)
    lab.check("I/O goes on, with right checksums", load.goes_on(100), load.log())
    lab.dom0.poll(f"xl-vscsi list {guest.name} --json | grep -q '\"state\": *4'", timeout=60)
    lab.dom0.poll(f"! xenstore-exists /local/domain/0/backend/vscsi/{old}", timeout=60)
    lab.check("the device is connected, and nothing is left of the domain of before", True)


def run(lab):
    lab.load_driver()
    admin = Admin(lab)
    target = lab.target.create(NAA)
    store = lab.backstore.ramdisk("disk", "16M")
    target.lun(0, store)
    target.param("domain", "wanderer")
    admin.start()
    guest = lab.guest("wanderer", wait=False)
    lab.dom0.poll("xl-vscsi list wanderer --json | grep -q '\"state\": *4'", timeout=300)
    guest.wait_up(300)
    load = VerifiedLoad(guest, lab.disk(guest, "0:0:0:0"))
    lab.check("I/O before", load.goes_on(100), load.log())
    for number in range(1, MOVES + 1):
        move(lab, guest, load, number)
    lab.check("all of it read right", load.stop(), load.log())
    admin.stop()
    lab.dismantle(guest, [target], [store])
