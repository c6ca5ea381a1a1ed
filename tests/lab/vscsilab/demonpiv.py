# SPDX-License-Identifier: GPL-2.0
"""`lab demo npiv`: three guests of one host, each with a port of its own on a SAN, told to a person."""
from .admin import Admin
from .fabric import Fabric, wwn

NAMES = ("g1", "g2", "g3")
PORTS = {name: wwn(0x5001_63ef_0000_0001 + number) for number, name in enumerate(NAMES)}
BLOCK = 4096


def typed(lab, tell, words):
    """A command of an administrator's, and what it says."""
    tell.show(f"dom0# xl-vscsi {words}")
    done = lab.dom0.run(f"xl-vscsi {words}", check=False, timeout=120)
    tell.show(done.out + done.err)
    return done


def masked(lab, fabric, name):
    """A LUN 0 for this guest's port alone, which bears its name."""
    store = lab.backstore.fileio(f"san-{name}", "16M")
    lab.dom0.run(f"printf '%s' 'the disk of {name}' | dd of={store.device} bs={BLOCK} conv=notrunc,sync status=none")
    fabric.target.allow(PORTS[name], {0: store})


def perform(lab, tell):
    tell.step("Start three guests, none of which has a SCSI device")
    lab.load_driver()
    admin = Admin(lab)
    guests = {name: lab.guest(name) for name in NAMES}

    tell.step("Make a SAN in dom0: a Fibre Channel switch in user space, an array and an HBA over the kernel's FCoE")
    fabric = Fabric(lab)
    for name in NAMES:
        masked(lab, fabric, name)
    fabric.enable()
    admin.start()
    typed(lab, tell, "npiv ports")
    parent = f"hba:{fabric.hba.wwpn}"

    tell.step("The array has a LUN 0 for each guest's WWPN, three different disks; give each guest its port")
    for name in NAMES:
        done = typed(lab, tell, f"npiv create {name} {parent} --wwpn {PORTS[name]}")
        lab.check(f"{name} has a port on the SAN", done.rc == 0)

    tell.step("What each guest has: exactly one disk, its own, with no further command")
    for name, guest in guests.items():
        disk = lab.disk(guest, "0:0:0:0")
        said = guest.run(f"lsscsi; dd if={disk} bs={BLOCK} count=1 status=none | tr -d '\\0'").out
        tell.show(f"{name}# lsscsi; head -c 20 {disk}\n{said}")
        lab.check(f"{name} has one disk, and it is its own",
                  said.strip().splitlines()[1:] == [f"the disk of {name}"], said)

    tell.step("What the switch's name server says: the guests, by name")
    for port in fabric.names().values():
        tell.show(f"{port['id']}  {port['wwpn']}  {port['port_name']}")
    typed(lab, tell, "npiv status g1")

    tell.step("A guest ends, and its port leaves the SAN with it")
    guests["g2"].destroy()
    fabric.until("the port of g2 has left", lambda ports: PORTS["g2"] not in ports, 100)
    tell.show("\n".join(fabric.names()))
    lab.check("the port of g2 is gone, the others stay",
              PORTS["g2"] not in fabric.names() and {PORTS["g1"], PORTS["g3"]} <= set(fabric.names()))
