# SPDX-License-Identifier: GPL-2.0
"""The machine of a measurement: dom0 with ramdisks, one guest."""
import contextlib
import dataclasses

from vscsilab import admin, paths, snapshot
from vscsilab.lab import Lab
from vscsilab.machine import Machine

from . import counters, symbols
from .counter import Counter


def say(text):
    print(text, flush=True)


@dataclasses.dataclass(frozen=True)
class Counted:
    ios: int
    seconds: float
    functions: dict     # {(layer, function): (instructions, calls)} an I/O
    allocations: dict   # {(caller, function): calls} an I/O, of those of dom0's kernel that allocate


class Host:
    """options: module, tsc. icount: time counts instructions, and they are counted by function."""

    def __init__(self, name, options, icount, disks, disk_mib):
        self.options, self.icount = options, icount
        self.disks, self.disk_mib = disks, disk_mib
        self.backstore = getattr(options, "backstore", "iblock")
        self.nodes, self.places = [f"/dev/ram{number}" for number in range(disks)], []
        self.logs = paths.results_dir() / f"bench-{name}"
        for old in self.logs.glob("*.log"):
            old.unlink()
        self.machine = Machine(self.logs, options.module, guests=1, icount=icount)
        self.counter = self.symbols = self.lab = self.guest = None

    @contextlib.contextmanager
    def running(self):
        counts = self.machine.work / "counts"
        if self.icount:
            self.machine.plugin = Counter.option(counts)
        try:
            snapshot.start(self.machine)
            self.lab = Lab(self.machine, "ours", lambda kind, name, detail: say(f"{kind} {name} {detail}"))
            if getattr(self.options, "disks", "ram") == "scsi":
                self._scsi_disks()
            else:
                self._ramdisks()
            self.guest = self._guest()
            if self.icount:
                self.counter = Counter(self.machine, counts)
                self.symbols = symbols.Symbols(self.lab, self.guest)
            yield self
        finally:
            self.machine.stop()

    def _ramdisks(self):
        """Written once, so that no page of theirs is allocated later."""
        self.lab.dom0.run(
            f"modprobe brd rd_nr={self.disks} rd_size={self.disk_mib * 1024}; "
            f"for n in $(seq 0 {self.disks - 1}); do "
            f"dd if=/dev/zero of=/dev/ram$n bs=1M count={self.disk_mib} status=none || exit; done", timeout=900)

    def _scsi_disks(self):
        """Disks of scsi_debug, which pscsi can pass through."""
        number = admin.scsi_debug(self.lab.dom0, self.disks, self.disk_mib, "ndelay=20000")
        self.places = [f"{number}:0:0:{lun}" for lun in range(self.disks)]
        self.nodes = ["/dev/" + self.lab.dom0.run(f"ls /sys/class/scsi_device/{place}/device/block").out.strip()
                      for place in self.places]

    def _guest(self):
        """Hosts of today have a TSC that Xen lets PV guests read; QEMU's Xen would emulate it,
        at a thousand instructions a time."""
        if self.options.tsc == "emulated":
            return self.lab.guest("g1")
        self.lab.dom0.run("xl destroy g1")
        return self.lab.guest("bench", config='tsc_mode = "native"')

    def counted(self, owners, command, few, many):
        """command(ios) is run twice; what the longer run did more is the I/O's alone, without the
        start of fio."""
        found = []
        for ios in (few, many):
            self.counter.reset()
            outcome = command(ios)
            found.append((outcome, self.counter.read()))
        (short, before), (long, after) = found
        ios = long.ios - short.ios
        functions = symbols.difference(owners.attribute(after), owners.attribute(before), ios)
        more, less = (owners.calls(rows, counters.allocates, "dom0") for rows in (after, before))
        allocations = {key: (count - less.get(key, 0)) / ios for key, count in more.items()}
        return Counted(ios, long.seconds - short.seconds, functions, allocations)


def layers(functions):
    total = {}
    for (layer, _), (instructions, _) in functions.items():
        total[layer] = total.get(layer, 0) + instructions
    return total
