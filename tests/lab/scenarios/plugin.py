# SPDX-License-Identifier: GPL-2.0
"""A session in targetcli with the plugin: backstores mapped to two guests, used, added, unmapped, saved, restored."""
import json
import re

from vscsilab.admin import Admin
from vscsilab.library import Library
from vscsilab.storage import FABRIC
from vscsilab.targetcli import EXIT, PROMPT, Targetcli, install

LONG = True
TIMEOUT = 1500
GUESTS = 1
DRIVERS = ("ours",)
STATE = "/tmp/plugin.json"


def disk_at(guest, vdev):
    tail = vdev.split(":", 1)[1]
    return "/dev/" + guest.poll(f"ls /sys/class/scsi_device/*:{tail}/device/block", 60).out.strip()


def without_a_bus(lab):
    """Stock targetcli ends where no system D-Bus runs, and the plugin helps it."""
    lab.dom0.run("kill $(pidof dbus-daemon); rm -f /run/dbus/system_bus_socket")
    done = lab.dom0.run("targetcli ls", check=False, timeout=120)
    lab.check("stock targetcli ends without a system D-Bus", done.rc != 0, done.out + done.err)
    install(lab)


def typed(lab, cli, library):
    """On a terminal, with completion."""
    tape, changer = (library.node(lab.dom0, library.hctl(lun), kind)
                     for lun, kind in ((1, "tape"), (library.changer_lun, "changer")))
    shown, code = cli.session(
        "/backstores/block create name=disk dev=/dev/ram0",
        "/backstores/block create name=second dev=/dev/ram1",
        f"/backstores/pscsi create name=tape dev={tape}",
        f"/backstores/pscsi create name=robot dev={changer}",
        "cd /xen-pvscsi",
        "backstores",
        ("map \t\t", PROMPT_AGAIN),
        ("map g1 block/d\t", r"block/disk $"),
        "map g1 block/disk vdev=0:0:3:1",
        "map g1 pscsi/tape",
        "map g2 block/second lun=4",
        "map g2 pscsi/robot",
        "domains",
        "ls",
        "sessions detail",
        ("unmap g1 \t\t", PROMPT_AGAIN),
        "map g1 block/second",
        EXIT)
    text = dict(zip(("disk", "second", "tape", "robot", "cd", "backstores", "complete", "finish", "map disk", "map tape",
                     "map second", "map robot", "domains", "ls", "sessions", "complete unmap", "mistake"), shown))
    lab.equal("targetcli ends well", code, 0)
    for name in ("disk", "second", "tape", "robot"):
        lab.check(f"backstore {name} is made", f"{name}" in text[name] and "Created" in text[name], text[name])
    lab.check("a tape drive is called so", f"pscsi/tape (tape drive, {tape}): not mapped" in text["backstores"],
              text["backstores"])
    lab.check("and a changer", f"pscsi/robot (medium changer, {changer})" in text["backstores"], text["backstores"])
    lab.check("domains are completed", re.search(r"\bg1\b", text["complete"]), text["complete"])
    lab.check("a backstore is completed", "map g1 block/disk " in text["finish"], text["finish"])
    lab.check("map tells that the guest has it", "has it as 0:0:3:1" in text["map disk"], text["map disk"])
    lab.check("and of a guest that does not run", "g2 does not run" in text["map second"], text["map second"])
    lab.check("domains: what runs and what has it", re.search(
        r"g1 \(domain \d+\): running.*\n  lun0  0:0:3:1  block/disk \(/dev/ram0\)  connected", text["domains"]),
        text["domains"])
    lab.check("domains: what does not run", re.search(
        r"g2: not running\n  lun0 .*pscsi/robot \(medium changer.*\n  lun4 .*block/second", text["domains"]),
        text["domains"])
    lab.check("ls: the tree has the domain and its state",
              re.search(r"tpg1 \.* \[g1 \(domain \d+\), connected\]", text["ls"]), text["ls"])
    lab.check("ls: and g2's", re.search(r"tpg1 \.* \[g2, not running\]", text["ls"]), text["ls"])
    lab.check("sessions: counters", re.search(r"lun0  vdev: 0:0:3:1 .*\n +commands: [1-9]\d*  read: ", text["sessions"]),
              text["sessions"])
    lab.check("LUNs are completed", "lun0" in text["complete unmap"] and "pscsi/tape" in text["complete unmap"],
              text["complete unmap"])
    lab.check("another's backstore is refused", "belongs to g2" in text["mistake"], text["mistake"])


