# SPDX-License-Identifier: GPL-2.0
"""xl-vscsi attaches every form of device, names every mistake, and leaves nothing behind."""
from vscsilab.admin import Admin, scsi_debug
from vscsilab.library import Library
from vscsilab.storage import FABRIC

TIMEOUT = 900
GUESTS = 1
DRIVERS = ("ours",)
NAA = "naa.50014050000000a0"
OTHER = "naa.50014050000000a1"


def disk_at(guest, vdev):
    tail = vdev.split(":", 1)[1]
    return guest.poll(f"ls /sys/class/scsi_device/*:{tail}/device/block").out.strip()


def forms(lab, admin, guest, library, adapter):
    """Each form, attached, seen by the guest, detached; nothing stays."""
    dom0 = lab.dom0
    disk = dom0.run(f"ls /sys/class/scsi_device/{adapter}:0:0:0/device/block").out.strip()
    dom0.run(f"mkdir -p /dev/disk/by-id; ln -s ../../{disk} /dev/disk/by-id/scsi-lab; modprobe brd rd_nr=2 rd_size=8192")
    tape = library.node(dom0, library.hctl(1), "tape")
    st = tape.replace("nst", "st")
    generic = library.node(dom0, library.hctl(1), "generic")
    changer = library.node(dom0, library.hctl(library.changer_lun), "changer")
    before = admin.state()
    for name, pdev, options, kind in (
            ("a disk", f"/dev/{disk}", "", "iblock"),
            ("a link to it", "/dev/disk/by-id/scsi-lab", "", "iblock"),
            ("its address", f"{adapter}:0:0:0", "", "iblock"),
            ("the disk passed through", f"/dev/{disk}", "--backstore pscsi", "pscsi"),
            ("a block device without SCSI", "/dev/ram1", "", "iblock"),
            ("a tape", tape, "", "pscsi"), ("a tape that rewinds", st, "", "pscsi"),
            ("its sg node", generic, "", "pscsi"), ("a changer", changer, "", "pscsi"),
            ("a tape's address", library.hctl(1), "", "pscsi")):
        device = admin.attach("g1", pdev, "0:0:3:1", options)
        lab.equal(f"{name}: there", (device["v-dev"], device["state"]), ("0:0:3:1", 4))
        stores = dom0.run(f"readlink {FABRIC}/naa.500163e*/tpgt_1/lun/lun_0/vdev-0:0:3:1").out
        lab.check(f"{name}: through {kind}", f"/{kind}_" in stores, stores)
        lab.check(f"{name}: the guest has it", guest.poll("lsscsi | grep ':0:3:1]'").out)
        admin.run("detach g1 0:0:3:1")
        admin.unchanged(name, before)


def existing(lab, admin, guest, target):
    """LUNs and backstores that somebody made stay when they are detached."""
    before = admin.state()
    for name, pdev in (("WWN", f"{NAA}:0"), ("WWN and tag", f"{NAA},1:0"), ("alias", "shelf:0")):
        lab.equal(f"{name}: next free v-dev", admin.attach("g1", pdev)["v-dev"], "0:0:0:0")
        lab.check(f"{name}: the guest reads it", guest.run(
            f"dd if=/dev/{disk_at(guest, '0:0:0:0')} of=/dev/null bs=64k count=4 iflag=direct").rc == 0)
        again = admin.json(f"attach g1 {pdev}")
        lab.check(f"{name}: again changes nothing", not again["changed"], again)
        admin.run("scsi-detach g1 0:0:0:0")
        admin.unchanged(name, before)
    admin.attach("g1", "ramdisk/store")
    lab.check("a backstore by its name", disk_at(guest, "0:0:0:0"))
    admin.run("detach g1 0:0:0:0")
    admin.unchanged("a backstore by its name", before)

    admin.run(f"attach g1 {NAA}:0 0:0:1:0 --bind")
    lab.equal("--bind binds", target.param("domain"), "g1")
    admin.refused("detach g1 0:0:1:0", 4, "would come back", "--remove-lun")
    admin.run("detach g1 0:0:1:0 --remove-lun")
    lab.check("the LUN is gone", lab.dom0.run(f"ls {target.path}/lun").out.strip() == "")


def adapters(lab, admin, guest, adapter):
    before = admin.state()
    answer = admin.json(f"attach g1 host:{adapter} 2")
    lab.equal("an adapter's devices keep their targets and LUNs",
              sorted(item["v-dev"] for item in answer["devices"]), ["2:0:0:0", "2:0:0:1"])
    lab.check("the guest has both", guest.poll("[ $(lsscsi | grep -c 'scsi_debug') = 2 ] && echo yes").out)
    admin.refused("detach g1 2:0:0:0", 4, "host:N")
    admin.run(f"detach g1 host:{adapter}")
    admin.unchanged("an adapter", before)


