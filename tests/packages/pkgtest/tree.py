# SPDX-License-Identifier: GPL-2.0
"""Debian trees that tests start from, kept in the cache; nothing of ours is in them."""
import os
import pathlib
import shlex
import shutil

from vscsilab import debian, paths, rootfs, suite
from vscsilab.shellout import Step, host

from .chroot import Chroot

CONTROL = paths.REPO_DIR / "packaging/debian/control"
# Of a host. systemd is there since units are enabled; what the tools link to goes by another name in each suite.
HOST = """systemd dkms make g++ linux-headers-amd64 bash-completion xen-utils-common targetcli-fb dbus kmod
python3 e2fsprogs ^libfmt[0-9]+$""".split()
BUILD = "build-essential lintian fakeroot rpm ccache".split()
# With /usr/src/control in it.
BUILD_DEPENDS = """mkdir -p /tmp/source/debian && cp /usr/src/control /tmp/source/debian/control &&
apt-get -qy --no-install-recommends build-dep /tmp/source && rm -r /tmp/source"""


def cache():
    named = os.environ.get("VSCSI_PACKAGES_CACHE")
    return pathlib.Path(named) if named else paths.cache_dir() / "packages"


def _refreshed(which, tree):
    """apt's lists and whatever has been mended since."""
    rootfs.write(tree / "etc/apt/sources.list", "\n".join(which.sources()) + "\n")
    rootfs.write(tree / "etc/apt/apt.conf.d/test",
                 host("apt-config", "dump", "--format", '%F "%v";%n', *rootfs.LIKE_THE_HOST))
    rootfs.write(tree / "usr/sbin/policy-rc.d", rootfs.NO_SERVICES, "755")
    rootfs.write(tree / "etc/dpkg/dpkg.cfg.d/test", "force-unsafe-io\n")


def _make(name, which, packages, source=None, control=None):
    made = cache() / name
    wanted = " ".join(sorted(packages)) + (f" {paths.digest(control)}" if control else "")
    stamp = made / "made-of"
    if stamp.exists() and stamp.read_text() == wanted:
        return made
    debian.install_host_needs()
    host("rm", "-rf", "--one-file-system", made, root=True)
    cache().mkdir(parents=True, exist_ok=True)
    if source:
        with Step(f"copying {source.name}"):
            host("cp", "-a", source, made, root=True)
    else:
        rootfs.base(made, which)
        _refreshed(which, made)
    with Step(f"{name}: {len(packages)} packages"), Chroot(made, throw_away=False) as root:
        root.online()
        root.run("apt-get -q update && apt-get -qy dist-upgrade")
        if packages:
            root.run(f"apt-get -qy --no-install-recommends install {' '.join(map(shlex.quote, packages))}")
        if control:
            root.put(control, "usr/src")
            root.run(BUILD_DEPENDS)
        root.run("apt-get clean; rm -f /etc/resolv.conf")
    rootfs.write(stamp, wanted)
    return made


def named_tree(name, which, packages, source):
    """One with more packages."""
    return _make(name, which, packages, source)


def base(which):
    return _make(f"base-{which}", which, [])


def build(which):
    """With compilers and tools for building the packages."""
    return _make(f"build-{which}", which, BUILD, base(which), CONTROL)


def of_host(which):
    """With all that the packages depend on, so that what they bring can be told from that."""
    return _make(f"host-{which}", which, HOST, base(which))


def named(name):
    return suite.named(name)


def clean():
    shutil.rmtree(cache(), ignore_errors=True)
