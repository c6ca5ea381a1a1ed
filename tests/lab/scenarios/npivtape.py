# SPDX-License-Identifier: GPL-2.0
"""NPIV with tape: drive and changer of a library behind a guest's vport, used as a backup program uses them."""
from vscsilab.admin import Admin
from vscsilab.fabric import Fabric, wwn
from vscsilab.library import Library

TIMEOUT = 600
GUESTS = 1
LONG = True
DRIVERS = ("ours",)
PORT = wwn(0x5001_63ef_0000_0051)
# A label, a file of blocks, a filemark each; then what is read up to each filemark. Not the end of data: the target
# here, tcm_fc over stock pscsi, tells no residual with BLANK CHECK.
SCRIPT = """
set -e
mtx -f $1 load 1 0
echo LABEL01 | dd of=/dev/nst0 bs=512 conv=sync status=none
dd if=/dev/urandom of=/tmp/data bs=64k count=64 status=none
dd if=/tmp/data of=/dev/nst0 bs=64k status=none
mt -f /dev/nst0 rewind
dd if=/dev/nst0 bs=64k status=none | tr -d '\\0'
dd if=/dev/nst0 bs=64k status=none | cmp - /tmp/data && echo the data came back
mt -f /dev/nst0 offline
mtx -f $1 unload 1 0
"""


def run(lab):
    lab.load_driver()
    admin = Admin(lab)
    guest = lab.guests[0]
    library = Library(lab)
    fabric = Fabric(lab)
    fabric.target.allow(PORT, {0: library.drive(1), 1: library.changer()})
    fabric.enable()
    admin.start()
    parent = f"hba:{fabric.hba.wwpn}"
    admin.run(f"npiv create {guest.name} {parent} --wwpn {PORT}")
    admin.run(f"npiv attach {guest.name} {parent}")
    guest.run("modprobe -a st ch sg")
    guest.poll("ls /dev/nst0 /dev/sch0")
    lab.note(guest.run("lsscsi -g").out)
    changer = guest.run("echo /dev/$(ls /sys/class/scsi_changer/sch0/device/scsi_generic)").out.strip()
    guest.put(SCRIPT, "/tmp/backup.sh")
    said = guest.run(f"bash /tmp/backup.sh {changer}", timeout=300, check=False)
    lab.note(said.out + said.err)
    lab.check("the label, and the data to its filemark",
              said.rc == 0 and "LABEL01" in said.out
              and "the data came back" in said.out, said.out + said.err)
    lab.equal("the cartridge is back at its place", library.mtx("status"), library.at_home)
    admin.run(f"npiv detach {guest.name}")
    lab.check("nothing is left of it", PORT not in fabric.ports())
    admin.stop()
