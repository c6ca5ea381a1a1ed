# SPDX-License-Identifier: GPL-2.0
"""A tape drive behind target_core_user, for what tgt's drives lack: an early
warning and an end, positions, LOCATE, ERASE, write protection by the cartridge.

    tapedrive.py /dev/uioN KILOBYTES CARTRIDGES [LARGEST]

It has a stack of cartridges: UNLOAD ejects one, LOAD takes the next and after
the last the first again. The last is write-protected. LARGEST: bytes of a block, a megabyte if
it is not said.
"""
import mmap
import os
import struct
import sys

MARK = None
NO_SENSE, NOT_READY, MEDIUM, ILLEGAL, ATTENTION, PROTECT, BLANK, OVERFLOW = 0, 2, 3, 5, 6, 7, 8, 13
FM, EOM, ILI = 0x80, 0x40, 0x20
LENGTHS = {0: 6, 1: 10, 2: 10, 4: 16, 5: 12}
LARGEST = 1 << 20


class Sense(Exception):
    """CHECK CONDITION; flags and information of stream commands too."""

    def __init__(self, key, code=0, flags=0, info=None, data=b""):
        super().__init__(key)
        valid = 0x80 if info is not None else 0
        self.data = data
        self.bytes = struct.pack(">BBBiBIHB", 0x70 | valid, 0, flags | key, info or 0, 10, 0, code,
                                 0).ljust(18, b"\0")


class Cartridge:
    def __init__(self, protected):
        self.items, self.used, self.protected = [], 0, protected


