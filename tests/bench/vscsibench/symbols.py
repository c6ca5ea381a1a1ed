# SPDX-License-Identifier: GPL-2.0
"""Whose code an address is, and which function."""
import base64
import bisect
import collections
import gzip

XEN_BEGIN, XEN_END = 0xffff82d000000000, 0xffff830000000000
USER_END = 1 << 47
PAGE = 12
# QEMU's PC has this much memory below its hole, the rest begins at 4 GiB.
LOW_MEMORY = 3 << 30
HIGH_BEGIN = 4 << 30


def frame(offset):
    """The machine frame at an offset of the machine's memory."""
    return (offset if offset < LOW_MEMORY else offset - LOW_MEMORY + HIGH_BEGIN) >> PAGE


class Table:
    """Functions by address, from lines like those of /proc/kallsyms."""

    def __init__(self, *texts):
        found = {}
        for text in texts:
            for line in text.splitlines():
                words = line.split()
                if len(words) < 3 or words[1] not in "tTwW":
                    continue
                # Mapping symbols of modules' sections name no function.
                name = words[2]
                if name.startswith((".L", "__pfx_", "__cfi_", "_stext", "_text")):
                    continue
                found.setdefault(int(words[0], 16), " ".join([name, *words[3:4]]))
        self.addresses = sorted(found)
        self.names = [found[address] for address in self.addresses]

    def function(self, address):
        """(name, whether the address is its first instruction)"""
        at = bisect.bisect_right(self.addresses, address) - 1
        if at < 0:
            return "?", False
        return self.names[at], self.addresses[at] == address


class Owners:
    """xen: address range; guest: its machine frames; dom0: all else."""

    def __init__(self, guest_frames, tables):
        self.guest_frames, self.tables = guest_frames, tables

    def layer(self, address, offset):
        if XEN_BEGIN <= address < XEN_END:
            return "xen"
        domain = "guest" if frame(offset) in self.guest_frames else "dom0"
        return f"{domain} user" if address < USER_END else domain

    def attribute(self, rows):
        """{(layer, function): [instructions, calls]}"""
        total = collections.defaultdict(lambda: [0, 0])
        for address, offset, length, runs, _ in rows:
            layer = self.layer(address, offset)
            name, first = self.tables[layer].function(address) if layer in self.tables else ("user", False)
            entry = total[layer, name]
            entry[0] += length * runs
            if first:
                entry[1] += runs
        return dict(total)

    def calls(self, rows, wanted, layer):
        """{(caller, function): calls} of a layer's functions that are wanted(name), by who calls them."""
        total = collections.defaultdict(int)
        table = self.tables[layer]
        for address, offset, _, runs, target in rows:
            # A jump to a function's begin is a call too: the caller's last.
            name, begin = table.function(target) if target else ("", False)
            if begin and wanted(name) and self.layer(address, offset) == layer:
                total[table.function(address)[0], name] += runs
        return dict(total)


def fetch(place, command, timeout=300):
    """A long text, packed for the way."""
    packed = place.run(f"set -o pipefail; {{ {command}; }} | gzip -c | base64 -w0", timeout=timeout).out
    return gzip.decompress(base64.b64decode(packed)).decode()


MODULE_FUNCTIONS = "grep -i ' [tw] .*\\[' /proc/kallsyms"
KERNEL_FUNCTIONS = "grep -i ' [tw] ' /proc/kallsyms | grep -v '\\['"


class Symbols:
    """Of one boot. Modules come and go, so theirs are read again by owners()."""

    def __init__(self, lab, guest):
        self.dom0, self.guest = lab.dom0, guest
        self.xen = Table(fetch(self.dom0, "cat /proc/xen/xensyms"))
        # dom0 and the guest run the same kernel, at the same address.
        self.kernel = fetch(self.dom0, KERNEL_FUNCTIONS)
        self.guest_table = Table(self.kernel, fetch(guest, MODULE_FUNCTIONS))
        text = fetch(self.dom0, f"/usr/lib/xen-*/bin/xen-mfndump dump-p2m {guest.domid}")
        self.frames = {int(line.split("mfn=")[1].split()[0], 16)
                       for line in text.splitlines() if "mfn=0x" in line}

    def owners(self):
        dom0 = Table(self.kernel, fetch(self.dom0, MODULE_FUNCTIONS))
        return Owners(self.frames, {"xen": self.xen, "dom0": dom0, "guest": self.guest_table})


def difference(long, short, ios):
    """Per I/O, what the longer run did more: the start of fio is in both."""
    result = {}
    for key in long:
        before = short.get(key, (0, 0))
        instructions, calls = (long[key][0] - before[0]) / ios, (long[key][1] - before[1]) / ios
        if abs(instructions) >= 0.05:
            result[key] = (instructions, calls)
    return result
