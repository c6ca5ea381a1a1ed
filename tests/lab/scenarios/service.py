# SPDX-License-Identifier: GPL-2.0
"""xen-vscsid as systemd's unit: when it starts, what it tells, and how it comes back."""
import json

from vscsilab.admin import UNIT, Admin, build
from vscsilab.storage import FABRIC
from vscsilab.system import INSIDE, System, install

TIMEOUT = 600
GUESTS = 1
DRIVERS = ("ours",)
LONG = True
NAA = "naa.50014050000000d0"
# The lab's xenstored runs outside; what counts of Debian's scripts is when they would.
SCRIPT = "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=\nExecStart={}\nExecStop=\n"
SEEN = "/run/lab/seen-by-xendomains"


def configured(lab, admin):
    """A target bound to the guest, saved where targetctl looks, and gone from the kernel."""
    store = lab.backstore.ramdisk("disk", "8M")
    target = lab.target.create(NAA)
    target.lun(0, store)
    target.param("domain", "g1")
    lab.dom0.run("mkdir -p /etc/rtslib-fb-target && targetctl save && targetctl clear", timeout=120)
    lab.check("LIO is empty before", NAA not in lab.dom0.run(f"ls {FABRIC}", check=False).out)
    return target, store


def in_order(lab, system):
    times = {name: system.times(name) for name in
             ("xen.service", "rtslib-fb-targetctl.service", UNIT, "xendomains.service")}
    lab.note(f"begin and end of their starts: {times}")
    lab.check("all have started", all(end >= begin > 0 for begin, end in times.values()), times)
    begin, ready = times[UNIT]
    for name in ("xen.service", "rtslib-fb-targetctl.service"):
        lab.check(f"the daemon starts after {name}", begin >= times[name][1], times)
    lab.check("guests that start at boot come after it is ready", times["xendomains.service"][0] >= ready, times)
    seen = json.loads(lab.dom0.get(SEEN))
    lab.equal("by then it runs, and the target is restored",
              (seen["daemon"], [tpg["wwn"] for tpg in seen["tpgs"]]), (True, [NAA]))


def vdevs(admin):
    found = json.loads(admin.dom0.run("xl-vscsi list g1 --json").out)
    return {device["v-dev"]: device["state"] for guest in found for controller in guest["controllers"]
            for device in controller["devices"]}


def restarted(lab, system, what, old):
    lab.dom0.poll(f"p=$({INSIDE} systemctl show {UNIT} -p MainPID --value) && [ $p != {old} ] && [ $p != 0 ] && "
                  f"{INSIDE} systemctl is-active {UNIT}", 60)
    lab.check(f"{what}: systemd starts it again", True)


def comes_back(lab, admin, system, disk):
    guest, = lab.guests
    for what, signal in (("killed", "KILL"), ("it hangs", "STOP")):
        pid = system.show(UNIT, "MainPID")["MainPID"]
        system.ctl(f"kill -s {signal} {UNIT}")
        restarted(lab, system, what, pid)
        lab.equal(f"{what}: the guest keeps its device", vdevs(admin), {"0:0:0:0": 4})
        lab.check(f"{what}: which works", guest.run(f"dd if={disk} of=/dev/null bs=64k count=8 iflag=direct",
                                                     check=False).rc == 0)
    lab.equal("that was the watchdog", system.show(UNIT, "NRestarts"), {"NRestarts": "2"})


def run(lab):
    install(lab.dom0)
    admin = Admin(lab)
    lab.load_driver()
    guest, = lab.guests
    target, store = configured(lab, admin)
    system = System(lab)
    lab.dom0.put((build(lab.dom0) / UNIT).read_bytes().replace(b"/usr/local/sbin", b"/usr/sbin"), f"/lib/systemd/system/{UNIT}")
    # Sooner than in service.
    system.unit(f"{UNIT}.d/lab.conf", "[Service]\nWatchdogSec=6\n")
    system.unit("xen.service.d/lab.conf", SCRIPT.format("/bin/sleep 1"))
    system.unit("xendomains.service.d/lab.conf", SCRIPT.format(f"/bin/sh -c 'xl-vscsi status --json > {SEEN} || [ $$? = 8 ]'"))
    said = lab.dom0.run(f"systemd-analyze --man=no verify {UNIT} 2>&1", check=False).out
    lab.check("systemd finds nothing wrong with the unit", UNIT not in said, said)

    system.start("xen.service", "xendomains.service", UNIT)
    in_order(lab, system)
    lab.equal("it says itself that it is ready", system.show(UNIT, "Type", "SubState"),
              {"Type": "notify", "SubState": "running"})
    lab.dom0.poll("xl-vscsi list g1 --json | grep '\"state-name\": \"connected\"'", 40)
    lab.equal("a guest that ran already has its device", vdevs(admin), {"0:0:0:0": 4})
    disk = lab.disk(guest, "0:0:0:0")
    comes_back(lab, admin, system, disk)
    system.ctl(f"reload {UNIT}")
    lab.equal("reloaded, it is the same", system.show(UNIT, "NRestarts", "SubState"),
              {"NRestarts": "2", "SubState": "running"})
    system.ctl(f"stop {UNIT}")
    lab.equal("stopped in order", system.show(UNIT, "Result", "ActiveState"),
              {"Result": "success", "ActiveState": "inactive"})
    lab.equal("the guest keeps its device without it", vdevs(admin), {"0:0:0:0": 4})

    system.stop()
    lab.dom0.run(f"printf '\\n' > {target.path}/param/domain && xl-vscsi detach g1 0:0:0:0")
    target.delete()
    store.delete()
    lab.dom0.run(f"rm -rf /lib/systemd/system/{UNIT} /etc/systemd/system/*.service.d /etc/rtslib-fb-target {SEEN}")
