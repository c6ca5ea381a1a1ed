# SPDX-License-Identifier: GPL-2.0
"""What a running guest has stays with it: renames, second guests, interrupted commands, a restart of LIO's service."""
import time

from vscsilab import paths
from vscsilab.admin import Admin
from vscsilab.load import VerifiedLoad
from vscsilab.targetcli import install as install_plugin

TIMEOUT = 600
GUESTS = 2
LONG = True
DRIVERS = ("ours",)
NAA = "naa.50014050000000e0"
# A pass of the daemon that missed every event comes after ten seconds.
PASSES = 12
INTERRUPTED = 9


def vdevs(admin, name):
    return {device["v-dev"]: device["state"] for guest in admin.json(f"list {name}")
            for controller in guest["controllers"] for device in controller["devices"]}


def typed_to_xl(lab, admin):
    """As an xm user types it, to the stock xl with the shim before it."""
    dom0 = lab.dom0
    dom0.put((paths.REPO_DIR / "tools/xl/xl").read_bytes(), "/usr/local/sbin/xl", 0o755)
    path = "PATH=/usr/local/sbin:$PATH"
    dom0.run(f"{path} xl vscsi-attach g1 /dev/ram0 0:0:0:0")
    listed = dom0.run(f"{path} xl scsi-list g1").out
    lab.check("xl scsi-list shows it", "0:0:0:0" in listed and "connected" in listed, listed)
    lab.check("xl list is xl's own", "Domain-0" in dom0.run(f"{path} xl list").out)
    wrong = dom0.run(f"{path} xl vscsi-attach g1 phy:/dev/ram0 sda", check=False)
    lab.check("an old form is told the new one", wrong.rc == 2 and "/dev/ram0" in wrong.err, wrong.err)
    dom0.run(f"{path} xl vscsi-detach g1 0:0:0:0")
    lab.equal("xl vscsi-detach: it is gone", vdevs(admin, "g1"), {})
    dom0.run("rm /usr/local/sbin/xl")


def nobody_else_gets_it(lab, admin):
    for name in (f"{NAA}:0", "/dev/ram0", "iblock/disk"):
        admin.refused(f"attach g2 {name}", 4, "in use by g1 (0:0:0:0)", "--share")
    lab.dom0.run("mkfs.ext4 -q /dev/ram1 && mkdir -p '/run/lab/a b' && mount /dev/ram1 '/run/lab/a b'")
    admin.refused("attach g2 /dev/ram1 --share", 4, "mounted at /run/lab/a b")
    lab.dom0.run("umount /dev/ram1")


def lent(lab, admin):
    """Given for later, for reading only, and from one guest to the other."""
    before = admin.state()
    # Of a guest that does not run.
    admin.run("assign g7 /dev/ram1")
    admin.run("attach g2 /dev/ram1", 4)
    admin.run("unassign g7 0:0:0:0")
    admin.unchanged("assign and unassign", before)

    first, second = lab.guests
    given = admin.attach("g1", "/dev/ram1", "0:0:0:5", "--read-only")
    lab.equal("read-only: it is there", given["state-name"], "connected")
    disk = lab.disk(first, "0:0:0:5")
    lab.equal("read-only: the guest knows it", first.run(f"blockdev --getro {disk}").out.strip(), "1")
    # By its sg node: the guest's kernel would not send a write to the disk.
    node = first.run(f"ls /sys/class/block/{disk[5:]}/device/scsi_generic").out.strip()
    written = first.run(f"sg_raw -s 512 -i /dev/zero /dev/{node} 2a 00 00 00 00 00 00 00 01 00", check=False)
    lab.check("read-only: and cannot write it", written.rc != 0 and "Data Protect" in written.out + written.err,
              written.out + written.err)
    admin.run("move /dev/ram1 g2 0:0:0:6")
    lab.equal("moved: the first one has it no more", [v for v in vdevs(admin, "g1") if v == "0:0:0:5"], [])
    disk = lab.disk(second, "0:0:0:6")
    lab.equal("moved: as it was, read-only", second.run(f"blockdev --getro {disk}").out.strip(), "1")
    # A guest that does not answer gets nothing, and who had it has it again.
    lab.dom0.run("xl pause g1")
    admin.run("move /dev/ram1 g1 --wait 3", 6)
    lab.dom0.run("xl unpause g1")
    lab.equal("not moved: the second one has it again", vdevs(admin, "g2"), {"0:0:0:6": 4})
    admin.run("detach g2 0:0:0:6")
    admin.unchanged("lent", before)


def renamed(lab, admin, load):
    guest = lab.guests[0]
    admin.start()
    lab.dom0.run(f"xl rename {guest.domid} web")
    time.sleep(PASSES)
    lab.equal("renamed: the guest keeps its disk", vdevs(admin, "web"), {"0:0:0:0": 4})
    lab.check("renamed: its I/O goes on", load.goes_on(), load.log())
    said = admin.run("status", 8).out
    lab.note(said)
    lab.dom0.run(f"xl rename {guest.domid} g1")
    admin.stop()


