"""`lab demo`: the main job, start to end, told to a person."""
import time

from . import tools
from .lab import Lab
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


def perform(lab, tell):
    tell.step("Load our xen-scsiback.ko in dom0, instead of the in-tree one")
    lab.load_driver()
    tell.show(lab.dom0.run("dmesg | grep -i 'xen version' | head -1; modinfo -F description "
                           "/lab/payload/module/xen-scsiback.ko").out)

    tell.step(f"Make a backstore and a target in target core, and export LUN 0 of {NAA}")
    store = lab.backstore.iblock("disk", SIZE)
    target = lab.target.create(NAA)
    pdev = target.lun(0, store)
    tell.show(lab.dom0.run("targetcli ls /xen-pvscsi", timeout=120, check=False).out)

    tell.step("Start a PV guest: stock Debian kernel, stock xen-scsifront")
    guest = lab.guest("demo")
    tell.show(lab.dom0.run("xl list").out)

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

    tell.step("Shut the guest down, remove target and backstore, unload the module")
    lab.dismantle(guest, [target], [store])


def run(options, module):
    tell = Teller()
    print("A real Xen host in QEMU, emulated: seconds here are not those of real hardware.")
    tell.step("Boot Xen and dom0 from power-on")
    logs = paths.results_dir() / "demo"
    for old in logs.glob("*"):
        old.unlink()
    machine = Machine(logs, module, options.extra, full_boot=True)
    lab = None
    try:
        machine.start()
        lab = Lab(machine, "ours", _report)
        perform(lab, tell)
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
