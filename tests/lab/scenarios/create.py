# SPDX-License-Identifier: GPL-2.0
"""xl-vscsi create, the daemon with a configuration file, and a restored configuration."""
import json

from vscsilab.admin import Admin, scsi_debug
from vscsilab.storage import CORE, FABRIC

TIMEOUT = 700
LONG = True
GUESTS = 0
DRIVERS = ("ours",)
STATE = "/tmp/saveconfig.json"


def made(lab, admin, adapter):
    disk = lab.dom0.run(f"ls /sys/class/scsi_device/{adapter}:0:0:0/device/block").out.strip()
    before = admin.state()
    for name, vscsi, code in (("a wrong line", ["/dev/x,0:0"], 2), ("an unknown option", [f"/dev/{disk},fast"], 2),
                              ("a device that is not there", [f"/dev/{disk}", "/dev/nothing"], 3)):
        admin.create("bad", vscsi, rc=code)
        admin.unchanged(f"create with {name}", before)
        lab.check(f"create with {name}: no domain", lab.dom0.run("xl domid bad", check=False).rc != 0)
    admin.create("bad", [f"/dev/{disk},0:0:2:0", f"host:{adapter},1"], rc=4)
    admin.unchanged("create with a device and its adapter", before)
    return disk


def run(lab):
    lab.load_driver()
    admin = Admin(lab)
    adapter = scsi_debug(lab.dom0, luns=1)
    disk = made(lab, admin, adapter)
    lab.backstore.ramdisk("ram", "8M")
    guest = admin.create("made", [f"/dev/{disk},0:0:2:0", "ramdisk/ram,0:0:2:1"])
    guest.wait_up()
    lab.equal("the guest has them from its start", guest.poll("lsscsi | grep disk | cut -d: -f2-4 | cut -c1-5").out
              .split(), ["0:2:0", "0:2:1"])

    # The target's configuration, over a reboot of dom0 but for the reboot.
    lab.dom0.run("targetctl save " + STATE, timeout=120)
    saved = json.loads(lab.dom0.get(STATE))
    names = [lun["alias"] for target in saved["targets"] for tpg in target["tpgs"] for lun in tpg["luns"]]
    lab.equal("v-devs are saved", sorted(names), ["vdev-0:0:2:0", "vdev-0:0:2:1"])
    guest.destroy()
    lab.dom0.run("xen-vscsid --once")
    before = admin.state()
    lab.dom0.run("targetctl clear", timeout=120)
    lab.check("all is cleared", lab.dom0.run(f"ls -d {FABRIC}/naa.* {CORE}/*_*", check=False).out.strip() == "")
    lab.dom0.run("targetctl restore " + STATE, timeout=120)
    after = admin.state()
    lab.equal("all is restored", [line for line in after.splitlines() if "/param/" in line],
              [line for line in before.splitlines() if "/param/" in line])

    admin.start()
    again = lab.guest("made")
    listed = [device["v-dev"] for controller in admin.json("list made")[0]["controllers"]
              for device in controller["devices"]]
    lab.equal("a guest that plain xl created has them again", listed, ["0:0:2:0", "0:0:2:1"])
    lab.equal("from its start", again.poll("lsscsi | grep disk | cut -d: -f2-4 | cut -c1-5").out.split(),
              ["0:2:0", "0:2:1"])
    for vdev in listed:
        admin.run(f"detach made {vdev}")
    lab.equal("what the tool made is gone", lab.dom0.run(f"ls {FABRIC} | grep naa; ls -d {CORE}/*/auto-*", check=False)
              .out.strip(), "")
    again.destroy()
    admin.stop()