def mistakes(lab, admin, target, other):
    admin.refused("attach nobody x 0:0:0:0", 3, "nobody", "xl list")
    admin.refused(f"attach g1 {NAA}:7", 3, "no LUN 7")
    admin.refused("attach g1 naa.50014050000000ff:0", 3, "no target port")
    admin.refused(f"attach g1 {NAA},9:0", 3, "no portal group 9")
    admin.refused(f"attach g1 {OTHER}:0", 4, "belongs to g2")
    admin.refused("attach g1 owned", 4, "in use by g2", "--share")
    admin.refused("attach g1 nothing", 3, "no backstore 'nothing'")
    admin.refused("attach g1 /dev/nothing", 3, "/dev/nothing")
    admin.refused("attach g1 /dev/null", 3, "no SCSI device")
    admin.refused("attach g1 77:0:0:0", 3, "77:0:0:0")
    admin.refused("attach g1 host:77", 3, "host:77")
    admin.refused(f"attach g1 {NAA}:0 0:0:0", 2, "host:channel:target:lun")
    admin.refused(f"attach g1 {NAA}:0 0:1:0:0", 2, "channel 0")
    admin.refused("attach g1 naa.5:", 2, "naa.WWN:LUN")
    admin.refused("attach g1", 2, "PDEV")
    admin.refused("detach g1 0:0:9:0", 3, "0:0:9:0")
    admin.refused("list nobody", 3, "nobody")
    admin.refused("create /nonexistent.cfg", 3, "/nonexistent.cfg")
    # dom0 has its root file system there.
    admin.refused("attach g1 /dev/vda --backstore block", 4, "/dev/vda", "mounted")
    lab.expect_log("rejected|claim|busy|blkdev", required=False)

    admin.run(f"attach g1 {NAA}:0 0:0:0:0")
    admin.refused("attach g1 plain 0:0:0:0", 4, "0:0:0:0", "in use")
    admin.refused(f"attach g1 {NAA}:0 0:0:4:0", 4, "attached to g1 already")
    admin.run("detach g1 0:0:0:0")

    # What the configuration promises and the kernel does not have: its words.
    lab.dom0.run("d=/tmp/fake/xen-pvscsi/naa.50014050000000fe/tpgt_1; mkdir -p $d/lun/lun_0 $d/param /tmp/fake/core; "
                 "ln -s /tmp/fake/core/rd_mcp_0/x $d/lun/lun_0/x; touch $d/param/domain")
    lab.expect_log("no target port or alias")
    admin.refused("--configfs /tmp/fake attach g1 naa.50014050000000fe:0", 5,
                  "no target port or alias of that name")
    lab.dom0.run("xl pause g1")
    admin.refused(f"attach g1 {NAA}:0 --wait 3", 6, "xen-scsifront")
    lab.dom0.run("xl unpause g1")
    before = admin.state()
    steps = admin.json("attach g1 plain --dry-run")["steps"]
    lab.check("--dry-run tells the steps", any("vdev-0:0:0:0" in step for step in steps), steps)
    admin.unchanged("--dry-run", before)


def together(lab, admin):
    """Operators at the same time."""
    before = admin.state()
    jobs = [lab.dom0.start(f"xl-vscsi attach g1 {pdev}") for pdev in (f"{NAA}:0", "plain", "plain2")]
    for job in jobs:
        job.wait(120)
    text = admin.run("list g1").out
    lab.equal("operators at once: all devices are there", text.count("connected"), 3)
    lab.check("list has the known columns", text.startswith("Idx BE  state ctrl phy-hctl"), text)
    listed = [device for guest in admin.json("list") for controller in guest["controllers"]
              for device in controller["devices"]]
    jobs = [lab.dom0.start(f"xl-vscsi detach g1 {device['v-dev']}") for device in listed]
    for job in jobs:
        job.wait(120)
    admin.unchanged("operators at once", before)


def run(lab):
    lab.load_driver()
    admin = Admin(lab)
    guest = lab.guests[0]
    adapter = scsi_debug(lab.dom0, luns=2)
    library = Library(lab)
    forms(lab, admin, guest, library, adapter)
    adapters(lab, admin, guest, adapter)

    target, other = lab.target.create(NAA), lab.target.create(OTHER)
    lab.backstore.ramdisk("plain", "8M")
    lab.backstore.ramdisk("plain2", "8M")
    lab.backstore.ramdisk("store", "8M")
    owned, ram = lab.backstore.ramdisk("owned", "8M"), lab.backstore.ramdisk("ram", "8M")
    target.lun(0, ram)
    target.param("alias", "shelf")
    other.lun(0, owned)
    other.param("domain", "g2")
    mistakes(lab, admin, target, other)
    together(lab, admin)
    existing(lab, admin, guest, target)
