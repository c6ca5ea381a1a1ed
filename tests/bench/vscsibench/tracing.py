# SPDX-License-Identifier: GPL-2.0
"""dom0's own count of what an I/O makes: kprobe events and /proc, where instructions are not counted.

Debian's kernel has no function profile (CONFIG_FUNCTION_PROFILER); a histogram of kprobe events counts
calls too, and adds up their arguments.
"""
import re

ROOT = "/sys/kernel/tracing"
# event: function, argument that says how many operations there are
PROBES = {
    "copy": ("gnttab_batch_copy", "$arg2"),
    "map": ("gnttab_map_refs", "$arg4"),
    "unmap": ("gnttab_unmap_refs", "$arg4"),
    "notify": ("notify_remote_via_irq", "$arg1"),
}


def parse_histogram(text):
    """(hits, sum of the argument)"""
    hits = total = 0
    for line in text.splitlines():
        found = re.search(r"hitcount:\s*(\d+)\s+count:\s*(\d+)", line)
        if found:
            hits += int(found.group(1))
            total += int(found.group(2))
    return hits, total


def parse_stat(text):
    """Interrupts and context switches since boot."""
    found = dict(re.findall(r"^(intr|ctxt) (\d+)", text, re.M))
    return int(found["intr"]), int(found["ctxt"])


class Tracing:
    def __init__(self, dom0):
        self.dom0 = dom0

    def __enter__(self):
        self.dom0.run(f"mount -t tracefs tracefs {ROOT} 2>/dev/null; cd {ROOT} && set -e; " + "; ".join(
            f"echo 'p:bench/{event} {function} count={argument}:u32' >> kprobe_events; "
            f"echo 'hist:keys=common_pid:vals=count:size=4096' > events/bench/{event}/trigger"
            for event, (function, argument) in PROBES.items()))
        return self

    def __exit__(self, *_):
        self.dom0.run(f"cd {ROOT} && for e in {' '.join(PROBES)}; do "
                      "echo '!hist:keys=common_pid:vals=count:size=4096' > events/bench/$e/trigger; "
                      "echo 0 > events/bench/$e/enable; done; echo > kprobe_events", check=False)

    def read(self):
        """{what: how often since tracing began}"""
        out = self.dom0.run(f"cat /proc/stat; cd {ROOT}/events/bench; for e in {' '.join(PROBES)}; do "
                            "echo; echo event $e; cat $e/hist; done", timeout=120).out
        stat, *parts = re.split(r"^event ", out, flags=re.M)
        found = {part.split("\n", 1)[0]: parse_histogram(part) for part in parts}
        interrupts, switches = parse_stat(stat)
        return {
            "grant hypercalls": sum(found[event][0] for event in ("copy", "map", "unmap")),
            "copy operations": found["copy"][1],
            "map operations": found["map"][1],
            "unmap operations": found["unmap"][1],
            "notifications sent by dom0": found["notify"][0],
            "interrupts in dom0": interrupts,
            "context switches in dom0": switches,
        }
