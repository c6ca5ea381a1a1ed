# SPDX-License-Identifier: GPL-2.0
"""A guest's `mt` on a tape drive does what dom0's does: positions and status."""
from vscsilab.library import Library
from vscsilab.sidebyside import SideBySide

TIMEOUT = 1500
FAILS_ON = {"in-tree": "each file reads to its filemark"}
GUESTS = 1

SCRIPT = r"""
for number in 1 2 3; do
    head -c $((number * 15000)) /dev/zero | tr '\0' $number > file$number
done
# The block of 5000 bytes that is next on the tape, by the digit it is full of.
block() { get bs=6000 count=1; read -r -N 1 digit < got; echo "it is of file $digit"; }
is_of() { [ "${sum[1]} $digit" = "5000 $1" ]; }

say three files are written
mt rewind; mt setblk 0; where
for number in 1 2 3; do put if=file$number bs=5000; where; done
say each file reads to its filemark
mt rewind
for number in 1 2 3; do
    get bs=64k; must "file $number is what was written" cmp got file$number; where
done
say end of data
count bs=64k; count bs=64k; where
say rewind
mt rewind; where; block; must "the first file" is_of 1; where
say fsf
mt fsf 1; where; block; must "the second file" is_of 2
mt rewind; mt fsf 2; block; must "the third file" is_of 3
say bsf
mt bsf 1; where; block; mt bsf 2; where; block
say bsfm
mt rewind; mt fsf 2; mt bsfm 1; where; block
say fsfm
mt rewind; mt fsfm 1; where; block
say fsr and bsr
mt rewind; mt fsr 2; where; block; mt bsr 2; where
get bs=64k; must "two blocks are left" bytes 10000; mt bsr 1; where; block
say eod
mt eod; where; count bs=6000 count=1
say asf
mt asf 1; where; block; must "the second file" is_of 2
say to append
mt rewind; mt fsf 3; put if=file1 bs=5000; mt rewind; mt fsf 3
get bs=64k; must "the fourth file is what was written" cmp got file1
say past the ends
mt rewind; mt bsf 1; where; mt rewind; mt bsr 1; where
mt rewind; mt fsf 9; where; mt rewind; mt fsr 9; where
say weof
mt rewind; mt fsf 2; mt weof 2; where
mt rewind; mt fsf 2; get bs=64k; must "an empty file" bytes 0; get bs=64k; where
say tell and seek
mt tell; mt seek 1; where
say erase
mt rewind; mt erase; where
"""


def run(lab):
    lab.load_driver()
    library = Library(lab)
    pair = SideBySide(lab, library, lab.guests[0])
    pair.same(SCRIPT, lambda: library.mtx("load 1 0"))
    pair.close()
