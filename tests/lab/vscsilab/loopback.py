# SPDX-License-Identifier: GPL-2.0
"""Target core's own loopback fabric: what it exports becomes a SCSI device of dom0's."""
from .cdbs import Node
from .library import node
from .storage import Target, config


class Loopback(Target):
    """A target port and an adapter of dom0's that has the one nexus to it."""
    fabric = "/sys/kernel/config/target/loopback"

    def __init__(self, dom0, naa, initiator):
        super().__init__(dom0, naa, 1)
        dom0.run(f"modprobe tcm_loop && mkdir -p {self.path}")
        self.nexus(initiator)

    def export(self, number, backstore):
        """dom0's way to it."""
        self.lun(number, backstore)
        return LoopDisk(self.dom0, f"{config(self.dom0, self.path + '/address')}:{number}")


class LoopDisk(Node):
    def __init__(self, dom0, hctl):
        dom0.run("modprobe sg")
        super().__init__(dom0, node(dom0, hctl, "generic"))
        self.hctl = hctl
        self.settle()
