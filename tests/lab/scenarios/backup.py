# SPDX-License-Identifier: GPL-2.0
"""A backup of 2,000 files on two cartridges, restored in guest and dom0 from each other's."""
from vscsilab import paths
from vscsilab.library import Library
from vscsilab.sidebyside import SideBySide

TIMEOUT = 2400
FAILS_ON = {"in-tree": "the archive on two cartridges comes back"}
GUESTS = 1
LONG = True

TREE = r"""
[ -d tree ] || timeout 300 python3 /tmp/tree.py tree
say the tree
must "2,000 files" [ $(find tree -type f | wc -l) = 2000 ]
# Sizes of directories are the file system's affair.
(cd tree; find . \( -type d -printf '%y %m %T@ %p\n' \) -o -printf '%y %m %s %T@ %l %p\n' | sort | sha256sum
find . -type f -print0 | sort -z | xargs -0 cat | sha256sum)
# Called by tar with TAR_VOLUME set to the volume that it wants next.
cat > next <<'END'
mtx -f /tmp/changer unload && mtx -f /tmp/changer load $((TAR_VOLUME + 2)) 0
END
chmod +x next
tape() { timeout 300 tar -b 64 -f $tape "$@" > out 2>&1; echo "tar $*: $? $(head -5 out)"; }
change load 1 0; mt setblk 0; mt rewind
"""

BACKUP = TREE + r"""
say first session
tape -c --sort=name -C tree one; where
say second session
tape -c --sort=name -C tree two; where
say cpio, third file of the tape
(cd tree; find two -print0 | sort -z) > list
(cd tree; timeout 300 cpio -0 -o -H crc -C 32768 -O $tape < ../list 2>&1 | tail -3); where
say third session, on the next cartridge
change unload 1 0; change load 2 0; tape -c --sort=name -C tree three; where
say one archive on two cartridges
change unload 2 0; change load 3 0; tape -c --sort=name -M -L 2500 -F ./next -C tree one two; where
change status; change unload 4 0; change load 1 0
"""

RESTORE = r"""
again() {
    rm -rf back; mkdir back; tape -x -p -C back "$@"
}
equal() { diff -r --no-dereference tree/$1 back/$1 && [ -n "$(ls back/$1)" ]; }
say the first session compares equal
tape -d -C tree; must "no word from tar" [ ! -s out ]
say the second session comes back
mt rewind; mt fsf 1; again; must "all of it" equal two
say contents
mt rewind; tape -t; wc -l < out; sha256sum < out
say every file of the cpio archive has its checksum
mt rewind; mt fsf 2; timeout 300 cpio -i --only-verify-crc -C 32768 -I $tape > out 2>&1
echo "cpio: $? $(< out)"
say the third session compares equal, from the next cartridge
change unload 1 0; change load 2 0; tape -d -C tree; must "no word from tar" [ ! -s out ]
say the archive on two cartridges comes back
change unload 2 0; change load 3 0; again -M -F ./next
must "first half" equal one; must "second half" equal two; change status; change unload 4 0
"""


def run(lab):
    lab.load_driver()
    library = Library(lab, cartridges=("T00001", "T00002", "T00003", "T00004"))
    guest, dom0 = lab.guests[0], lab.dom0
    pair = SideBySide(lab, library, guest)
    for place in (dom0, guest):
        place.put((paths.SCENARIO_DIR / "data" / "tree.py").read_text(), "/tmp/tree.py")
    by_dom0 = pair.run(dom0, BACKUP + RESTORE)
    by_guest = pair.run(guest, TREE + RESTORE)
    pair.compare({name: lines for name, lines in by_dom0.items() if name in by_guest}, by_guest,
                 "the guest restores what dom0 wrote: {}")
    library.reset()
    by_guest = pair.run(guest, BACKUP + RESTORE)
    pair.compare(by_dom0, by_guest, "the guest's backup: {}")
    by_dom0 = pair.run(dom0, TREE + RESTORE)
    pair.compare(by_dom0, by_guest, "dom0 restores what the guest wrote: {}")
    pair.close()