class Drive:
    def __init__(self, kilobytes, cartridges, largest=LARGEST):
        self.largest = largest
        self.room = kilobytes << 10
        self.stack = [Cartridge(number + 1 == cartridges) for number in range(cartridges)]
        self.number, self.loaded, self.at, self.block = 0, True, 0, 0
        self.locked = self.changed = False
        self.density = 0x44

    @property
    def tape(self):
        return self.stack[self.number]

    def command(self, cdb, data):
        """Data for the initiator, or a Sense."""
        name = self.NAMES.get(cdb[0])
        if not name:
            raise Sense(ILLEGAL, 0x2000)
        if cdb[0] not in (0x12, 0x03):
            if self.changed:
                self.changed = False
                raise Sense(ATTENTION, 0x2800)
            if not self.loaded and cdb[0] not in (0x1b, 0x1e, 0x1a, 0x5a, 0x15, 0x05):
                raise Sense(NOT_READY, 0x3a00)
        return getattr(self, name)(cdb, data) or b""

    def ready(self, cdb, data):
        pass

    def rewind(self, cdb, data):
        self.at = 0

    def request_sense(self, cdb, data):
        return Sense(NO_SENSE).bytes[:cdb[4]]

    def limits(self, cdb, data):
        return struct.pack(">IH", self.largest, 1)

    def inquiry(self, cdb, data):
        if not cdb[1] & 1:
            text = b"LAB     STACKED-TAPE    0001"
            answer = bytes((1, 0x80, 5, 2, 31, 0, 0, 0)) + text
        else:
            pages = {0: bytes((0, 0x80, 0x83)), 0x80: b"LAB00001",
                     0x83: b"\x02\x01\0\x10LAB     LAB00001"}
            if cdb[2] not in pages:
                raise Sense(ILLEGAL, 0x2400)
            answer = struct.pack(">BBH", 1, cdb[2], len(pages[cdb[2]])) + pages[cdb[2]]
        return answer[:struct.unpack_from(">H", cdb, 3)[0]]

    def _modes(self, page, buffered=0x10):
        pages = {0x0f: bytes((0x0f, 14, 0xc0, 0x80)) + bytes(12),
                 0x10: bytes((0x10, 14)) + bytes(14)}
        if page not in (0, 0x3f, *pages):
            raise Sense(ILLEGAL, 0x2400)
        found = b"".join(pages[key] for key in pages if page in (key, 0x3f))
        block = struct.pack(">II", self.density << 24, self.block)
        return 0x80 * (self.loaded and self.tape.protected) | buffered, block, found

    def mode_sense6(self, cdb, data):
        device, block, found = self._modes(cdb[2] & 0x3f)
        block = b"" if cdb[1] & 8 else block
        return (bytes((3 + len(block) + len(found), 0, device, len(block))) + block + found)[:cdb[4]]

    def mode_sense10(self, cdb, data):
        device, block, found = self._modes(cdb[2] & 0x3f)
        block = b"" if cdb[1] & 8 else block
        head = struct.pack(">HBBHH", 6 + len(block) + len(found), 0, device, 0, len(block))
        return (head + block + found)[:struct.unpack_from(">H", cdb, 7)[0]]

    def mode_select(self, cdb, data):
        if len(data) >= 12 and data[3] == 8:
            self.density = data[4] or self.density
            self.block = int.from_bytes(data[9:12], "big")

    def _read_one(self, wanted):
        """The next block, for a buffer of so many bytes; the position moves past it."""
        if self.at >= len(self.tape.items):
            raise Sense(BLANK, 5, 0, wanted)
        item = self.tape.items[self.at]
        self.at += 1
        if item is MARK:
            raise Sense(NO_SENSE, 1, FM, wanted)
        return item

    def read(self, cdb, data):
        count, fixed = int.from_bytes(cdb[2:5], "big"), cdb[1] & 1
        if not fixed:
            if not count:
                return b""
            item = self._read_one(count)
            if len(item) != count and not (cdb[1] & 2 and len(item) < count):
                raise Sense(NO_SENSE, 0, ILI, count - len(item), item[:count])
            return item[:count]
        if not self.block or cdb[1] & 2:
            raise Sense(ILLEGAL, 0x2400)
        found = []
        for number in range(count):
            try:
                item = self._read_one(count - number)
            except Sense as sense:
                sense.data = b"".join(found)
                raise
            if len(item) != self.block:
                raise Sense(NO_SENSE, 0, ILI, count - number, b"".join(found))
            found.append(item)
        return b"".join(found)

    def _append(self, item):
        size = 0 if item is MARK else len(item)
        if self.tape.protected:
            raise Sense(PROTECT, 0x2700)
        for gone in self.tape.items[self.at:]:
            self.tape.used -= len(gone or b"")
        del self.tape.items[self.at:]
        if self.tape.used + size > self.room:
            return False
        self.tape.items.append(item)
        self.tape.used += size
        self.at += 1
        return True

    def _early(self):
        return self.tape.used > self.room - (self.room >> 3)

    def write(self, cdb, data):
        count, fixed = int.from_bytes(cdb[2:5], "big"), cdb[1] & 1
        if fixed and not self.block:
            raise Sense(ILLEGAL, 0x2400)
        size = self.block if fixed else count
        for number in range(count if fixed else min(count, 1)):
            if not self._append(data[number * size:number * size + size]):
                raise Sense(OVERFLOW, 2, EOM, count - number if fixed else count)
        if self._early():
            raise Sense(NO_SENSE, 2, EOM, 0)

    def marks(self, cdb, data):
        if cdb[1] & 2:
            raise Sense(ILLEGAL, 0x2400)
        for _ in range(int.from_bytes(cdb[2:5], "big")):
            self._append(MARK)
        if self._early():
            raise Sense(NO_SENSE, 2, EOM, 0)

    def space(self, cdb, data):
        kind, count = cdb[1] & 15, int.from_bytes(cdb[2:5], "big", signed=True)
        items = self.tape.items
        if kind == 3:
            self.at = len(items)
            return
        if kind > 1:
            raise Sense(ILLEGAL, 0x2400)
        step, left = (1, count) if count > 0 else (-1, -count)
        while left:
            if step > 0 and self.at == len(items):
                raise Sense(BLANK, 5, 0, left)
            if step < 0 and not self.at:
                raise Sense(NO_SENSE, 4, EOM, left)
            item = items[self.at if step > 0 else self.at - 1]
            self.at += step
            if item is MARK and not kind:
                raise Sense(NO_SENSE, 1, FM, left)
            left -= kind == (item is MARK)

    def erase(self, cdb, data):
        if self.tape.protected:
            raise Sense(PROTECT, 0x2700)
        del self.tape.items[self.at:]
        self.tape.used = sum(len(item or b"") for item in self.tape.items)

    def load(self, cdb, data):
        load = cdb[4] & 1
        if not load and self.locked:
            raise Sense(ILLEGAL, 0x5302)
        if load and not self.loaded:
            self.number = (self.number + 1) % len(self.stack)
            self.changed = True
        self.loaded, self.at = bool(load), 0

    def prevent(self, cdb, data):
        self.locked = bool(cdb[4] & 1)

    def locate(self, cdb, data):
        wanted = int.from_bytes(cdb[3:7], "big")
        self.at = min(wanted, len(self.tape.items))
        if wanted > self.at:
            raise Sense(BLANK, 5)

    def position(self, cdb, data):
        flags = 0x80 * (not self.at) | 0x40 * self._early()
        if cdb[1] & 31 == 6:
            files = self.tape.items[:self.at].count(MARK)
            return struct.pack(">B3xIQQ8x", flags, 0, self.at, files)
        if cdb[1] & 31 > 1:
            raise Sense(ILLEGAL, 0x2400)
        return struct.pack(">B3xII4x4x", flags, self.at, self.at)

    NAMES = {0x00: "ready", 0x01: "rewind", 0x03: "request_sense", 0x05: "limits", 0x08: "read",
             0x0a: "write", 0x10: "marks", 0x11: "space", 0x12: "inquiry", 0x15: "mode_select",
             0x19: "erase", 0x1a: "mode_sense6", 0x1b: "load", 0x1e: "prevent", 0x2b: "locate",
             0x34: "position", 0x5a: "mode_sense10"}


