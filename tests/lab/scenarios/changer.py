# SPDX-License-Identifier: GPL-2.0
"""A guest's changer does what dom0's does, and its drive reads what it loads."""
from vscsilab.library import Library
from vscsilab.sidebyside import SideBySide

TIMEOUT = 1500
LONG = True
GUESTS = 1
CARTRIDGES = ("T00001", "T00002", "T00003")

SCRIPT = r"""
label() { echo "cartridge $1" | timeout 20 dd of=$tape bs=64 conv=sync status=none; }
read_label() {
    read -r line < <(timeout 20 dd if=$tape bs=64 count=1 status=none | tr -d '\0'); echo "it says $line"
}
is_label() { [ "$line" = "cartridge $1" ]; }
turs() { run sg_turs -v $drive | sed 's/^ *//'; }

say every cartridge gets a label
for slot in 1 2 3; do
    change load $slot 0; mt rewind; label $slot; change unload $slot 0
done
say inventory
change status; change inventory; change inquiry
say the labels are read in another order
for slot in 3 1 2; do
    change load $slot 0; read_label; must "label $slot" is_label $slot; change unload $slot 0
done
say the first commands after a change of cartridges
turs; change load 2 0; turs; turs; where
say errors
change load 3 0; change unload 1 0; change transfer 5 4; change transfer 1 3
change transfer 1 99; change load 1 7; change status
say a locked drive keeps its cartridge
run sg_prevent --prevent=1 $drive; change unload 2 0; change status
run sg_prevent --allow $drive; change unload 2 0
say a locked changer
run sg_prevent --prevent=1 $changer; change load 1 0; change unload 1 0; run sg_prevent --allow $changer
say transfer
change transfer 1 5; change load 5 0; read_label; must "still cartridge 1" is_label 1
change status; change unload 5 0; change transfer 5 1
say exchange
change exchange 1 2 4; change status
say first, next, previous
change first 0; change next 0; read_label; must "the second" is_label 2
change next 0; change previous 0; read_label; must "the second again" is_label 2; change unload 2 0
"""


def run(lab):
    lab.load_driver()
    library = Library(lab, cartridges=CARTRIDGES)
    pair = SideBySide(lab, library, lab.guests[0])
    pair.same(SCRIPT)
    pair.close()
