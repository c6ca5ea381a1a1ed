# SPDX-License-Identifier: GPL-2.0
"""A command that target core emulates, into a buffer of two segments."""
TIMEOUT = 600
GUESTS = 1
# Proves at the same time that the lab notices a dom0 that goes wrong.
FAILS_ON = {"in-tree": "unable to handle page fault"}


def run(lab):
    lab.load_driver()
    pdev = lab.target.create("naa.5001405000000001").lun(
        0, lab.backstore.ramdisk("ram", "16M"))
    guest = lab.guests[0]
    lab.attach(guest, pdev, "0:0:0:0")
    disk = lab.disk(guest, "0:0:0:0")
    keys = guest.run(f"sg_persist --in -k --maxlen=8192 {disk}", timeout=20)
    lab.check("no registered keys", "no registered" in keys.out.lower(),
              keys.out)
