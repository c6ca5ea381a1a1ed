# SPDX-License-Identifier: GPL-2.0
"""What the numbers depend on, for the report."""
import os
import re

from vscsilab import image, paths, qemu
from vscsilab.shellout import host


def processor():
    with open("/proc/cpuinfo") as handle:
        found = re.search(r"^model name\s*: (.*)$", handle.read(), re.M)
    return found.group(1) if found else "unknown"


def describe(options):
    return {
        "processor": processor(), "processors": os.cpu_count(), "qemu": qemu.version(),
        "xen": image.current().info["xen"], "kernel": image.current().info["kernel_package"],
        "tsc": options.tsc, "commit": commit(), "seconds": getattr(options, "seconds", None),
        "rounds": getattr(options, "rounds", None), "disks": getattr(options, "disks", "ram"),
        "backstore": getattr(options, "backstore", "iblock"),
        # A commit does not tell whether two boots measured the same.
        "module": paths.digest(options.module) if "ours" in options.drivers else None,
    }


def commit():
    """Of the tree that the report is made in; a change in the module not yet committed shows."""
    here = os.path.dirname(os.path.abspath(__file__))
    text = host("git", "-C", here, "describe", "--always", "--dirty").strip()
    return text
