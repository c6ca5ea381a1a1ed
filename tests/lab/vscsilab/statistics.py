# SPDX-License-Identifier: GPL-2.0
"""What the driver counts and shows: sysfs, tracefs, debugfs."""
import re

TRACING = "/sys/kernel/tracing"
DEBUG = "/sys/kernel/debug/xen-scsiback"


def directory(guest, devid=0):
    return f"/sys/bus/xen-backend/devices/vscsi-{guest.domid}-{devid}/statistics"


def numbers(dom0, *paths):
    """The files of each directory of statistics; those with several lines as lists of [bound, count]."""
    text = dom0.run("; ".join(f"echo; cd {path} && grep -sH . *" for path in paths) + "; true").out
    return [_numbers(part.splitlines()) for part in text.removeprefix("\n").split("\n\n")]


def _numbers(lines):
    found = {}
    for line in lines:
        name, _, value = line.partition(":")
        if " " in value:
            found.setdefault(name, []).append(value.split())
        else:
            found[name] = int(value)
    return found


def grown(before, after):
    """What changed, of the plain numbers."""
    return {name: after[name] - before[name] for name in after
            if isinstance(after[name], int) and after[name] != before[name]}


def entries(latency):
    return sum(int(count) for _, count in latency)


class Trace:
    """The events xen_scsiback:*, or those of the given directories, while it lasts, as (event, text) in order."""

    def __init__(self, dom0, *directories):
        self.dom0 = dom0
        self.switches = " ".join(f"events/{name}/enable" for name in directories or ("xen_scsiback",))

    def __enter__(self):
        self.dom0.run(f"mountpoint -q {TRACING} || mount -t tracefs none {TRACING}; cd {TRACING}; "
                      f"echo > trace; echo 1 | tee {self.switches} > tracing_on")
        return self

    def __exit__(self, *_):
        text = self.dom0.run(f"cd {TRACING}; echo 0 | tee {self.switches} > /dev/null; cat trace").out
        self.text = text
        self.events = re.findall(r"\d+\.\d+: (\w+): (.*)", text)
