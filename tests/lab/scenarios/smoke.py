# SPDX-License-Identifier: GPL-2.0
"""A guest writes and reads two LUNs; everything is taken down cleanly."""
TIMEOUT = 600
GUESTS = 1
NAA = "naa.5001405000000001"


def copy_through(guest, disk):
    """Checksums of 4 MiB before they go to the disk and after."""
    return guest.run(
        "head -c 4M /dev/urandom > /tmp/in && sha256sum < /tmp/in && "
        f"dd if=/tmp/in of={disk} bs=64k oflag=direct status=none && "
        f"dd if={disk} bs=64k count=64 iflag=direct status=none | sha256sum",
        timeout=120).out.split("\n")[:2]


def run(lab):
    lab.load_driver()
    stores = [lab.backstore.fileio("file", "16M"),
              lab.backstore.iblock("ram", "16M")]
    target = lab.target.create(NAA)
    pdevs = [target.lun(number, store)
             for number, store in enumerate(stores)]
    guest = lab.guests[0]

    devices = []
    for number, pdev in enumerate(pdevs):
        vdev = f"0:0:{number}:0"
        devices.append(lab.attach(guest, pdev, vdev))
        disk = lab.disk(guest, vdev)
        lab.check(f"{pdev} is {disk}", disk.startswith("/dev/sd"))
        before, after = copy_through(guest, disk)
        lab.equal(f"{disk} returns what was written", after, before)

    for dev in devices:
        lab.detach(guest, dev)
    guest.poll("! ls /sys/block/sd* >/dev/null 2>&1")
    lab.check("no disk left in the guest", True)
    lab.dismantle(guest, [target], stores)
