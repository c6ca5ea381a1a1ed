"""NPIV with two HBAs: a guest has a vport on each, and multipath over both; a fabric fails, and its I/O goes on."""
from vscsilab.admin import Admin
from vscsilab.fabric import Fabric, wwn
from vscsilab.mapper import Mapped

TIMEOUT = 900
GUESTS = 1
LONG = True
DRIVERS = ("ours",)
PORTS = (wwn(0x5001_63ef_0000_0061), wwn(0x5001_63ef_0000_0062))
# As long as a failed path takes: fast_io_fail_tmo of 5 s, and what the emulated machine adds.
FAILOVER = 60
# Reads only: see npiv.
READER = """
rm -f /tmp/reader.*
while [ ! -e /tmp/reader.stop ]; do
    dd if=$1 bs=64k count=16 iflag=direct status=none | md5sum >> /tmp/reader.sums
done
touch /tmp/reader.done
"""


def rounds(guest):
    return int(guest.run("wc -l < /tmp/reader.sums").out)


def goes_on(guest, seconds=FAILOVER):
    return guest.poll(f"[ $(wc -l < /tmp/reader.sums) -gt {rounds(guest) + 2} ]", seconds)


def run(lab):
    lab.load_driver()
    admin = Admin(lab)
    guest = lab.guests[0]
    fabric = Fabric(lab, hbas=2)
    store = lab.backstore.fileio("san-shared", "16M")
    lab.dom0.run(f"dd if=/dev/urandom of={store.device} bs=1M count=16 conv=notrunc status=none")
    for port in PORTS:
        fabric.target.allow(port, {0: store})
    fabric.enable()
    admin.start()
    for number, (hba, port) in enumerate(zip(fabric.hbas, PORTS)):
        admin.run(f"npiv create {guest.name} hba:{hba.wwpn} {number} --wwpn {port}")
        admin.run(f"npiv attach {guest.name} hba:{hba.wwpn}")
    disks = [lab.disk(guest, f"{number}:0:0:0") for number in (0, 1)]
    serials = {guest.run(f"sg_vpd -p 0x83 {disk} | grep -i naa -A3 | tail -1").out for disk in disks}
    lab.equal("two paths to one disk", len(serials), 1)
    statuses = admin.json(f"npiv status {guest.name}")
    lab.equal("each has a controller of its own", sorted(one["controller"] for one in statuses), [0, 1])
    lab.equal("and one node name", len({one["wwnn"] for one in statuses}), 1)
    lab.dom0.poll("xl-vscsi npiv status --json | grep -c '\"fast-io-fail-tmo\": \"5\"' | grep -qx 2", 40)
    blocks = [guest.run(f"cat /sys/block/{disk[5:]}/dev").out.strip() for disk in disks]
    sectors = guest.run(f"blockdev --getsz {disks[0]}").out.strip()
    guest.run("modprobe -a dm-multipath dm-round-robin")
    mapped = Mapped(guest, "san", f"0 {sectors} multipath 1 queue_if_no_path 0 1 1 round-robin 0 2 1 "
                                  f"{blocks[0]} 1 {blocks[1]} 1")
    numbers = guest.run("dmsetup info -c --noheadings --separator : -o major,minor san").out.strip()
    disk = "/dev/" + guest.run(f"basename $(readlink -f /sys/dev/block/{numbers})").out.strip()
    guest.put(READER, "/tmp/reader.sh")
    guest.run(f"setsid sh /tmp/reader.sh {disk} < /dev/null > /dev/null 2>&1 &")
    guest.poll("[ -s /tmp/reader.sums ]")
    for number, hba in enumerate(fabric.hbas):
        hba.link("down")
        fabric.until("its vport is gone", lambda ports: PORTS[number] not in ports, 60)
        goes_on(guest)
        lab.check(f"HBA {number} without its link: I/O goes on by the other one", True)
        lab.check("its operator is told", "link" in admin.run(f"npiv status {guest.name}", 8).out)
        hba.link("up")
        fabric.until("its vport is back", lambda ports: PORTS[number] in ports, 200)
        mapped.message(f"reinstate_path {blocks[number]}")
        goes_on(guest)
        lab.equal(f"HBA {number} again: the path is the same disk", lab.disk(guest, f"{number}:0:0:0"), disks[number])
    guest.run("touch /tmp/reader.stop")
    guest.poll("[ -e /tmp/reader.done ]")
    sums = guest.run("sort /tmp/reader.sums | uniq -c").out
    lab.check("all that was read is right", len(sums.splitlines()) == 1, sums)
    mapped.remove()
    for port in PORTS:
        admin.run(f"npiv delete {guest.name} --wwpn {port}")
    lab.check("nothing is left of either", not set(PORTS) & set(fabric.ports()))
    admin.stop()
