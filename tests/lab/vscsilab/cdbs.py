# SPDX-License-Identifier: GPL-2.0
"""CDBs, and how each ends that a place sends to a device as it is, without retries."""
import re

from . import tools

TEST_UNIT_READY = bytes(6)
# How the tool says it.
GOOD, CONFLICT = "good", "status 0x18"


def six(opcode, lba, blocks):
    """256 blocks are the most, and said as 0."""
    return bytes([opcode, *lba.to_bytes(3, "big"), blocks & 0xff, 0])


def ten(opcode, lba, blocks, flags=0):
    return bytes([opcode, flags, *lba.to_bytes(4, "big"), 0, *blocks.to_bytes(2, "big"), 0])


def twelve(opcode, lba, blocks):
    return bytes([opcode, 0, *lba.to_bytes(4, "big"), *blocks.to_bytes(4, "big"), 0, 0])


def sixteen(opcode, lba, blocks, flags=0):
    return bytes([opcode, flags, *lba.to_bytes(8, "big"), *blocks.to_bytes(4, "big"), 0, 0])


READ_CAPACITY10 = ten(0x25, 0, 0)
READ_CAPACITY16 = sixteen(0x9e, 0, 32, 0x10)
REPORT_PORT_GROUPS = bytes([0xa3, 0x0a, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])


def reads(cdb, size, file=""):
    """A line for Node.ask; file: where the data go to."""
    return f"{cdb.hex()} in {size} {file}"


def writes(cdb, data):
    return f"{cdb.hex()} out {data.hex()}"


def writes_file(cdb, file, size):
    return f"{cdb.hex()} from {file} {size}"


def sends(cdb):
    return f"{cdb.hex()} none"


class Answer:
    """said: "good", a sense like "3/11/00", "status 0x18" or "host 1"; moved: bytes, by the
    residual; at: INFORMATION, or None if it is not valid."""

    def __init__(self, line):
        found = re.fullmatch(r"(.*) (\d+) bytes(?: at (\d+))?", line)
        self.said, self.moved = found.group(1), int(found.group(2))
        self.at = found.group(3) and int(found.group(3))

    def __repr__(self):
        return f"{self.said}, {self.moved} bytes" + ("" if self.at is None else f" at {self.at}")


class Node:
    """A SCSI generic node of dom0 or a guest."""

    def __init__(self, place, node):
        self.place, self.node = place, node
        if place.run("[ -d /sys/module/sg ] || modprobe sg; command -v cdbs", check=False).rc:
            tools.install(place, "cdbs")

    def ask(self, *lines):
        """An Answer for each."""
        out = self.place.run(f"cdbs -d {self.node}", timeout=90, stdin="".join(f"{line}\n" for line in lines)).out
        return [Answer(line) for line in out.splitlines()]

    def ends(self, *lines):
        """How each ended, and no more."""
        return [answer.said for answer in self.ask(*lines)]

    def send(self, *cdbs, reads=0):
        """The same of CDBs that all read so much, or nothing."""
        data = f"in {reads}" if reads else "none"
        return self.place.run(f"cdbs {self.node}", timeout=90, stdin="".join(
            f"{cdb.hex()} {data}\n" for cdb in cdbs)).out.splitlines()

    def settle(self):
        """Takes the unit attentions."""
        self.place.poll(f"sg_turs {self.node}")

    def reset(self):
        """A LOGICAL UNIT RESET and nothing stronger; the exit code."""
        return self.place.run(f"sg_reset -d -N {self.node}", timeout=90, check=False).rc
