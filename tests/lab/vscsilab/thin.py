# SPDX-License-Identifier: GPL-2.0
"""Stores that promise more than they can hold."""
from .mapper import Mapped

# What there is room for, and what is promised.
ROOM, PROMISED = 16384, 131072
BLOCK = 512


def thin_stores(lab):
    """fileio in a file system without room, and iblock on a thin pool without."""
    lab.dom0.run(f"mkdir -p /mnt/full && mount -t tmpfs -o size={ROOM * BLOCK} none /mnt/full && "
                 "modprobe dm-thin-pool")
    metadata, data = lab.backstore.brd(16), lab.backstore.brd(16)
    pool = Mapped(lab.dom0, "pool", f"0 {ROOM} thin-pool {metadata} {data} 128 0 "
                                    "2 skip_block_zeroing error_if_no_space")
    pool.message("create_thin 0")
    thin = Mapped(lab.dom0, "thin", f"0 {PROMISED} thin {pool.device} 0")
    return {"fileio": lab.backstore.fileio("full-file", PROMISED * BLOCK, path="/mnt/full/disk"),
            "dm-thin": lab.backstore.iblock("full-block", device=thin.device)}
