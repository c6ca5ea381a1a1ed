# SPDX-License-Identifier: GPL-2.0
"""200 devices come and go, 30 guests are destroyed, 20 are saved and restored, all under I/O; nothing is left."""
from vscsilab.accounts import counts, grants, ports
from vscsilab.load import VerifiedLoad
from vscsilab.vscsi import CONNECTED

GUESTS = 1
TIMEOUT = 3600
LONG = True
DRIVERS = ("ours",)
NAA = "naa.5001405000000096"
HOTPLUGS, DESTROYS, RESTORES = 200, 30, 20


def same(lab, what, before, after, memory):
    """Counts are equal; memory may grow by so many KiB, for caches that others fill."""
    for name, value in before.items():
        if name[0].isupper():
            lab.note(f"{what}: {name} {value} KiB before, {after[name]} KiB after")
            lab.check(f"{what}: {name} has not grown", after[name] - value < memory,
                      f"{value} KiB before, {after[name]} KiB after")
        else:
            lab.equal(f"{what}: {name} as before", after[name], value)


def leave(lab, domid):
    lab.vscsi.forget(domid)
    lab.dom0.poll(f"! ls -d /sys/bus/xen-backend/devices/vscsi-{domid}-*", timeout=60)


# Uses whatever there is at target 1 while it comes and goes.
READER = """
while [ ! -e /tmp/stop ]; do
    for d in /sys/class/scsi_device/*:0:1:*/device/block/*; do
        [ -b /dev/${d##*/} ] && dd if=/dev/${d##*/} of=/dev/null bs=64k count=32 iflag=direct status=none &&
            echo >> /tmp/reads
    done
done 2> /dev/null
"""


def hotplug(lab, guest, pdevs):
    lab.attach(guest, pdevs[0], "0:0:0:0")
    load = VerifiedLoad(guest, lab.disk(guest, "0:0:0:0"))
    guest.put(READER, "/tmp/reader.sh")
    guest.run("touch /tmp/reads")
    reader = guest.start("sh /tmp/reader.sh")
    before = None
    for number in range(HOTPLUGS):
        dev = lab.attach(guest, pdevs[1], f"0:0:1:{number % 8}")
        if number % 4 == 0:
            guest.run("n=$(wc -l < /tmp/reads); for i in $(seq 300); do "
                      "[ $(wc -l < /tmp/reads) -gt $n ] && break; sleep 0.1; done", timeout=60)
        lab.detach(guest, dev)
        if number == 19:
            before = counts(lab)
    guest.run("touch /tmp/stop")
    reader.wait(60, check=False)
    reads = int(guest.run("wc -l < /tmp/reads").out)
    lab.check(f"of {HOTPLUGS} devices that came and went many were read", reads >= HOTPLUGS // 4, reads)
    lab.note(f"{reads} reads ended well")
    lab.check("the other device's I/O went on, with right checksums", load.stop(), load.log())
    same(lab, f"{HOTPLUGS} devices", before, counts(lab), 4096)


def destroys(lab, pdevs):
    before = None
    for number in range(DESTROYS):
        guest = lab.guest(f"brief{number}", memory=192)
        lab.attach(guest, pdevs[0], "0:0:0:0")
        lab.attach(guest, pdevs[1], "0:0:0:1")
        for lun in range(2):
            guest.start(f"fio --name=x --filename={lab.disk(guest, f'0:0:0:{lun}')} --rw=randrw --bs=64k "
                        "--iodepth=16 --ioengine=libaio --direct=1 --time_based --runtime=600")
        guest.run("sleep 1")
        domid = guest.domid
        guest.destroy()
        leave(lab, domid)
        if number == 4:
            before, granted, bound = counts(lab), grants(lab), ports(lab)
    same(lab, f"{DESTROYS} guests destroyed", before, counts(lab), 4096)
    lab.equal("grants in use as before", grants(lab), granted)
    lab.equal("event channels as before", ports(lab), bound)


def restores(lab, pdevs):
    guest = lab.guest("saved")
    lab.attach(guest, pdevs[0], "0:0:0:0")
    load = VerifiedLoad(guest, lab.disk(guest, "0:0:0:0"))
    good = 0
    for _ in range(RESTORES):
        old = guest.domid
        lab.dom0.run("xl save saved /var/tmp/saved", timeout=120)
        lab.dom0.run("xl restore -p /var/tmp/saved", timeout=120)
        guest.find()
        dev = lab.attach(guest, pdevs[0], "0:0:0:0", wait=False, dev_extra={"state": CONNECTED})
        guest.unpause()
        guest.wait_up(60)
        leave(lab, old)
        lab.vscsi.wait_connected(guest.domid, dev)
        good += load.goes_on()
    lab.equal(f"I/O went on with right checksums after each of {RESTORES} restores", good, RESTORES)
    lab.check("to the end", load.stop(), load.log())
    return guest


def run(lab):
    lab.load_driver()
    stores = [lab.backstore.iblock("ram", "16M"), lab.backstore.fileio("file", "16M")]
    target = lab.target.create(NAA)
    pdevs = [target.lun(number, store) for number, store in enumerate(stores)]
    hotplug(lab, lab.guests[0], pdevs)
    domid = lab.guests[0].domid
    lab.guests[0].destroy()
    leave(lab, domid)
    destroys(lab, pdevs)
    lab.dismantle(restores(lab, pdevs), [target], stores)
