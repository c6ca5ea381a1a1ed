# SPDX-License-Identifier: GPL-2.0
"""What the debug kernel must say at the end of a scenario for a pass to mean anything."""
import re

# After unload an address of the module no longer has a name.
OURS = re.compile(r"\[xen_scsiback\]|\] 0x[0-9a-f]{16}")
# kmemleak reports nothing younger than 5 s.
LEAK_AGE = 6


def verdict(lab):
    if lab.machine.debug_kernel == "kcsan":
        races(lab)
    else:
        lockdep(lab)
        leaks(lab)


def races(lab):
    """Reports are in the log; here, that it has looked."""
    counters = lab.dom0.run("cat /sys/kernel/debug/kcsan").out
    found = dict(re.findall(r"(?m)^(\w+): (\d+)", counters))
    lab.check("KCSAN was on to the end", found.get("enabled") == "1" and found.get("setup_watchpoints", "0") != "0",
              counters)
    lab.note(f"KCSAN: {found.get('setup_watchpoints')} accesses watched, {found.get('data_races')} races")


def lockdep(lab):
    """It turns itself off at its first report, also one that nobody saw."""
    stats = lab.dom0.run("cat /proc/lockdep_stats").out
    found = dict(re.findall(r"^ ?(\S[^:]*):\s+(\d+)", stats, re.M))
    lab.check("lockdep was on to the end", found.get("debug_locks") == "1", stats)
    lab.note(f"lockdep: {found.get('lock-classes')} classes, {found.get('direct dependencies')} dependencies")


def leaks(lab):
    kmemleak = "/sys/kernel/debug/kmemleak"
    # It looks by itself as well, and says how many; whose they are is asked here.
    lab.expect_log(r"kmemleak: \d+ new suspected memory leaks", required=False)
    found = lab.dom0.run(f"echo scan > {kmemleak} && sleep {LEAK_AGE} && echo scan > {kmemleak} && "
                         f"cat {kmemleak}", timeout=300).out
    reports = [text for text in re.split(r"(?m)^(?=unreferenced object)", found) if text.strip()]
    ours = [text for text in reports if OURS.search(text)]
    lab.check("the driver leaves no memory that nobody knows", not ours, "".join(ours))
    if len(ours) < len(reports):
        others = sorted({line.strip() for text in reports if text not in ours
                         for line in re.findall(r"(?m)^    \[<\w+>\] (\S+)", text)[3:5]})
        lab.note(f"kmemleak: {len(reports) - len(ours)} of others: {' '.join(others)}")
