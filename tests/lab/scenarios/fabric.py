# SPDX-License-Identifier: GPL-2.0
"""NPIV on the software switch of tests/fabric: vports log in, see LUNs of their own, are refused, come back."""
from vscsilab.errors import LabError
from vscsilab.fabric import Fabric, exercise, mark_of, marked, wwn

LONG = True
TIMEOUT = 600
BASE, ONE, TWO = "0", "1", "2"
NODE = wwn(0x5001_63e0_0000_0000)
FIRST, SECOND = wwn(0x5001_63e0_0000_0001), wwn(0x5001_63e0_0000_0002)
FCP = 8


def basics(lab, fabric):
    hba = fabric.hba
    lab.equal("the switch has all ports", set(fabric.ports()),
              {hba.wwpn, fabric.hbas[1].wwpn, fabric.storage.wwpn})
    lab.equal("the HBA's LUN has its data", mark_of(lab.dom0, hba.disk(0)), BASE)
    vport = hba.vport(FIRST, NODE)
    disk = vport.disk(0)
    lab.equal("a vport's LUN 0 is another", mark_of(lab.dom0, disk), ONE)
    lab.equal("it has no other LUN, the HBA none of it", (vport.luns(), hba.luns()), ([0], [0]))
    lab.equal("what is written is read", exercise(lab.dom0, disk).rc, 0)
    name = fabric.names().get(FIRST, {})
    lab.check("the name server has it as an FCP port", FCP in name.get("types", []), name)
    lab.check("and its symbolic name", "fcoe" in name.get("port_name", ""), name)
    counts = fabric.ctl("counts")
    lab.equal("every frame was understood", [counts[key] for key in ("malformed", "bad_crc", "unknown_source")],
              [0, 0, 0])
    return vport


def second(lab, fabric, first):
    vport = fabric.hba.vport(SECOND, NODE)
    lab.equal("a second vport's LUN 5 is its own", mark_of(lab.dom0, vport.disk(5)), TWO)
    vport.delete()
    lab.check("deleted, it is nowhere in the fabric", SECOND not in {**fabric.ports(), **fabric.names()},
              fabric.log()[-800:])
    lab.equal("the first goes on", mark_of(lab.dom0, first.disk(0)), ONE)


def refused(lab, fabric, name, setting, undo):
    """A vport that the switch does not let in, and then does."""
    fabric.ctl(setting)
    vport = fabric.hba.vport(SECOND, NODE, active=False)
    fabric.rejections(2)
    lab.equal(f"{name}: the vport stays Initializing", vport.state(), "Initializing")
    lab.check(f"{name}: the fabric has it not", SECOND not in fabric.ports())
    fabric.ctl(undo)
    vport.active()
    lab.equal(f"{name}: let in later, it has its LUN", mark_of(lab.dom0, vport.disk(5)), TWO)
    vport.delete()


def without_npiv(lab, fabric, first):
    """As a switch that never had it: all log in anew."""
    fabric.ctl("set npiv off")
    fabric.ctl(f"logout {fabric.hba.wwpn}")
    first.becomes("No Fabric Support")
    lab.check("without NPIV no vport is let in", FIRST not in fabric.ports() and fabric.hba.wwpn in fabric.ports(),
              fabric.log()[-800:])
    fabric.ctl("set npiv on")
    fabric.ctl(f"logout {fabric.hba.wwpn}")
    first.active()
    lab.equal("with it again, the vport has its LUN", mark_of(lab.dom0, first.disk(0)), ONE)


def duplicates(lab, fabric, first):
    """The same WWPN behind another HBA."""
    other = fabric.hbas[1]
    fabric.ctl("set duplicate first")
    again = other.vport(FIRST, NODE, active=False)
    fabric.rejections(2)
    lab.equal("first wins: a second login stays out, the first in",
              (again.state(), fabric.ports()[FIRST]["link"]), ("Initializing", fabric.hba.switch_end))
    fabric.ctl("set duplicate last")
    again.active()
    lab.equal("last wins: it has taken the name over", fabric.ports()[FIRST]["link"], other.switch_end)
    first.delete()
    lab.equal("the loser's logout leaves it in", mark_of(lab.dom0, again.disk(0)), ONE)
    return again


def recovery(lab, fabric, vport):
    disk = vport.disk(0)
    for name, off, on in (
            ("power", lambda: fabric.ctl("power off"), lambda: fabric.ctl("power on")),
            ("link", lambda: vport.hba.link("down"), lambda: vport.hba.link("up"))):
        off()
        fabric.until(f"{name} off", lambda ports: FIRST not in ports)
        on()
        fabric.until(f"{name} on", lambda ports: FIRST in ports, 60)
        vport.active()
        lab.equal(f"{name} off and on: the same node has the same data",
                  (vport.disk(0), mark_of(lab.dom0, disk)), (disk, ONE))
    lab.equal("it can be written", exercise(lab.dom0, disk).rc, 0)


def run(lab):
    fabric = Fabric(lab, hbas=2)
    fabric.target.allow(fabric.hba.wwpn, {0: marked(lab, "base", BASE)})
    fabric.target.allow(FIRST, {0: marked(lab, "one", ONE)})
    fabric.target.allow(SECOND, {5: marked(lab, "two", TWO)})
    try:
        fabric.enable()
        first = basics(lab, fabric)
        second(lab, fabric, first)
        refused(lab, fabric, "FDISC rejected", "set fdisc-reject no-resources", "set fdisc-reject none")
        refused(lab, fabric, "limit of vports", "set vport-limit 1", "set vport-limit none")
        without_npiv(lab, fabric, first)
        other = duplicates(lab, fabric, first)
        recovery(lab, fabric, other)
        other.delete()
        lab.check("nothing is left of it", FIRST not in {**fabric.ports(), **fabric.names()}, fabric.log()[-800:])
    except LabError:
        lab.note(fabric.log()[-3000:])
        raise
    finally:
        (lab.machine.logs / "fcswitch.log").write_text(fabric.log())