class Ring:
    """linux/target_core_user.h"""

    def __init__(self, path):
        self.device = os.open(path, os.O_RDWR)
        uio = f"/sys/class/uio/{os.path.basename(path)}"
        with open(f"{uio}/maps/map0/size", encoding="ascii") as file:
            self.map = mmap.mmap(self.device, int(file.read(), 0))
        self.start, self.size = struct.unpack_from("<II", self.map, 4)

    def serve(self, drive):
        while True:
            os.read(self.device, 4)
            while self._next(drive):
                pass

    def _next(self, drive):
        head, = struct.unpack_from("<I", self.map, 12)
        tail, = struct.unpack_from("<I", self.map, 64)
        if head == tail:
            return False
        entry = self.start + tail
        word, = struct.unpack_from("<I", self.map, entry)
        if word & 7 == 1:
            self._command(drive, entry)
        struct.pack_into("<I", self.map, 64, (tail + (word & ~7)) % self.size)
        os.write(self.device, bytes(4))
        return True

    def _command(self, drive, entry):
        count, = struct.unpack_from("<I", self.map, entry + 8)
        where, = struct.unpack_from("<Q", self.map, entry + 24)
        cdb = self.map[where:where + LENGTHS.get(self.map[where] >> 5, 16)]
        pieces = [struct.unpack_from("<QQ", self.map, entry + 48 + 16 * number)
                  for number in range(count)]
        data = b"".join(self.map[at:at + size] for at, size in pieces)
        status, sense = 0, b""
        try:
            answer = drive.command(cdb, data)
        except Sense as problem:
            status, sense, answer = 2, problem.bytes, problem.data
        length = len(answer)
        for at, size in pieces:
            part, answer = answer[:size], answer[size:]
            self.map[at:at + len(part)] = part
        if length:
            self.map[entry + 7] |= 2
        struct.pack_into("<BBHI96s", self.map, entry + 8, status, 0, 0, length, sense)


if __name__ == "__main__":
    RING = Ring(sys.argv[1])
    print("ready", flush=True)
    RING.serve(Drive(*map(int, sys.argv[2:])))
