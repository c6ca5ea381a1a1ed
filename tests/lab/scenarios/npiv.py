# SPDX-License-Identifier: GPL-2.0
"""NPIV: three guests with ports of their own on one fabric; each has what that port is shown, and nobody else has it."""
import time

from vscsilab.admin import Admin
from vscsilab.fabric import Fabric, wwn
from vscsilab.load import VerifiedLoad

TIMEOUT = 900
GUESTS = 2
DRIVERS = ("ours",)
BLOCK = 4096
NAMES = ("g1", "g2", "g3")
PORTS = {name: wwn(0x5001_63ef_0000_0001 + at) for at, name in enumerate(NAMES)}
MARKS = {"g1": "1", "g2": "2", "g3": "3", "shared": "7", "later": "8"}
# From an event to the device in the guest: the daemon asks an empty port every half a minute.
SOON = 60
# How long the switch is off, in seconds.
AWAY = (3, 40)


def store(lab, name):
    made = lab.backstore.fileio(f"san-{name}", "16M")
    lab.dom0.run(f"head -c {BLOCK} /dev/zero | tr '\\0' {MARKS[name]} | "
                 f"dd of={made.device} bs={BLOCK} conv=notrunc status=none")
    return made


def mark(place, disk):
    """What its first block is full of."""
    return place.run(f"dd if={disk} bs={BLOCK} count=1 iflag=direct status=none | tr -s 0-9 | head -c 8").out


def until(lab, what, look, wanted, seconds=SOON):
    """How long it took."""
    begin = time.monotonic()
    while (got := look()) != wanted and time.monotonic() - begin < seconds:
        time.sleep(1)
    lab.equal(what, got, wanted)
    return time.monotonic() - begin


def vdevs(admin, name):
    return sorted(device["v-dev"] for guest in admin.json(f"list {name}") for controller in guest["controllers"]
                  for device in controller["devices"] if device["state"] == 4)


def host_of(admin, name):
    return next(one["host"] for one in admin.json(f"npiv status {name}"))


def frames(lab, admin, name):
    text = lab.dom0.run(f"cat /sys/class/fc_host/host{host_of(admin, name)}/statistics/tx_frames").out
    return int(text, 16)


def given(lab, admin, fabric, parent):
    """Each guest by a line of its own, typed, and each sees its own."""
    for name, guest in zip(NAMES, lab.guests):
        admin.run(f"npiv create {name} {parent} --wwpn {PORTS[name]}")
        admin.run(f"npiv attach {name} {parent}")
        lab.equal(f"{name}: LUN 0 is its own", mark(guest, lab.disk(guest, "0:0:0:0")), MARKS[name])
    lab.equal("g1 and g2 share LUN 1, g3 has none", [vdevs(admin, name) for name in NAMES],
              [["0:0:0:0", "0:0:0:1"], ["0:0:0:0", "0:0:0:1"], ["0:0:0:0"]])
    for name in NAMES:
        until(lab, f"{name}: the switch shows the guest's name",
              lambda: fabric.names()[PORTS[name]]["port_name"].endswith(f" : {name}"), True, 20)
    saved = lab.dom0.run("cat /sys/kernel/config/target/core/pscsi_*/auto-vport-*/udev_path").out
    lab.check("no backstore is known by a node of dom0's", "/dev/" not in saved and saved.count("vport:") == 5, saved)


def accounted(lab, admin):
    before = {name: frames(lab, admin, name) for name in NAMES}
    guest = lab.guests[0]
    guest.run(f"dd if={lab.disk(guest, '0:0:0:0')} of=/dev/null bs=64k iflag=direct status=none")
    after = {name: frames(lab, admin, name) for name in NAMES}
    lab.check("g1's I/O is g1's port's", after["g1"] - before["g1"] >= 100, (before, after))
    for name in ("g2", "g3"):
        lab.check(f"and not {name}'s", after[name] - before[name] < 50, (before, after))


