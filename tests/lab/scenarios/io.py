# SPDX-License-Identifier: GPL-2.0
"""64 MiB of random data through each kind of LUN, three at once, and ext4."""
from vscsilab import tools

TIMEOUT = 900
GUESTS = 1
NAA = "naa.6001405000000010"
SIZE = "72M"
# The stock frontend fails a request of unaligned memory by itself ("Unable to
# map request_buffer") where contiguous memory makes 64 KiB segments that each
# touch 17 pages: 7 of them stay below its 128.
UNALIGNED = "448k"


def verify(guest, disk, **options):
    words = " ".join(f"{key}={value}" for key, value in options.items())
    return guest.start(f"ioverify {disk} {words}")


def check_job(lab, name, job, timeout=400):
    result = job.wait(timeout, check=False)
    lab.check(name, result.rc == 0, result.err)
    if result.rc == 0:
        lab.note(result.out.strip())


def settings(lab, guest, disks):
    """What an operator may set meanwhile: another way to the devices, less memory for data."""
    parameters = "/sys/module/xen_scsiback/parameters"
    for number, (name, value, usual) in enumerate((("direct", "N", "Y"), ("max_pool_pages", "64", "16384"))):
        lab.dom0.run(f"echo {value} > {parameters}/{name}")
        jobs = [(kind, verify(guest, disk, seed=7 + number, bytes="16M", offset="48M")) for kind, disk in disks.items()]
        for kind, job in jobs:
            check_job(lab, f"{kind}: 16 MiB with {name}={value}, four LUNs at once", job)
        lab.dom0.run(f"echo {usual} > {parameters}/{name}")


def filesystem(lab, guest, disk):
    guest.run(f"mkfs.ext4 -q {disk} && mkdir -p /mnt && mount {disk} /mnt", timeout=120)
    guest.run("cd / && find usr/bin usr/sbin usr/share -type f -size -400k > /tmp/all && "
              "head -400 /tmp/all > /tmp/some && tar -cf - -T /tmp/some | tar -xf - -C /mnt",
              timeout=200)
    before = guest.run("cd /mnt && find . -type f | sort | xargs sha256sum", timeout=120).out
    guest.run("umount /mnt", timeout=120)
    result = guest.run(f"fsck.ext4 -f -n {disk}", check=False, timeout=120)
    lab.check("fsck finds nothing wrong", result.rc == 0, result.out + result.err)
    guest.run(f"echo 3 > /proc/sys/vm/drop_caches; mount -o ro {disk} /mnt")
    after = guest.run("cd /mnt && find . -type f | sort | xargs sha256sum", timeout=120).out
    guest.run("umount /mnt")
    lab.check("the file system holds 400 files", len(before.splitlines()) == 400,
              len(before.splitlines()))
    lab.equal("all files are as they were written", after, before)


def run(lab):
    lab.load_driver()
    stores = {
        "iblock": lab.backstore.iblock("ram", SIZE),
        "fileio": lab.backstore.fileio("file", SIZE),
        "ramdisk": lab.backstore.ramdisk("rd", SIZE),
        "pscsi": lab.backstore.pscsi_disk("scsi", SIZE),
    }
    target = lab.target.create(NAA)
    guest = lab.guests[0]
    disks = {}
    for number, (kind, store) in enumerate(stores.items()):
        lab.attach(guest, target.lun(number, store), f"0:0:{number}:0")
        disks[kind] = lab.disk(guest, f"0:0:{number}:0")
    tools.install(guest, "ioverify")

    # As large as the frontend sends: 127 pages, so most are indirect.
    guest.run("for q in /sys/block/sd*/queue; do cat $q/max_hw_sectors_kb > $q/max_sectors_kb; done")
    lab.note(guest.run("grep . /sys/block/sd*/queue/max*_sectors_kb").out)
    lab.check("the frontend sends up to 508 KiB",
              "508" in guest.run("cat /sys/block/sd*/queue/max_sectors_kb").out.split())

    at_once = [(kind, verify(guest, disks[kind], seed=number))
               for number, kind in enumerate(("iblock", "fileio", "ramdisk"), 1)]
    for kind, job in at_once:
        check_job(lab, f"{kind}: 64 MiB in whole pages, three LUNs at once", job)
    check_job(lab, "pscsi: 64 MiB in whole pages", verify(guest, disks["pscsi"], seed=4))
    if lab.driver == "ours":
        settings(lab, guest, disks)
    for align, seed in ((512, 5), (4, 6)):
        jobs = [(kind, verify(guest, disk, seed=seed, align=align, largest=UNALIGNED,
                              bytes="16M", offset="48M")) for kind, disk in disks.items()]
        for kind, job in jobs:
            check_job(lab, f"{kind}: 16 MiB, memory aligned to {align} bytes, four LUNs at once",
                      job)
    filesystem(lab, guest, disks["iblock"])
