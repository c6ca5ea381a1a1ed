# SPDX-License-Identifier: GPL-2.0
"""The ch driver's ioctls (linux/chio.h): what a changer has, and one move."""
import fcntl
import struct
import sys

KINDS = ("picker", "slot", "portal", "drive")
WRITE, READ = 1, 2


def call(device, direction, number, data):
    code = direction << 30 | len(data) << 16 | ord("c") << 8 | number
    buffer = bytearray(data)
    try:
        fcntl.ioctl(device, code, buffer)
    except OSError as error:
        print(f"ioctl {number}: {error.strerror}")
        return None
    return bytes(buffer)


def element(device, kind, unit):
    """CHIOGELEM."""
    answer = call(device, WRITE, 16, struct.pack("8i36s36si", kind, unit, *[0] * 6, b"", b"", 0))
    if answer:
        status, code = struct.unpack_from("2i", answer, 8)
        source, flags = struct.unpack_from("2i", answer, 16), struct.unpack_from("i", answer, 104)[0]
        tag = answer[32:68].split(b"\0")[0].decode("ascii", "replace").strip()
        print(f"{KINDS[kind]} {unit}: status {status:#x} {code} from {source} flags {flags:#x} [{tag}]")


def move(device, words):
    """CHIOMOVE, from kind and unit to kind and unit."""
    if call(device, WRITE, 1, struct.pack("5i", *words, 0)) is not None:
        print("moved")


def main():
    with open(sys.argv[1], "rb", buffering=0) as device:
        words = [int(word) for word in sys.argv[2:]]
        if words:
            move(device, words)
            return
        answer = call(device, READ, 6, bytes(20))
        if not answer:
            return
        current, *counts = struct.unpack("5i", answer)
        print("picker", current, "of", dict(zip(KINDS, counts)))
        for kind, count in enumerate(counts):
            for unit in range(count):
                element(device, kind, unit)
        element(device, 1, counts[1])


main()
