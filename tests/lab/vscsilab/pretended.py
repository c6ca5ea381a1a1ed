# SPDX-License-Identifier: GPL-2.0
"""Directories of many guests, as xenstore has them; there are no domains."""
NUMBERS = range(2001, 2051)
LUNS = 4


def _nodes(number):
    dom, back = f"/local/domain/{number}", f"/local/domain/0/backend/vscsi/{number}/0"
    text = [f"{dom}/name many{number}", f"{dom}/vm /vm/00000000-0000-0000-0000-00000000{number}",
            f"{dom}/device/vscsi/0/state 4", f"{back}/state 4", f"{back}/online 1"]
    for lun in range(LUNS):
        dev = f"{back}/vscsi-devs/dev-{lun}"
        text += [f"{dev}/p-dev naa.5001405000000fff:{lun}", f"{dev}/v-dev 0:0:0:{lun}", f"{dev}/state 4"]
    return " ".join(text)


def come(dom0):
    dom0.run("\n".join(f"xenstore-write {_nodes(number)}" for number in NUMBERS), timeout=900)


def go(dom0):
    dom0.run("\n".join(f"xenstore-rm /local/domain/{number}" for number in NUMBERS), timeout=900)
