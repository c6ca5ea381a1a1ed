# SPDX-License-Identifier: GPL-2.0
"""host:N: a guest has all devices of an adapter, also those that a rescan adds or takes away."""
from vscsilab.admin import Admin, scsi_debug

LONG = True
TIMEOUT = 400
GUESTS = 1
DRIVERS = ("ours",)


def run(lab):
    lab.load_driver()
    admin = Admin(lab)
    guest = lab.guests[0]
    adapter = scsi_debug(lab.dom0, luns=1)
    before = admin.state()
    admin.start()
    admin.run(f"attach g1 host:{adapter} 0")

    def luns():
        return guest.run("lsscsi | grep scsi_debug | cut -d: -f4 | cut -d] -f1", check=False).out.split()

    def until(name, wanted):
        for _ in range(60):
            if luns() == wanted:
                break
            lab.dom0.run("sleep 0.5")
        lab.equal(name, luns(), wanted)
    until("its only device", ["0"])
    lab.dom0.run(f"echo 3 > /sys/bus/pseudo/drivers/scsi_debug/max_luns; echo '- - -' > /sys/class/scsi_host/host{adapter}/scan")
    until("devices that a rescan found", ["0", "1", "2"])
    guest.run("dd if=$(lsscsi | grep ':2\\]' | grep -o '/dev/sd[a-z]*') of=/dev/null bs=64k count=8 iflag=direct")
    lab.dom0.run(f"echo 1 > /sys/class/scsi_device/{adapter}:0:0:1/device/delete")
    until("without the one that went", ["0", "2"])
    admin.stop(9)
    lab.dom0.run(f"echo '- - -' > /sys/class/scsi_host/host{adapter}/scan")
    lab.dom0.poll(f"ls /sys/class/scsi_device/{adapter}:0:0:1/device/block")
    admin.start()
    until("what came while the daemon was away", ["0", "1", "2"])
    admin.run(f"detach g1 host:{adapter}")
    until("nothing is left in the guest", [])
    admin.unchanged("attach and detach of an adapter", before)
    admin.stop()