def reserved(lab, guests):
    """Persistent reservations between the ports, at the array."""
    one, two = guests[:2]
    first, second = lab.disk(one, "0:0:0:1"), lab.disk(two, "0:0:0:1")
    lab.equal("LUN 1 is one and the same", [mark(one, first), mark(two, second)], [MARKS["shared"]] * 2)
    one.run(f"sg_persist -o -G -S 0x11 {first}")
    two.run(f"sg_persist -o -G -S 0x22 {second}")
    one.run(f"sg_persist -o -R -K 0x11 -T 5 {first}")
    keys = two.run(f"sg_persist -i -k {second}").out
    lab.check("each is registered by its own port", "0x11" in keys and "0x22" in keys, keys)
    full = one.run(f"sg_persist -i -s {first}").out.lower()
    bare = [PORTS[name].replace(":", "") for name in ("g1", "g2")]
    lab.check("and the array knows them by their WWPNs", all(name in full.replace(":", "").replace(" ", "")
                                                            for name in bare), full)
    write = "dd if=/dev/zero of={} bs=4096 seek=4 count=1 oflag=direct status=none"
    third = two.run(f"sg_persist -o -P -K 0x22 -S 0x11 -T 5 {second}", check=False)
    lab.check("g2 preempts g1", third.rc == 0, third.out + third.err)
    lab.check("who was fenced does not write", one.run(write.format(first), check=False).rc != 0)
    lab.check("who fenced it does", two.run(write.format(second), check=False).rc == 0)
    two.run(f"sg_persist -o -C -K 0x22 {second}")
    lab.check("and after that both do", one.run(f"{write.format(first)} || {write.format(first)}", check=False).rc == 0)


def shown_later(lab, admin, fabric):
    fabric.target.allow(PORTS["g3"], {2: store(lab, "later")})
    took = until(lab, "a LUN that the array shows later is in the guest by itself",
                 lambda: vdevs(admin, "g3"), ["0:0:0:0", "0:0:0:2"])
    lab.note(f"a new LUN took {took:.0f} s")
    guest = lab.guests[2]
    lab.equal("and it is the right one", mark(guest, lab.disk(guest, "0:0:0:2")), MARKS["later"])


# Reads only: tcm_fc waits for data of a write that its initiator will never send, with the only worker that
# libfc has for ports of both sides.
READER = """
rm -f /tmp/reader.*
while [ ! -e /tmp/reader.stop ]; do
    dd if=$1 bs=64k count=32 iflag=direct status=none | md5sum >> /tmp/reader.sums
done
touch /tmp/reader.done
"""


def flaps(lab, admin, fabric):
    guest = lab.guests[1]
    disk = lab.disk(guest, "0:0:0:0")
    guest.put(READER, "/tmp/reader.sh")
    guest.run(f"setsid sh /tmp/reader.sh {disk} < /dev/null > /dev/null 2>&1 &")
    guest.poll("[ -s /tmp/reader.sums ]")
    for seconds in AWAY:
        fabric.ctl("power off")
        lab.dom0.run(f"sleep {seconds}")
        fabric.ctl("power on")
        fabric.until("ports are back", lambda ports: all(port in ports for port in PORTS.values()), 200)
        before = int(guest.run("wc -l < /tmp/reader.sums").out)
        guest.poll(f"[ $(wc -l < /tmp/reader.sums) -gt {before + 2} ]", 90)
        lab.check(f"switch off for {seconds} s: I/O goes on, the device is the same",
                  vdevs(admin, "g2") == ["0:0:0:0", "0:0:0:1"] and lab.disk(guest, "0:0:0:0") == disk)
    guest.run("touch /tmp/reader.stop")
    guest.poll("[ -e /tmp/reader.done ]")
    sums = guest.run("sort /tmp/reader.sums | uniq -c").out
    lab.check("all that was read is right", len(sums.splitlines()) == 1, sums)
    states = {one["domain"]: one["state"] for one in admin.json("npiv status")}
    lab.equal("all are logged in", states, {name: "Active" for name in NAMES})
    timeouts = {(target["fast-io-fail-tmo"], target["dev-loss-tmo"]) for one in admin.json("npiv status")
                for target in one["targets"] if target["target"]}
    lab.equal("a port that is away takes no device with it", timeouts, {("120", "2147483647")})
    return VerifiedLoad(guest, disk)


