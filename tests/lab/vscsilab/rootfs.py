# SPDX-License-Identifier: GPL-2.0
"""A Debian tree of a suite: debootstrap, then packages."""
import os
import pathlib
import tempfile

from .shellout import Step, host

DPKG_CONFIG = """\
force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/info/*
"""
NO_SERVICES = "#!/bin/sh\nexit 101\n"
# How the host reaches its mirror, and what it thinks of an old one's dates.
LIKE_THE_HOST = ("Acquire::http::Proxy", "Acquire::https::Proxy", "Acquire::Check-Valid-Until",
                 "Acquire::Check-Date")
PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"


def write(path, text, mode="644"):
    """Into a tree, which belongs to root."""
    with tempfile.NamedTemporaryFile("w", delete=False) as handle:
        handle.write(text)
    try:
        host("install", "-D", "-m", mode, handle.name, path, root=True)
    finally:
        os.unlink(handle.name)


def base(tree, suite):
    with Step(f"debootstrap of {suite}"):
        host("debootstrap", "--variant=minbase", suite.name, tree, suite.mirror(), root=True)


def inside(tree):
    return ["chroot", tree, "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", PATH]


def install(tree, suite, packages):
    with Step(f"installing {len(packages)} packages"):
        write(tree / "etc/apt/sources.list", "\n".join(suite.sources()) + "\n")
        write(tree / "etc/dpkg/dpkg.cfg.d/lab", DPKG_CONFIG)
        write(tree / "usr/sbin/policy-rc.d", NO_SERVICES, "755")
        if os.path.exists("/etc/resolv.conf"):
            write(tree / "etc/resolv.conf", pathlib.Path("/etc/resolv.conf").read_text())
        write(tree / "etc/apt/apt.conf.d/lab",
              host("apt-config", "dump", "--format", '%F "%v";%n', *LIKE_THE_HOST))
        chroot = inside(tree)
        host(*chroot, "apt-get", "-q", "update", root=True)
        host(*chroot, "apt-get", "-q", "-y", "--no-install-recommends",
             "install", *packages, root=True)
        host(*chroot, "apt-get", "clean", root=True)
        host(*chroot, "sh", "-c", "rm -rf /var/lib/apt/lists/* /etc/resolv.conf", root=True)


def unpack(tree, suite, packages, work):
    """Without their maintainer scripts, and without what they depend on."""
    debs = work / "debs"
    debs.mkdir(mode=0o755, parents=True)
    tree.mkdir(exist_ok=True)
    suite.download(packages, debs)
    for deb in sorted(debs.iterdir()):
        # Plain tar would replace the /lib link of merged /usr.
        host("sh", "-ec", 'dpkg-deb --fsys-tarfile "$1" | '
             'tar -x --keep-directory-symlink -C "$2"', "sh", deb, tree, root=True)
