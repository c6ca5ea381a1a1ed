# SPDX-License-Identifier: GPL-2.0
"""A cartridge that is full, one that is write-protected, and none."""
from vscsilab.library import Library
from vscsilab.sidebyside import SideBySide

TIMEOUT = 1500
FAILS_ON = {"in-tree": "both can be read"}
GUESTS = 1
LONG = True

DATA = r"""
python3 -c 'import random
open("/tmp/data", "wb").write(random.Random(3).randbytes(2 << 20))'
"""

FULL = DATA + r"""
fill() { timeout 60 dd if=$1 of=$tape bs=$2 count=$3 2>&1 | sed -e '/copied/d' -e 's/.*: //'; }
mt rewind; mt setblk 0
say what fits
fill data 64k 32; where
say what does not
fill /dev/zero 64k 100; where
say both can be read
mt rewind; most=4000000 get bs=64k; must "the first file" cmp got data; where
most=4000000 get bs=64k; must "most of the second" [ ${sum[1]} -ge 900000 ]; where
say written over, there is room again
mt rewind; fill data 32k 32; mt rewind; get bs=64k; must "a megabyte" bytes 1048576; where
say full with fixed blocks
mt setblk 1024; mt rewind; fill /dev/zero 64k 100; where; mt rewind; mt setblk 0
"""

PROTECTED = DATA + r"""
say status
mt rewind; mt setblk 0; where
say a write
put if=data bs=64k count=3; where
say a filemark, erase
mt weof 1; mt erase; where
say mode sense
run sg_modes $drive
say read
get bs=64k count=1; must "what was written before" cmp got <(head -c 65536 /dev/zero)
"""

EMPTY = DATA + r"""
# st remembers of a protected cartridge what it was told last.
change load 1 0; mt rewind; where; change unload 1 0
turs() { run sg_turs -v $drive | sed 's/^ *//'; }
say status
turs; turs; where
say read and write that do not wait
get bs=4k count=1 iflag=nonblock; put if=data bs=4k count=1 oflag=nonblock
say load, settings
mt load; mt setblk 512; mt setblk 0; where
say what waits for a cartridge goes on waiting
timeout 4 mt -f $tape rewind; echo $?
say one comes
change load 1 0; mt rewind; put if=data bs=64k count=2; mt rewind; get bs=64k count=2
must "what was written" cmp got <(head -c 131072 data)
say it goes while there is a position
change unload 1 0; get bs=64k iflag=nonblock count=1; where; turs
"""


def run(lab):
    lab.load_driver()
    library = Library(lab, limits={"T00002": 3072})
    pair = SideBySide(lab, library, lab.guests[0])

    def protect():
        # Something must be on it: tgt reads a blank cartridge without end.
        library.mtx("load 1 0")
        lab.dom0.run("dd if=/dev/zero of=/tmp/tape bs=64k count=4 status=none")
        library.mtx("unload 1 0")
        library.write_protect(True)
        library.mtx("load 1 0")
    pair.same(FULL, lambda: library.mtx("load 2 0"))
    written = pair.same(PROTECTED, protect)
    lab.check("it is write-protected in dom0", "WR_PROT" in str(written["status"]), written)
    lab.check("and refuses to be written", "Read-only" in str(written["a write"]), written)
    pair.same(EMPTY)
    pair.close()
