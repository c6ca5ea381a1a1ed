# SPDX-License-Identifier: GPL-2.0
"""A guest's changer to SCSI commands and to the ch driver is what it is to dom0's."""
from vscsilab import paths
from vscsilab.library import Library
from vscsilab.sidebyside import SideBySide

TIMEOUT = 1500
GUESTS = 1
LONG = True
CARTRIDGES = ("T00001", "T00002", "T00003")

SHORT = "sg_raw -r 40 /tmp/changer b8 12 00 00 00 ff 00 00 00 28 00 00 2>&1"
SCRIPT = r"""
raw() { run sg_raw -r 1024 $changer "$@"; }
ch() { timeout 60 python3 /tmp/ch.py /tmp/sch "$@"; }

change load 1 0
say read element status by type
for kind in 10 11 12 13 14; do raw b8 $kind 00 00 00 ff 00 00 04 00 00 00; done
say with device identifiers
raw b8 14 00 00 00 ff 01 00 04 00 00 00
say no volume tags
raw b8 02 00 64 00 02 00 00 04 00 00 00
say bad fields
raw b8 1f 00 00 00 ff 00 00 04 00 00 00
run sg_raw $changer a5 00 00 00 7f ff 00 64 00 00 00 00
say move medium, source empty, destination full
run sg_raw $changer a5 00 00 00 00 64 00 67 00 00 00 00
run sg_raw $changer a5 00 00 00 00 0a 00 65 00 00 00 00
say initialize element status, position to element
run sg_raw $changer 07 00 00 00 00 00; run sg_raw $changer 2b 00 00 00 00 64 00 00 00 00
say the ch driver
ch; ch 3 0 1 0; ch 1 1 3 0; ch
must "it loaded the second" eval 'timeout 20 mtx -f $changer status | grep "Element 0:Full.*T00002"'
say errors of the ch driver
ch 1 0 3 0; ch 1 1 1 4; ch 3 0 1 0; ch 1 0 1 99
ch 3 0 1 1; change status
"""


def run(lab):
    lab.load_driver()
    library = Library(lab, cartridges=CARTRIDGES)
    # The changer tells where a cartridge came from, once it has been moved.
    for slot in range(1, len(CARTRIDGES) + 1):
        library.mtx(f"load {slot} 0")
        library.mtx(f"unload {slot} 0")
    pair = SideBySide(lab, library, lab.guests[0])
    for place in (lab.dom0, lab.guests[0]):
        place.put((paths.SCENARIO_DIR / "data" / "changer.py").read_text(), "/tmp/ch.py")
    pair.same(SCRIPT)
    # tgt counts what it could have sent as overrun, and dom0's sg then hands out nothing.
    for place in (lab.dom0, lab.guests[0]):
        lab.note(f"{place.name}: {place.run(SHORT, check=False).out.split(chr(10))[2]}")
    lab.check("a guest gets as much of a long answer as it asked for", "Received 40 bytes" in
              lab.guests[0].run(SHORT, check=False).out)
    pair.close()
