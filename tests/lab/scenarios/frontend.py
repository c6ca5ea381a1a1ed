# SPDX-License-Identifier: GPL-2.0
"""Our frontend in a guest, beside another with the stock one: I/O, large requests, hot plug, aborts, save, restore."""
from vscsilab import frontend
from vscsilab.load import VerifiedLoad
from vscsilab.mapper import Mapped, linear
from vscsilab.vscsi import CLOSED, CONNECTED

GUESTS = 1
FRONTEND = "ours"
TIMEOUT = 900
LONG = True
NAA = "naa.50014050000000f1"
# What each backend lets a guest have in one request: segments, which are pages.
SEGMENTS = {"ours": 1040, "in-tree": 128}


def limits(lab, guest, disk):
    lab.check("the module is ours", guest.run(frontend.is_ours(), check=False).rc == 0)
    host = guest.run("cd /sys/class/scsi_host; for h in *; do case $(cat $h/proc_name) in xen-scsifront) "
                     "cat $h/sg_tablesize;; esac; done").out.split()
    lab.equal("segments of a request", host, [str(SEGMENTS[lab.driver])])
    most = guest.run(f"cat /sys/block/{disk.rsplit('/', 1)[1]}/queue/max_segments").out.strip()
    lab.equal("segments that the block layer makes", most, str(SEGMENTS[lab.driver]))


def large(lab, guest, vdev):
    """One command for each: what is read back is what was written."""
    node = lab.generic(guest, vdev)
    blocks = SEGMENTS[lab.driver] // 128 * 1024
    guest.run("head -c 9M /dev/urandom > /tmp/in")
    for count in (1, 27 * 8, 1024, blocks):
        done = guest.run(f"sg_dd if=/tmp/in of={node} bs=512 count={2 * count} bpt={count} && "
                         f"sg_dd if={node} of=/tmp/out bs=512 count={2 * count} bpt={count} && "
                         f"cmp -n {1024 * count} /tmp/in /tmp/out", timeout=120, check=False)
        lab.check(f"two requests of {count // 2 or 0.5} KiB are written and read back", done.rc == 0, done.err)


def many(lab, guest, vdev):
    """More data at once than is the guest's own share of dom0's memory."""
    node, blocks = lab.generic(guest, vdev), SEGMENTS[lab.driver] // 128 * 1024
    done = guest.run(f"for i in 1 2 3 4 5 6; do sg_dd if={node} bs=512 count={2 * blocks} bpt={blocks} 2>/dev/null | "
                     f"cmp -n {1024 * blocks} /tmp/in - & p=\"$p $!\"; done; for i in $p; do wait $i || exit 1; done",
                     timeout=240, check=False)
    lab.check("six large reads at once", done.rc == 0, done.out + done.err)


def beside_stock(lab, guest, pdev, load):
    lab.frontend = "stock"
    other = lab.guest("other")
    dev = lab.attach(other, pdev, "0:0:0:0")
    lab.check("the other guest has the stock module", other.run(frontend.is_ours(), check=False).rc != 0)
    theirs = VerifiedLoad(other, lab.disk(other, "0:0:0:0"))
    lab.check("the stock frontend's I/O goes on beside ours", theirs.goes_on(), theirs.log())
    lab.check("ours beside it", load.goes_on(), load.log())
    lab.check("all of the other's read right", theirs.stop(), theirs.log())
    lab.detach(other, dev)
    domid = other.domid
    other.destroy()
    lab.vscsi.forget(domid)


def plug(lab, guest, pdev):
    dev = lab.attach(guest, pdev, "0:0:1:3")
    disk = lab.disk(guest, "0:0:1:3")
    lab.check("a LUN that comes later can be read",
              guest.run(f"dd if={disk} of=/dev/null bs=64k count=16 iflag=direct", check=False).rc == 0)
    lab.equal("its state is Connected", lab.device_state(guest, 0, dev), CONNECTED)
    lab.detach(guest, dev)
    guest.poll(f"! [ -e {disk} ]")
    lab.check("a LUN that goes is gone", True)


