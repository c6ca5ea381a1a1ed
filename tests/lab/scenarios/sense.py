# SPDX-License-Identifier: GPL-2.0
"""Sense data, residuals and results of any kind reach the guest as they reach dom0."""
from vscsilab.scripted import DISK, TAPE, Scripted, descriptor, fixed

GUESTS = 1
DRIVERS = ("ours", "in-tree")
FAILS_ON = {"in-tree": "read: fixed, filemark"}
NAA = "naa.5001405000000073"
FILEMARK, EOM, ILI = 0x80, 0x40, 0x20
READ, WRITE, VENDOR = 0x08, 0x0a, 0xc1
CHECK = 2
LENGTH = 1000

# What a drive may answer to a READ or WRITE of LENGTH bytes.
ANSWERS = {
    "fixed, filemark": dict(status=CHECK, residual=LENGTH, sense=fixed(0, 0, 1, LENGTH, FILEMARK)),
    "fixed, filemark after data": dict(status=CHECK, residual=400, sense=fixed(0, 0, 1, 400, FILEMARK)),
    "fixed, short block": dict(status=CHECK, residual=300, sense=fixed(0, 0, 0, 300, ILI)),
    "fixed, overlength": dict(status=CHECK, sense=fixed(0, 0, 0, -500, ILI)),
    "fixed, early warning": dict(status=CHECK, sense=fixed(0, 0, 2, 0, EOM)),
    "fixed, no valid information": dict(status=CHECK, residual=10, sense=fixed(0, 0, 1, None, FILEMARK)),
    "fixed, medium error after data": dict(status=CHECK, residual=600, sense=fixed(3, 0x11, 0, 600)),
    "fixed, end of data after data": dict(status=CHECK, residual=100, sense=fixed(8, 0, 5, 100)),
    "fixed, volume overflow": dict(status=CHECK, residual=LENGTH, sense=fixed(0xd, 0, 2, LENGTH, EOM)),
    "fixed, deferred": dict(status=CHECK, residual=LENGTH, sense=fixed(3, 0x0c, 0, deferred=True)),
    "fixed, unit attention": dict(status=CHECK, residual=LENGTH, sense=fixed(6, 0x28, 0)),
    "descriptor, filemark": dict(status=CHECK, residual=LENGTH,
                                 sense=descriptor(0, 0, 1, LENGTH, FILEMARK)),
    "descriptor, filemark after data": dict(status=CHECK, residual=400,
                                            sense=descriptor(0, 0, 1, 400, FILEMARK)),
    "descriptor, short block": dict(status=CHECK, residual=300, sense=descriptor(0, 0, 0, 300, ILI)),
    "descriptor, medium error after data": dict(status=CHECK, residual=600,
                                                sense=descriptor(3, 0x11, 0, 600)),
    "descriptor, deferred": dict(status=CHECK, residual=LENGTH, sense=descriptor(3, 0x0c, deferred=True)),
    "descriptor, unit attention": dict(status=CHECK, residual=LENGTH, sense=descriptor(6, 0x28)),
    "good, less data": dict(residual=250),
    "condition met": dict(status=0x04),
    "reservation conflict": dict(status=0x18, residual=LENGTH),
    "host: no connection": dict(host=1, residual=LENGTH),
    "host: error": dict(host=7, residual=LENGTH),
    "host: reset": dict(host=8, residual=LENGTH),
    "host: transport failed": dict(host=15, residual=LENGTH),
}


def command(cdb, arguments=""):
    words = " ".join(f"{byte:02x}" for byte in cdb)
    return f"sg_raw {arguments} $SG {words} 2>&1; echo ended with $?"


def transfer(opcode):
    where = f"-r {LENGTH}" if opcode == READ else f"-s {LENGTH} -i /dev/zero"
    return command([opcode, 0, *LENGTH.to_bytes(3, "big"), 0], f"{where} -t 200 -vv")


def outputs(place, scripted, shells):
    """What each of the commands prints, and what reached the device."""
    node = scripted.node(place, TAPE)
    # Addresses and times are nobody's answer.
    text = place.run(f"SG={node}; " + "; echo ====; ".join(f"{{ {shell}; }}" for shell in shells)
                     + "; true", timeout=200).out
    return [[line for line in part.splitlines() if "duration" not in line and "/dev/" not in line]
            for part in text.split("====\n")]


def compare(lab, scripted, guest, named):
    """The same commands, dom0's and the guest's: {name: (shell, answer)}."""
    seen, sent = [], []
    for place in (lab.dom0, guest):
        scripted.forget()
        scripted.answers([(TAPE, int(shell.split("$SG ")[1][:2], 16), answer)
                          for shell, answer in named.values()])
        seen.append(outputs(place, scripted, [shell for shell, _ in named.values()]))
        sent.append([line.split()[1] for line in scripted.log() if line.split()[1][:2] != "00"])
    for name, in_dom0, in_guest in zip(named, *seen):
        lab.check(name, in_dom0 == in_guest,
                  "\n".join(["dom0:", *in_dom0, "guest:", *in_guest]))
    lab.check("each command reached the device once, as it was sent",
              sent[0] == sent[1] and len(sent[0]) == len(named), f"dom0: {sent[0]}\nguest: {sent[1]}")
    return dict(zip(named, seen[1]))


def run(lab):
    lab.load_driver()
    scripted, guest = Scripted(lab), lab.guests[0]
    guest.run("modprobe -a sg st")
    target = lab.target.create(NAA)
    stores = [scripted.store(TAPE), scripted.store(DISK)]
    for lun in (TAPE, DISK):
        lab.attach(guest, target.lun(lun, stores[lun]), f"0:0:0:{lun}")

    for opcode, what in ((READ, "read"), (WRITE, "write")):
        named = {f"{what}: {name}": (transfer(opcode), answer) for name, answer in ANSWERS.items()}
        found = compare(lab, scripted, guest, named)
        lab.note("\n".join(found[f"{what}: descriptor, medium error after data"]))
    compare(lab, scripted, guest, {
        f"a vendor's command of {length} bytes": (command([VENDOR, *range(1, length)], "-t 200"), {})
        for length in (6, 10, 12, 16)})

    # pscsi ends what takes longer than 500 s; erasing a tape takes hours.
    scripted.forget()
    node = scripted.node(guest, TAPE)
    guest.run(f"sg_raw -t 20000 {node} 19 01 00 00 00 00")
    timeout = [int(line.split()[2]) for line in scripted.log() if line.split()[1].startswith("19")]
    lab.check("an erase may take as long as the guest allows", timeout and timeout[0] >= 20000, timeout)

    # st itself, not only sg: a read ends at a filemark that comes as descriptor sense.
    tape = scripted.node(guest, TAPE, "scsi_tape")
    scripted.forget()
    scripted.answers([(TAPE, READ, dict(status=CHECK, residual=1024,
                                        sense=descriptor(0, 0, 1, 1024, FILEMARK)))])
    got = guest.run(f"timeout 60 dd if={tape} bs=1024 count=5 status=none | wc -c").out.strip()
    lab.equal("dd ends at a filemark in descriptor sense", got, "0")

    lab.dismantle(guest, [target], stores)
    scripted.close()
