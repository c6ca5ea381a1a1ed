# SPDX-License-Identifier: GPL-2.0
"""Three disks for the guest: by either module of PV SCSI, or by vbd."""
NAA = "naa.5001405000000001"
DISKS = 3
DRIVERS = ("ours", "in-tree", "vbd")
PATIENCE = 300


def make(name, host):
    return Vbd(host) if name == "vbd" else Pvscsi(name, host)


class Vbd:
    """blkback and blkfront on the same disks."""
    name = "vbd"

    def __init__(self, host):
        self.host, self.lab, self.guest = host, host.lab, host.guest
        self.names = [f"xvd{letter}" for letter in "bcd"]

    def attach(self):
        for number, name in enumerate(self.names):
            self.lab.dom0.run(
                f"xl block-attach {self.guest.name} format=raw,backendtype=phy,"
                "script=/lab/payload/vbd-hotplug,"
                f"vdev={name},access=rw,target={self.host.nodes[number]}", timeout=PATIENCE)
            self.guest.poll(f"test -b /dev/{name}", PATIENCE)
        return [f"/dev/{name}" for name in self.names]

    def detach(self):
        for name in self.names:
            self.lab.dom0.run(f"xl block-detach {self.guest.name} {name}", timeout=PATIENCE)
            self.guest.poll(f"! test -b /dev/{name}", PATIENCE)


class Pvscsi:
    """One controller, so one ring, with three LUNs."""

    def __init__(self, name, host):
        self.name, self.host, self.lab, self.guest = name, host, host.lab, host.guest
        self.stores, self.target = [], None

    def attach(self):
        lab = self.lab
        lab.driver = self.name
        lab.load_driver()
        if self.host.backstore == "pscsi":
            self.stores = [lab.backstore.pscsi(f"disk{number}", place)
                           for number, place in enumerate(self.host.places)]
        else:
            self.stores = [lab.backstore.iblock(f"disk{number}", device=node)
                           for number, node in enumerate(self.host.nodes)]
        self.target = lab.target.create(NAA)
        for number, store in enumerate(self.stores):
            lab.attach(self.guest, self.target.lun(number, store), f"0:0:0:{number}", timeout=PATIENCE)
        return [lab.disk(self.guest, f"0:0:0:{number}", PATIENCE) for number in range(DISKS)]

    def detach(self):
        self.lab.vscsi.detach_controller(self.guest.domid, 0, PATIENCE)
        self.target.delete()
        for store in self.stores:
            store.delete()
        self.lab.unload_driver()