def refused(lab, admin, fabric, parent):
    """By the fabric, each with its code and nothing left."""
    fresh = wwn(0x5001_63ef_0000_0077)
    admin.refused(f"npiv create g9 {parent} --wwpn {PORTS['g1']}", 4, "is that of g1")
    admin.refused("npiv create g9 fabric:10:00:00:00:00:00:99:99", 3, "this host has no such HBA")
    admin.refused(f"npiv create g9 {parent} --wwpn {fabric.hba.wwpn}", 4, "an HBA of this host")
    fabric.ctl("set fdisc-reject no-resources")
    admin.refused(f"npiv create g9 {parent} --wwpn {fresh} --wait 8", 6, "FDISC")
    fabric.ctl("set fdisc-reject none")
    lab.check("the refused vport is not in the kernel", lab.dom0.run(
        f"grep -l {fresh.replace(':', '')} /sys/class/fc_host/host*/port_name", check=False).out == "")
    admin.run(f"npiv create g9 {parent} --wwpn {fresh}")
    until(lab, "a guest that does not run is not logged in", lambda: fresh in fabric.ports(), False, 40)
    admin.run("npiv login g9")
    lab.check("npiv login: the SAN sees it before it runs", fresh in fabric.ports(), fabric.ports())
    admin.run("npiv logout g9")
    lab.check("npiv logout: it is gone", fresh not in fabric.ports(), fabric.ports())
    admin.run("npiv delete g9")


def comes_and_goes(lab, admin, fabric):
    guest = lab.guests[2]
    guest.destroy()
    took = until(lab, "its port leaves with the guest", lambda: PORTS["g3"] in fabric.ports(), False, 40)
    lab.note(f"logged out after {took:.0f} s")
    lab.check("and nothing of it is in the name server", PORTS["g3"] not in fabric.names())
    guest.create(False)
    guest.wait_up()
    until(lab, "and comes back with it, every LUN at its place", lambda: vdevs(admin, "g3"), ["0:0:0:0", "0:0:0:2"])
    lab.equal("with its data", mark(guest, lab.disk(guest, "0:0:0:0")), MARKS["g3"])


def run(lab):
    lab.load_driver()
    admin = Admin(lab)
    lab.guest("g3")
    fabric = Fabric(lab)
    shared = store(lab, "shared")
    for name in NAMES:
        fabric.target.allow(PORTS[name], {0: store(lab, name)} | ({1: shared} if name != "g3" else {}))
    try:
        fabric.enable()
        admin.start()
        ports = admin.json("npiv ports")
        hba = next(port for port in ports if port["wwpn"] == fabric.hba.wwpn)
        # The target is an fc_host of dom0's as well: the fabric alone does not say which one is meant.
        parent = f"hba:{hba['wwpn']}"
        lab.note(admin.run("npiv ports").out)
        given(lab, admin, fabric, parent)
        lab.note(admin.run("npiv status").out)
        accounted(lab, admin)
        reserved(lab, lab.guests)
        shown_later(lab, admin, fabric)
        load = flaps(lab, admin, fabric)
        refused(lab, admin, fabric, parent)
        comes_and_goes(lab, admin, fabric)
        lab.check("g2's I/O went on through all of it", load.goes_on() and load.stop(), load.log())
        for name in NAMES:
            admin.run(f"npiv detach {name}")
        lab.check("all detached: no vport is left", not set(PORTS.values()) & set(fabric.ports()), fabric.ports())
        lab.equal("nor anything of LIO's", lab.dom0.run("ls /sys/kernel/config/target/xen-pvscsi | grep naa; "
                                                       "ls -d /sys/kernel/config/target/core/*/auto-vport-*",
                                                       check=False).out, "")
        admin.stop()
    finally:
        if admin.daemon:
            lab.note(admin.daemon.output()[1][-6000:])
        lab.machine.logs.joinpath("fcswitch.log").write_text(fabric.log())
