# SPDX-License-Identifier: GPL-2.0
"""tapecheck says the same of a tape library in a guest as in dom0."""
import lzma

from vscsilab import programs
from vscsilab.errors import LabError
from vscsilab.library import Library

LONG = True
TIMEOUT = 1200
GUESTS = 1
# It passes on no CHECK CONDITION that came with data.
FAILS_ON = {"in-tree": "nothing fails in the guest alone"}
NAA = "naa.5001405000000080"
PROGRAM = "/usr/bin/tapecheck"

# What tgt's drive and changer do wrong, through dom0's own iSCSI as well.
FAULTS_OF_TGT = {
    "no data and a wrong residual with CHECK CONDITION":
        "ssc.read.short-block ssc.read.short-block-by-one ssc.read.short-block-by-far "
        "ssc.read.long-block ssc.read.filemark ssc.read.filemark-large-buffer "
        "ssc.fixed.filemark-within ssc.fixed.filemark-first st.read.larger-buffer",
    "SILI is ignored":
        "ssc.read.short-block-sili ssc.read.long-block-sili ssc.read.ends",
    "READ of length 0 is checked against the block's length":
        "ssc.read.length-0",
    "WRITE of length 0 writes an empty block":
        "ssc.write.length-0",
    "FIXED with another block's length is MEDIUM ERROR 31/00, without ILI":
        "ssc.fixed.block-length-0 ssc.fixed.shorter-block ssc.fixed.longer-block",
    "the end of data within a fixed-block read is MEDIUM ERROR 31/00":
        "ssc.fixed.end-of-data-within",
    "the end of data is BLANK CHECK 00/00, not 00/05":
        "ssc.read.end-of-data",
    "READ at the end of data goes back a block":
        "st.read.end-of-data st.read.files",
    "SPACE over blocks does not stop at a filemark":
        "ssc.space.blocks-filemark ssc.space.blocks-back-filemark st.space.past-filemark",
    "SPACE back over filemarks stops a block too early":
        "ssc.read.filemark-twice ssc.space.filemarks-back st.space",
    "SPACE to the end of data is NO SENSE, not BLANK CHECK":
        "ssc.space.blocks-end-of-data ssc.space.filemarks-end-of-data",
    "SPACE back at the beginning is GOOD, or has no INFORMATION":
        "ssc.space.blocks-back-beginning ssc.space.filemarks-back-beginning",
    "READ POSITION has BOP 0 at the beginning and knows no files":
        "ssc.position.beginning ssc.position.beginning-long ssc.position.counts-files",
    "the early warning is NO SENSE 00/00, not 00/02":
        "ssc.early-warning",
    "LOAD UNLOAD unloads nothing":
        "ssc.load-unload",
    "DESC of REQUEST SENSE is ignored":
        "spc.request-sense.descriptor",
    "READ ELEMENT STATUS ends 8 bytes before its end":
        "smc.status.pickers smc.status.slots smc.status.drives smc.status.starting-address",
    "READ ELEMENT STATUS of all types lacks the picker":
        "smc.status.all smc.status.volume-tags smc.status.short-length",
    "NUMBER OF ELEMENTS is ignored":
        "smc.status.number-of-elements",
    "an address of no element is 24/00, not 21/01":
        "smc.move.from-nowhere smc.move.to-nowhere",
    "a new cartridge raises no unit attention":
        "spc.attention.new-medium spc.attention.kept-by-inquiry",
}


def program(which):
    return (programs.build(which, "tests/tape", ["tapecheck"]) / "tapecheck").read_bytes()


def carry(lab, target, number, data):
    """A program of megabytes comes to the guest as a LUN; xenstore takes minutes."""
    packed = lzma.compress(data)
    lab.dom0.put(packed, "/var/tmp/program.xz")
    lab.dom0.run(f"xz -dc /var/tmp/program.xz > {PROGRAM} && chmod 755 {PROGRAM}")
    store = lab.backstore.fileio("program", 4 << 20, path="/var/tmp/program.xz")
    guest = lab.guests[0]
    lab.attach(guest, target.lun(number, store), f"0:0:0:{number}")
    disk = lab.disk(guest, f"0:0:0:{number}")
    guest.run(f"head -c {len(packed)} {disk} | xz -dc > {PROGRAM} && chmod 755 {PROGRAM}", timeout=120)


def check(lab, place, where, drive, changer):
    """{test: line} of a run."""
    # In-tree's reads have no end, so not even the label is read as it is.
    done = place.run(
        f"{PROGRAM} --force --fill-tape --fill-limit 64 --move-media --timeout 60 "
        f"--changer {changer} {drive}", timeout=420, check=False)
    (lab.machine.logs / f"tapecheck-{where}.txt").write_text(done.out + done.err)
    if done.rc not in (0, 1):
        raise LabError(f"tapecheck in {where} ended with {done.rc}:\n{done.out[-500:]}{done.err}")
    lab.note(f"{where}: {done.out.splitlines()[-1]}")
    return {line.split()[1]: line for line in done.out.splitlines()
            if line.startswith(("PASS ", "FAIL ", "SKIP "))}


def failures(found):
    return sorted(name for name, line in found.items() if line.startswith("FAIL "))


def run(lab):
    data = program(lab.dom0.image.suite)
    lab.load_driver()
    library = Library(lab, megabytes=8)
    dom0, guest = lab.dom0, lab.guests[0]
    changer = library.node(dom0, library.hctl(library.changer_lun), "generic")
    dom0.run(f"mtx -f {changer} load 1 0", timeout=60)
    target = lab.target.create(NAA)
    lab.attach(guest, target.lun(0, library.drive(1)), "0:0:0:0")
    lab.attach(guest, target.lun(1, library.changer()), "0:0:0:1")
    carry(lab, target, 2, data)
    guest.run("modprobe -a st ch sg")

    theirs = check(lab, dom0, "dom0", library.node(dom0, library.hctl(1), "tape"), changer)
    lab.check("more than 140 tests were run", len(theirs) > 140, len(theirs))
    lab.equal("what fails in dom0 is what tgt does wrong", failures(theirs),
              sorted(" ".join(FAULTS_OF_TGT.values()).split()))
    ours = check(lab, guest, "guest", library.node(guest, "*:0:0:0", "tape"),
                 library.node(guest, "*:0:0:1", "generic"))
    lab.equal("nothing fails in the guest alone", sorted(set(failures(ours)) - set(failures(theirs))), [])
    different = [f"dom0:  {theirs.get(name, 'nothing')}\nguest: {ours.get(name, 'nothing')}"
                 for name in sorted(set(theirs) | set(ours)) if theirs.get(name) != ours.get(name)]
    lab.check("the guest's lines are dom0's", not different, "\n".join(different))
