# SPDX-License-Identifier: GPL-2.0
"""A portal group that is bound to a guest serves that guest alone, and tells who is there."""
import re


GUESTS = 2
TIMEOUT = 500
DRIVERS = ("ours",)
NAA = "naa.5001405000000090"
OTHER = "naa.5001405000000091"
LAST_LUN = 16383


def refusal(lab, guest, pdev, vdev):
    """What the operator reads when a guest is not let in."""
    dev = lab.attach(guest, pdev, vdev, wait=False)
    path = f"/local/domain/0/backend/vscsi/{guest.domid}/0/vscsi-devs/{dev}"
    lab.xs.wait(path + "/state", 6, 40)
    error = lab.xs.read(path + "/error")
    lab.detach(guest, dev)
    return error


def uuid_of(lab, guest):
    return lab.xs.read(f"/local/domain/{guest.domid}/vm").rsplit("/", 1)[1]


def guests_of(lab, target):
    return lab.dom0.run(f"cat {target.path}/guests").out


def luns(guest, where, options=""):
    out = guest.run(f"sg_luns -q {options} /dev/$(ls /sys/class/scsi_device/*:{where}/device/scsi_generic)").out
    return [line.strip() for line in out.splitlines() if re.fullmatch(r"\s*[0-9a-f]{16}", line)]


def refused(lab, command):
    return lab.dom0.run(command, check=False).rc != 0


def bound_by_name(lab, target, pdevs, g1, g2):
    target.param("domain", "g1")
    error = refusal(lab, g2, pdevs[0], "0:0:0:0")
    lab.check("another guest is refused, and the operator told why",
              "is bound to domain 'g1', this is 'g2'" in error, error)
    lab.check("it sees nothing", g2.run("ls /sys/block | grep -c '^sd'", check=False).out.strip() == "0")
    lab.dom0.run("xl rename g2 impostor && xl rename g1 gone && xl rename impostor g1")
    lab.attach(g2, pdevs[0], "0:0:0:0")
    lab.check("a binding by name follows the name", lab.disk(g2, "0:0:0:0"))
    lab.vscsi.detach_controller(g2.domid)
    lab.dom0.run("xl rename g1 g2 && xl rename gone g1")


def bound_by_uuid(lab, target, pdevs, g1, g2):
    uuid = uuid_of(lab, g1)
    target.param("domain", uuid.upper())
    lab.dom0.run(f"xl rename g2 {uuid}")
    error = refusal(lab, g2, pdevs[0], "0:0:0:0")
    lab.check("who calls itself by another's UUID is refused", "is bound to domain" in error, error)
    lab.dom0.run(f"xl rename {uuid} g2; xl rename g1 renamed")
    dev = lab.attach(g1, pdevs[0], "0:0:1:0")
    lab.check("a renamed guest keeps what is bound to its UUID", lab.disk(g1, "0:0:1:0"))
    lab.dom0.run("xl rename renamed g1")

    lab.check("it cannot be bound to another while it is used",
              refused(lab, f"echo g2 > {target.path}/param/domain"))
    lab.equal("and stays as it was", target.param("domain"), uuid.upper())
    lab.dom0.run(f"echo {uuid} > {target.path}/param/domain")
    for bad in ("a/b", "x" * 300):
        lab.check(f"no guest can be called {bad[:5]}: refused",
                  refused(lab, f"echo {bad} > {target.path}/param/domain"))
    return dev


def who_is_there(lab, target, g1, dev):
    text = guests_of(lab, target)
    wanted = (rf"domid={g1.domid} uuid={uuid_of(lab, g1)} vhost=0 initiator=naa.500163e[0-9a-f]{{9}} "
              r"state=connected luns=0=0:0:1:0 name=(g1|renamed)\n")
    lab.check("its guests are listed", re.fullmatch(wanted, text), text)
    lab.equal("read-only", lab.dom0.run(f"stat -c %a {target.path}/guests").out.strip(), "444")


