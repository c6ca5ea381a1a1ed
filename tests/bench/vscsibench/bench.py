# SPDX-License-Identifier: GPL-2.0
"""One boot in which every driver runs every row, several times."""
import time

from . import backends, counters, fio, rows, tracing
from .host import Host, layers, say

# Of a run that is counted, the part that is run alone first and subtracted.
SHORT = 4


class Bench:
    """boot: its number; another driver begins in each."""

    def __init__(self, options, boot=0):
        self.options, self.boot = options, boot
        self.icount = options.mode == "icount"
        self.host = Host(options.mode, options, self.icount, backends.DISKS, rows.DISK_MIB)
        self.results = []

    def run(self):
        with self.host.running():
            for number in range(self.options.rounds):
                for driver in self.order(number):
                    self._driver(driver, number)
        return self.results

    def order(self, number):
        drivers = self.options.drivers
        turn = (self.boot + number) % len(drivers)
        return drivers[turn:] + drivers[:turn]

    def _driver(self, name, number):
        host = self.host
        backend = backends.make(name, host)
        disks = backend.attach()
        for row in (rows.BY_NAME["rand8k-p1"], rows.BY_NAME["rand4k-d16"]):
            # Programs and libraries are read in, grants made persistent.
            host.guest.run(row.command(disks, ios=300), timeout=600)
        owners = host.symbols.owners() if self.icount else None
        for row in self.options.rows:
            begin = time.monotonic()
            result = {"row": row.name, "driver": name, "round": number,
                      **(self._counted(row, disks, owners) if self.icount else self._timed(row, disks))}
            self.results.append(result)
            more = f", {result['instructions']:8.0f} instructions an I/O" if self.icount else ""
            say(f"  {number + 1} {name:8} {row.name:12} {result['rate']:9.0f} I/O a second{more} "
                f"({time.monotonic() - begin:.0f} s)")
        if number == 0 and not self.icount:
            self._traced(name, disks)
        backend.detach()

    def _timed(self, row, disks):
        out = self.host.guest.run(row.command(disks, seconds=self.options.seconds), timeout=300).out
        return {"rate": fio.parse(out, by_rate=True).rate}

    def _traced(self, name, disks):
        """Runs of their own, since tracing takes time."""
        with tracing.Tracing(self.host.lab.dom0) as trace:
            for row in self.options.rows:
                before = trace.read()
                out = self.host.guest.run(row.command(disks), timeout=300).out
                ios = fio.parse(out).ios
                found = {key: (value - before.get(key, 0)) / ios for key, value in trace.read().items()}
                self.results.append({"row": row.name, "driver": name, "round": 0, "traced": found})

    def _counted(self, row, disks, owners):
        def command(ios):
            return fio.parse(self.host.guest.run(row.command(disks, ios=ios), timeout=3000).out)
        counted = self.host.counted(owners, command, row.ios // SHORT, row.ios)
        parts = layers(counted.functions)
        listed = [[layer, name, round(instructions, 2), round(calls, 4)]
                  for (layer, name), (instructions, calls) in
                  sorted(counted.functions.items(), key=lambda item: -item[1][0])]
        allocations = [[caller, name, round(calls, 4)] for (caller, name), calls in
                       sorted(counted.allocations.items(), key=lambda item: -item[1]) if abs(calls) >= 0.0005]
        return {"rate": counted.ios / counted.seconds, "ios": counted.ios, "instructions": sum(parts.values()),
                "layers": parts, "functions": listed, "allocations": allocations,
                "counters": {**counters.from_functions(listed),
                             counters.BY_BACKEND: counters.by_backend(counted.allocations)}}
