"""One boot in which every driver runs every row, several times."""
import time

from vscsilab import paths
from vscsilab.lab import Lab
from vscsilab.machine import Machine

from . import backends, fio, rows, symbols
from .counter import Counter
from .rows import DISK_MIB

# Of a run that is counted, the part that is run alone first and subtracted.
SHORT = 4


def say(text):
    print(text, flush=True)


class Bench:
    def __init__(self, options):
        self.options = options
        self.icount = options.mode == "icount"
        logs = paths.results_dir() / f"bench-{options.mode}"
        for old in logs.glob("*.log"):
            old.unlink()
        self.machine = Machine(logs, options.module, guests=1, icount=self.icount)
        self.counter = self.symbols = self.lab = self.guest = None
        self.results = []

    def run(self):
        counts = self.machine.work / "counts"
        if self.icount:
            self.machine.plugin = Counter.option(counts)
        try:
            self.machine.start()
            self.lab = Lab(self.machine, "ours", lambda kind, name, detail: say(f"{kind} {name} {detail}"))
            self.lab.dom0.run(
                f"modprobe brd rd_nr={backends.DISKS} rd_size={DISK_MIB * 1024}; "
                f"for n in $(seq 0 {backends.DISKS - 1}); do "
                f"dd if=/dev/zero of=/dev/ram$n bs=1M count={DISK_MIB} status=none || exit; done", timeout=600)
            self.guest = self._guest()
            if self.icount:
                self.counter = Counter(self.machine, counts)
                self.symbols = symbols.Symbols(self.lab, self.guest)
            for number in range(self.options.rounds):
                drivers = self.options.drivers
                turn = number % len(drivers)
                for driver in drivers[turn:] + drivers[:turn]:
                    self._driver(driver, number)
        finally:
            self.machine.stop()
        return self.results

    def _guest(self):
        """Hosts of today have a TSC that Xen lets PV guests read; QEMU's Xen would emulate it,
        at a thousand instructions a time."""
        if self.options.tsc == "emulated":
            return self.lab.guest("g1")
        self.lab.dom0.run("xl destroy g1")
        return self.lab.guest("bench", config='tsc_mode = "native"')

    def _driver(self, name, number):
        backend = backends.make(name, self.lab, self.guest)
        disks = backend.attach()
        for row in (rows.BY_NAME["rand8k-p1"], rows.BY_NAME["rand4k-d16"]):
            # Programs and libraries are read in, grants made persistent.
            self.guest.run(row.command(disks, ios=300), timeout=600)
        owners = self.symbols.owners() if self.symbols else None
        for row in self.options.rows:
            begin = time.monotonic()
            result = {"row": row.name, "driver": name, "round": number,
                      **(self._counted(row, disks, owners) if self.icount else self._timed(row, disks))}
            self.results.append(result)
            more = f", {result['instructions']:8.0f} instructions an I/O" if self.icount else ""
            say(f"  {number + 1} {name:8} {row.name:12} {result['rate']:9.0f} I/O a second{more} "
                f"({time.monotonic() - begin:.0f} s)")
        backend.detach()

    def _timed(self, row, disks):
        out = self.guest.run(row.command(disks, seconds=self.options.seconds), timeout=300).out
        return {"rate": fio.parse(out, by_rate=True).rate}

    def _counted(self, row, disks, owners):
        found = []
        for ios in (row.ios // SHORT, row.ios):
            self.counter.reset()
            out = self.guest.run(row.command(disks, ios=ios), timeout=3000).out
            found.append((fio.parse(out), self.counter.read()))
        (short, few), (long, many) = found
        ios = long.ios - short.ios
        functions = symbols.difference(owners.attribute(many), owners.attribute(few), ios)
        layers = {}
        for (layer, _), (instructions, _) in functions.items():
            layers[layer] = layers.get(layer, 0) + instructions
        seconds = long.seconds - short.seconds
        return {
            "rate": ios / seconds, "ios": ios,
            "instructions": sum(layers.values()), "layers": layers,
            "functions": [[layer, name, instructions, calls]
                          for (layer, name), (instructions, calls) in
                          sorted(functions.items(), key=lambda item: -item[1][0])]}
