# SPDX-License-Identifier: GPL-2.0
"""A drive that dom0 has lost is not there for its guest either; it is when it is back, and no other in its place."""
import time

from vscsilab.cdbs import TEST_UNIT_READY
from vscsilab.scripted import SERIALS, TAPE, Path, Scripted

GUESTS = 1
TIMEOUT = 300
DRIVERS = ("ours",)
NAA = "naa.50014050000000d6"
# What Linux calls DID_NO_CONNECT.
NO_CONNECT = "host 1"
# Seconds in which a command for what is away ends, and in which a drive that is back is found.
AT_ONCE, SOON = 5, 60
IMPOSTOR = "OTHER0002"
SAID = "dmesg | grep -E 'xen-(pvscsi|scsiback)' | grep -c 'another device'"


def is_away(lab, what, path):
    begin = time.monotonic()
    ended = path.send(*[TEST_UNIT_READY] * 3)
    passed = time.monotonic() - begin
    lab.equal(f"{what}: commands end with NO CONNECT", ended, [NO_CONNECT] * 3)
    lab.check(f"{what}: and at once", passed < AT_ONCE, f"{passed:.1f} s")


def is_back(lab, what, path):
    limit = time.monotonic() + SOON
    ended = path.send(TEST_UNIT_READY)
    while ended == [NO_CONNECT] and time.monotonic() < limit:
        ended = path.send(TEST_UNIT_READY)
    lab.check(f"{what}: the guest hears so first", ended[0].startswith("6/"), ended)
    path.settle()
    lab.equal(f"{what}: and goes on with it", path.send(*[TEST_UNIT_READY] * 2), ["good"] * 2)


def said(lab):
    return int(lab.dom0.run(SAID, check=False).out)


def run(lab):
    lab.load_driver()
    scripted = Scripted(lab)
    guest, = lab.guests
    target = lab.target.create(NAA)
    store = scripted.store(TAPE)
    lab.attach(guest, target.lun(TAPE, store), "0:0:0:0")
    path = Path(scripted, guest, TAPE)
    path.settle()

    scripted.go_away(TAPE)
    is_away(lab, "the drive is away", path)
    scripted.come_back(TAPE, SERIALS[TAPE])
    is_back(lab, "the drive is back", path)
    lab.equal("nobody says that it is another", said(lab), 0)

    scripted.go_away(TAPE)
    scripted.come_back(TAPE, IMPOSTOR)
    scripted.forget()
    is_away(lab, "another drive is in its place", path)
    lab.equal("another drive is in its place: nothing of the guest reaches it", scripted.reached(TAPE).count(
        TEST_UNIT_READY.hex()), 0)
    lab.equal("another drive is in its place: dom0's log says so, once", said(lab), 1)

    scripted.go_away(TAPE)
    scripted.come_back(TAPE, SERIALS[TAPE])
    is_back(lab, "the right one is back", path)

    lab.dismantle(guest, [target], [store])
    scripted.close()
