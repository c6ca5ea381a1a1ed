# SPDX-License-Identifier: GPL-2.0
"""What tools tell of a tape drive and a changer in a guest is what they tell in dom0."""
from vscsilab.library import Library
from vscsilab.sidebyside import SideBySide

TIMEOUT = 1500
FAILS_ON = {"in-tree": "over the filemark"}
GUESTS = 1
LONG = True

# No REPORT LUNS, for the same reason that tapeinfo's lines with addresses are left out.
SCRIPT = r"""
size() { stat -c '%s bytes' got; rm got; }
seq 20000 | head -c 65536 > data
mt rewind; mt setblk 0; put if=data bs=16k; mt rewind
say tapeinfo
# A guest's controller has addresses of its own.
for node in $drive $tape; do run tapeinfo -f $node | grep -a -v -e '^SCSI ID' -e '^SCSI LUN'; done
say loaderinfo
run loaderinfo -f $changer
for device in $drive $changer; do
    say sg_inq $device
    run sg_inq $device; run sg_inq -p 0x00 $device; run sg_inq -p 0x80 $device
    run sg_inq -p 0x83 $device; run sg_inq -l 255 -H $device
    say sg_vpd $device
    run sg_vpd $device; run sg_vpd -p di $device; run sg_vpd -p 0xb0 $device
    run sg_vpd -p 0xb1 -H $device; run sg_vpd -p 0xc0 -H $device
    say sg_turs $device
    run sg_turs $device; run sg_turs -n 20 $device
    say sg_requests $device
    run sg_requests $device; run sg_requests --desc $device
    say sg_modes $device
    run sg_modes -a $device; run sg_modes -6 -a $device; run sg_modes -c 1 -a $device
    run sg_modes -p 0x3f -H -m 252 $device
    say sg_logs $device
    run sg_logs $device; run sg_logs -p 0x2e $device; run sg_logs -p 0x0c $device
    say sg_read_attr $device
    run sg_read_attr $device
    say sg_persist $device
    run sg_persist --in -k $device
    say sg_opcodes $device
    run sg_opcodes $device
    say sg_start $device
    run sg_start --start $device
    say an unknown command, and one for disks $device
    run sg_raw -r 512 $device ff 00 00 00 00 00; run sg_raw -r 512 $device 28 00 00 00 00 00 00 00 01 00
done
say sg_read_block_limits
run sg_read_block_limits $drive; run sg_read_block_limits -m $drive
say read a block with sg_raw
mt rewind; run sg_raw -r 16384 -o got $drive 08 00 00 40 00 00
must "as written" cmp got <(head -c 16384 data)
say read a longer one, with and without leave for a wrong length
run sg_raw -r 32768 -o got $drive 08 00 00 80 00 00; size
run sg_raw -r 32768 -o got $drive 08 02 00 80 00 00; size
say read more than is asked for
run sg_raw -r 65536 -o got $drive 08 00 00 40 00 00; size
say over the filemark, and end of data
run sg_raw -r 16384 -o got $drive 08 00 00 40 00 00; run sg_raw -r 16384 -o got $drive 08 00 00 40 00 00
run sg_raw $drive 11 01 00 00 01 00; run sg_raw $drive 11 03 00 00 00 00; run sg_raw $drive 11 01 7f ff ff 00
say read position
run sg_raw -r 20 $drive 34 00 00 00 00 00 00 00 00 00; run sg_raw -r 32 $drive 34 06 00 00 00 00 00 00 20 00
run sg_raw -r 20 $drive 34 1f 00 00 00 00 00 00 00 00
say write a block with sg_raw
mt rewind; run sg_raw -s 4096 -i data $drive 0a 00 00 10 00 00; run sg_raw $drive 10 00 00 00 01 00
mt rewind; get bs=64k; must "as written" cmp got <(head -c 4096 data)
say locate, erase, load
run sg_raw $drive 2b 00 00 00 00 00 01 00 00 00; run sg_raw $drive 19 00 00 00 00 00
run sg_raw $drive 1b 00 00 00 01 00
mt rewind
"""


def run(lab):
    lab.load_driver()
    library = Library(lab)
    pair = SideBySide(lab, library, lab.guests[0])
    pair.same(SCRIPT, lambda: library.mtx("load 1 0"))
    pair.close()
