# SPDX-License-Identifier: GPL-2.0
"""The two small initrds: they find the root file system and bring our files."""
from . import paths
from .cpio import Cpio


def _common(image, which, init):
    archive = Cpio()
    for name in ("proc", "sys", "dev", "root", "tmp"):
        archive.directory(name)
    archive.device("dev/console", 5, 1)
    archive.file("bin/busybox", image.busybox.read_bytes(), 0o755)
    archive.file("init", (paths.VM_DIR / init).read_bytes(), 0o755)
    early = image.early_modules(which)
    archive.file("early/order",
                 "".join(name + "\n" for name, _ in early).encode())
    for name, data in early:
        archive.file("early/" + name, data)
    return archive


def _ours(archive, names):
    for name in names:
        archive.file("lab/" + name, (paths.VM_DIR / name).read_bytes(), 0o755)


def dom0(image):
    archive = _common(image, "dom0", "dom0-initrd-init")
    _ours(archive, ["stub.py", "ports.py"])
    init = getattr(image, "init", "dom0-init")
    archive.file("lab/dom0-init", (paths.VM_DIR / init).read_bytes(), 0o755)
    for name, data in getattr(image, "dom0_modules", list)():
        archive.file("modules/" + name, data)
    if image.guests is not image:
        archive.file("lab/other-guests", (image.guests.dir.name + "\n").encode())
    return archive.finish()


def guest(image):
    archive = _common(image, "guest", "guest-initrd-init")
    _ours(archive, ["guest-init", "guestd.py", "jobs.py", "xswire.py",
                    "xslink.py"])
    return archive.finish()


def bare(image):
    """dom0's way to the root file system, then no Xen but one script."""
    archive = _common(image, "dom0", "dom0-initrd-init")
    archive.file("lab/dom0-init", (paths.VM_DIR / "bare-init").read_bytes(), 0o755)
    return archive.finish()
