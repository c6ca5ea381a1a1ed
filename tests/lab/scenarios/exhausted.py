# SPDX-License-Identifier: GPL-2.0
"""A disk of dom0 hangs with all of its adapter's tags taken: who shares a ring with it goes on."""
from vscsilab.scripted import DISK, Scripted
from vscsilab.statistics import directory

GUESTS = 1
TIMEOUT = 400
DRIVERS = ("ours",)
NAA = "naa.5001405000000098"
READ10 = 0x28
TAGS = 4
# As many as the guest's frontend has in flight at a LUN.
QUEUE = 10
OTHER, HANGING = "0:0:0:0", "0:0:0:1"


def fills(lab, guest, disk):
    """A load that has taken all tags, and wants more."""
    job = guest.start(f"fio --name=load --filename={disk} --rw=randread --bs=4k --direct=1 --ioengine=libaio "
                      f"--iodepth={QUEUE} --number_ios=100 --minimal")
    lab.dom0.poll(f"[ $(cat {directory(guest)}/lun-{HANGING}/in_flight) = {QUEUE} ]")
    lab.dom0.run("sleep 1")
    return job


def hung(scripted):
    return sum(line.split()[1].startswith(f"{READ10:02x}") for line in scripted.log() if line[0] == str(DISK))


def run(lab):
    lab.load_driver()
    scripted = Scripted(lab, TAGS)
    guest, = lab.guests
    node = scripted.node(lab.dom0, DISK, "block")
    lab.dom0.run(f"echo none > /sys/block/{node[5:]}/queue/scheduler")
    target = lab.target.create(NAA)
    disk_store = lab.backstore.iblock("disk", "16M")
    lab.attach(guest, target.lun(0, disk_store), OTHER)
    own = lab.disk(guest, OTHER)

    for number, (kind, make) in enumerate({
            "iblock": lambda: lab.backstore.iblock("hanging", device=node),
            "pscsi": lambda: scripted.store(DISK)}.items(), 1):
        store = make()
        device = lab.attach(guest, target.lun(number, store), HANGING)
        disk = lab.disk(guest, HANGING)
        scripted.forget()
        scripted.hang(DISK, READ10, QUEUE)
        job = fills(lab, guest, disk)
        lab.equal(f"{kind}: the adapter has what it takes, the others wait", hung(scripted), TAGS)
        lab.equal(f"{kind}: the ring's thread does not", lab.dom0.run(
            f"ps -o stat= -p $(pgrep '^vscsi-{guest.domid}-0')").out.strip()[:1], "S")
        read = guest.run(f"dd if={own} of=/dev/null bs=64k count=64 iflag=direct status=none", timeout=20, check=False)
        lab.check(f"{kind}: the guest's other disk is read meanwhile", read.rc == 0, read.err)
        lab.check(f"{kind}: the load waits", job.poll() is None)
        scripted.forget()
        scripted.release()
        ended = job.wait(60, check=False)
        lab.check(f"{kind}: all of it ends well when the disk is back", ended.rc == 0, ended.out + ended.err)
        lab.detach(guest, device)
        if kind == "iblock":
            target.remove_lun(number)
            store.delete()

    # Once more, and the guest goes.
    lab.attach(guest, f"{NAA}:{number}", HANGING)
    disk = lab.disk(guest, HANGING)
    scripted.forget()
    scripted.hang(DISK, READ10, QUEUE)
    fills(lab, guest, disk)
    domid = guest.domid
    guest.destroy()
    lab.dom0.poll(f"! pgrep '^vscsi-{domid}-'", 20)
    lab.check("destroyed meanwhile: the ring's thread ends at once", True)
    scripted.forget()
    scripted.release()
    lab.vscsi.forget(domid)
    lab.dom0.poll(f"! ls /sys/bus/xen-backend/devices/vscsi-{domid}-0")
    target.delete()
    for item in (disk_store, store):
        item.delete()
    scripted.close()
    lab.unload_driver()
    lab.check("the driver is unloaded", not lab.driver_loaded())
