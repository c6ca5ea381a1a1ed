# SPDX-License-Identifier: GPL-2.0
"""A guest with I/O in flight is saved, restored, moved, crashes, reloads its driver; LUNs go and come."""
from vscsilab.errors import LabError
from vscsilab.load import VerifiedLoad
from vscsilab.vscsi import CONNECTED, INIT_WAIT, backend

GUESTS = 1
TIMEOUT = 900
NAA = "naa.5001405000000093"
DRIVERS = ("ours",)
RINGS = 64


def attach_resumed(lab, guest, pdev, devid=0):
    """As a toolstack must before a restored guest runs: the device is Connected already."""
    return lab.attach(guest, pdev, f"{devid}:0:0:0", devid, wait=False, dev_extra={"state": CONNECTED})


def leave(lab, domid):
    lab.vscsi.forget(domid)
    lab.dom0.poll(f"! ls -d /sys/bus/xen-backend/devices/vscsi-{domid}-*", timeout=60)


def resumed(lab, guest, old, dev, load, what):
    lab.vscsi.wait_connected(guest.domid, dev)
    lab.check(f"{what}: I/O goes on, with right checksums", load.goes_on(), load.log())
    if old is not None:
        leave(lab, old)


def save_and_restore(lab, guest, pdev, load, what="saved and restored"):
    old = guest.domid
    lab.dom0.run(f"xl save {guest.name} /var/tmp/saved", timeout=120)
    lab.dom0.run("xl restore -p /var/tmp/saved", timeout=120)
    guest.find()
    dev = attach_resumed(lab, guest, pdev)
    guest.unpause()
    guest.wait_up(60)
    resumed(lab, guest, old, dev, load, what)
    return dev


def move(lab, guest, pdev, load):
    """What a migration to the same host does: the old domain goes last. (xl migrate itself needs a Xen
    with shadow paging for PV guests, which Debian's has not.)"""
    old = guest.domid
    lab.dom0.run(f"xl save -p {guest.name} /var/tmp/saved && xl rename {guest.name} away", timeout=120)
    lab.dom0.run("xl restore -p /var/tmp/saved", timeout=120)
    guest.find()
    dev = attach_resumed(lab, guest, pdev)
    guest.unpause()
    guest.wait_up(60)
    resumed(lab, guest, None, dev, load, "moved, while its old domain is still there")
    lab.dom0.run("xl destroy away")
    leave(lab, old)
    lab.check("the old domain goes: I/O goes on", load.goes_on(), load.log())
    return dev


def hot_remove(lab, guest, pdev, dev):
    """A device is taken away while it is used, and comes again."""
    disk = lab.disk(guest, "0:0:0:0")
    job = guest.start(f"fio --name=x --filename={disk} --rw=randrw --bs=64k --iodepth=16 --ioengine=libaio "
                      "--direct=1 --time_based --runtime=120")
    guest.run("sleep 2")
    lab.detach(guest, dev)
    lab.check("removed under I/O: the guest's I/O ends with an error", job.wait(60, check=False).rc != 0)
    dev = lab.attach(guest, pdev, "0:0:0:0")
    load = VerifiedLoad(guest, lab.disk(guest, "0:0:0:0"))
    lab.check("and it comes again", load.goes_on(), load.log())
    return dev, load


def configuration_in_use(lab, guest, target, store, load):
    """What a guest uses is refused to the operator, or ends in order."""
    for what, command in (("the portal group", f"rmdir {target.path}"),
                          ("the target", f"rmdir {target.path.rsplit('/', 1)[0]}"),
                          ("the backstore", f"rmdir {store.path}"),
                          ("the module", "rmmod xen-scsiback")):
        gone = lab.dom0.run(command, check=False)
        lab.check(f"{what} in use is not removed", gone.rc != 0, gone.err)
    lab.check("and the guest has noticed nothing", load.goes_on(), load.log())
    lab.check("the load ends well", load.stop(), load.log())
    target.remove_lun(0)
    disk = lab.disk(guest, "0:0:0:0")
    read = guest.run(f"sg_raw -r 512 {disk} 28 0 0 0 0 0 0 0 1 0 2>&1", check=False)
    lab.check("the LUN is gone under the guest: it hears so", "Illegal Request" in read.out, read.out)
    target.lun(0, store)
    lab.check("the LUN is back: it works", guest.run(
        f"sg_turs {disk}; dd if={disk} of=/dev/null bs=64k count=16 iflag=direct", check=False).rc == 0)


