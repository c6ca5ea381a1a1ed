# SPDX-License-Identifier: GPL-2.0
"""Writes numbered blocks, one after the other, and keeps count of those that were acknowledged.

    writer.py COUNTS NAME MODE DEVICE BLOCKS [NAME MODE DEVICE BLOCKS]...

COUNTS is a file with a line of eight digits for each NAME. MODE is how a block is made to last: "flush" and
"cached" by fdatasync, past the page cache and through it; "dsync" by O_DSYNC; "fua" by a WRITE with FUA, of
which DEVICE is the generic node; "none" not at all. A block's contents follow from NAME and its number.
"""
import ctypes
import fcntl
import hashlib
import mmap
import os
import sys
import threading
import time

SIZE, SECTOR = 4096, 512
FLAGS = {"flush": os.O_DIRECT, "cached": 0, "dsync": os.O_DIRECT | os.O_DSYNC, "fua": 0, "none": os.O_DIRECT}
SG_IO, TO_DEVICE = 0x2285, -2
WRITE10, FUA = 0x2a, 8
UNIT_ATTENTION = 6
# Seconds between blocks that need not last, so that there are always young ones.
PAUSE = 0.02


class SgHeader(ctypes.Structure):
    """struct sg_io_hdr of <scsi/sg.h>"""
    _fields_ = [("interface_id", ctypes.c_int), ("direction", ctypes.c_int), ("cmd_len", ctypes.c_ubyte),
                ("mx_sb_len", ctypes.c_ubyte), ("iovec_count", ctypes.c_ushort), ("length", ctypes.c_uint),
                ("data", ctypes.c_void_p), ("cdb", ctypes.c_void_p), ("sense", ctypes.c_void_p),
                ("timeout", ctypes.c_uint), ("flags", ctypes.c_uint), ("pack_id", ctypes.c_int),
                ("usr_ptr", ctypes.c_void_p), ("status", ctypes.c_ubyte), ("masked_status", ctypes.c_ubyte),
                ("msg_status", ctypes.c_ubyte), ("sb_len_wr", ctypes.c_ubyte), ("host_status", ctypes.c_ushort),
                ("driver_status", ctypes.c_ushort), ("resid", ctypes.c_int), ("duration", ctypes.c_uint),
                ("info", ctypes.c_uint)]


def block(name, number):
    head = f"{name} {number:08d} ".encode()
    return head + hashlib.shake_128(head).digest(SIZE - len(head))


def write_through(file, number, data):
    """A WRITE with FUA; once more after a unit attention, which tells of LUNs that came later."""
    cdb = (ctypes.c_ubyte * 10)(WRITE10, FUA, *(number * SIZE // SECTOR).to_bytes(4, "big"), 0,
                                *(SIZE // SECTOR).to_bytes(2, "big"), 0)
    sense, held = (ctypes.c_ubyte * 32)(), ctypes.create_string_buffer(data, SIZE)
    header = SgHeader(interface_id=ord("S"), direction=TO_DEVICE, cmd_len=len(cdb), mx_sb_len=len(sense),
                      length=SIZE, data=ctypes.addressof(held), cdb=ctypes.addressof(cdb),
                      sense=ctypes.addressof(sense), timeout=60000)
    fcntl.ioctl(file, SG_IO, header)
    if header.status and sense[2] & 0xf == UNIT_ATTENTION:
        fcntl.ioctl(file, SG_IO, header)
    if header.status or header.host_status:
        raise OSError(f"status {header.status:#x}, host {header.host_status:#x}, sense {bytes(sense).hex()}")


def write(counts, slot, name, mode, device, blocks):
    file = os.open(device, os.O_RDWR | FLAGS[mode])
    # O_DIRECT wants memory that is aligned.
    memory = mmap.mmap(-1, SIZE)
    for number in range(int(blocks)):
        memory[:] = block(name, number)
        if mode == "fua":
            write_through(file, number, memory[:])
        elif os.pwrite(file, memory, number * SIZE) != SIZE:
            raise OSError("a short write")
        if mode in ("flush", "cached"):
            os.fdatasync(file)
        os.pwrite(counts, b"%08d\n" % (number + 1), 9 * slot)
        if mode == "none":
            time.sleep(PAUSE)


def guarded(name, *words):
    try:
        write(*words)
    except OSError as error:
        print(f"{name}: {error}", flush=True)


def main():
    places = [sys.argv[at:at + 4] for at in range(2, len(sys.argv), 4)]
    counts = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
    os.pwrite(counts, b"%08d\n" % 0 * len(places), 0)
    threads = [threading.Thread(target=guarded, args=(place[0], counts, slot, *place))
               for slot, place in enumerate(places)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
