# SPDX-License-Identifier: GPL-2.0
"""The images in the cache, one of each suite. imagebuild.py makes them."""
import json
import pathlib
import shutil

from . import debian, imagebuild, paths, recipe, suite
from .errors import LabError


class Image:
    """A finished image in the cache."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.info = json.loads((self.dir / "manifest.json").read_text())
        self.suite = suite.named(self.info["suite"])
        self.root = self.dir / "root.ext4"
        self.xen = self.dir / "xen"
        self.vmlinux = self.dir / "vmlinux"
        self.busybox = self.dir / "busybox"
        self.kernel = self.info["kernel"]
        # What modules for it are built against, in a tree of its suite.
        self.headers = f"/usr/src/linux-headers-{self.kernel}"
        self.builder = self.suite
        # What guests run on a dom0 of this one.
        self.guests = self

    def shadow_xen(self):
        """A hypervisor that can follow what a PV guest writes: live migration needs it."""
        found = self.dir / "xen-shadow"
        if not found.exists():
            raise LabError(f"no Xen {self.info['xen']} that {self.suite}'s archive has can shadow a guest's page tables")
        return found

    def early_modules(self, which):
        """[(file name, bytes)] in the order in which they must be loaded."""
        return [(name, (self.dir / "early" / name).read_bytes())
                for name in self.info["early"][which]]


def _pointer(which):
    return paths.cache_dir() / f"current-{which}.json"


def _setup(which):
    words = "lab setup" if which.name == suite.DEFAULT else f"VSCSI_LAB_SUITE={which} lab setup"
    return f"run `{words}`"


def of(which):
    """The image of this suite that the last setup made, or an error saying what to do."""
    try:
        pointer = json.loads(_pointer(which).read_text())
        found = Image(paths.cache_dir() / pointer["image"])
    except (OSError, ValueError, KeyError) as error:
        raise LabError(f"the lab has no image of {which} yet: {_setup(which)}") from error
    if pointer["recipe"] != imagebuild.recipe_key():
        raise LabError(f"the image recipe has changed: {_setup(which)}")
    return found


def current():
    """dom0's, which knows its guests'."""
    found = of(suite.chosen())
    if suite.guests() != suite.chosen():
        found.guests = of(suite.guests())
    return found


def about(found):
    """What results depend on."""
    return {name: found.info[name] for name in ("suite", "kernel", "kernel_package", "xen")}


def kernel(which):
    """The release that modules for this suite are built for, with or without an image."""
    try:
        return of(which).kernel
    except LabError:
        return which.kernel()[0]


def ensure(which):
    """Return the suite's image with its newest kernel and hypervisor, building it if need be."""
    debian.install_host_needs()
    which.refresh_if_old()
    release, version = which.kernel()
    if which.own:
        debian.install_host_needs(release)
    hypervisor = which.candidate(recipe.unpacked_packages(which.xen())[0], "Version")
    key = paths.digest(imagebuild.recipe_key(), which.name, release, version, hypervisor)
    target = paths.cache_dir() / f"image-{which}-{key}"
    if not (target / "manifest.json").exists():
        which.refresh()
        if which.kernel() != (release, version):
            return ensure(which)
        imagebuild.build(target, which, release, version)
    _pointer(which).write_text(json.dumps({"image": target.name, "recipe": imagebuild.recipe_key()}))
    for stale in paths.cache_dir().glob("image-*"):
        if stale != target and _belongs(stale, which):
            shutil.rmtree(stale, ignore_errors=True)
    return Image(target)


def _belongs(directory, which):
    """Whether it is an image of this suite; one without a suite is of a time when there was but one."""
    try:
        return json.loads((directory / "manifest.json").read_text()).get("suite", which.name) == which.name
    except (OSError, ValueError):
        return True
