"""The machine of a measurement: dom0 with ramdisks, one guest."""
import contextlib

from vscsilab import paths
from vscsilab.lab import Lab
from vscsilab.machine import Machine

from . import symbols
from .counter import Counter


def say(text):
    print(text, flush=True)


class Host:
    """options: module, tsc. icount: time counts instructions, and they are counted by function."""

    def __init__(self, name, options, icount, disks, disk_mib):
        self.options, self.icount = options, icount
        self.disks, self.disk_mib = disks, disk_mib
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
            self.machine.start()
            self.lab = Lab(self.machine, "ours", lambda kind, name, detail: say(f"{kind} {name} {detail}"))
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

    def _guest(self):
        """Hosts of today have a TSC that Xen lets PV guests read; QEMU's Xen would emulate it,
        at a thousand instructions a time."""
        if self.options.tsc == "emulated":
            return self.lab.guest("g1")
        self.lab.dom0.run("xl destroy g1")
        return self.lab.guest("bench", config='tsc_mode = "native"')

    def counted(self, owners, command, few, many):
        """command(ios) is run twice; what the longer run did more is the I/O's alone, without the
        start of fio. Returns (I/O, seconds, {(layer, function): (instructions, calls)} an I/O)."""
        found = []
        for ios in (few, many):
            self.counter.reset()
            outcome = command(ios)
            found.append((outcome, self.counter.read()))
        (short, before), (long, after) = found
        ios = long.ios - short.ios
        functions = symbols.difference(owners.attribute(after), owners.attribute(before), ios)
        return ios, long.seconds - short.seconds, functions


def layers(functions):
    total = {}
    for (layer, _), (instructions, _) in functions.items():
        total[layer] = total.get(layer, 0) + instructions
    return total
