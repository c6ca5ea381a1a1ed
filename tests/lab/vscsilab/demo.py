# SPDX-License-Identifier: GPL-2.0
"""`lab demo`: the main job, start to end, told to a person."""
import time

from . import demonpiv, tools
from .lab import Lab
from .library import Library
from .machine import Machine
from . import logscan, paths

NAA = "naa.5001405000000042"
SIZE = "64M"


class Teller:
    """Numbered steps with the time they took."""

    def __init__(self):
        self.begin = time.monotonic()
        self.number = 0

    def step(self, text):
        self.number += 1
        print(f"\n[{time.monotonic() - self.begin:4.0f} s] {self.number}. {text}", flush=True)

    def show(self, text):
        for line in text.strip().splitlines():
            print(f"           {line}", flush=True)


def _report(kind, name, detail):
    if kind in ("PASS", "FAIL"):
        print(f"           {kind} {name}", flush=True)
        for line in detail.splitlines()[:20]:
            print(f"                {line}", flush=True)


def disk_part(lab, tell, guest, pdev):
    tell.step(f"Attach {pdev} to the guest as 0:0:0:0")
    lab.attach(guest, pdev, "0:0:0:0")
    disk = lab.disk(guest, "0:0:0:0")
    tell.show(guest.run("lsscsi").out)
    lab.check(f"the guest has the LUN as {disk}", disk.startswith("/dev/sd"))

    tell.step("The guest writes 32 MiB of random data and reads it back, sizes from 512 B to 508 KiB")
    tools.install(guest, "ioverify")
    result = guest.run(f"ioverify {disk} bytes=32M", timeout=300, check=False)
    tell.show(result.out + result.err)
    lab.check("every byte came back", result.rc == 0)

    tell.step("A command that kills a dom0 with the in-tree driver: PERSISTENT RESERVE IN, 8 KiB")
    result = guest.run(f"sg_persist --in -k {disk}", check=False)
    tell.show(result.out + result.err)
    lab.check("it is answered", result.rc == 0)

    tell.step("The guest makes a file system, fills it, and checks it")
    guest.run(f"mkfs.ext4 -q {disk} && mkdir -p /mnt && mount {disk} /mnt && cp -a /usr/sbin /mnt/ && "
              "umount /mnt", timeout=300)
    result = guest.run(f"fsck.ext4 -fn {disk}", timeout=200, check=False)
    tell.show(result.out)
    lab.check("fsck finds nothing wrong", result.rc == 0)


def tape_part(lab, tell, guest, pdevs):
    tell.step(f"Attach the drive and the changer, {pdevs[0]} and {pdevs[1]}, as 0:0:1:0 and 0:0:1:1")
    for number, pdev in enumerate(pdevs):
        lab.attach(guest, pdev, f"0:0:1:{number}")
    guest.run("modprobe -a st ch sg")
    guest.poll("ls /dev/nst0 /dev/sch0")
    tell.show(guest.run("lsscsi -g").out)
    changer = guest.run("echo /dev/$(ls /sys/class/scsi_changer/sch0/device/scsi_generic)").out.strip()

    tell.step("The guest's changer loads a cartridge into the guest's drive")
    guest.run(f"mtx -f {changer} load 1 0", timeout=100)
    tell.show(guest.run(f"mtx -f {changer} status").out)

    tell.step("The guest labels the cartridge and writes a backup of /etc and of its programs to it")
    result = guest.run("set -e; echo 'DEMO01 backup of /etc and /usr/sbin' > /tmp/label; "
                       "dd if=/tmp/label of=/dev/nst0 bs=512 conv=sync status=none; "
                       "tar -C / -b 128 -cf /dev/nst0 etc; tar -C / -b 128 -cf /dev/nst0 usr/sbin; "
                       "mt -f /dev/nst0 rewind", timeout=300, check=False)
    lab.check("label and two archives are written", result.rc == 0)

    tell.step("It reads the label, restores both archives and compares them with what is there")
    result = guest.run("dd if=/dev/nst0 bs=64k status=none | tr -d '\\0'; mkdir -p /tmp/restored; "
                       "for archive in 1 2; do tar -C /tmp/restored -b 128 -xf /dev/nst0 || exit 1; "
                       "mt -f /dev/nst0 fsf 1; done; mt -f /dev/nst0 status; "
                       "diff -r --no-dereference /etc /tmp/restored/etc && "
                       "diff -r --no-dereference /usr/sbin /tmp/restored/usr/sbin && "
                       "echo $(find /tmp/restored -type f | wc -l) files are the same",
                       timeout=300, check=False)
    tell.show(result.out + result.err)
    lab.check("the label is the one that was written", result.out.startswith("DEMO01"))
    lab.check("what was restored is what was saved", result.rc == 0 and "files are the same" in result.out)

    tell.step("The cartridge goes back to its slot; without one the drive says so")
    guest.run(f"mt -f /dev/nst0 offline && mtx -f {changer} unload 1 0", timeout=100)
    tell.show(guest.run(f"mtx -f {changer} status | head -3; mt -f /dev/nst0 status 2>&1 | tail -2",
                        check=False).out)


def perform(lab, tell):
    tell.step("Load our xen-scsiback.ko in dom0, instead of the in-tree one")
    lab.load_driver()
    tell.show(lab.dom0.run("dmesg | grep -i 'xen version' | head -1; modinfo -F description "
                           "/lab/payload/module/xen-scsiback.ko").out)

    tell.step("Start a tape library in dom0 (tgt behind iSCSI): a drive, a changer, two cartridges")
    library = Library(lab)
    tell.show(lab.dom0.run("lsscsi").out)

    tell.step(f"Make backstores and a target in target core: disk, drive and changer are LUNs of {NAA}")
    stores = [lab.backstore.iblock("disk", SIZE), library.drive(1), library.changer()]
    target = lab.target.create(NAA)
    pdevs = [target.lun(number, store) for number, store in enumerate(stores)]
    tell.show(lab.dom0.run("targetcli ls /xen-pvscsi", timeout=120, check=False).out)

    tell.step("Start a PV guest: stock Debian kernel, stock xen-scsifront")
    guest = lab.guest("demo")
    tell.show(lab.dom0.run("xl list").out)

    disk_part(lab, tell, guest, pdevs[0])
    tape_part(lab, tell, guest, pdevs[1:])

    tell.step("Shut the guest down, remove target and backstores, unload the module")
    lab.dismantle(guest, [target], stores)


def run(options, module):
    tell = Teller()
    print("A real Xen host in QEMU, emulated: seconds here are not those of real hardware.")
    main = options.what == "main"
    tell.step("Boot Xen and dom0 from power-on" if main else "Load a real Xen host, just booted")
    logs = paths.results_dir() / ("demo" if options.what == "main" else "demo-npiv")
    for old in logs.glob("*"):
        old.unlink()
    machine = Machine(logs, module, options.extra, full_boot=main)
    lab = None
    try:
        machine.start()
        lab = Lab(machine, "ours", _report)
        (perform if main else demonpiv.perform)(lab, tell)
    finally:
        if machine.qemu:
            machine.settle()
        machine.stop()
    bad = []
    for log in sorted(logs.glob("*.log")):
        if log.name != "commands.log":
            bad += logscan.scan(log.read_text(errors="replace"))
    lab.check("no warning in any kernel or Xen log", not bad, "\n".join(bad[0]) if bad else "")
    tell.step("Summary")
    print(f"           {len(lab.passed)} as they should be, {len(lab.failed)} not; logs: {logs}")
    for name in lab.failed:
        print(f"           NOT: {name}")
    return not lab.failed
