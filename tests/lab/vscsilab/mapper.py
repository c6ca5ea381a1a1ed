# SPDX-License-Identifier: GPL-2.0
"""Devices of device mapper's in dom0, which become what a scenario wants them to be."""
import shlex


class Mapped:
    def __init__(self, dom0, name, table):
        self.dom0, self.name = dom0, name
        self.device = f"/dev/mapper/{name}"
        # There is no udev to make nodes.
        dom0.run(f"modprobe dm-mod && dmsetup create {name} --table {shlex.quote(table)} && dmsetup mknodes && "
                 f"test -b {self.device}")

    def becomes(self, table):
        """Under those who use it."""
        self.dom0.run(f"dmsetup suspend {self.name} && dmsetup load {self.name} --table {shlex.quote(table)} && "
                      f"dmsetup resume {self.name}")

    def message(self, text):
        self.dom0.run(f"dmsetup message {self.name} 0 {shlex.quote(text)}")

    def remove(self):
        self.dom0.run(f"dmsetup remove {self.name}")


def linear(device, sectors):
    return f"0 {sectors} linear {device} 0"