def interrupted(lab, admin):
    other = lab.guests[1]
    lab.dom0.run("xl pause g2")
    before = admin.state()
    for name, number in (("Ctrl-C", 2), ("SIGTERM", 15), ("a terminal that closes", 1)):
        job = lab.dom0.start("exec xl-vscsi attach g2 /dev/ram1 0:0:0:0 --wait 300")
        lab.dom0.poll(f"xenstore-exists /local/domain/0/backend/vscsi/{other.domid}/0/state")
        job.signal(number)
        done = job.wait(60, check=False)
        lab.equal(f"{name}: exit code", done.rc, INTERRUPTED)
        lab.check(f"{name}: says that it was taken back", "taken back" in done.err, done.err)
        admin.unchanged(name, before)
    # Killed, and the guest takes the device afterwards.
    job = lab.dom0.start("exec xl-vscsi attach g2 /dev/ram1 0:0:0:0 --wait 300")
    lab.dom0.poll(f"xenstore-exists /local/domain/0/backend/vscsi/{other.domid}/0/state")
    job.signal(9)
    job.wait(60, check=False)
    lab.dom0.run("xl unpause g2")
    disk = lab.disk(other, "0:0:0:0")
    load = VerifiedLoad(other, disk)
    said = admin.run("attach g1 /dev/ram2 0:0:0:1")
    lab.note(said.out + said.err)
    admin.run("detach g1 0:0:0:1")
    lab.check("killed: what the guest has by then stays", load.goes_on(), load.log())
    lab.check("killed: all of it read right", load.stop(), load.log())
    admin.run("detach g2 0:0:0:0")
    # Killed, and the guest never takes it.
    lab.dom0.run("xl pause g2")
    before = admin.state()
    job = lab.dom0.start("exec xl-vscsi attach g2 /dev/ram1 0:0:0:0 --wait 300")
    lab.dom0.poll(f"xenstore-exists /local/domain/0/backend/vscsi/{other.domid}/0/state")
    job.signal(9)
    job.wait(60, check=False)
    admin.once()
    admin.unchanged("killed, and the daemon looks", before)
    lab.dom0.run("xl unpause g2")


def service_restarted(lab, admin, load):
    """As python3-rtslib-fb's upgrade does it."""
    install_plugin(lab)
    lab.dom0.run("mkdir -p /etc/rtslib-fb-target && targetctl save", timeout=120)
    spare = lab.backstore.ramdisk("spare", "4M")
    before = lab.dom0.run("readlink /sys/kernel/config/target/xen-pvscsi/*/tpgt_*/lun/lun_*/* | sort").out
    cleared = lab.dom0.run("targetctl clear", timeout=120, check=False)
    lab.note(cleared.out + cleared.err)
    lab.check("cleared: exit code 0", cleared.rc == 0, cleared.err)
    lab.check("cleared: says what stays, and whose it is", "g1" in cleared.err, cleared.err)
    lab.check("cleared: the rest is gone", lab.dom0.run(f"test -e {spare.path}", check=False).rc != 0)
    restored = lab.dom0.run("targetctl restore", timeout=120, check=False)
    lab.note(restored.out + restored.err)
    lab.check("restored: exit code 0", restored.rc == 0, restored.err)
    lab.note(lab.dom0.run("cat /sys/kernel/debug/xen-scsiback/*/inflight; grep . $(dirname "
                          "/sys/kernel/config/target/xen-pvscsi/*/tpgt_*/enable)/{enable,param/*,attrib/*}", check=False).out)
    lab.check("cleared and restored: the guest's I/O goes on", load.goes_on(), load.log())
    lab.equal("its LUNs are as before",
              lab.dom0.run("readlink /sys/kernel/config/target/xen-pvscsi/*/tpgt_*/lun/lun_*/* | sort").out, before)
    lab.dom0.run("rm -rf /etc/rtslib-fb-target /run/xen-pvscsi-targetcli")


def run(lab):
    lab.load_driver()
    admin = Admin(lab)
    lab.dom0.run("modprobe brd rd_nr=3 rd_size=16384")
    empty = admin.state()
    typed_to_xl(lab, admin)
    admin.unchanged("typed to xl", empty)

    # A LUN that is bound to nobody.
    store = lab.backstore.iblock("disk", device="/dev/ram0")
    target = lab.target.create(NAA)
    target.lun(0, store)
    guest = lab.guests[0]
    admin.attach("g1", f"{NAA}:0", "0:0:0:0")
    nobody_else_gets_it(lab, admin)
    lent(lab, admin)
    interrupted(lab, admin)
    admin.run("detach g1 0:0:0:0")
    target.param("domain", "g1")
    admin.attach("g1", f"{NAA}:0", "0:0:0:0")
    load = VerifiedLoad(guest, lab.disk(guest, "0:0:0:0"))
    renamed(lab, admin, load)
    service_restarted(lab, admin, load)
    lab.check("all of it read right", load.stop(), load.log())

    lab.dom0.run(f"printf '\\n' > {target.path}/param/domain && xl-vscsi detach g1 0:0:0:0")
    target.delete()
    store.delete()
    lab.dom0.run("rmmod brd", check=False)
