# SPDX-License-Identifier: GPL-2.0
"""End of the medium, tell, seek, erase and protected cartridges: a guest's and dom0's."""
from vscsilab.sidebyside import SideBySide
from vscsilab.stacker import Stacker

TIMEOUT = 1500
FAILS_ON = {"in-tree": "what is on it"}
GUESTS = 1
LONG = True

SCRIPT = r"""
python3 -c 'import random
open("/tmp/data", "wb").write(random.Random(5).randbytes(5 << 19))'
# Until there is no room: what dd says of it, and of how much it wrote.
fill() { timeout 100 dd if=${2:-data} of=$tape bs=$1 2>&1 | sed -e 's/, .*//' -e 's/.*: //'; }
begins() { [ -s got ] && head -c ${sum[1]} data | cmp - got; }
cat > next <<'END'
timeout 20 mt -f /tmp/tape offline; timeout 20 mt -f /tmp/tape load; timeout 20 mt -f /tmp/tape rewind
END
chmod +x next
mt rewind; mt setblk 0
say until the early warning
fill 64k; where; put if=data bs=64k count=1; put if=data bs=64k count=1; where
say what is on it
mt rewind; most=6000000 get bs=64k; must "the beginning of what was written" begins; where
say until the early warning, fixed blocks
mt setblk 512; mt rewind; fill 48k; where
mt rewind; most=6000000 get bs=48k; must "the beginning of what was written" begins; where
say until the very end
mt setblk 0; mt rewind; fill 64k; for number in 1 2 3 4 5; do fill 100k; done; where; mt weof 1; where
say blocks far larger than what is left
mt rewind; fill 500k; fill 500k; where; mt rewind; most=6000000 get bs=500k; where
say tell and seek
mt rewind; for number in 1 2 3; do put if=data bs=10k count=$number; done; mt tell
mt seek 3; mt tell; get bs=10k; must "two blocks are left" bytes 10240
mt seek 0; mt tell; where; get bs=64k; must "the first file" bytes 10240; mt seek 99; where
say spacing
mt rewind; mt fsf 2; where; mt bsf 1; where; mt bsfm 1; where; mt bsfm 5; where; mt eod; where
mt bsf 1; mt bsr 2; where; get bs=64k; must "the end of the third file" bytes 20480; where
mt rewind; mt fsr 3; where; mt fsf 9; where; mt bsr 1; where
say end of data
mt eod; where; get bs=64k; must "nothing" bytes 0; get bs=64k; where
say erase
mt rewind; mt fsf 1; mt erase; where; mt rewind; get bs=64k; get bs=64k; where
say fixed blocks to the filemark and beyond
mt setblk 512; mt rewind; put if=data bs=10k count=1; mt rewind
get bs=16k count=1; must "20 blocks" bytes 10240; get bs=16k count=1; must "nothing" bytes 0; where
say another block size than on the tape
mt setblk 1024; mt rewind; get bs=8k count=1; where; mt setblk 0
say density and compression
mt setdensity 0x46; where; mt compression 1; mt compression 0
say a medium that was changed
./next; where; get bs=64k; put if=data bs=64k count=2; where
say a protected one
./next; where; put if=data bs=64k count=1; mt weof 1; mt erase; where
run sg_raw -s 512 -i data $drive 0a 00 00 02 00 00
run sg_raw $drive 10 00 00 00 01 00
say none
mt offline; where; get iflag=nonblock count=1; run sg_turs $drive
say locked
mt load; mt lock; run sg_raw $drive 1b 00 00 00 00 00; where; mt unlock
say an archive goes on when a cartridge is full
mt setblk 0; mt rewind; where
(timeout 200 tar -b 64 -c -M -F ./next -f $tape data; echo "tar: $?") 2>&1
./next; ./next; where; mkdir -p back
(timeout 200 tar -b 64 -x -M -F ./next -f $tape -C back; echo "tar: $?") 2>&1
must "it comes back" cmp data back/data
"""


def run(lab):
    lab.load_driver()
    stacker = Stacker(lab)
    pair = SideBySide(lab, stacker, lab.guests[0])
    found = pair.same(SCRIPT)
    lab.check("dom0 meets the end of the medium", "No space left" in str(found), found)
    pair.close()
