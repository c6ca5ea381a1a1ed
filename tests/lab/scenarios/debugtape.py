# SPDX-License-Identifier: GPL-2.0
"""Another kind of tape drive, scsi_debug's: a guest's `mt` and `dd` do what dom0's do, with two partitions and an early warning."""
from vscsilab.debugtape import DebugTape
from vscsilab.sidebyside import SideBySide

TIMEOUT = 1500
DRIVERS = ("ours",)
GUESTS = 1
LONG = True

SCRIPT = r"""
# Blocks by their first byte and their length: no more is kept.
fill() { head -c $2 /dev/zero | tr '\0' $1 > block; }
# block SIZE: the next one, read with so much room.
block() {
    timeout 60 dd if=$tape status=none bs=$1 count=1 2> err > got; local rc=$?
    digit=; read -r -N 1 digit < got; size=$(stat -c %s got); errors err
    echo "read $1: $rc $size bytes of $digit$text"
}
is() { [ "$digit $size" = "$1 $2" ]; }

say three files of blocks are written
mt rewind; mt setblk 0; where
for number in 1 2 3; do fill $number $((number * 5000)); put if=block bs=$((number * 5000)); done
fill 4 20000; put if=block bs=2000; where
say each reads to its filemark
mt rewind
for number in 1 2 3; do
    block 64k; must "block $number" is $number $((number * 5000)); block 64k; must "a filemark" is "" 0; where
done
block 64k; must "a block of the fourth" is 4 2000
say end of data
mt eod; where; block 64k; where
say over files, both ways
mt rewind; mt fsf 2; block 64k; must "the third" is 3 15000; where
mt bsf 1; where; mt bsf 1; where; mt rewind; mt fsf 9; where; mt rewind; mt bsf 1; where
say over blocks, both ways
mt rewind; mt fsf 3; mt fsr 4; where; block 64k; must "the fifth" is 4 2000; mt bsr 2; where
mt rewind; mt bsr 1; where; mt fsr 9; where
say tell and seek
mt rewind; mt fsf 3; mt tell; mt seek 2; where; mt tell; block 64k; must "the second" is 2 10000
say a block that is too large for its buffer
mt rewind; mt fsf 2; block 8000; must "nothing" is "" 0; where
say a filemark too many, and data after it
mt rewind; mt fsf 1; mt weof 2; where; mt rewind; mt fsf 1; block 64k; must "nothing" is "" 0; where
say to append
mt eod; fill 7 3000; put if=block bs=3000; mt bsf 2; where; mt fsf 1; block 64k; must "it" is 7 3000
say blocks of one size
mt rewind; mt setblk 512; where; fill 5 8192; put if=block bs=4k; where
mt rewind; block 2k; must "four of them" is 5 2048; where; block 16k; must "to the filemark" is 5 6144
block 16k; must "nothing" is "" 0; where; mt setblk 0
say a request of a size that it does not have
mt rewind; mt setblk 512; put if=block bs=700 count=1; where; mt setblk 0
say two partitions
# Less than 100 it refuses.
mt stsetoptions can-partitions; mt mkpartition 1000; where
mt rewind; fill 1 1000; put if=block bs=1000; mt setpartition 1; where
fill 2 2000; put if=block bs=2000; mt setpartition 0; mt rewind; block 64k; must "its own" is 1 1000
mt setpartition 1; mt rewind; block 64k; must "its own, too" is 2 2000; mt partseek 0 1; where
mt setpartition 0; mt mkpartition 0; where
say until its end
mt rewind; mt setblk 0; fill 9 6000000; put if=block bs=512; where; mt eod; where
say that it is not locked for ever
mt lock; where; mt unlock; where; mt rewind; mt erase; where
say what it is
run sg_inq $drive; run sg_turs $drive
"""


def run(lab):
    drive = DebugTape(lab)
    lab.load_driver()
    pair = SideBySide(lab, drive, lab.guests[0])
    pair.same(SCRIPT)
    pair.close()
