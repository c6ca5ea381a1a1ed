"""The software switch of tests/fabric: vports log in, see their own LUNs, are refused, and come back."""
from vscsilab.errors import LabError
from vscsilab.fabric import Fabric, wwn

TIMEOUT = 900
# It is about dom0 alone.
DRIVERS = ("ours", "in-tree")
BLOCK = 4096
MARKS = {"base": "0", "one": "1", "two": "2"}
NODE = wwn(0x5001_63e0_0000_0000)
ONE, TWO, THREE = (wwn(0x5001_63e0_0000_0000 + number) for number in (1, 2, 3))
# Long enough for a login that would not be refused.
PATIENCE = 6


def mark(lab, disk):
    """What the disk's first block is full of."""
    return lab.dom0.run(f"dd if={disk} bs={BLOCK} count=1 iflag=direct status=none | tr -s 0-9 | head -c 8").out


def store(lab, name):
    made = lab.backstore.fileio(f"fc-{name}", "8M")
    lab.dom0.run(f"head -c {BLOCK} /dev/zero | tr '\\0' {MARKS[name]} | "
                 f"dd of={made.device} bs={BLOCK} conv=notrunc status=none")
    return made


def stays(lab, vport):
    """Its state, after it has had time to log in."""
    lab.dom0.run(f"sleep {PATIENCE}")
    return vport.state()


def works(lab, disk, text):
    """Writes and reads back, beside the mark."""
    lab.dom0.run(f"set -e; head -c 1048576 /dev/urandom > /tmp/{text}; "
                 f"dd if=/tmp/{text} of={disk} bs=65536 seek=1 oflag=direct status=none; "
                 f"dd if={disk} bs=65536 skip=1 count=16 iflag=direct status=none | cmp - /tmp/{text}", timeout=120)


def basics(lab, fabric):
    hba = fabric.hba
    lab.equal("the switch has both ports", set(fabric.ports()), {hba.wwpn, fabric.storage.wwpn})
    lab.equal("the HBA's LUN has its data", mark(lab, hba.disk(0)), MARKS["base"])
    lab.equal("the HBA supports NPIV", lab.dom0.run(
        f"cat /sys/class/fc_host/host{hba.host}/npiv_vports_inuse").out.strip(), "0")
    vport = hba.vport(ONE, NODE)
    disk = vport.disk(0)
    lab.equal("a vport's LUN 0 is another", mark(lab, disk), MARKS["one"])
    lab.equal("it has no other LUN", vport.luns(), [0])
    lab.equal("the HBA has none of the vport's", hba.luns(), [0])
    works(lab, disk, "one")
    names = fabric.names()
    lab.equal("the name server has it as an FCP port", names.get(ONE, {}).get("types"), [8])
    lab.check("and its symbolic name", "fcoe" in names.get(ONE, {}).get("port_name", ""), names)
    lab.equal("nothing was lost", {key: value for key, value in fabric.ctl("counts").items()
                                   if key in ("malformed", "bad_crc", "unknown_source") and value}, {})
    return vport


def second(lab, fabric, first):
    vport = fabric.hba.vport(TWO, NODE)
    lab.equal("a second vport's LUN 5 is its own", mark(lab, vport.disk(5)), MARKS["two"])
    lab.equal("the first still has one", first.luns(), [0])
    vport.delete()
    lab.check("deleted, it is nowhere in the fabric", TWO not in {**fabric.ports(), **fabric.names()},
              fabric.log()[-800:])
    lab.equal("the first goes on", mark(lab, first.disk(0)), MARKS["one"])


def refused(lab, fabric, setting, undo, name):
    """A vport that the switch does not let in, and then does."""
    before = fabric.ctl("counts")["rejected_logins"]
    fabric.ctl(setting)
    vport = fabric.hba.vport(TWO, NODE, active=False)
    lab.equal(f"{name}: the vport stays Initializing", stays(lab, vport), "Initializing")
    lab.check(f"{name}: the switch has rejected it", fabric.ctl("counts")["rejected_logins"] > before
              and TWO not in fabric.ports())
    fabric.ctl(undo)
    vport.active()
    lab.equal(f"{name}: let in later, it has its LUN", mark(lab, vport.disk(5)), MARKS["two"])
    vport.delete()


def without_npiv(lab, fabric, first):
    """As a switch that never had it: all log in anew."""
    fabric.ctl("set npiv off")
    fabric.ctl(f"logout {fabric.hba.wwpn}")
    fabric.until("the HBA is back", lambda ports: fabric.hba.wwpn in ports)
    fabric.hba.online()
    lab.dom0.run(f"sleep {PATIENCE}")
    lab.check("without NPIV no vport is let in", ONE not in fabric.ports(), fabric.log()[-800:])
    lab.check("and the kernel knows that there is no support", first.state() in
              ("No Fabric Support", "Initializing"), first.state())
    fabric.ctl("set npiv on")
    fabric.ctl(f"logout {fabric.hba.wwpn}")
    first.active()
    lab.equal("with it again, the vport has its LUN", mark(lab, first.disk(0)), MARKS["one"])


def duplicates(lab, fabric, first):
    """The same WWPN behind another HBA."""
    other = fabric.hbas[1]
    fabric.ctl("set duplicate first")
    again = other.vport(ONE, NODE, active=False)
    lab.equal("first wins: a second login stays out", stays(lab, again), "Initializing")
    lab.equal("first wins: the first stays in", fabric.ports()[ONE]["link"], fabric.hba.switch_end)
    fabric.ctl("set duplicate last")
    again.active()
    lab.equal("last wins: it has taken the name over", fabric.ports()[ONE]["link"], other.switch_end)
    return again


def recovery(lab, fabric, vport):
    disk = vport.disk(0)
    for name, off, on in (
            ("the switch's power", lambda: fabric.ctl("power off"), lambda: fabric.ctl("power on")),
            ("the HBA's link", lambda: vport.hba.link("down"), lambda: vport.hba.link("up")),
            ("the switch's program", fabric.stop, fabric.start)):
        off()
        if fabric.process and name != "the switch's program":
            fabric.until(f"{name} off", lambda ports: ONE not in ports)
        lab.dom0.run("sleep 2")
        on()
        fabric.until(f"{name} on", lambda ports: ONE in ports, 150)
        vport.active()
        lab.equal(f"{name} off and on: the same disk has the same data", mark(lab, vport.disk(0)), MARKS["one"])
        lab.equal(f"{name} off and on: the node is the same", vport.disk(0), disk)
    works(lab, vport.disk(0), "again")


def run(lab):
    fabric = Fabric(lab, hbas=2)
    fabric.target.allow(fabric.hba.wwpn, {0: store(lab, "base")})
    fabric.target.allow(ONE, {0: store(lab, "one")})
    fabric.target.allow(TWO, {5: store(lab, "two")})
    try:
        fabric.enable()
        first = basics(lab, fabric)
        second(lab, fabric, first)
        refused(lab, fabric, "set fdisc-reject no-resources", "set fdisc-reject none", "FDISC rejected")
        refused(lab, fabric, "set vport-limit 1", "set vport-limit none", "limit of vports")
        without_npiv(lab, fabric, first)
        other = duplicates(lab, fabric, first)
        first.delete()
        recovery(lab, fabric, other)
        other.delete()
        lab.check("nothing is left of it", ONE not in {**fabric.ports(), **fabric.names()}, fabric.log()[-800:])
    except LabError:
        lab.note(fabric.log()[-3000:])
        raise
    finally:
        lab.machine.logs.joinpath("fcswitch.log").write_text(fabric.log())