def report_luns(lab, target, other, g1, pdevs):
    """Three LUNs of one portal group and one of another, seen by a guest that has some of them."""
    lab.attach(g1, pdevs[2], "0:0:1:254")
    lab.attach(g1, other, "0:0:2:9")
    lab.disk(g1, "0:0:2:9")
    g1.run("modprobe sg")
    lab.equal("REPORT LUNS lists what the guest has at a target, not what the portal group has",
              luns(g1, "0:1:0"), ["0000000000000000", "00fe000000000000"])
    lab.equal("and at another target", luns(g1, "0:2:9"), ["0009000000000000"])
    lab.equal("well known logical units, if asked for", luns(g1, "0:1:0", "-s 1"), ["c101000000000000"])
    lab.equal("all of them", luns(g1, "0:1:0", "-s 2"),
              ["c101000000000000", "0000000000000000", "00fe000000000000"])
    node = "/dev/$(ls /sys/class/scsi_device/*:0:1:0/device/scsi_generic)"
    short = g1.run(f"sg_raw -r 20 {node} a0 00 00 00 00 00 00 00 00 14 00 00 2>&1").out
    lab.check("a short buffer gets the length of the whole list", "00 00 00 10" in short, short)
    bad = g1.run(f"sg_raw -r 64 {node} a0 00 10 00 00 00 00 00 00 40 00 00 2>&1", check=False)
    lab.check("another SELECT REPORT is an invalid field", "nvalid field in cdb" in bad.out, bad.out)
    size = g1.run(f"blockdev --getsize64 {lab.disk(g1, '0:0:1:254')}").out.strip()
    lab.equal("LUN 16383 is the one that it should be", size, str(24 << 20))


def explicit_acl(lab, target, other_path, g1):
    """An ACL that is in use, made before or after the guest came."""
    initiator = re.search(r"initiator=(\S+)", guests_of(lab, target)).group(1)
    acl = f"{other_path}/acls/{initiator}"
    lab.dom0.run(f"mkdir {acl}")
    lab.dom0.poll(f"! rmdir {acl}")
    gone = lab.dom0.run(f"timeout 20 rmdir {acl}", check=False)
    lab.check("an ACL that a guest uses cannot be removed", gone.rc != 0 and "busy" in gone.err, gone.err)
    disk = lab.disk(g1, "0:0:2:9")
    lab.check("and the guest goes on", g1.run(f"dd if={disk} of=/dev/null bs=64k iflag=direct",
                                              check=False).rc == 0)
    return acl


def saved(lab, target, uuid):
    """What stock targetcli saves and restores."""
    lab.dom0.run("dbus-daemon --system --fork; targetcli saveconfig /tmp/saved.json", timeout=120)
    lab.dom0.run("targetcli clearconfig confirm=True", timeout=120)
    lab.check("cleared", refused(lab, f"test -e {target.path}"))
    lab.dom0.run("targetcli restoreconfig /tmp/saved.json", timeout=120)
    lab.equal("a restored portal group is bound", target.param("domain"), uuid)
    lab.equal("ring_per_lun is restored", target.param("ring_per_lun"), "1")


def run(lab):
    lab.load_driver()
    g1, g2 = lab.guests
    stores = [lab.backstore.fileio(f"file{number}", f"{16 + 4 * number}M") for number in range(3)]
    target, second = lab.target.create(NAA), lab.target.create(OTHER)
    pdevs = [target.lun(number, store) for number, store in zip((0, 1, LAST_LUN), stores)]
    extra = lab.backstore.fileio("extra", "16M")
    other = second.lun(0, extra)

    lab.equal("a new portal group is bound to nobody", target.param("domain"), "")
    bound_by_name(lab, target, pdevs, g1, g2)
    dev = bound_by_uuid(lab, target, pdevs, g1, g2)
    who_is_there(lab, target, g1, dev)
    report_luns(lab, target, other, g1, pdevs)
    acl = explicit_acl(lab, target, second.path, g1)
    uuid = uuid_of(lab, g1)
    target.param("ring_per_lun", 1)

    domid = g1.domid
    g1.shutdown()
    lab.vscsi.forget(domid)
    lab.dom0.poll(f"! ls -d /sys/bus/xen-backend/devices/vscsi-{domid}-0")
    lab.equal("nobody is there", guests_of(lab, target), "")
    lab.dom0.run(f"rmdir {acl}")
    saved(lab, target, uuid)
    try:
        error = refusal(lab, g2, pdevs[0], "0:0:0:0")
        lab.check("and refuses others", "is bound to domain" in error, error)
    finally:
        lab.note(lab.dom0.run(f"find {target.path}/lun -type l", check=False).out)