PROMPT_AGAIN = r"/xen-pvscsi> \S+ (\S+ )?$"


def uses(lab, guest, disk_vdev):
    """A disk by its contents, and the drive or the changer."""
    disk = disk_at(guest, disk_vdev)
    lab.check(f"{guest.name} writes and reads its disk", guest.run(
        f"head -c 1M /dev/urandom > /tmp/a && dd if=/tmp/a of={disk} bs=64k oflag=direct status=none && "
        f"dd if={disk} bs=64k count=16 iflag=direct status=none | cmp - /tmp/a", check=False).rc == 0)


def tape(lab, guest):
    node = "/dev/" + guest.poll("ls /sys/class/scsi_tape | grep '^nst[0-9]*$'", 60).out.strip()
    done = guest.run(f"mt -f {node} rewind && head -c 128k /dev/urandom > /tmp/t && dd if=/tmp/t of={node} bs=32k && "
                     f"mt -f {node} rewind && dd if={node} bs=32k | cmp - /tmp/t", check=False, timeout=120)
    lab.check("g1 writes and reads its tape", done.rc == 0, done.out + done.err)


def changer(lab, guest):
    node = guest.poll("lsscsi -g | awk '$2 == \"mediumx\" { print $NF }' | grep /dev/sg", 60).out.strip()
    shown = guest.run(f"mtx -f {node} status").out
    lab.check("g2 sees its changer's cartridges", "T00001" in shown, shown)


def live(lab, cli, guest):
    """Scripted: a read-only LUN comes and goes under a running guest."""
    lab.dom0.run("head -c 1M /dev/zero | tr '\\0' x > /dev/ram2")
    cli.run("/backstores/block create name=third dev=/dev/ram2")
    said = cli.run("/xen-pvscsi map g1 block/third ro vdev=0:0:5:0")
    lab.check("map of one line", "has it as 0:0:5:0" in said and "read-only" in said, said)
    disk = disk_at(guest, "0:0:5:0")
    lab.equal("the guest takes it for read-only", guest.run(f"blockdev --getro {disk}").out.strip(), "1")
    lab.equal("and reads it", guest.run(f"dd if={disk} bs=4k count=1 status=none | tr -d x | wc -c").out.strip(), "0")
    lab.expect_log("I/O error|Write Protect|Data Protect|WRITE", required=False)
    done = guest.run(f"blockdev --setrw {disk}; sg=$(ls -d /sys/class/scsi_device/*:0:5:0/device/scsi_generic/sg*); "
                     "sg_dd if=/dev/zero of=/dev/${sg##*/} bs=512 count=1 blk_sgio=1 2>&1", check=False)
    lab.check("a write is refused", done.rc != 0, done.out + done.err)
    lab.equal("and did nothing", guest.run(f"dd if={disk} bs=4k count=1 iflag=direct status=none | tr -d x | wc -c")
              .out.strip(), "0")
    said = cli.run("/xen-pvscsi unmap g1 0:0:5:0")
    lab.check("unmap of one line", "Deleted LUN" in said, said)
    lab.check("the guest has it no more", guest.poll("! ls -d /sys/class/scsi_device/*:0:5:0").rc == 0)
    said = cli.run("/xen-pvscsi map g1 block/third vdev=0:0:3:1", rc=1)
    lab.check("a mistake ends with 1", "vdev 0:0:3:1" in said, said)


def other_programs(lab):
    """targetclid and targetctl are reached as well."""
    lab.dom0.run("export TARGETCLI_HOME=/var/tmp/home; targetcli set global auto_use_daemon=true; "
                 "targetclid </dev/null >/dev/null 2>&1 &", timeout=120)
    lab.dom0.poll("test -S /var/run/targetclid.sock", 60)
    said = lab.dom0.run("TARGETCLI_HOME=/var/tmp/home targetcli /xen-pvscsi domains g2", timeout=120).out
    lab.check("targetclid knows domains", "g2: not running" in said and "pscsi/robot" in said, said)
    lab.dom0.run("kill $(pidof -x targetclid)")


OTHER_FABRIC = (
    "/backstores/ramdisk create lun01 10240k", "/loopback create naa.50014050000000f0",
    "/loopback/naa.50014050000000f0/luns create lun=1 /backstores/ramdisk/lun01",
    "/loopback delete naa.50014050000000f0", "/backstores/ramdisk delete lun01")


KEY = "0x5eed"