def reload_frontend(lab, guest, dev):
    for number in range(3):
        # A bound xenbus device holds its driver's module.
        guest.run("for d in /sys/bus/xen/drivers/*/vscsi-0; do echo vscsi-0 > ${d%/*}/unbind; done; "
                  "rmmod xen_scsifront", timeout=60)
        lab.xs.wait(backend(guest.domid, 0) + "/state", INIT_WAIT, 40)
        guest.run("modprobe xen-scsifront", timeout=60)
        lab.vscsi.wait_connected(guest.domid, dev)
        lab.disk(guest, "0:0:0:0")
    lab.check("the guest's driver, unloaded and loaded three times, finds its device", guest.run(
        f"dd if={lab.disk(guest, '0:0:0:0')} of=/dev/null bs=64k count=16 iflag=direct", check=False).rc == 0)


def start_again(lab, guest, old):
    """xl starts it again, if it can: it gives dom0's console daemon ten seconds, which a busy machine exceeds."""
    try:
        lab.dom0.poll(f"d=$(xl domid {guest.name}) && [ $d != {old} ] && "
                      f"xl list {guest.name} | awk 'END {{ exit $5 ~ /p/ }}'", timeout=60)
    except LabError:
        log = lab.dom0.run(f"cat /var/log/xen/xl-{guest.name}.log").out
        lab.check("if xl gave up, then for its own limit of time", "timed out" in log, log)
        guest.create()
    guest.find()


def crash(lab, guest, pdev):
    for line in ("Kernel panic - not syncing: sysrq triggered crash", r"\bCall Trace:$", "RIP: 0033:"):
        lab.expect_log(line)
    old = guest.domid
    load = VerifiedLoad(guest, lab.disk(guest, "0:0:0:0"))
    guest.start("echo c > /proc/sysrq-trigger")
    start_again(lab, guest, old)
    guest.wait_up()
    leave(lab, old)
    lab.attach(guest, pdev, "0:0:0:0")
    load = VerifiedLoad(guest, lab.disk(guest, "0:0:0:0"))
    lab.check("crashed and restarted: it works", load.goes_on() and load.stop(), load.log())


def many_rings(lab, guest, pdev):
    """As many controllers of one guest, each a ring of its own, all with one LUN."""
    lab.vscsi.detach_controller(guest.domid)
    for devid in range(RINGS):
        lab.attach(guest, pdev, f"{devid}:0:0:0", devid, wait=False)
    for devid in range(RINGS):
        lab.vscsi.wait_connected(guest.domid, "dev-0", devid, timeout=120)
    found = guest.poll(f"[ $(ls -d /sys/block/sd* | wc -l) = {RINGS} ] && ls /sys/block | grep ^sd", 60).out.split()
    lab.equal(f"{RINGS} rings: a disk on each", len(found), RINGS)
    listed = lab.dom0.run("grep -c state=connected /sys/kernel/config/target/xen-pvscsi/*/tpgt_1/guests",
                          check=False).out.strip()
    lab.check("all nexuses are in the list, as far as a page goes", int(listed) > 20, listed)
    done = guest.run("for d in " + " ".join(found) + "; do dd if=/dev/$d of=/dev/null bs=64k count=4 "
                     "iflag=direct status=none & p=\"$p $!\"; done; for i in $p; do wait $i || exit 1; done",
                     timeout=120, check=False)
    lab.check("all at once", done.rc == 0, done.err)
    threads = lab.dom0.run(f"pgrep -c '^vscsi-{guest.domid}-'", check=False).out.strip()
    lab.equal("a thread for each", threads, str(RINGS))
    domid = guest.domid
    guest.destroy()
    leave(lab, domid)
    # A ring is torn down by a worker, after its device is gone from the bus.
    lab.dom0.poll(f"! pgrep '^vscsi-{domid}-'", timeout=60)
    lab.check("destroyed: no thread is left", True)


def run(lab):
    lab.load_driver()
    store = lab.backstore.iblock("disk", "16M")
    target = lab.target.create(NAA)
    pdev = target.lun(0, store)
    # One that starts again when it crashes.
    lab.guests[0].destroy()
    guest = lab.guest("phoenix", on_crash="restart")
    dev = lab.attach(guest, pdev, "0:0:0:0")
    reload_frontend(lab, guest, dev)
    load = VerifiedLoad(guest, lab.disk(guest, "0:0:0:0"))

    dev = save_and_restore(lab, guest, pdev, load)
    dev = move(lab, guest, pdev, load)
    lab.check("the load ends well after saving and moving", load.stop(), load.log())
    dev, load = hot_remove(lab, guest, pdev, dev)
    configuration_in_use(lab, guest, target, store, load)
    crash(lab, guest, pdev)
    many_rings(lab, guest, pdev)
    target.delete()
    store.delete()
    lab.unload_driver()
    lab.check("the driver is unloaded", not lab.driver_loaded())
