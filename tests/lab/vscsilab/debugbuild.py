# SPDX-License-Identifier: GPL-2.0
"""Debug kernels for dom0, from Debian's sources: one of each kind for each suite that has one.

../debug has configurations, a common one and one of each kind, and patches: Linux's own faults
that would hide ours. All are compiled on the host, by its compiler.
"""
import contextlib
import fcntl
import functools
import os
import re
import shutil

from . import debian, paths
from .errors import LabError
from .shellout import Step, host

FILES = paths.LAB_DIR / "debug"
COMMON = FILES / "kernel.config"
KINDS = ("lockdep", "kcsan")
# Suites whose kernels were tried.
SERIES = {"bookworm": "6.1", "trixie": "6.12"}
PACKAGES = {
    # file that proves it is there -> package
    "/usr/bin/bc": "bc", "/usr/bin/flex": "flex", "/usr/bin/bison": "bison",
    "/usr/bin/make": "make", "/usr/bin/gcc": "gcc", "/usr/bin/xz": "xz-utils",
    "/usr/include/libelf.h": "libelf-dev", "/sbin/depmod": "kmod",
    "/usr/bin/patch": "patch",
}
BUILD_PATIENCE = 4 * 3600
# The build must leave room for whatever else the machine does.
MAKE = ["nice", "-n", "19", "make", "-s", f"-j{min(os.cpu_count() or 1, 2)}"]


@contextlib.contextmanager
def _building(which, kind):
    """One build of it at a time; labs without it need not wait."""
    paths.cache_dir().mkdir(parents=True, exist_ok=True)
    with open(paths.cache_dir() / f"{_prefix(which, kind)}lock", "a+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def ensure(which, kind):
    """Build what is not there; not under the cache's lock, since it takes long."""
    if which.name not in SERIES:
        raise LabError(f"there are debug kernels for {' and '.join(SERIES)}, not for {which}")
    missing = sorted({package for proof, package in PACKAGES.items() if not os.path.exists(proof)})
    if missing:
        debian.install(missing)
    which.refresh_if_old()
    with _building(which, kind):
        if not (directory(which, kind) / "release").exists():
            _build(which, kind, directory(which, kind))


def discard_old(which, kind):
    """Others of the same suite and kind; under the cache's lock, so that nobody runs one of them."""
    current = directory(which, kind)
    with _building(which, kind):
        for stale in paths.cache_dir().glob("debug-*"):
            ours = stale.name.startswith(_prefix(which, kind)) or not _is_of_a_kind(stale.name)
            if stale.is_dir() and stale != current and ours:
                shutil.rmtree(stale, ignore_errors=True)


def _is_of_a_kind(name):
    """Of a time when there was but one they have no kind in their names."""
    return any(f"-{kind}-" in name for kind in KINDS)


def _prefix(which, kind):
    return f"debug-{which}-{kind}-"


def _package(which):
    return f"linux-source-{SERIES[which.name]}"


def _configs(kind):
    return [COMMON, FILES / f"{kind}.config"]


def _patches(which, kind):
    return [patch for folder in ("any", f"{kind}-{SERIES[which.name]}")
            for patch in sorted((FILES / "patches" / folder).glob("*.patch"))]


@functools.cache
def directory(which, kind):
    version = which.candidate(_package(which), "Version")
    compiler = host("gcc", "--version").splitlines()[0]
    key = paths.digest(*_configs(kind), *_patches(which, kind), version, compiler)
    return paths.cache_dir() / (_prefix(which, kind) + key)


def _unpack(which, target):
    """Debian's source becomes target/tree."""
    package = _package(which)
    with Step(f"unpacking {package} of {which}"):
        which.download([f"{package}={which.candidate(package, 'Version')}"], target)
        (archive,) = target.glob("*.deb")
        host("dpkg-deb", "-x", archive, target / "package")
        host("tar", "-xf", target / "package/usr/src" / f"{package}.tar.xz", "-C", target)
        (target / package).rename(target / "tree")
        shutil.rmtree(target / "package")
        archive.unlink()


def _build(which, kind, target):
    # Not build-*: the lock's owner removes those, and a tree cannot be
    # renamed for as long as it holds absolute paths.
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    _unpack(which, target)
    tree = target / "tree"
    for patch in _patches(which, kind):
        host("patch", "-p1", "--forward", "--fuzz=0", "-i", patch, cwd=tree)
    wanted = target / "wanted.config"
    wanted.write_text("".join(config.read_text() for config in _configs(kind)))
    host(*MAKE, f"KCONFIG_ALLCONFIG={wanted}", "allnoconfig", cwd=tree)
    _all_there(tree, wanted.read_text())
    with Step(f"building the {kind} kernel of {which}'s dom0"):
        host(*MAKE, "vmlinux", "modules", cwd=tree, limit=BUILD_PATIENCE)
    finish(target)


def finish(target):
    """From a built tree to what runs need; the mark of success comes last."""
    tree = target / "tree"
    host(*MAKE, "modules_install", f"INSTALL_MOD_PATH={target / 'root'}", "INSTALL_MOD_STRIP=1",
         "DEPMOD=/sbin/depmod", cwd=tree)
    shutil.copy(tree / "vmlinux", target / "vmlinux")
    # Modules are built against headers, scripts and objtool, not objects.
    for left in tree.rglob("*.o"):
        if left.relative_to(tree).parts[0] not in ("scripts", "tools"):
            left.unlink()
    release = host("make", "-s", "kernelrelease", cwd=tree)
    (target / "release").write_text(release)


def _all_there(tree, wanted):
    """kconfig drops silently what it cannot have."""
    got = set((tree / ".config").read_text().splitlines())
    lost = [line for line in re.findall(r"^CONFIG_\w+=[ym]$", wanted, re.M) if line not in got]
    if lost:
        raise LabError(f"{FILES}: not in the resulting configuration: {', '.join(lost)}")
