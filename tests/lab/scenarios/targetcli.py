# SPDX-License-Identifier: GPL-2.0
"""Stock targetcli makes a target, saves it, clears it and restores it."""
TIMEOUT = 600
GUESTS = 1
# rtslib turns the first digit of every WWN into a 5.
NAA = "naa.5001405000000007"
STATE = "/tmp/saveconfig.json"


def targetcli(lab, *lines):
    done = lab.dom0.run("targetcli", stdin="\n".join(lines) + "\n", timeout=120)
    return done.out + done.err


def run(lab):
    lab.load_driver()
    # One process for many lines: it takes seconds to start here.
    shown = targetcli(lab, "/backstores/ramdisk create name=ram size=16777216",
                      f"/xen-pvscsi create {NAA}",
                      f"/xen-pvscsi/{NAA}/tpg1/luns create "
                      "/backstores/ramdisk/ram",
                      f"saveconfig {STATE}", "ls /xen-pvscsi")
    lab.check("targetcli shows target and LUN", f"o- {NAA}" in shown and
              "[ramdisk/ram" in shown, shown)

    shown = targetcli(lab, "clearconfig confirm=True", "ls")
    lab.check("clearconfig clears", f"o- {NAA}" not in shown, shown)
    shown = targetcli(lab, f"restoreconfig {STATE}", "ls /xen-pvscsi")
    lab.check("restoreconfig brings all back", f"o- {NAA}" in shown and
              "[ramdisk/ram" in shown, shown)

    guest = lab.guests[0]
    dev = lab.attach(guest, f"{NAA}:0", "0:0:0:0")
    disk = lab.disk(guest, "0:0:0:0")
    size = guest.run(f"blockdev --getsize64 {disk}").out.strip()
    lab.equal("the guest has the disk", size, "16777216")
    lab.detach(guest, dev)
    lab.teardown()
    targetcli(lab, "clearconfig confirm=True")
    lab.unload_driver()
