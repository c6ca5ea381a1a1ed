# SPDX-License-Identifier: GPL-2.0
"""Tape blocks of 512 KiB to 4 MiB in a guest with our frontend, and cartridges that change between it and dom0."""
from vscsilab.sidebyside import SideBySide
from vscsilab.stacker import Stacker

TIMEOUT = 1200
DRIVERS = ("ours",)
FRONTEND = "ours"
GUESTS = 1
LONG = True
LARGEST = 4 << 20
SIZES = "524288 524289 1000000 1048576 2097152 4194304"

PREPARE = f"sizes='{SIZES}'; most=20000000" + r"""
[ -e data ] || python3 -c 'import random
open("/tmp/data", "wb").write(random.Random(11).randbytes(2 << 22))'
same_as() { head -c $1 data | cmp - got; }
"""
WRITE = r"""
mt rewind; mt setblk 0
for size in $sizes; do
    say variable blocks of $size bytes are written
    put if=data bs=$size count=2
done
"""
READ = r"""
mt rewind; mt setblk 0
for size in $sizes; do
    say variable blocks of $size bytes are read
    get bs=$size; must "as written" same_as $((2 * size)); where
done
"""
OTHERS = r"""
say every block with one large buffer
mt rewind
for size in $sizes; do get bs=4M; must "two blocks of $size" same_as $((2 * size)); done
say one byte more than the drive takes
mt rewind; put if=data bs=4194305 count=1; where
say a buffer too small is an error, the block is not cut
mt rewind; get bs=512000 count=1; must "nothing" bytes 0; get bs=512k count=1; must "the next one" bytes 524288
for size in 512 65536 524288; do
    say fixed blocks of $size bytes, to 4 MiB at a time
    mt rewind; mt setblk $size; put if=data bs=4M count=2; where
    mt rewind; get bs=4M; must "as written" same_as 8388608; where
done
say as LTFS writes
mt setblk 0; mt rewind; put if=data bs=80 count=1; put if=data bs=512k count=1
put if=data bs=512k count=9; put if=data bs=512k count=2; mt rewind; mt fsf 2
get bs=512k; must "the files" same_as 4718592; where; get bs=512k; must "the index" same_as 1048576
for factor in 1024 2048; do
    say an archive of tar -b $factor
    mt rewind; tar -b $factor -c -f $tape data; echo "tar: $?"; mt rewind
    mkdir -p back; tar -b $factor -x -f $tape -C back; echo "tar: $?"; must "it comes back" cmp data back/data
done
"""


def run(lab):
    lab.load_driver()
    stacker = Stacker(lab, kilobytes=64 << 10, cartridges=2, largest=LARGEST)
    guest, = lab.guests
    pair = SideBySide(lab, stacker, guest)
    found = pair.same(PREPARE + WRITE + READ + OTHERS)
    lab.check("dom0 has blocks of 4 MiB", "write if=data bs=4194304 count=2: 0" in str(found), found)
    for writer, reader in ((lab.dom0, guest), (guest, lab.dom0)):
        stacker.reset()
        what = "dom0's cartridge in the guest: {}" if writer is lab.dom0 else "the guest's cartridge in dom0: {}"
        pair.run(writer, PREPARE + WRITE)
        wanted = pair.run(writer, PREPARE + READ)
        pair.compare(wanted, pair.run(reader, PREPARE + READ), what)
    pair.close()
