# SPDX-License-Identifier: GPL-2.0
"""Where programs and kernel modules for a suite are compiled: a directory on the host if the
suite is its own, else one in a chroot with that suite's compilers, kernel headers and libraries."""
import functools
import pathlib
import re
import shutil
import tempfile

from . import debian, image, paths, rootfs
from .errors import LabError
from .shellout import Step, host, say

# Compiling must leave room for whatever else the machine does.
NICE = ["nice", "-n", "19"]
# Besides what kernel headers need. Perl and Python are kernel-doc's, which W=1 runs.
PACKAGES = """
make g++ binutils cmake ninja-build libxen-dev libgtest-dev libcli11-dev libfmt-dev nlohmann-json3-dev
libsystemd-dev perl python3
""".split()
# Of the chroot; anybody may make directories there.
FLOOR = "work"
LONGEST = 3600
# objtool of newer kernels reads in /proc how much stack it has.
ENTER = """mount --bind /proc "$1/proc" || exit
proc=$1/proc
trap 'umount "$proc"' EXIT
shift
"$@"
"""


def _wanted(which, release):
    """The packages to install: of the headers' own needs all but the kernel itself. The C++
    compiler must be of the kernel's C compiler's version."""
    needs = [name for name in which.depends(f"linux-headers-{release}")
             if not name.startswith("linux-image")]
    compiler = re.search(r"gcc-(\d+)\S*", " ".join(needs))
    if not compiler:
        raise LabError(f"linux-headers-{release} of {which} depends on no gcc: {' '.join(needs)}")
    cxx = "g++-" + compiler.group(1) + ("-for-host" if compiler.group().endswith("-for-host") else "")
    return [*PACKAGES, *needs, cxx]


def ensure(which):
    """The chroot of a suite that is not the host's own, made if need be."""
    if which.own:
        return None
    release = image.kernel(which)
    try:
        wanted = _wanted(which, release)
    except LabError:
        which.refresh()
        wanted = _wanted(which, release)
    version = which.candidate(f"linux-headers-{release}", "Version")
    root = paths.cache_dir() / f"buildroot-{which}-{paths.digest(release, version, *wanted)}"
    if not (root / "ready").exists():
        for stale in paths.cache_dir().glob(f"buildroot-{which}-*"):
            host("rm", "-rf", "--one-file-system", stale, root=True)
        _make(root, which, release, wanted)
    return root


def _make(root, which, release, wanted):
    debian.install_host_needs()
    say(f"making a chroot of {which} for building, for Linux {release}")
    work = pathlib.Path(tempfile.mkdtemp(prefix="build-", dir=paths.cache_dir()))
    try:
        rootfs.base(work / "tree", which)
        rootfs.install(work / "tree", which, wanted)
        with Step("unpacking kernel headers"):
            rootfs.unpack(work / "tree", which, [f"linux-headers-{release}"], work)
        host("install", "-d", "-m", "1777", work / "tree" / FLOOR, root=True)
        host("touch", work / "tree/ready", root=True)
        host("mv", "-T", work / "tree", root, root=True)
    finally:
        host("rm", "-rf", "--one-file-system", work, root=True)


def key(which):
    """What results depend on besides their sources."""
    return "" if which.own else ensure(which).name


@functools.cache
def _namespace():
    """Mounts in it are nobody else's; unless we are in a chroot ourselves, whose root is no mount."""
    private = ["unshare", "--mount"]
    try:
        host(*private, "true", root=True)
    except LabError:
        return [*private, "--propagation", "unchanged"]
    return private


class Workshop:
    """`with Workshop(suite) as shop`: a directory, gone afterwards."""

    def __init__(self, which):
        self.which = which
        self.root = ensure(which)
        floor = paths.cache_dir() / "tools" if which.own else self.root / FLOOR
        floor.mkdir(parents=True, exist_ok=True)
        self.dir = pathlib.Path(tempfile.mkdtemp(dir=floor))

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        host("rm", "-rf", self.dir, root=not self.which.own)

    def inside(self, path=""):
        """As programs in it see it."""
        return str(self.dir / path) if self.which.own else f"/{FLOOR}/{self.dir.name}/{path}"

    def put(self, source, name=None):
        target = self.dir / (name or source.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)

    def run(self, *words, folder=""):
        """Output and complaints of a command in one of the directory's folders."""
        if self.which.own:
            return host(*NICE, *words, cwd=self.dir / folder, limit=LONGEST)
        return host(*NICE, *_namespace(), "sh", "-c", ENTER, "sh", self.root,
                    *rootfs.inside(self.root), "sh", "-c", 'cd "$1" && shift && exec "$@"', "sh",
                    self.inside(folder), *words, root=True, limit=LONGEST)

    def file(self, path):
        """One of the whole system in which it is."""
        return pathlib.Path(path) if self.which.own else self.root / str(path).lstrip("/")

    def take(self, name, target):
        """A result; whoever looks for it sees all of it or nothing."""
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(target.name + ".partial")
        shutil.copyfile(self.dir / name, fresh)
        shutil.copymode(self.dir / name, fresh)
        fresh.rename(target)