def reserve(lab, guest):
    """Target core has a place to keep it."""
    disk = disk_at(guest, "0:0:3:1")
    done = guest.run(f"sg_persist --out --register --param-sark={KEY} --param-aptpl {disk} && "
                     f"sg_persist --out --reserve --param-rk={KEY} --prout-type=3 {disk}", check=False)
    lab.check("a reservation through power loss is taken", done.rc == 0, done.out + done.err)


def reserved(lab, guest):
    disk = disk_at(guest, "0:0:3:1")
    lab.note("after the restore: " + guest.run(f"sg_persist --in --read-reservation {disk}", check=False).out)


def saved(lab, cli):
    """Saved, cleared and restored; by targetctl the same."""
    lab.dom0.run("targetctl save /tmp/targetctl.json", timeout=120)
    target = lab.dom0.run(f"grep -l '^g2$' {FABRIC}/naa.*/tpgt_1/param/domain").out.strip().split("/")[-4]
    shown, code = cli.session((f"/xen-pvscsi/{target}/tpg1 set parameter domain=\t\t\t", r"g2\s+\S*> \S+ set parameter domain=g$"),
                              (f"/xen-pvscsi/{target}/tpg1 set parameter domain=g1\n", PROMPT),
                              (f"/xen-pvscsi/{target}/tpg1 set parameter domain=g2\n", PROMPT),
                              f"/ saveconfig {STATE}", "/ clearconfig confirm=True", "ls /xen-pvscsi",
                              f"/ restoreconfig {STATE}", "/xen-pvscsi domains", *OTHER_FABRIC, EXIT)
    completed, bound, back, *shown = shown
    lab.check("set parameter domain= is completed", {"g1", "g2"} <= set(completed.split()), completed)
    lab.check("and binds", "domain is now 'g1'" in bound and "domain is now 'g2'" in back, bound + back)
    lab.check("other fabrics are as ever", "Created target naa" in shown[6] and "Created LUN 1" in shown[7] and
              "Deleted Target" in shown[8], "".join(shown[5:]))
    lab.equal("targetcli ends well again", code, 0)
    lab.check("all is cleared", "naa." not in shown[2], shown[2])
    lab.check("all is restored", "Configuration restored from" in shown[3], shown[3])
    lab.check("what domains have as well", all(word in shown[4] for word in (
        "0:0:3:1  block/disk", "pscsi/tape (tape drive", "pscsi/robot (medium changer", "lun4")), shown[4])
    one, other = (json.loads(lab.dom0.get(path)) for path in (STATE, "/tmp/targetctl.json"))
    lab.equal("targetctl saves the same", canonical(other), canonical(one))
    cli.dom0.run(f"targetctl save {STATE}.after", timeout=120)
    lab.equal("and the same after the restore", canonical(json.loads(lab.dom0.get(f"{STATE}.after"))), canonical(one))


def canonical(config):
    """Lists of configfs have no order."""
    if isinstance(config, dict):
        return {key: canonical(value) for key, value in config.items()}
    if isinstance(config, list):
        return sorted((canonical(item) for item in config), key=json.dumps)
    return config


def status(lab):
    """Whatever problems it lists."""
    return json.loads(lab.dom0.run("xl-vscsi status --json", check=False).out)


def run(lab):
    lab.load_driver()
    admin = Admin(lab)
    library = Library(lab)
    lab.dom0.run("modprobe brd rd_nr=3 rd_size=8192")
    without_a_bus(lab)
    admin.start()
    guest, = lab.guests
    cli = Targetcli(lab)
    library.mtx("load 1 0")
    typed(lab, cli, library)
    uses(lab, guest, "0:0:3:1")
    tape(lab, guest)
    live(lab, cli, guest)
    other_programs(lab)

    reserve(lab, guest)
    # Who it is: a reservation is an initiator's, and that follows from the UUID.
    uuid, = [domain["uuid"] for domain in status(lab)["domains"] if domain["name"] == "g1"]
    guest.destroy()
    lab.dom0.poll("! ls /sys/bus/xen-backend/devices | grep vscsi")
    saved(lab, cli)
    first, second = lab.guest("g1", wait=False, config=f'uuid = "{uuid}"'), lab.guest("g2", wait=False)
    for started in (first, second):
        started.wait_up(450)
    reserved(lab, first)
    uses(lab, first, "0:0:3:1")
    tape(lab, first)
    uses(lab, second, "0:0:0:4")
    changer(lab, second)
    said = cli.run("/xen-pvscsi ls")
    lab.equal("both are connected", len(re.findall(r"tpg1 \.* \[g[12] \(domain \d+\), connected\]", said)), 2)
