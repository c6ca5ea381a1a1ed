# SPDX-License-Identifier: GPL-2.0
"""A drive that does not answer delays nobody but its guest, and its guest can abort."""
from vscsilab.scripted import DISK, TAPE, Scripted
from vscsilab.statistics import directory

GUESTS = 2
TIMEOUT = 900
DRIVERS = ("ours",)
NAA = "naa.5001405000000074"
OTHER = "naa.5001405000000075"
READ, ERASE = 0x08, 0x19
# The guest's patience for a command, in seconds.
PATIENCE = 5


def tape_read(node):
    return f"sg_raw -r 1000 -t {PATIENCE} {node} 08 00 00 03 e8 00 2>&1 | grep -i -A1 -E 'status|good|timeout'"


class Neighbour:
    """A guest whose I/O, attach and detach go on while another's drive hangs."""

    def __init__(self, lab, guest, target, store):
        self.lab, self.guest = lab, guest
        self.pdev = target.lun(0, store)
        self.dev = lab.attach(guest, self.pdev, "0:0:0:0")
        self.disk = lab.disk(guest, "0:0:0:0")

    def works(self, when):
        read = self.guest.run(f"dd if={self.disk} of=/dev/null bs=64k iflag=direct status=none",
                              timeout=60, check=False)
        self.lab.check(f"{when}: another guest reads", read.rc == 0, read.err)

    def comes_and_goes(self, when):
        extra = self.lab.attach(self.guest, self.pdev, "0:0:0:7")
        self.lab.disk(self.guest, "0:0:0:7")
        self.lab.detach(self.guest, extra)
        self.lab.check(f"{when}: another guest's device comes and goes", True)


def aborted(scripted, opcode):
    return f"abort {TAPE} {opcode:02x}" in scripted.log()


def ready(guest, node):
    return guest.run(f"timeout 100 sg_turs -n 1 {node}", timeout=120, check=False).rc == 0


def run(lab):
    lab.load_driver()
    scripted = Scripted(lab)
    first, second = lab.guests
    for guest in lab.guests:
        guest.run("modprobe -a sg st")
    target, other = lab.target.create(NAA), lab.target.create(OTHER)
    stores = [scripted.store(TAPE), scripted.store(DISK), lab.backstore.iblock("disk", "8M")]
    neighbour = Neighbour(lab, second, other, stores[2])
    lab.attach(second, other.lun(1, stores[1]), "0:0:0:1")
    lab.attach(first, target.lun(TAPE, stores[0]), "0:0:0:0")
    lab.attach(first, target.lun(1, stores[2]), "0:0:0:1")
    tape = scripted.node(first, TAPE)
    own_disk = lab.disk(first, "0:0:0:1")

    # An abort that the adapter carries out.
    scripted.forget()
    scripted.hang(TAPE, READ)
    job = first.start(tape_read(tape))
    neighbour.works("a read hangs")
    job.wait(90, check=False)
    lab.check("the guest's abort reached the adapter", aborted(scripted, READ), scripted.log())
    lab.check("the drive serves the guest again", ready(first, tape))

    # An abort that the adapter cannot carry out.
    scripted.forget()
    scripted.stuck(True)
    scripted.hang(TAPE, READ)
    job = first.start(tape_read(tape))
    neighbour.works("the drive is stuck")
    neighbour.comes_and_goes("the drive is stuck")
    ended = job.wait(120, check=False)
    lab.note(ended.out)
    lab.check("the guest's command ends all the same", "TIME_OUT" in ended.out, ended.out)
    lab.check("dom0's log names the domain and the command",
              lab.dom0.run("dmesg | grep 'answered no abort of command 0x08'", check=False).rc == 0)
    read = first.run(f"dd if={own_disk} of=/dev/null bs=64k iflag=direct status=none",
                     timeout=60, check=False)
    lab.check("the guest's other LUN works", read.rc == 0, read.err)
    waiting = first.start(f"sg_raw -t 200 {tape} 01 00 00 00 00 00")
    neighbour.works("the guest waits for the drive")
    lab.check("what comes next waits for what was aborted",
              waiting.poll() is None and not any(line.split()[1].startswith("01")
                                                 for line in scripted.log() if line[0] == "0"))
    lab.dom0.poll(f"[ $(cat {directory(first)}/lun-0:0:0:0/errors_busy) -gt 0 ]", 20)
    lab.check("and is answered with BUSY meanwhile", True)
    lab.equal("one command is abandoned", lab.dom0.run(f"cat {directory(first)}/abandoned").out.strip(), "1")
    scripted.release()
    scripted.stuck(False)
    lab.equal("when the drive answers, what waited goes on", waiting.wait(100).rc, 0)
    lab.check("the drive serves the guest again after being stuck", ready(first, tape))

    # A guest is destroyed while its drive is stuck.
    scripted.forget()
    scripted.stuck(True)
    scripted.hang(TAPE, ERASE)
    first.start(f"sg_raw -t 20000 {tape} 19 01 00 00 00 00")
    lab.dom0.poll(f"grep -q '^{TAPE} 19' /sys/kernel/debug/scripted-scsi/log")
    domid = first.domid
    first.destroy()
    lab.check("a guest with a stuck drive can be destroyed", not first.exists())
    neighbour.works("the guest is gone, its drive still stuck")
    neighbour.comes_and_goes("the guest is gone, its drive still stuck")
    scripted.release()
    scripted.stuck(False)
    lab.vscsi.forget(domid)
    lab.dom0.poll(f"! ls /sys/bus/xen-backend/devices/vscsi-{domid}-0")

    domid = second.domid
    second.shutdown()
    lab.vscsi.forget(domid)
    for item in (target, other, *stores):
        item.delete()
    scripted.close()
    lab.unload_driver()
    lab.check("the driver is unloaded", not lab.driver_loaded())