def reload(lab, guest, dev, vdev):
    guest.run("head -c 1M /dev/urandom > /tmp/in")
    guest.run(f"dd if=/tmp/in of={lab.disk(guest, vdev)} bs=64k oflag=direct status=none")
    for number in range(2):
        guest.run("for d in /sys/bus/xen/drivers/*/vscsi-0; do echo vscsi-0 > ${d%/*}/unbind; done; "
                  f"rmmod {frontend.MODULE}", timeout=60)
        guest.run(f"modprobe {frontend.MODULE}", timeout=60)
        lab.vscsi.wait_connected(guest.domid, dev)
    same = guest.run(f"dd if={lab.disk(guest, vdev)} bs=64k count=16 iflag=direct status=none | cmp - /tmp/in",
                     check=False)
    lab.check("unloaded and loaded twice, it has its disk", same.rc == 0, same.err)


def aborts(lab, guest, disk, slow):
    """Its device does not answer for longer than the guest waits."""
    lab.dom0.run(f"dmsetup suspend --nolockfs --noflush {slow.name}")
    guest.run(f"echo 3 > /sys/block/{disk.rsplit('/', 1)[1]}/device/timeout")
    read = guest.start(f"dd if={disk} of=/dev/null bs=64k count=1 skip=3 iflag=direct")
    lab.dom0.poll("[ $(cat /sys/bus/xen-backend/devices/vscsi-*/statistics/aborts) -gt 0 ]", 60)
    lab.dom0.run(f"dmsetup resume {slow.name}")
    read.wait(120, check=False)
    again = guest.run(f"dd if={disk} of=/dev/null bs=64k count=16 iflag=direct", timeout=90, check=False)
    lab.check("after an abort its disk works", again.rc == 0, again.err)
    guest.run(f"echo 60 > /sys/block/{disk.rsplit('/', 1)[1]}/device/timeout")


def checkpoint(lab, guest, load):
    domid = guest.domid
    saved = lab.dom0.run(f"xl save -c {guest.name} /var/tmp/checkpoint 2>&1", timeout=120, check=False)
    lab.check("xl save -c ends well", saved.rc == 0, saved.out)
    lab.equal("it is the same domain", guest.find(), domid)
    lab.check("a suspend that was cancelled: I/O goes on, with right checksums", load.goes_on(), load.log())


def save_and_restore(lab, guest, pdev, load):
    old = guest.domid
    lab.dom0.run(f"xl save {guest.name} /var/tmp/saved", timeout=120)
    lab.dom0.run("xl restore -p /var/tmp/saved", timeout=120)
    guest.find()
    # As a toolstack must: the guest has the device already.
    dev = lab.attach(guest, pdev, "0:0:0:0", wait=False, dev_extra={"state": CONNECTED})
    guest.unpause()
    guest.wait_up(60)
    lab.vscsi.wait_connected(guest.domid, dev)
    lab.check("saved and restored: I/O goes on, with right checksums", load.goes_on(), load.log())
    lab.vscsi.forget(old)
    return dev


def run(lab):
    lab.load_driver()
    guest, = lab.guests
    ram = lab.backstore.brd(32)
    slow = Mapped(lab.dom0, "slow", linear(ram, 32 * 2048))
    store = lab.backstore.iblock("disk", device=slow.device)
    other = lab.backstore.ramdisk("other", "16M")
    target = lab.target.create(NAA)
    pdev, second = target.lun(0, store), target.lun(1, other)
    dev = lab.attach(guest, pdev, "0:0:0:0")
    disk = lab.disk(guest, "0:0:0:0")

    limits(lab, guest, disk)
    large(lab, guest, "0:0:0:0")
    many(lab, guest, "0:0:0:0")
    plug(lab, guest, second)
    if lab.driver == "ours":
        # The other keeps nobody's device, and has no counters.
        reload(lab, guest, dev, "0:0:0:0")
        disk = lab.disk(guest, "0:0:0:0")
        aborts(lab, guest, disk, slow)
    load = VerifiedLoad(guest, disk)
    lab.check("I/O reads right", load.goes_on(), load.log())
    beside_stock(lab, guest, second, load)
    checkpoint(lab, guest, load)
    if lab.driver == "ours":
        dev = save_and_restore(lab, guest, pdev, load)
    lab.check("all of it read right", load.stop(), load.log())
    lab.equal("controller and device are connected",
              (*lab.vscsi.states(guest.domid), lab.device_state(guest, 0, dev)), (CONNECTED,) * 3)
    lab.detach(guest, dev)
    lab.equal("taken away, it is closed", lab.device_state(guest, 0, dev) or CLOSED, CLOSED)
    domid = guest.domid
    guest.destroy()
    lab.vscsi.forget(domid)
    target.delete()
    store.delete()
    other.delete()
    slow.remove()
    lab.unload_driver()
    lab.check("the driver is unloaded", not lab.driver_loaded())
