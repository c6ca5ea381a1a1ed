# SPDX-License-Identifier: GPL-2.0
"""ISO 9660 images (ECMA-119) with one file, which is called data."""
import random

SECTOR = 2048
VOLUME, END, ROOT, TABLE_L, TABLE_M, DATA = range(16, 22)
NO_DATE = b"0" * 16 + b"\0"
DIRECTORY = 2


def _both(value, size):
    return value.to_bytes(size, "little") + value.to_bytes(size, "big")


def _record(name, sector, size, flags=0):
    """9.1: of a file or directory."""
    rest = (b"\0" + _both(sector, 4) + _both(size, 4) + bytes([100, 1, 1, 0, 0, 0, 0, flags, 0, 0]) + _both(1, 2)
            + bytes([len(name)]) + name + (b"" if len(name) % 2 else b"\0"))
    return bytes([len(rest) + 1]) + rest


def _table(order):
    """9.4: the root alone."""
    return b"\1\0" + ROOT.to_bytes(4, order) + (1).to_bytes(2, order) + b"\0\0"


def _volume(sectors):
    """8.4, the primary volume descriptor."""
    table = _table("little")
    text = (b"\1CD001\1\0" + b"LAB".ljust(32) + b"LAB".ljust(32) + bytes(8) + _both(sectors, 4) + bytes(32)
            + _both(1, 2) * 2 + _both(SECTOR, 2) + _both(len(table), 4) + TABLE_L.to_bytes(4, "little") + bytes(4)
            + TABLE_M.to_bytes(4, "big") + bytes(4) + _record(b"\0", ROOT, SECTOR, DIRECTORY)
            + b" " * (128 * 4 + 37 * 3) + NO_DATE * 4 + b"\1")
    return text.ljust(SECTOR, b"\0")


def image(sectors, seed):
    """So many sectors of 2048 bytes in all; seed makes the file's data."""
    size = (sectors - DATA) * SECTOR
    root = (_record(b"\0", ROOT, SECTOR, DIRECTORY) + _record(b"\1", ROOT, SECTOR, DIRECTORY)
            + _record(b"DATA.;1", DATA, size))
    parts = {VOLUME: _volume(sectors), END: b"\xffCD001\1", ROOT: root, TABLE_L: _table("little"),
             TABLE_M: _table("big")}
    head = b"".join(parts.get(number, b"").ljust(SECTOR, b"\0") for number in range(DATA))
    return head + random.Random(seed).randbytes(size)


def data(disc):
    """What the file has."""
    return disc[DATA * SECTOR:]
