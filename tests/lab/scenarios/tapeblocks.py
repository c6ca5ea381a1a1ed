# SPDX-License-Identifier: GPL-2.0
"""Tape blocks of all sizes: variable and fixed, short, too large, over filemarks."""
from vscsilab.library import Library
from vscsilab.sidebyside import SideBySide

TIMEOUT = 1500
FAILS_ON = {"in-tree": "variable blocks of .* are read"}
GUESTS = 1
LONG = True
# The stock frontend's largest request. Beyond it a guest gets an error where
# dom0, whose iSCSI takes a megabyte, gets none.
LARGEST = 520192

PREPARE = r"""
python3 -c 'import random
open("/tmp/data", "wb").write(random.Random(7).randbytes(1100000))'
same_as() { head -c $1 data | cmp - got; }
"""

SCRIPT = PREPARE + r"""
sizes="512 513 1000 4096 10240 32768 65536 100001 262144 520192"
mt rewind; mt setblk 0
for size in $sizes; do
    say variable blocks of $size bytes are written
    put if=data bs=$size count=2
done
mt rewind
for size in $sizes; do
    say variable blocks of $size bytes are read
    get bs=$size; must "as written" same_as $((2 * size)); where
done
say every block with one large buffer
mt rewind
for size in $sizes; do
    get bs=508k
    # tgt gives dom0 other bytes for this one too.
    [ $size = 262144 ] || must "two blocks of $size" same_as $((2 * size))
done
where
say a short read is one block
mt rewind; mt fsf 4; get bs=64k count=1; must "10240 bytes" same_as 10240; where
get bs=64k count=1; must "the next one" bytes 10240
say then nothing at the filemark, then the next file
get bs=64k count=1; must "nothing" bytes 0; where
get bs=64k count=1; must "32768 bytes" same_as 32768
say a buffer too small is an error, the block is not cut
mt rewind; mt fsf 4; get bs=8000 count=1; must "nothing" bytes 0; where
get bs=64k count=1; must "the block after it" bytes 10240; where
say a block with one byte too little room
mt rewind; mt fsf 9; get bs=520191 count=1; must "nothing" bytes 0; where

for size in 512 1024 4096 32768; do
    say fixed blocks of $size bytes, eight at a time
    mt rewind; mt setblk $size; put if=data bs=$((8 * size)) count=2; where
    mt rewind; get bs=$((8 * size)); must "as written" same_as $((16 * size)); where
    mt rewind; get bs=$size; must "as written, one by one" same_as $((16 * size))
done
say fixed blocks, a request that ends behind the filemark
mt setblk 512; mt rewind; put if=data bs=10k count=1; put if=data bs=5k count=1; mt rewind
get bs=16k count=1; must "twenty blocks" same_as 10240; where
get bs=16k count=1; where; count bs=16k count=1; where
say fixed blocks, as much as the frontend takes
mt rewind; put if=data bs=508k count=2; mt rewind; get bs=508k
must "as written" same_as 1040384; where
say fixed blocks, a write of half a block
mt rewind; put if=data bs=700 count=1; where
say fixed blocks, a block of another size
mt rewind; put if=data bs=4k count=1; mt rewind; mt setblk 1024; get bs=4k; where
mt setblk 0; mt rewind; get bs=4k count=1; must "one block" same_as 512
say end of data
mt setblk 0; mt rewind; put if=data bs=64k count=1; count bs=64k; count bs=64k; where
"""

BEYOND = PREPARE + r"""
say write
mt rewind; mt setblk 0; put if=data bs=524288 count=1; put if=data bs=1M count=1
say read
mt rewind; get bs=524288 count=1; get bs=1M count=1
say fixed blocks
mt rewind; mt setblk 512; put if=data bs=524288 count=1
say in order again
mt rewind; mt setblk 0; put if=data bs=64k count=4; mt rewind; get bs=508k
must "as written" same_as 262144
"""


def run(lab):
    lab.load_driver()
    library = Library(lab)
    pair = SideBySide(lab, library, lab.guests[0])

    def load():
        library.mtx("load 1 0")
    pair.same(SCRIPT, load)
    library.reset()
    load()
    wanted = pair.run(lab.dom0, BEYOND)
    got = pair.run(lab.guests[0], BEYOND)
    if lab.frontend == "ours":
        pair.compare(wanted, got)
        pair.close()
        return
    lab.check("dom0 writes and reads a megabyte",
              "write if=data bs=1M count=1: 0" in wanted["write"], wanted)
    for section, size in (("write", "524288"), ("write", "1M"), ("read", "1M"),
                          ("fixed blocks", "524288")):
        found = [line for line in got.get(section, []) if f"bs={size} " in line]
        lab.check(f"beyond {LARGEST} bytes a guest's {section} of {size} is refused as busy",
                  found and "resource busy" in found[0], found)
    pair.compare({"in order again": wanted["in order again"]}, got)
    pair.close()
