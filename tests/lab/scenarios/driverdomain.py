# SPDX-License-Identifier: GPL-2.0
"""The backend in a driver domain: one guest serves another; dom0 has no part in it."""
import json
import lzma
import pathlib
import subprocess
import tempfile

from vscsilab import admin as tools
from vscsilab import modulebuild
from vscsilab.admin import Admin
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
        subprocess.run(["strip", "--strip-debug", "-o", small, modulebuild.for_guest(lab.machine)], check=True)
        server.put(lzma.compress(small.read_bytes()), "/root/xen-scsiback.ko.xz")
    server.run("xz -d /root/xen-scsiback.ko.xz && modprobe -a configfs target_core_mod brd && "
               "mount -t configfs none /sys/kernel/config && "
               f"insmod /root/xen-scsiback.ko && mkdir {FABRIC}", timeout=120)


def refused(lab, server, guest, pdev, identity):
    """What the driver domain says of a guest by that identity."""
    dev = lab.attach(guest, pdev, "0:0:0:0", wait=False, backend_id=server.domid, back_extra=identity)
    path = f"/local/domain/{server.domid}/backend/vscsi/{guest.domid}/0"
    lab.xs.wait(f"{path}/vscsi-devs/{dev}/state", 6, 40)
    error = lab.xs.read(f"{path}/vscsi-devs/{dev}/error")
    lab.vscsi.detach_controller(guest.domid, backend_id=server.domid)
    return error


def by_the_tool(lab, server, guest):
    """xl-vscsi in dom0 attaches what the driver domain exports; it cannot see there."""
    admin = Admin(lab)
    # By hand the empty directory stays.
    lab.dom0.run(f"xenstore-rm /local/domain/{server.domid}/backend/vscsi/{guest.domid}")
    before = admin.state()
    admin.refused("attach g2 /dev/ram0 --backend g1", 2, "cannot be looked up in another backend domain")
    admin.refused(f"attach g2 {NAA}:0 --backend g9", 3, "no domain 'g9' is running")
    admin.refused(f"attach g2 {NAA}:7 --backend g1 --wait 20", 5, "no such LUN")
    device = admin.attach("g2", f"{NAA}:0", "0:0:0:0", "--backend g1")
    lab.equal("xl-vscsi attach --backend: it is there", device["state-name"], "connected")
    lab.equal("twice is once", admin.attach("g2", f"{NAA}:0", "", "--backend g1")["v-dev"], "0:0:0:0")
    lab.equal("a name serves as well", admin.attach("g2", "elsewhere:1", "", "--backend g1")["v-dev"], "0:0:0:1")
    load = VerifiedLoad(guest, lab.disk(guest, "0:0:0:0"))
    lab.check("its I/O goes by way of the driver domain", load.goes_on(), load.log())
    entry, = admin.json("list g2")
    lab.equal("list has the domain that serves", [(item["backend-id"], len(item["devices"]))
                                                  for item in entry["controllers"]], [(server.domid, 2)])
    tools.install(server, "xl-vscsi")
    picture = json.loads(server.run("xl-vscsi top --json -n 1 -d 2 g2").out)
    shown, = picture["guests"]
    busy = [lun["v-dev"] for lun in shown["controllers"][0]["luns"] if lun["per-second"]["requests"] > 0]
    lab.equal("top in the driver domain knows its guest, and what it does", (shown["name"], shown["domid"], busy),
              ("g2", guest.domid, ["0:0:0:0"]))
    lab.check("all of it read right", load.stop(), load.log())
    for vdev in ("0:0:0:0", "0:0:0:1"):
        admin.run(f"detach g2 {vdev} --backend g1")
    admin.unchanged("attach and detach --backend", before)


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
    second = Backstores(server).ramdisk("second", "8M")
    target.lun(1, second)
    target.param("alias", "elsewhere")
    by_the_tool(lab, server, guest)
    target.delete()
    second.delete()
    server.run(f"rmdir {store.path}; rmdir {FABRIC}; rmmod xen-scsiback")
    lab.check("its driver is unloaded", server.run("grep xen_scsiback /proc/modules", check=False).rc != 0)
