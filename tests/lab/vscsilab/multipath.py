# SPDX-License-Identifier: GPL-2.0
"""dm-multipath in a guest: a group of its own for each path, as multipathd makes them by ALUA's priorities; nobody
reinstates a path but the scenario."""
import re
import time

from .mapper import Mapped


class Multipath:
    """paths: what has the numbers of its block device as .block, and a .number to be called by. handler: of the
    hardware, as in a table of device mapper's."""

    def __init__(self, lab, guest, paths, handler="1 alua"):
        self.lab, self.guest, self.paths = lab, guest, paths
        sectors = guest.run(f"blockdev --getsz {paths[0].disk}").out.strip()
        groups = " ".join(f"round-robin 0 1 1 {path.block} 1000" for path in paths)
        self.mapped = Mapped(guest, "paths", f"0 {sectors} multipath 1 queue_if_no_path {handler} {len(paths)} 1 {groups}")
        numbers = guest.run("dmsetup info -c --noheadings --separator : -o major,minor paths").out.strip()
        self.disk = "/dev/" + guest.run(f"basename $(readlink -f /sys/dev/block/{numbers})").out.strip()

    def status(self):
        return self.guest.run("dmsetup status paths").out.strip()

    def uses(self, what, path, patience=10):
        """The one of these that is in use is this."""
        line = ""
        for _ in range(patience * 2):
            line = self.status()
            used = re.findall(r"A \d+ 1 \d+ (\d+:\d+) A", line)
            if used == [path.block]:
                break
            time.sleep(0.5)
        self.lab.check(f"{what}: path {path.number} is used", used == [path.block], f"it is {path.block}: {line}")

    def reinstate(self, path):
        self.mapped.message(f"reinstate_path {path.block}")
