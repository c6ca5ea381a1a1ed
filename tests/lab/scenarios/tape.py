"""A guest's tape drive and changer give what the same drive gives dom0."""
from vscsilab.library import Library

TIMEOUT = 600
GUESTS = 1
NAA = "naa.5001405000000070"

# Run in dom0 and in the guest; what it prints must be the same.
SCRIPT = r"""
tape=$1
mt() { command mt -f $tape "$@" 2>&1 | grep -v 'General status'; }
say() { echo "== $*"; }
head -c 262144 /dev/zero | tr '\0' 'a' > /tmp/one
head -c 100000 /dev/zero | tr '\0' 'b' > /tmp/two

mt rewind; mt setblk 0
say variable blocks, two files
dd if=/tmp/one of=$tape bs=32k status=none; echo $?
dd if=/tmp/two of=$tape bs=10000 status=none; echo $?
mt rewind
say each file ends at its filemark
dd if=$tape bs=64k status=none | wc -c
dd if=$tape bs=64k status=none | wc -c
say end of data
dd if=$tape bs=64k status=none 2>&1 | wc -c
say content
mt rewind
dd if=$tape bs=64k status=none | cmp - /tmp/one; echo $?
dd if=$tape bs=64k status=none | cmp - /tmp/two; echo $?
say a buffer smaller than the block: an error, the block is not cut
mt rewind
dd if=$tape of=/dev/null bs=16k count=1 2>&1 | head -1
say positioning
mt rewind; mt fsf 1
dd if=$tape bs=64k count=1 status=none | head -c 4; echo
mt rewind; mt fsf 1; mt bsfm 1 2>/dev/null
dd if=$tape bs=64k count=1 status=none | head -c 4; echo
mt rewind; mt fsr 3; mt bsr 1
dd if=$tape bs=64k count=1 status=none | wc -c
mt eod; dd if=$tape bs=64k count=1 status=none 2>&1 | head -1
say fixed blocks
mt setblk 512; mt rewind
dd if=/tmp/one of=$tape bs=64k status=none; echo $?
mt weof 2
mt rewind
dd if=$tape bs=64k status=none | cmp - /tmp/one; echo $?
mt setblk 0; mt rewind
true
"""


def run(lab):
    lab.load_driver()
    library = Library(lab)
    dom0, guest = lab.dom0, lab.guests[0]
    changer = library.node(dom0, library.hctl(library.changer_lun), "generic")
    lab.note(dom0.run(f"mtx -f {changer} status").out)
    dom0.run(f"mtx -f {changer} load 1 0", timeout=60)
    drive = library.node(dom0, library.hctl(1), "tape")
    dom0.put(SCRIPT, "/tmp/tape.sh")
    wanted = dom0.run(f"bash /tmp/tape.sh {drive}", timeout=200).out

    target = lab.target.create(NAA)
    drive_store, changer_store = library.drive(1), library.changer()
    lab.attach(guest, target.lun(0, drive_store), "0:0:0:0")
    lab.attach(guest, target.lun(1, changer_store), "0:0:0:1")
    guest.run("modprobe -a st ch")
    tape = guest.poll("ls /dev/nst0").out.strip()
    guest.put(SCRIPT, "/tmp/tape.sh")
    got = guest.run(f"bash /tmp/tape.sh {tape}", timeout=200).out
    lab.note(got)
    lab.check("the guest's lines are dom0's", got == wanted, f"dom0:\n{wanted}\nguest:\n{got}")
    lab.teardown()
    target.delete()
    for store in (drive_store, changer_store):
        store.delete()
    library.close()
    lab.unload_driver()
