# SPDX-License-Identifier: GPL-2.0
"""A kernel for dom0 that checks itself: lockdep, object and list debugging.

Debian's source of the same version and the patches of ../debug, built from
../debug/kernel.config. Guests keep Debian's own kernel. The cache has the tree,
since modules are built against it, and the installed modules, which dom0's
initrd brings along.
"""
import contextlib
import fcntl
import functools
import os
import pathlib
import re
import shutil

from . import bootfiles, debian, image, modulebuild, paths, patience, recipe, suite
from .errors import LabError
from .shellout import Step, host

CONFIG = paths.LAB_DIR / "debug" / "kernel.config"
# Linux's own faults that would hide ours: lockdep stops at the first report.
PATCHES = sorted(CONFIG.parent.glob("*.patch"))
SUITE = "bookworm"
SOURCE = pathlib.Path("/usr/src/linux-source-6.1.tar.xz")
PACKAGES = {
    # file that proves it is there -> package
    str(SOURCE): "linux-source-6.1",
    "/usr/bin/bc": "bc", "/usr/bin/flex": "flex", "/usr/bin/bison": "bison",
    "/usr/bin/make": "make", "/usr/bin/gcc": "gcc", "/usr/bin/xz": "xz-utils",
    "/usr/include/libelf.h": "libelf-dev", "/sbin/depmod": "kmod",
    "/usr/bin/patch": "patch",
}
FACTOR = 4
KIND = "debug-"
BUILD_PATIENCE = 4 * 3600
# The build must leave room for whatever else the machine does.
MAKE = ["nice", "-n", "19", "make", "-s", f"-j{min(os.cpu_count() or 1, 2)}"]


class DebugImage(image.Image):
    """The usual image, with another kernel and modules for dom0."""

    kind = KIND

    def __init__(self, usual, directory):
        super().__init__(usual.dir)
        self.guests = usual.guests
        self.debug = directory
        self.vmlinux = directory / "vmlinux"
        self.dom0_kernel = (directory / "release").read_text().strip()
        self.headers = directory / "tree"
        self.modules = directory / "root/lib/modules" / self.dom0_kernel

    def early_modules(self, which):
        if which != "dom0":
            return super().early_modules(which)
        return [(path.name, path.read_bytes())
                for path in bootfiles.load_order(self.modules, recipe.DOM0_INITRD_MODULES)]

    def dom0_modules(self):
        return [(f"{self.dom0_kernel}/{path.relative_to(self.modules)}", path.read_bytes())
                for path in sorted(self.modules.rglob("*")) if path.is_file() and not path.is_symlink()]


def use(usual):
    """The debug kernel's image, of ensure(); from here on everything may take longer."""
    patience.FACTOR = FACTOR
    return DebugImage(usual, _directory())


@contextlib.contextmanager
def _building():
    """One build at a time; labs without a debug kernel need not wait for it."""
    paths.cache_dir().mkdir(parents=True, exist_ok=True)
    with open(paths.cache_dir() / "debug.lock", "a+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def ensure():
    """Build what is not there; not under the cache's lock, since it takes long."""
    if suite.chosen().name != SUITE or not suite.chosen().own:
        raise LabError(f"there is a debug kernel for {SUITE} only, on a host of {SUITE}, not for {suite.chosen()}")
    missing = sorted({package for proof, package in PACKAGES.items() if not os.path.exists(proof)})
    if missing:
        debian.install(missing)
    with _building():
        if not (_directory() / "release").exists():
            _build(_directory())


def discard_old():
    """Under the cache's lock, so that nobody runs one of them."""
    with _building():
        for stale in paths.cache_dir().glob("debug-*"):
            if stale != _directory():
                shutil.rmtree(stale, ignore_errors=True)


@functools.cache
def _directory():
    version = host("dpkg-query", "-W", "-f", "${Version}", "linux-source-6.1")
    compiler = host("gcc", "--version").splitlines()[0]
    return paths.cache_dir() / f"debug-{paths.digest(CONFIG, *PATCHES, version, compiler)}"


def _build(directory):
    # Not build-*: the lock's owner removes those, and a tree cannot be
    # renamed for as long as it holds absolute paths.
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    with Step("unpacking the kernel's source"):
        host("tar", "-xf", SOURCE, "-C", directory)
        (directory / "linux-source-6.1").rename(directory / "tree")
    tree = directory / "tree"
    for patch in PATCHES:
        host("patch", "-p1", "--forward", "--fuzz=0", "-i", patch, cwd=tree)
    host(*MAKE, f"KCONFIG_ALLCONFIG={CONFIG}", "allnoconfig", cwd=tree)
    _all_there(tree)
    with Step("building dom0's debug kernel"):
        host(*MAKE, "vmlinux", "modules", cwd=tree, limit=BUILD_PATIENCE)
    finish(directory)


def finish(directory):
    """From a built tree to what runs need; the mark of success comes last."""
    tree = directory / "tree"
    host(*MAKE, "modules_install", f"INSTALL_MOD_PATH={directory / 'root'}", "INSTALL_MOD_STRIP=1",
         "DEPMOD=/sbin/depmod", cwd=tree)
    shutil.copy(tree / "vmlinux", directory / "vmlinux")
    # Modules are built against headers, scripts and objtool, not objects.
    for left in tree.rglob("*.o"):
        if left.relative_to(tree).parts[0] not in ("scripts", "tools"):
            left.unlink()
    release = host("make", "-s", "kernelrelease", cwd=tree)
    (directory / "release").write_text(release)


def _all_there(tree):
    """kconfig drops silently what it cannot have."""
    got = set((tree / ".config").read_text().splitlines())
    wanted = re.findall(r"^CONFIG_\w+=[ym]$", CONFIG.read_text(), re.M)
    lost = [line for line in wanted if line not in got]
    if lost:
        raise LabError(f"{CONFIG}: not in the resulting configuration: {', '.join(lost)}")


def module():
    """xen-scsiback.ko for the debug kernel, built aside from the usual one."""
    return modulebuild.build(suite.own(), _directory() / "tree").path
