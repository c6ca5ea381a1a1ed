# SPDX-License-Identifier: GPL-2.0
"""A guest's `mt` sets a tape drive as dom0's does, and the drive stays so."""
from vscsilab.library import Library
from vscsilab.sidebyside import SideBySide

TIMEOUT = 1500
FAILS_ON = {"in-tree": "the block size holds"}
GUESTS = 1
LONG = True

SCRIPT = r"""
options() { timeout 20 mt -f $tape stshowoptions; }
seq 20000 | head -c 65536 > data

say setblk
for size in 512 1024 0 4096; do mt setblk $size; where; done
say the block size holds for what follows
mt setblk 1024; put if=data bs=4k count=2; put if=data bs=1000 count=1; where; mt setblk 0; where
mt rewind; get bs=64k count=1; must "one block" bytes 1024
say setdensity
mt setdensity 0x44; where; mt setdensity 0; where
say compression
mt compression 1; mt compression 0; where
say defaults
mt defblksize 2048; mt defdensity 0; mt defcompression 1; mt defblksize; where; mt setblk 0
say lock and unlock
mt lock; where; run sg_prevent --prevent=1 $drive; mt unlock; where
say offline and load
mt offline; where; mt load; where; mt rewind; where
say eject
mt eject; where; mt load; where
say options
options; mt stsetoptions no-blklimits; options; mt stclearoptions no-blklimits; options
mt stoptions 1; mt stsetoptions scsi2logical; options; mt stclearoptions scsi2logical
mt stclearoptions buffer-writes; options; mt stsetoptions buffer-writes read-ahead async-writes
say thresholds, buffer and times
mt stwrthreshold 10; mt drvbuffer 1; mt defdrvbuffer 1; mt sttimeout 900; mt stlongtimeout 14000
mt stsetcln 0; where
say partitions
mt partseek 0; mt setpartition 0; mt mkpartition 0; where
say setmarks, retension
mt wset; mt fss 1; mt bss 1; mt retension; where
say still in order
mt setblk 0; mt rewind; put if=data bs=16k; mt rewind; get bs=64k
must "what was written" cmp got data
"""


def run(lab):
    lab.load_driver()
    library = Library(lab)
    pair = SideBySide(lab, library, lab.guests[0])
    pair.same(SCRIPT, lambda: library.mtx("load 1 0"))
    pair.close()
