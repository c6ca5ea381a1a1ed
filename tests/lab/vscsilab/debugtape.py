# SPDX-License-Identifier: GPL-2.0
"""A tape drive of the kernel's scsi_debug, which has one from Linux 6.15 on. Of each block it keeps the
length and the first four bytes; what is read of the rest is nobody's. It has up to two partitions of 10,000
units (blocks and filemarks), and an early warning before their end."""
from .errors import Unsuited
from .library import node

SINCE = (6, 15)


class DebugTape:
    """What a library is to SideBySide, with a drive alone and its cartridge always in it."""

    def __init__(self, lab):
        self.dom0 = lab.dom0
        running = tuple(int(part) for part in self.dom0.run("uname -r").out.split("-")[0].split(".")[:2])
        if running < SINCE:
            raise Unsuited(f"scsi_debug is no tape drive before Linux {SINCE[0]}.{SINCE[1]}, "
                           f"here is {running[0]}.{running[1]}")
        self.dom0.run("modprobe st && modprobe scsi_debug ptype=1 dev_size_mb=8 delay=0 num_tgts=1 max_luns=1")
        host = self.dom0.poll("for h in /sys/class/scsi_host/*; do [ \"$(cat $h/proc_name)\" = scsi_debug ] && "
                              "echo ${h##*/host}; done | grep .").out.split()[-1]
        self.hctl = f"{host}:0:0:0"
        self.tape = node(self.dom0, self.hctl, "tape")

    def exports(self):
        return [(self.hctl, {"tape": "tape", "drive": "generic"})]

    def reset(self):
        """One partition, blank, blocks of any length."""
        self.dom0.run(f"set -e; mt -f {self.tape} rewind; mt -f {self.tape} setblk 0; "
                      f"mt -f {self.tape} stsetoptions can-partitions; mt -f {self.tape} mkpartition 0; "
                      f"mt -f {self.tape} rewind; mt -f {self.tape} erase; mt -f {self.tape} rewind", timeout=120)
