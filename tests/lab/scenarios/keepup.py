# SPDX-License-Identifier: GPL-2.0
"""With I/O in flight: xl-vscsi attaches and detaches, the guest is saved and restored, fifty others come and go."""
import json
import time

from vscsilab import pretended
from vscsilab.admin import Admin
from vscsilab.load import VerifiedLoad

TIMEOUT = 600
GUESTS = 1
DRIVERS = ("ours",)
LONG = True
NAA = "naa.50014050000000c0"


def vdevs(admin):
    found = json.loads(admin.dom0.run("xl-vscsi list g1 --json").out)[0]["controllers"]
    return {device["v-dev"]: device["state"] for controller in found for device in controller["devices"]}


def until(lab, name, get, wanted):
    for _ in range(40):
        got = get()
        if got == wanted:
            break
        lab.dom0.run("sleep 0.5")
    lab.equal(name, got, wanted)


def restored(lab, admin, guest, load):
    old = guest.domid
    lab.dom0.run("xl save g1 /var/tmp/saved && xl restore /var/tmp/saved", timeout=200)
    guest.find()
    guest.wait_up(90)
    lab.check("saved and restored: I/O goes on, with right checksums", load.goes_on(), load.log())
    until(lab, "the device is there again", lambda: vdevs(admin), {"0:0:0:0": 4})
    lab.dom0.poll(f"! xenstore-exists /local/domain/0/backend/vscsi/{old}")
    lab.check("nothing is left of the domain that was saved", True)
    lab.check("no pause is left", lab.dom0.run("xl list g1").out.split()[-2][2] != "p")


def many(lab, admin):
    """Fifty guests come and go."""
    lab.expect_log("xen.*vscsi|vscsi-20[0-9][0-9]-0", required=False)
    pretended.come(lab.dom0)
    begin = time.monotonic()
    text = lab.dom0.run("time xl-vscsi list --json | wc -c")
    lab.note(f"list of 51 guests with 4 devices: {time.monotonic() - begin:.2f} s; {text.err.split()}")
    listed = admin.json("list")
    lab.equal("all are listed", len([item for item in listed if item["name"].startswith("many")]), len(pretended.NUMBERS))
    pretended.go(lab.dom0)
    # xenstore tells nobody that these are gone: they never were domains.
    lab.dom0.poll("[ $(xenstore-list /local/domain/0/backend/vscsi | wc -l) = 1 ]", timeout=40)
    lab.check("the daemon cleans up after all of them", True)


def run(lab):
    lab.load_driver()
    admin = Admin(lab)
    guest = lab.guests[0]
    target = lab.target.create(NAA)
    target.lun(0, lab.backstore.ramdisk("main", "8M"))
    lab.backstore.ramdisk("spare", "8M")
    target.param("domain", "g1")
    admin.start()
    disk = lab.disk(guest, "0:0:0:0")
    load = VerifiedLoad(guest, disk)
    before = admin.state()
    for number in range(3):
        admin.attach("g1", "spare", "0:0:1:0" if number else "")
        admin.run("detach g1 " + ("0:0:1:0" if number else "1:0:0:0"))
    admin.unchanged("attach and detach under load", before)
    lab.check("attach and detach under load: I/O goes on", load.goes_on(), load.log())
    restored(lab, admin, guest, load)
    many(lab, admin)
    lab.check("the load ends well", load.stop(), load.log())
    # The command and the daemon at once: both are given the same guest.
    late = admin.create("late", ["ramdisk/spare,0:0:3:3"], "--wait 120")
    late.wait_up()
    lab.check("create beside the daemon", "0:3:3" in late.run("lsscsi").out)
    lab.check("no pause is left of it", lab.dom0.run("ls /run/xen-vscsi | grep paused", check=False).out == "")
    admin.stop()
