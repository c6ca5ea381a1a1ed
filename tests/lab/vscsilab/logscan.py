# SPDX-License-Identifier: GPL-2.0
"""Decide from log lines whether something went wrong that no test asked for."""
import re

BAD = [re.compile(text) for text in (
    r"\bBUG:", r"kernel BUG at", r"\bOops\b", r"\bWARNING: CPU:",
    r"\[ cut here \]", r"\bCall Trace:", r"\bRIP: e?0", r"general protection",
    r"unable to handle (kernel|page fault)", r"Kernel panic", r"stack segment:",
    r"invalid opcode:", r"divide error:", r"double fault",
    r"blocked for more than \d+ seconds", r"soft lockup", r"hard LOCKUP",
    r"rcu.*(self-)?detected (expedited )?stalls?", r"rcu.*kthread starved",
    r"possible (circular|recursive|irq lock inversion|deadlock)",
    r"INFO: (possible|suspicious|inconsistent|task|trying to register)",
    r"inconsistent lock state", r"suspicious RCU", r"bad unlock balance",
    r"sleeping function called from invalid", r"scheduling while atomic",
    r"held lock freed", r"lock held (when returning|at task exit)",
    r"\bKASAN\b", r"\bKCSAN\b", r"\bUBSAN\b", r"\bkmemleak: \d+ new",
    r"list_(add|del) corruption", r"refcount_t: ", r"use-after-free",
    r"ODEBUG", r"turning off the locking correctness validator", r"pagealloc: ",
    r"Kernel memory leak detector disabled", r"Bad page (state|map)", r"BUG (kmalloc|task_struct|\S+ \()",
    r"page allocation failure", r"Out of memory: Killed", r"bad: scheduling",
    r"detected buffer overflow", r"stack-protector: ", r"DMA-API: ",
    r"Unloaded (tainted )?module.*in use", r"EXT4-fs error",
    r"\(XEN\).*\b(BUG at|FATAL|Assertion '|[Pp]anic on|Xen call trace)",
    r"\(XEN\).*(FATAL TRAP|Dom0 (crashed|halted)|domain_crash|double fault)",
    r"\(XEN\).*Domain \d+.*crashed",
    r"\(XEN\).*(Attempt to (un)?map|[Bb]ad grant|Bad (flags|ref)|grant.*error)",
    r"\(XEN\) .*grant_table\.c.*(wrong|[Bb]ad|[Ii]nvalid|[Ee]rror|[Ff]ail)",
    r"(scsiback|pvscsi|gntdev|blkback).*grant.*(error|fail|still)",
    r"xen-scsiback.*\bleak", r"Attempted to release .* grant",
    r"WARNING: leaking g\.e\. and page",
)]

# Lines that look bad and are not.
HARMLESS = [re.compile(text) for text in (
    # Boot messages that only announce a debugging feature.
    r"(KASAN|KCSAN|UBSAN|kmemleak).*(initiali[sz]ed|automatic scanning)",
    r"rcu: .*RCU callback double-/use-after-free debug is enabled",
)]

# The emulated host will not come back from these.
FATAL = re.compile(
    r"Kernel panic - not syncing|\(XEN\).*(Panic on CPU|Domain 0 .*crashed|"
    r"Hardware Dom0 (crashed|halted)|FATAL TRAP|FATAL PAGE FAULT)")

CONTEXT_BEFORE, CONTEXT_AFTER = 3, 30


class Expected:
    """A line that a scenario says will come, and why it is no failure."""

    def __init__(self, pattern, required=True):
        self.pattern = re.compile(pattern)
        self.required = required
        self.seen = 0


def is_bad(line, expected=()):
    """expected excuses single lines only: a report is many lines, and each
    must be named, or the second problem would hide behind the first."""
    excused = False
    for item in expected:
        if item.pattern.search(line):
            item.seen += 1
            excused = True
    if excused or any(pattern.search(line) for pattern in HARMLESS):
        return False
    return any(pattern.search(line) for pattern in BAD)


def scan(text, expected=()):
    """Excerpts, each a list of lines; bad lines are marked with '>'."""
    lines = [line for line in re.split(r"[\r\n]+", text) if line]
    bad = [number for number, line in enumerate(lines)
           if is_bad(line, expected)]
    excerpts, shown = [], -1
    for number in bad:
        begin = max(number - CONTEXT_BEFORE, shown + 1)
        if number <= shown:
            continue
        end = number
        # A report goes on while its lines keep coming close together.
        for other in bad:
            if end < other <= end + 10:
                end = other
        end = min(max(end, number) + CONTEXT_AFTER, len(lines) - 1)
        excerpts.append([("> " if at in bad else "  ") + lines[at]
                         for at in range(begin, end + 1)])
        shown = end
    return excerpts


def is_fatal(text):
    found = FATAL.search(text)
    return text[found.start():].split("\n")[0].strip() if found else None
