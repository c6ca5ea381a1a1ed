# SPDX-License-Identifier: GPL-2.0
"""A kernel for dom0 that checks itself: of kind lockdep, also objects, lists and memory; of kind
kcsan, data races. debugbuild.py makes it.

Guests keep Debian's own kernel. The cache has the tree, since modules are built against it,
and the installed modules, which dom0's initrd brings along.
"""
from . import bootfiles, debugbuild, image, modulebuild, patience, recipe, suite

# Every access of memory asks KCSAN first.
FACTORS = {"lockdep": 4, "kcsan": 6}


class DebugImage(image.Image):
    """The usual image, with another kernel and modules for dom0."""

    def __init__(self, usual, kind, directory):
        super().__init__(usual.dir)
        self.guests = usual.guests
        # Of snapshots.
        self.kind = f"debug-{kind}-"
        self.debug_kind = kind
        self.debug = directory
        self.vmlinux = directory / "vmlinux"
        self.dom0_kernel = (directory / "release").read_text().strip()
        self.headers = directory / "tree"
        self.builder = suite.own()
        self.modules = directory / "root/lib/modules" / self.dom0_kernel

    def early_modules(self, which):
        if which != "dom0":
            return super().early_modules(which)
        return [(path.name, path.read_bytes())
                for path in bootfiles.load_order(self.modules, recipe.DOM0_INITRD_MODULES)]

    def dom0_modules(self):
        return [(f"{self.dom0_kernel}/{path.relative_to(self.modules)}", path.read_bytes())
                for path in sorted(self.modules.rglob("*")) if path.is_file() and not path.is_symlink()]


def use(usual, kind):
    """The debug kernel's image, of ensure(); from here on everything may take longer."""
    patience.FACTOR = FACTORS[kind]
    return DebugImage(usual, kind, debugbuild.directory(usual.suite, kind))


def ensure(kind):
    debugbuild.ensure(suite.chosen(), kind)


def discard_old(kind):
    debugbuild.discard_old(suite.chosen(), kind)


def module(kind):
    """xen-scsiback.ko for the debug kernel, built aside from the usual one."""
    return modulebuild.build(suite.own(), debugbuild.directory(suite.chosen(), kind) / "tree").path
