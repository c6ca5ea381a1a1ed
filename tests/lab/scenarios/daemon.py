# SPDX-License-Identifier: GPL-2.0
"""xen-vscsid gives guests what is bound to them, follows it, and survives being killed anywhere."""
import json

from vscsilab.admin import Admin

TIMEOUT = 900
GUESTS = 1
DRIVERS = ("ours",)
NAA = "naa.50014050000000b0"


def vdevs(admin, guest="g1"):
    """{v-dev: state}"""
    found = json.loads(admin.dom0.run(f"xl-vscsi list {guest} --json").out)[0]["controllers"]
    return {device["v-dev"]: device["state"] for controller in found for device in controller["devices"]}


def disks(guest):
    return guest.run("lsscsi | grep -c disk", check=False).out.strip()


def eventually(lab, name, get, wanted):
    for _ in range(30):
        got = get()
        if got == wanted:
            break
        lab.dom0.run("sleep 0.5")
    lab.equal(name, got, wanted)


def follows(lab, admin, guest, target, stores):
    eventually(lab, "what is bound to a running guest is there", lambda: vdevs(admin),
               {"0:0:0:0": 4, "0:0:0:1": 4})
    lab.equal("in the guest as well", disks(guest), "2")
    lab.dom0.run(f"mkdir {target.path}/lun/lun_7 && ln -s {stores[2].path} {target.path}/lun/lun_7/vdev-0:0:5:0")
    eventually(lab, "a LUN that is added is there", lambda: vdevs(admin),
               {"0:0:0:0": 4, "0:0:0:1": 4, "0:0:5:0": 4})
    lab.dom0.run(f"rm {target.path}/lun/lun_7/vdev-0:0:5:0 && rmdir {target.path}/lun/lun_7")
    target.remove_lun(1)
    eventually(lab, "LUNs that are removed are gone", lambda: vdevs(admin), {"0:0:0:0": 4})
    eventually(lab, "in the guest as well", lambda: disks(guest), "1")
    before = admin.state()
    admin.stop()
    for _ in range(2):
        admin.once()
    admin.unchanged("any number of runs", before)
    admin.start()


def reboots(lab, admin, guest, target, stores):
    target.lun(1, stores[1])
    eventually(lab, "it comes back", lambda: vdevs(admin), {"0:0:0:0": 4, "0:0:0:1": 4})
    old = guest.domid
    lab.dom0.call("guest_close", 20, domid=old)
    lab.dom0.run("xl reboot g1 || xl reboot -F g1")
    lab.dom0.poll(f"d=$(xl domid g1) && [ $d != {old} ]", 90)
    guest.find()
    guest.wait_up()
    eventually(lab, "a guest that rebooted has its devices", lambda: vdevs(admin), {"0:0:0:0": 4, "0:0:0:1": 4})
    first = guest.run("dmesg | grep -m1 -n 'Attached SCSI disk'; dmesg | grep -n -m1 'Run /init'", check=False).out
    lab.note(f"the guest's log: {first}")
    lab.equal("nothing is left of its earlier life",
              lab.dom0.run("xenstore-list /local/domain/0/backend/vscsi").out.split(), [str(guest.domid)])
    lab.check("no pause is left", lab.dom0.run("ls /run/xen-vscsi | grep paused", check=False).out == "")


def killed(lab, admin, guest, target):
    """At many a write of an attach, in the daemon; then at some steps of the command."""
    wanted = {"0:0:0:0": 4}
    admin.stop()
    for number in range(7, 400, 17):
        lab.dom0.run(f"printf '\\n' > {target.path}/param/domain")
        for vdev in vdevs(admin):
            admin.dom0.run(f"xl-vscsi detach g1 {vdev}")
        lab.dom0.run(f"echo g1 > {target.path}/param/domain")
        done = lab.dom0.run("strace -o /dev/null -e trace=write,sendmsg,writev -e "
                            f"inject=write,sendmsg,writev:signal=SIGKILL:when={number} xen-vscsid --once",
                            check=False)
        admin.once()
        eventually(lab, f"killed at write {number}: the next one finishes", lambda: vdevs(admin), wanted)
        if done.rc == 0:
            break
    lab.check("the last one was not killed", done.rc == 0)

    before = admin.state()
    ends = 0
    for call in ("mkdir", "symlink", "openat"):
        for number in range(1, 5):
            if call == "openat":
                # Those of configfs come after some 40 of libraries and of reading.
                number = 40 + 25 * number
            done = lab.dom0.run(f"strace -f -o /dev/null -e trace={call} -e inject={call}:signal=SIGKILL:"
                                f"when={number} xl-vscsi attach g1 spare", check=False)
            if done.rc == 0:
                admin.run("detach g1 1:0:0:0")
            else:
                ends += 1
                admin.once()
                for vdev in [vdev for vdev in vdevs(admin) if vdev.startswith("1:")]:
                    admin.run(f"detach g1 {vdev}")
            admin.unchanged(f"xl-vscsi killed at {call} {number}", before)
    lab.check("the command was killed several times", ends >= 4, ends)
    admin.start()


def run(lab):
    lab.load_driver()
    admin = Admin(lab)
    guest = lab.guests[0]
    stores = [lab.backstore.ramdisk(f"ram{number}", "8M") for number in range(3)]
    lab.backstore.ramdisk("spare", "8M")
    target = lab.target.create(NAA)
    for number in range(2):
        target.lun(number, stores[number])
    target.param("domain", "g1")
    admin.start()
    follows(lab, admin, guest, target, stores)
    killed(lab, admin, guest, target)
    reboots(lab, admin, guest, target, stores)

    domid = guest.domid
    guest.destroy()
    lab.dom0.poll(f"! xenstore-exists /local/domain/0/backend/vscsi/{domid}")
    lab.check("nothing is left of a guest that is destroyed", True)
    lab.equal("SIGTERM ends the daemon", admin.stop().rc, 0)
    target.delete()
    lab.unload_driver()
    lab.check("the driver is unloaded", not lab.driver_loaded())
