# SPDX-License-Identifier: GPL-2.0
"""Scripts for the program `hostile`: requests, and cases with their answers."""
import fnmatch

# Pages of the guest: data of sixteen requests of the largest size, the lists
# of these, then some for single requests.
LISTS = 16 * 128
FREE = LISTS + 16

GOOD, CHECK = "0", "0x2"
NO_CONNECT, ERROR, ABORTED = "0x10000", "0x70000", "0x80000"
TASK_DONE, TASK_FAILED = "0x2002", "0x2003"
BAD_FIELD = "05/24/00"

COMMAND, ABORT, RESET = 1, 2, 3
OUT, IN, NONE = 1, 2, 3
INDIRECT = 0x80
PATTERN = 0xa5


def inquiry(length=36):
    return bytes([0x12, 0, 0, length >> 8, length & 0xff, 0])


def ten(opcode, lba, blocks):
    return bytes([opcode, 0, *lba.to_bytes(4, "big"), 0, *blocks.to_bytes(2, "big"), 0])


def read(lba, blocks):
    return ten(0x28, lba, blocks)


def write(lba, blocks):
    return ten(0x2a, lba, blocks)


TEST_UNIT_READY = bytes(6)
MODE_SENSE = bytes([0x5a, 0, 0x3f, 0, 0, 0, 0, 0xff, 0xff, 0])
REPORT_LUNS = bytes([0xa0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0])
READ_CAPACITY = bytes([0x9e, 0x10, *bytes(8), 0, 0, 0xff, 0xff, 0, 0])


def request(cdb, seg=(), rqid=1, **fields):
    """seg: strings, page/offset/length. Any field can be made wrong."""
    seg = [seg] if isinstance(seg, str) else seg
    values = {"rqid": rqid, "action": COMMAND, "cdb": cdb.hex(), "length": len(cdb),
              "direction": IN if seg else NONE, "segments": len(seg), **fields}
    return " ".join(["request", *(f"{key}={value}" for key, value in values.items()),
                     *(f"seg={item}" for item in seg)])


def pages(first, count):
    """Segments that are whole pages."""
    return [f"{first + number}/0/4096" for number in range(count)]


def large(number, cdb, **fields):
    """A request of 128 pages by a list; number (0 to 15) says which pages."""
    return [f"list {LISTS + number} 0 {number * 128}/0/4096*128",
            request(cdb, f"{LISTS + number}/0/1024", rqid=number + 1,
                    **{"direction": IN, **fields, "segments": INDIRECT | 1})]


def answer(result=GOOD, residual=0, sense="-", rqid=1):
    return f"{rqid} {result} {residual} {sense}"


class Case:
    """Lines of a script and the lines that must come back, in any order."""

    def __init__(self, name, lines, wanted):
        self.name = name
        self.lines = [lines] if isinstance(lines, str) else list(lines)
        self.wanted = [wanted] if isinstance(wanted, str) else list(wanted)

    def judge(self, lines):
        left = list(lines)
        for wanted in self.wanted:
            found = next((line for line in left if fnmatch.fnmatchcase(line, wanted)), None)
            if found is None:
                return f"no '{wanted}' in {lines}"
            left.remove(found)
        return f"beyond what was expected: {left}" if left else ""


# What works must go on working, whatever came before it.
WELL = ["case well", request(inquiry(), f"{FREE + 100}/0/36", rqid=777), "go"]
WELL_ANSWER = answer(rqid=777)


def script(cases):
    lines = list(WELL)
    for number, case in enumerate(cases):
        lines += [f"case {number}", *case.lines, *WELL]
    return "\n".join(lines) + "\n"


def check(lab, cases, output):
    """Compare what the script of these cases printed."""
    blocks = [block.split("\n") for block in f"\n{output}".split("\ncase ")[1:]]
    blocks = [(head, [line for line in lines if line]) for head, *lines in blocks]
    lab.check("a valid INQUIRY works to begin with", blocks[:1] == [("well", [WELL_ANSWER])], output)
    for number, case in enumerate(cases):
        at = next((i for i, (head, _) in enumerate(blocks) if head == str(number)), None)
        if at is None:
            lab.check(case.name, False, "the program did not get there: " + output[-500:])
            continue
        problem = case.judge(blocks[at][1])
        after = blocks[at + 1:at + 2]
        if not problem and after != [("well", [WELL_ANSWER])]:
            problem = f"afterwards INQUIRY no longer works: {after}"
        lab.check(case.name, not problem, problem)
