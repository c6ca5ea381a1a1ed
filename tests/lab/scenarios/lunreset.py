# SPDX-License-Identifier: GPL-2.0
"""A guest's LUN RESET reaches a device that is passed through, not too often, and its failure reaches the guest."""
import time

from vscsilab.cdbs import TEST_UNIT_READY
from vscsilab.scripted import TAPE, Path, Scripted

GUESTS = 2
TIMEOUT = 300
DRIVERS = ("ours",)
NAA = "naa.50014050000000d5"
# Seconds between two resets of a device.
EVERY = 10


def run(lab):
    lab.load_driver()
    scripted = Scripted(lab)
    target = lab.target.create(NAA)
    store = scripted.store(TAPE)
    pdev = target.lun(TAPE, store)
    for guest in lab.guests:
        lab.attach(guest, pdev, "0:0:0:0")
    first, second = [Path(scripted, guest, TAPE) for guest in lab.guests]
    for path in (first, second):
        path.settle()

    begin = time.monotonic()
    lab.equal("a guest resets its LUN", first.reset(), 0)
    lab.equal("the adapter resets the device", scripted.resets(TAPE), 1)
    heard = second.send(TEST_UNIT_READY)
    lab.check("the other guest hears of it", heard[0].startswith("6/29/"), heard)
    codes = [path.reset() for path in (second, first)]
    lab.note(f"resets too soon after one end with {codes}")
    passed = time.monotonic() - begin
    lab.check(f"in {EVERY} s the device is reset once, whoever asks", scripted.resets(TAPE) == 1 or passed >= EVERY,
              f"{scripted.resets(TAPE)} times in {passed:.1f} s")
    lab.dom0.run(f"sleep {EVERY + 2}")

    before = scripted.resets(TAPE)
    scripted.resets_fail(True)
    lab.check("a reset that the device refuses: the guest is told", first.reset() != 0)
    lab.equal("the adapter was asked for it", scripted.resets(TAPE), before + 1)
    scripted.resets_fail(False)
    for path in (first, second):
        path.settle()
    lab.check("both guests go on", True)

    second.guest.shutdown()
    lab.dismantle(first.guest, [target], [store])
    scripted.close()
