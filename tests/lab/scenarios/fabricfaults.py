# SPDX-License-Identifier: GPL-2.0
"""NPIV on a switch that misbehaves: lost, late and missing frames, silence, a restart; and sixteen vports."""
from vscsilab.errors import LabError
from vscsilab.fabric import Fabric, exercise, mark_of, marked, wwn

LONG = True
TIMEOUT = 1500
NODE = wwn(0x5001_63e0_0000_0000)
FIRST = wwn(0x5001_63e0_0000_0001)
MANY = [wwn(0x5001_63e0_0000_0100 + number) for number in range(16)]
BASE, MARK = "0", "1"
# Each frame lost costs a SCSI timeout of 30 s. A part that a command of five frames survives, and not a
# login of dozens, which libfc's recovery ends in when too much is lost.
LOSSY, PERMILLE = 400, 3


def back(lab, fabric, vport, name, disk):
    fabric.until(f"{name}: the vport is back", lambda ports: FIRST in ports, 120)
    vport.active()
    lab.equal(f"{name}: the same node has the same data", (vport.disk(0), mark_of(lab.dom0, disk)), (disk, MARK))


def late_login(lab, fabric):
    fabric.ctl("set fdisc-delay 5000")
    vport = fabric.hba.vport(FIRST, NODE, active=False)
    lab.equal("a late answer is waited for", vport.state(), "Initializing")
    vport.active()
    fabric.ctl("set fdisc-delay 0")
    return vport


def cleared(lab, fabric, vport, disk):
    for name, who in (("the vport is logged out", FIRST), ("the HBA is logged out", fabric.hba.wwpn),
                      ("the target is logged out", fabric.storage.wwpn)):
        fabric.ctl(f"logout {who}")
        fabric.until(f"{name}: back", lambda ports, who=who: who in ports, 60)
        back(lab, fabric, vport, name, disk)


def moved(lab, fabric, vport, disk):
    """As when the target's cable is put into another port of the switch."""
    before = fabric.ports()[fabric.storage.wwpn]["id"]
    fabric.ctl("set ids new")
    fabric.ctl(f"logout {fabric.storage.wwpn}")
    fabric.until("the target is back", lambda ports: fabric.storage.wwpn in ports, 60)
    fabric.ctl("set ids kept")
    lab.check("the target has another N_Port_ID", fabric.ports()[fabric.storage.wwpn]["id"] != before)
    back(lab, fabric, vport, "the target at another N_Port_ID", disk)


def impaired(lab, fabric, vport, disk):
    fabric.ctl("delay 20")
    lab.equal("20 ms late each way, data is right", exercise(lab.dom0, disk).rc, 0)
    fabric.ctl("delay 0")
    fabric.ctl(f"drop {PERMILLE}")
    done = lab.dom0.run(f"set -e -o pipefail; head -c 1M /dev/urandom > /tmp/lossy; for n in $(seq 0 255); do "
                        f"dd if=/tmp/lossy of={disk} bs=4k skip=$n seek=$((256 + n)) count=1 oflag=direct "
                        "status=none; done", timeout=LOSSY, check=False)
    lost = fabric.ctl("counts")["dropped"]
    fabric.ctl("drop 0")
    lab.check("with frames lost, everything is written in the end", done.rc == 0 and lost > 0,
              f"{lost} lost\n{done.err}")
    lab.equal("and as it was", lab.dom0.run(
        f"dd if={disk} bs=4k skip=256 count=256 iflag=direct status=none | cmp - /tmp/lossy", check=False).rc, 0)
    lab.note(f"{lost} frames were lost")


def silent(lab, fabric, vport, disk):
    """Hosts notice by keep-alives alone."""
    fabric.ctl("set fka 1000")
    fabric.ctl("set silent on")
    lab.dom0.poll(f"! grep -q Online /sys/class/fc_host/host{fabric.hba.host}/port_state", 60)
    fabric.ctl("set silent off")
    back(lab, fabric, vport, "silence", disk)
    fabric.ctl("set fka 8000")


def restarted(lab, fabric, vport, disk):
    fabric.stop()
    lab.dom0.run("sleep 2")
    fabric.start()
    back(lab, fabric, vport, "the switch is started anew", disk)


def many(lab, fabric):
    vports = [fabric.hba.vport(name, NODE, active=False) for name in MANY]
    for vport in vports:
        vport.active(90)
    lab.equal("sixteen vports are logged in", set(MANY) - set(fabric.names()), set())
    lab.equal("each has its LUN", [mark_of(lab.dom0, vport.disk(0)) for vport in vports],
              [str(number % 10) for number in range(len(MANY))])
    fabric.hba.link("down")
    fabric.until("the link is down", lambda ports: not set(MANY) & set(ports))
    fabric.hba.link("up")
    fabric.until("they are back", lambda ports: set(MANY) <= set(ports), 120)
    for vport in vports:
        vport.active(90)
    lab.equal("after a flap each has its LUN still", [mark_of(lab.dom0, vport.disk(0)) for vport in vports],
              [str(number % 10) for number in range(len(MANY))])
    for vport in vports:
        vport.delete()
    lab.equal("deleted, none is left", set(MANY) & set(fabric.ports()), set())


def run(lab):
    fabric = Fabric(lab)
    fabric.target.allow(fabric.hba.wwpn, {0: marked(lab, "base", BASE)})
    fabric.target.allow(FIRST, {0: marked(lab, "one", MARK)})
    for number, name in enumerate(MANY):
        fabric.target.allow(name, {0: marked(lab, f"many{number}", str(number % 10), "2M")})
    try:
        fabric.enable()
        vport = late_login(lab, fabric)
        disk = vport.disk(0)
        lab.equal("its LUN has its data", mark_of(lab.dom0, disk), MARK)
        cleared(lab, fabric, vport, disk)
        moved(lab, fabric, vport, disk)
        silent(lab, fabric, vport, disk)
        restarted(lab, fabric, vport, disk)
        impaired(lab, fabric, vport, disk)
        many(lab, fabric)
        lab.equal("it works to the end", exercise(lab.dom0, disk).rc, 0)
        vport.delete()
    except LabError:
        lab.note(f"{fabric.ctl('counts')}\n{fabric.log()[-3000:]}")
        raise
    finally:
        (lab.machine.logs / "fcswitch.log").write_text(fabric.log())
