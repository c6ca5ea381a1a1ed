# SPDX-License-Identifier: GPL-2.0
"""A dom0 that boots from Debian's own packages and the project's, by systemd: the usual kernel, hypervisor and
guests, and another root file system, which tests/packages makes."""
import json

from . import paths
from .errors import LabError

# Of the constants of a scenario: IMAGE = KIND.
KIND = "packages"


def folder(which):
    return paths.cache_dir() / f"packaged-{which}"


class Packaged:
    """As an image of the lab, but for its disk and for what is started on it."""

    kind = KIND
    # Of vm/.
    init = "packaged-init"

    def __init__(self, usual):
        self.usual = usual
        self.dir = folder(usual.suite)
        try:
            self.about = json.loads((self.dir / "manifest.json").read_text())
        except OSError:
            raise LabError(f"there is no dom0 of packages of {usual.suite} yet: `make test-boot` makes it") from None
        if self.about["kernel"] != usual.kernel:
            raise LabError(f"the dom0 of packages has Linux {self.about['kernel']}, the lab {usual.kernel}: "
                           "`make test-boot` makes it anew")
        self.root = self.dir / "root.ext4"
        self.guests = usual

    def __getattr__(self, name):
        return getattr(self.usual, name)
