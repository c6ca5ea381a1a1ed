# SPDX-License-Identifier: GPL-2.0
"""A disk array whose controllers are domains of their own: kernels apart from that of the initiators.

tcm_fc waits for the data of a write for ever, in the one worker that its libfc has for all ports, if the initiator's
login ends before; nobody can log in to such a controller any more. So that a fabric can fail while guests write, a
controller that was cut off is started anew, or another one takes its place.
"""
from .fabric import FcTarget, Port, mac_of
from .storage import Backstores

SCRIPT_PATH = "/etc/xen/scripts/vif-san"
# The switch is no bridge, and takes the interface by its name. Frames of Fibre Channel are never lost in a queue.
SCRIPT = """#!/bin/sh
[ "$1" = online ] || exit 0
name=$(xenstore-read "$XENBUS_PATH/vifname")
ip link set "$vif" down
ip link set "$vif" name "$name" txqueuelen 10000
ip link set "$name" up
xenstore-write "$XENBUS_PATH/hotplug-status" connected
"""
MODULES = "xen-netfront target_core_mod target_core_iblock fcoe tcm_fc"
MEDIUM = "/dev/xvdb"
MEMORY = 192


class Medium:
    """What the controllers of an array have in common: a ramdisk of dom0's."""

    def __init__(self, lab, megabytes):
        self.device = lab.backstore.brd(megabytes)


class Controller(Port):
    """A domain that shows the medium by one port. number: of the port; equal ones have one WWPN."""

    def __init__(self, lab, name, number, medium):
        self.lab, self.medium, self.name = lab, medium, name
        lab.dom0.put(SCRIPT, SCRIPT_PATH, 0o755)
        lab.dom0.run("modprobe xen-netback")
        self.guest = lab.guest(name, wait=False, memory=MEMORY, config=f"vif = ['mac={mac_of(number)},"
                               f"script={SCRIPT_PATH},vifname=sw{name}']")
        super().__init__(self.guest, "eth0", f"sw{name}", number)
        self.masked = []

    def boot(self):
        """After a start: to where its port could be enabled."""
        guest = self.guest
        guest.wait_up()
        self.lab.dom0.run(f"xl block-attach {self.name} format=raw,vdev=xvdb,access=rw,backendtype=phy,"
                          f"script=/lab/payload/vbd-hotplug,target={self.medium.device}")
        guest.run(f"modprobe -a {MODULES} && sysctl -qw net.core.netdev_max_backlog=100000 && "
                  "mount -t configfs none /sys/kernel/config")
        guest.poll(f"[ -b {MEDIUM} ] && [ -d /sys/class/net/{self.interface} ]")
        guest.run(f"ip link set {self.interface} mtu 2500 && ip link set {self.interface} up")
        self.lab.dom0.run(f"ip link set {self.switch_end} mtu 2500")
        store, target = Backstores(guest).iblock("lu", device=MEDIUM), FcTarget(self)
        for name in self.masked:
            target.allow(name, {0: store})
        return self

    def shows(self, *names):
        """To these WWPNs, as LUN 0, from the next start on."""
        self.masked += names
        return self

    def enable(self):
        super().enable()
        return self

    def fail(self):
        """As if its power were cut."""
        self.__dict__.pop("host", None)
        self.guest.destroy()

    def restart(self):
        """After fail(); boot() waits for it."""
        self.guest.create()
        return self
