# SPDX-License-Identifier: GPL-2.0
"""NPIV: an array's controller fails while a guest writes, another takes its WWPN over after 10 to 90 s; I/O goes on."""
import time

from vscsilab.admin import Admin
from vscsilab.array import Controller, Medium
from vscsilab.errors import LabError
from vscsilab.fabric import Fabric, wwn
from vscsilab.load import VerifiedLoad

TIMEOUT = 1500
GUESTS = 1
LONG = True
DRIVERS = ("ours",)
PORT = wwn(0x5001_63ef_0000_0061)
TARGET = 4
# Around dev_loss_tmo as the kernel has it, 60 s.
AWAY = (10, 59, 61, 90)


def takes_over(lab, fabric, failed, other, seconds):
    """The WWPN is not there for so long."""
    begin = time.monotonic()
    fabric.ctl(f"link {failed.switch_end} down")
    failed.fail()
    failed.restart()
    time.sleep(max(0, begin + seconds - time.monotonic()))
    other.enable().online()
    fabric.until("the target is back", lambda ports: ports.get(other.wwpn, {}).get("link") == other.switch_end)
    lab.note(f"away {seconds} s: {time.monotonic() - begin:.0f} s to the target's login")


def run(lab):
    lab.load_driver()
    admin = Admin(lab)
    guest, = lab.guests
    medium = Medium(lab, 16)
    controllers = [Controller(lab, name, TARGET, medium).shows(PORT) for name in ("a1", "a2")]
    for controller in controllers:
        controller.boot()
    fabric = Fabric(lab, controllers=controllers)
    try:
        fabric.enable()
        admin.start()
        parent = f"hba:{fabric.hba.wwpn}"
        admin.run(f"npiv create {guest.name} {parent} --wwpn {PORT}")
        admin.run(f"npiv attach {guest.name} {parent}")
        admin.refused(f"npiv create g9 {parent} --wwpn {controllers[0].wwpn}", 4, "is in the fabric already",
                      fabric.ports()[controllers[0].wwpn]["id"], "over eth0")
        disk = lab.disk(guest, "0:0:0:0")
        load = VerifiedLoad(guest, disk)
        active, other = controllers
        for seconds in AWAY:
            takes_over(lab, fabric, active, other, seconds)
            lab.check(f"target away {seconds} s: writes go on, and read right", load.goes_on(120),
                      f"{load.log()}\n{admin.run('npiv status').out}")
            lab.equal(f"target away {seconds} s: the node is the same", lab.disk(guest, "0:0:0:0"), disk)
            active.boot()
            active, other = other, active
        lab.check("all of it read right, to the end", load.stop(), load.log())
        admin.run(f"npiv detach {guest.name}")
        lab.check("nothing is left of it", PORT not in fabric.ports())
        admin.stop()
    except LabError:
        lab.note(fabric.log()[-3000:])
        raise
    finally:
        if admin.daemon:
            lab.note(admin.daemon.output()[1][-4000:])
        lab.machine.logs.joinpath("fcswitch.log").write_text(fabric.log())
