# SPDX-License-Identifier: GPL-2.0
"""Build the one root file system that dom0 and guests share.

The result is a directory: root.ext4, xen, vmlinux, busybox, early modules
and a manifest. It holds Debian and nothing of ours, so that work on the lab
itself never costs a new image.
"""
import gzip
import json
import os
import pathlib
import shutil
import tempfile

from . import bootfiles, paths, recipe, rootfs
from .shellout import Step, host, say

# Changes of these are changes of the image.
PARTS = ("recipe.py", "imagebuild.py", "rootfs.py", "bootfiles.py")


def recipe_key():
    """Changes when the way images are built changes."""
    here = pathlib.Path(__file__).parent
    return paths.digest(*[here / name for name in PARTS])


def build(target, suite, release, version):
    xen = suite.xen()
    say(f"building an image of {suite} with Linux {release} ({version}) and Xen {xen}")
    work = pathlib.Path(tempfile.mkdtemp(prefix="build-",
                                         dir=paths.cache_dir()))
    tree, out = work / "tree", work / "out"
    out.mkdir()
    try:
        rootfs.base(tree, suite)
        rootfs.install(tree, suite, recipe.root_packages(xen))
        _mend(tree)
        with Step("unpacking kernel and hypervisor"):
            rootfs.unpack(tree, suite, [*suite.kernel_packages(release), *recipe.unpacked_packages(xen)], work)
            _modules(tree, release)
        with Step("collecting boot files"):
            early = _collect(tree, out, release, xen)
        _shadow(out, suite, recipe.unpacked_packages(xen)[0], work)
        with Step("writing the root file system"):
            _file_system(tree, out / "root.ext4")
        (out / "manifest.json").write_text(json.dumps({
            "suite": suite.name, "kernel": release, "kernel_package": version, "xen": xen,
            "early": early}, indent=1))
        if target.exists():
            shutil.rmtree(target)
        out.rename(target)
    finally:
        host("rm", "-rf", "--one-file-system", work, root=True)


# One that sends what it is for, and tells by its exit code what came of it.
SG_TURS = """\
#!/bin/sh
count=1
while [ $# -gt 1 ]; do
	case $1 in
	-n) count=$2; shift ;;
	esac
	shift
done
for _ in $(seq "$count"); do
	sg_raw "$1" 0 0 0 0 0 0 || exit
done
"""


def _mend(tree):
    """sg_turs of sg3_utils 1.48 sends no command, and reports success; with one of its options it
    sends it, and reports success."""
    version = host(*rootfs.inside(tree), "dpkg-query", "-W", "-f", "${Version}", "sg3-utils", root=True)
    if version.startswith("1.48"):
        rootfs.write(tree / "usr/bin/sg_turs", SG_TURS, "755")


def _modules(tree, release):
    modules = tree / "lib/modules" / release
    host("rm", "-rf", *[modules / name for name in recipe.DROP_MODULES], root=True)
    # An emulated processor takes long to unpack them, and busybox cannot.
    host("find", modules, "-name", "*.ko.xz", "-exec", "xz", "-d", "{}", "+", root=True)
    host("/sbin/depmod", "-b", tree, release, root=True)


def _collect(tree, out, release, xen):
    """Copy what boots before the root file system is there."""
    blob = (tree / "boot" / f"xen-{xen}-amd64.gz").read_bytes()
    (out / "xen").write_bytes(gzip.decompress(blob))
    kernel = next(path for path in (tree / "boot" / f"vmlinuz-{release}",
                                    tree / "lib/modules" / release / "vmlinuz") if path.exists())
    (out / "vmlinux").write_bytes(bootfiles.unpack_kernel(kernel.read_bytes()))
    # Every `xl create` would unpack the kernel again, for ten seconds.
    host("install", "-m", "644", out / "vmlinux", tree / "boot/vmlinux",
         root=True)
    # As an HVM guest's device model wants it.
    host("install", "-m", "644", kernel, tree / "boot/vmlinuz", root=True)
    shutil.copy(tree / "bin/busybox", out / "busybox")
    (out / "early").mkdir()
    lists = {}
    for which, wanted in (("dom0", recipe.DOM0_INITRD_MODULES),
                          ("guest", recipe.GUEST_INITRD_MODULES)):
        lists[which] = []
        for path in bootfiles.load_order(tree / "lib/modules" / release, wanted):
            lists[which].append(path.name)
            shutil.copy(path, out / "early" / path.name)
    return lists


def _shadow(out, suite, package, work):
    """Of the archive's builds of the hypervisor the newest with shadow paging, if there is one:
    Debian has stopped to build it in."""
    for number, version in enumerate(suite.versions(package)):
        tree = work / f"shadow-{number}"
        rootfs.unpack(tree, suite, [f"{package}={version}"], work / f"shadow-debs-{number}")
        if "CONFIG_SHADOW_PAGING=y" in next(tree.glob("boot/*.config")).read_text().splitlines():
            blob = next(tree.glob("boot/xen-*.gz")).read_bytes()
            (out / "xen-shadow").write_bytes(gzip.decompress(blob))
            return


def _file_system(tree, target):
    # No journal: the image is never written to in place.
    host("/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal",
         "-m", "0", "-d", tree, target, recipe.IMAGE_SIZE, root=True)
    host("chown", f"{os.getuid()}:{os.getgid()}", target, root=True)
