"""The backend in a driver domain: one guest serves another; dom0 has no part in it."""
import pathlib
import subprocess
import tempfile

from vscsilab.load import VerifiedLoad
from vscsilab.storage import FABRIC, Backstores, Targets

GUESTS = 2
TIMEOUT = 600
DRIVERS = ("ours",)
LONG = True
NAA = "naa.5001405000000097"


def install(lab, server):
    with tempfile.TemporaryDirectory() as work:
        small = pathlib.Path(work) / "module.ko"
        subprocess.run(["strip", "--strip-debug", "-o", small, lab.machine.module], check=True)
        server.put(small.read_bytes(), "/root/xen-scsiback.ko")
    server.run("modprobe -a configfs target_core_mod brd && mount -t configfs none /sys/kernel/config && "
               f"insmod /root/xen-scsiback.ko && mkdir {FABRIC}", timeout=120)


def refused(lab, server, guest, pdev, identity):
    """What the driver domain says of a guest by that identity."""
    dev = lab.attach(guest, pdev, "0:0:0:0", wait=False, backend_id=server.domid, back_extra=identity)
    path = f"/local/domain/{server.domid}/backend/vscsi/{guest.domid}/0"
    lab.xs.wait(f"{path}/vscsi-devs/{dev}/state", 6, 40)
    error = lab.xs.read(f"{path}/vscsi-devs/{dev}/error")
    lab.vscsi.detach_controller(guest.domid, backend_id=server.domid)
    return error


def run(lab):
    server, guest = lab.guests
    install(lab, server)
    store = Backstores(server).iblock("disk", "16M")
    target = Targets(server).create(NAA)
    pdev = target.lun(0, store)
    uuid = lab.xs.read(f"/local/domain/{guest.domid}/vm").rsplit("/", 1)[1]
    target.param("domain", "g2")
    error = refused(lab, server, guest, pdev, {})
    lab.check("a driver domain cannot know who a guest is unless it is told", "is bound to" in error, error)
    error = refused(lab, server, guest, pdev, {"domain-name": "g3", "domain-uuid": uuid})
    lab.check("another guest is refused", "this is 'g3'" in error, error)
    dev = lab.attach(guest, pdev, "0:0:0:0", backend_id=server.domid,
                     back_extra={"domain-name": "g2", "domain-uuid": uuid})
    load = VerifiedLoad(guest, lab.disk(guest, "0:0:0:0"))
    lab.check("the guest's I/O goes by way of the driver domain", load.goes_on(), load.log())
    listed = server.run(f"cat {target.path}/guests").out
    lab.check("which knows its guest", f"uuid={uuid}" in listed and listed.rstrip().endswith("name=g2"), listed)
    lab.check("all of it read right", load.stop(), load.log())
    lab.detach(guest, dev, backend_id=server.domid)
    lab.vscsi.detach_controller(guest.domid, backend_id=server.domid)
    target.delete()
    server.run(f"rmdir {store.path}; rmdir {FABRIC}; rmmod xen-scsiback")
    lab.check("its driver is unloaded", server.run("grep xen_scsiback /proc/modules", check=False).rc != 0)
