# SPDX-License-Identifier: GPL-2.0
"""What a guest takes of dom0 is its own: pages, workers, lines in the log."""
import time

from vscsilab.statistics import directory
from vscsilab.vscsi import INIT_WAIT, INITIALISED, INITIALISING, backend, frontend

GUESTS = 2
TIMEOUT = 300
LONG = True
DRIVERS = ("ours",)
NAA = "naa.50014050000000d8"
PARAMETERS = "/sys/module/xen_scsiback/parameters"
# Controllers of one guest, each with all that its frontend sends to a LUN in flight, of the
# largest size: more than what all guests have in common and the guest's own share.
RINGS, QUEUE, PAGES = 14, 10, 127
POOL, SHARE = 16384, 1024
assert RINGS * QUEUE * PAGES > POOL + SHARE
# Of the neighbour, all of whose requests fit into its share.
REQUESTS, SIZE = 60, 256
assert QUEUE * SIZE // 4 <= SHARE
REPEATS = 40


def fio(disks, kind, size, requests):
    jobs = " ".join(f"--name=load{number} --filename={disk}" for number, disk in enumerate(disks))
    return (f"fio --name=global --thread --rw={kind} --bs={size}k --direct=1 --ioengine=libaio --iodepth={QUEUE} "
            f"--number_ios={requests} --size=16m --minimal {jobs}")


def reads(lab, neighbour, disk, when):
    """Seconds that it takes; the disk answers each request after 0.8 s, however many there are at once."""
    begin = time.monotonic()
    read = neighbour.run(fio([disk], "randread", SIZE, REQUESTS) + " > /dev/null", timeout=120, check=False)
    taken = time.monotonic() - begin
    lab.check(f"{when}: the neighbour reads", read.rc == 0, read.err)
    lab.note(f"{when}: {REQUESTS} reads of a neighbour's take {taken:.1f} s")
    return taken


def pages(lab, victim, neighbour):
    """A neighbour on a slow disk has as many requests in flight beside all rings of another guest that are stuck."""
    lab.equal("the pool is as large as it is without settings",
              [int(lab.dom0.run(f"cat {PARAMETERS}/{name}").out) for name in ("max_pool_pages", "guest_pool_pages")],
              [POOL, SHARE])
    disk = lab.disk(neighbour, "0:0:0:0")
    before = reads(lab, neighbour, disk, "all is well")
    lab.dom0.run("dmsetup suspend --noflush --nolockfs stuck")
    disks = [lab.disk(victim, f"0:0:{number}:0") for number in range(RINGS)]
    stuck = victim.start(fio(disks, "randwrite", 4 * PAGES, 20))
    for number in range(RINGS):
        lab.dom0.poll(f"[ $(cat {directory(victim, number)}/lun-{number}:0:{number}:0/in_flight) -ge {QUEUE} ]", timeout=60)
    beside = reads(lab, neighbour, disk, f"{RINGS} rings of another guest are stuck")
    # One at a time it would be ten times as long.
    lab.check(f"{RINGS} rings on a stuck disk take no pages from another guest", beside < 3 * before,
              f"{before:.1f} s, then {beside:.1f} s")
    lab.dom0.run("dmsetup resume stuck")
    ended = stuck.wait(180, check=False)
    lab.check("the load of the rings that were stuck ends well", ended.rc == 0, ended.out + ended.err)


def workers(lab, victim):
    """An abort of a bio, which target core cannot hasten, sleeps in no worker of dom0's."""
    lab.dom0.run("dmsetup suspend --noflush --nolockfs stuck")
    disk = lab.disk(victim, "0:0:0:0")
    job = victim.start(f"sg_raw -t 2 -r 512 {disk} 28 0 0 0 0 0 0 0 1 0")
    lab.dom0.poll(f"[ $(cat {directory(victim)}/aborts) != 0 ]", timeout=30)
    asleep = lab.dom0.run("grep -sl target_put_cmd_and_wait /proc/[0-9]*/stack", check=False).out.split()
    lab.equal("an abort of a bio occupies no worker", asleep, [])
    lab.dom0.run("dmsetup resume stuck")
    job.wait(60, check=False)
    read = victim.run(f"dd if={disk} of=/dev/null bs=64k count=4 iflag=direct", check=False)
    lab.check("and the disk works again", read.rc == 0, read.err)


def lines(lab, guest):
    """A frontend that shares what cannot be mapped, again and again."""
    front, back = frontend(guest.domid, 0), backend(guest.domid, 0)
    guest.run("for d in /sys/bus/xen/drivers/*/vscsi-0; do echo vscsi-0 > ${d%/*}/unbind; done; "
              "rmmod xen_scsifront", timeout=60)
    lab.xs.wait(back + "/state", INIT_WAIT, 40)
    lab.expect_log("mapping ring-ref of")
    lab.dom0.run(f"xenstore-write {front}/ring-ref 99999; for i in $(seq {REPEATS}); do "
                 f"xenstore-write {front}/state {INITIALISING}; n=0; "
                 f"until [ $(xenstore-read {back}/state) = {INIT_WAIT} ] || [ $n = 30 ]; do n=$((n + 1)); done; "
                 f"xenstore-write {front}/state {INITIALISED}; n=0; "
                 f"until [ $(xenstore-read {back}/state) != {INIT_WAIT} ] || [ $n = 30 ]; do n=$((n + 1)); done; done",
                 timeout=300)
    lab.dom0.run("sleep 2")
    told = int(lab.dom0.run("dmesg | grep -c ring-ref", check=False).out)
    lab.check(f"a ring that cannot be mapped, {REPEATS} times: the operator hears of it, and not too often",
              1 <= told <= REPEATS // 2, told)
    lab.dom0.run(f"xenstore-write {front}/state 6; xenstore-rm {front}/ring-ref")
    lab.xs.wait(back + "/state", INIT_WAIT, 40)
    guest.run("modprobe xen-scsifront", timeout=60)
    lab.vscsi.wait_connected(guest.domid, "dev-0")
    read = guest.run(f"dd if={lab.disk(guest, '0:0:0:0')} of=/dev/null bs=64k count=4 iflag=direct", check=False)
    lab.check("and an honest frontend connects after that", read.rc == 0, read.err)


def run(lab):
    lab.load_driver()
    lab.dom0.run("modprobe -a dm-mod dm-delay; modprobe brd rd_nr=16 rd_size=16384; "
                 "dmsetup create stuck --table '0 32768 linear /dev/ram8 0'; "
                 "dmsetup create slow --table '0 32768 delay /dev/ram9 0 800'; dmsetup mknodes")
    stores = [lab.backstore.iblock(name, device=f"/dev/mapper/{name}") for name in ("stuck", "slow")]
    target = lab.target.create(NAA)
    victim, neighbour = lab.guests
    pdev = target.lun(0, stores[0])
    for number in range(RINGS):
        lab.attach(victim, pdev, f"{number}:0:{number}:0", devid=number)
    lab.attach(neighbour, target.lun(1, stores[1]), "0:0:0:0")
    pages(lab, victim, neighbour)
    workers(lab, victim)
    lines(lab, neighbour)
    domid = neighbour.domid
    neighbour.shutdown()
    lab.vscsi.forget(domid)
    lab.dismantle(victim, [target], stores)
    lab.dom0.run("dmsetup remove stuck slow")
