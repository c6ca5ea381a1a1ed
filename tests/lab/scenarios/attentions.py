# SPDX-License-Identifier: GPL-2.0
"""Each guest that shares a device hears of each unit attention once and in order, also when its LUN becomes another."""
from vscsilab.cdbs import TEST_UNIT_READY
from vscsilab.scripted import DISK, TAPE, Path, Scripted, fixed

GUESTS = 2
TIMEOUT = 300
DRIVERS = ("ours",)
NAA = "naa.50014050000000d4"
CHECK_CONDITION, UNIT_ATTENTION = 2, 6
# NOT READY TO READY CHANGE, MODE PARAMETERS CHANGED, REPORTED LUNS DATA HAS CHANGED.
MEDIUM, MODE, LUNS = (0x28, 0), (0x2a, 1), (0x3f, 0x0e)
REQUEST_SENSE = bytes([3, 0, 0, 0, 18, 0])
GOOD = "good"
RELINKED = 1


def said(condition):
    return f"{UNIT_ATTENTION:x}/{condition[0]:02x}/{condition[1]:02x}"


def in_a_row(lab, scripted, first, second):
    scripted.answers([(TAPE, TEST_UNIT_READY[0], dict(status=CHECK_CONDITION, sense=fixed(UNIT_ATTENTION, *condition)))
                      for condition in (MEDIUM, MODE)])
    wanted = [said(MEDIUM), said(MODE), GOOD]
    for who, path in (("the guest that the device tells", first), ("the other guest", second)):
        lab.equal(f"two conditions in a row: {who} hears of both", path.send(*[TEST_UNIT_READY] * 3), wanted)
    lab.equal("and the first hears of nothing more", first.send(TEST_UNIT_READY), [GOOD])


def as_data(lab, scripted, first, second):
    """SPC-4 6.39: REQUEST SENSE reports, and clears, a unit attention as its data."""
    scripted.data(TAPE, REQUEST_SENSE[0], fixed(UNIT_ATTENTION, *MEDIUM))
    lab.equal("REQUEST SENSE: a guest reads the condition", first.send(REQUEST_SENSE, reads=18), [GOOD])
    lab.equal("REQUEST SENSE: the other guest hears of it", second.send(*[TEST_UNIT_READY] * 2), [said(MEDIUM), GOOD])
    lab.equal("REQUEST SENSE: who has read it does not", first.send(TEST_UNIT_READY), [GOOD])


def relinked(lab, scripted, target, stores, guest):
    """The operator links a LUN that a running guest has to another device."""
    lab.attach(guest, target.lun(RELINKED, stores[TAPE]), f"0:0:0:{RELINKED}")
    path = Path(scripted, guest, RELINKED)
    path.settle()
    target.remove_lun(RELINKED)
    target.lun(RELINKED, stores[DISK])
    scripted.forget()
    first, *others = path.send(*[TEST_UNIT_READY] * 3)
    lab.check("a LUN that is another device now: the guest hears so first", first in (said(LUNS), said(MEDIUM)), first)
    # Both conditions may be told, each once.
    lab.check("a LUN that is another device now: and goes on with it", others[-1] == GOOD and
              first not in others, others)
    lab.check("which is the other device", TEST_UNIT_READY.hex() in scripted.reached(DISK), scripted.log())


def run(lab):
    lab.load_driver()
    scripted = Scripted(lab)
    target = lab.target.create(NAA)
    stores = {lun: scripted.store(lun) for lun in (TAPE, DISK)}
    pdev = target.lun(TAPE, stores[TAPE])
    for guest in lab.guests:
        lab.attach(guest, pdev, f"0:0:0:{TAPE}")
    paths = [Path(scripted, guest, TAPE) for guest in lab.guests]
    for path in paths:
        path.settle()

    in_a_row(lab, scripted, *paths)
    as_data(lab, scripted, *paths)
    relinked(lab, scripted, target, stores, lab.guests[0])
    lab.equal("the drive beside it: nobody hears of that", [path.send(TEST_UNIT_READY) for path in paths], [[GOOD]] * 2)
