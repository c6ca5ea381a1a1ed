# SPDX-License-Identifier: GPL-2.0
"""A guest that is destroyed in the middle of I/O; the next one works."""
LONG = True
TIMEOUT = 500
GUESTS = 1
NAA = "naa.6001405000000030"
ROUNDS = 4


def load(guest, disk):
    return guest.start(f"fio --name=x --filename={disk} --rw=randrw --bs=128k --iodepth=16 "
                       "--ioengine=libaio --direct=1 --time_based --runtime=600")


def run(lab):
    lab.load_driver()
    stores = [lab.backstore.iblock("ram", "32M"), lab.backstore.fileio("file", "32M")]
    target = lab.target.create(NAA)
    pdevs = [target.lun(number, store) for number, store in enumerate(stores)]
    guest = lab.guests[0]

    for number in range(ROUNDS):
        for lun, pdev in enumerate(pdevs):
            lab.attach(guest, pdev, f"0:0:0:{lun}")
            load(guest, lab.disk(guest, f"0:0:0:{lun}"))
        guest.run("sleep 2; grep . /sys/block/sd*/inflight")
        domid = guest.domid
        guest.destroy()
        gone = lab.dom0.run(
            f"for i in $(seq 100); do pgrep '^vscsi-{domid}-' || exit 0; sleep 0.1; done; exit 1",
            check=False)
        lab.check(f"round {number}: the ring's thread has ended", gone.rc == 0, gone.out)
        lab.vscsi.forget(domid)
        lab.check(f"round {number}: no xenbus device is left", lab.dom0.run(
            f"for i in $(seq 50); do [ -e /sys/bus/xen-backend/devices/vscsi-{domid}-0 ] || exit 0;"
            " sleep 0.1; done; exit 1", check=False).rc == 0)
        guest = lab.guest(f"next{number}")

    lab.attach(guest, pdevs[0], "0:0:0:0")
    disk = lab.disk(guest, "0:0:0:0")
    lab.check("the next guest reads and writes", guest.run(
        f"head -c 4M /dev/urandom > /tmp/in && dd if=/tmp/in of={disk} bs=256k oflag=direct && "
        f"dd if={disk} bs=256k count=16 iflag=direct | cmp - /tmp/in", check=False).rc == 0)
    lab.dismantle(guest, [target], stores)
