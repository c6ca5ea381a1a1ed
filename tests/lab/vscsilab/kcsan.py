# SPDX-License-Identifier: GPL-2.0
"""Which of KCSAN's reports are of the module: the kernel itself has races that its people accept."""
import re

MODULE = "xen_scsiback"
BEGIN = re.compile(r"BUG: KCSAN: (.*)")
END = "Reported by Kernel Concurrency Sanitizer"
ACCESS = re.compile(r"\b(read|write|read-write|race at unknown origin)\b.* (to|at) 0x[0-9a-f]+ .*\bby (task|interrupt)")
FRAME = re.compile(r"\] +(\S+)\+0x[0-9a-f]+/0x[0-9a-f]+(?: \[(\w+)\])?")
# No report is longer, and one that breaks off must not swallow the log.
LONGEST = 120


def _reports(lines):
    """(first, last) of each; what is cut off is the longest."""
    at = 0
    while at < len(lines):
        if BEGIN.search(lines[at]):
            end = next((number for number in range(at, min(at + LONGEST, len(lines))) if END in lines[number]),
                       min(at + LONGEST, len(lines)) - 1)
            yield at, end
            at = end
        at += 1


def _stacks(lines):
    """Of each access the modules of its functions, the innermost first."""
    stacks = []
    for line in lines:
        if ACCESS.search(line):
            stacks.append([])
        elif stacks and (found := FRAME.search(line)):
            stacks[-1].append(found.group(2))
    return stacks


def ours(report):
    """If one access is made by the module itself, or both on its behalf; or if that cannot be told."""
    stacks = _stacks(report)
    if not stacks or not all(stacks):
        return True
    return any(stack[0] == MODULE for stack in stacks) or all(MODULE in stack for stack in stacks)


def split(text):
    """The log without reports that are none of ours, and what those are called."""
    lines = re.split(r"[\r\n]+", text)
    others = []
    for first, last in _reports(lines):
        if not ours(lines[first:last + 1]):
            others.append(BEGIN.search(lines[first]).group(1).strip())
            lines[first] = ""
    return "\n".join(lines), others
