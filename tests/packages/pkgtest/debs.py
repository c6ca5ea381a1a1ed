# SPDX-License-Identifier: GPL-2.0
"""The packages of a suite: built in two places, they are the same; and those of a later version."""
import dataclasses
import hashlib
import pathlib
import subprocess

from vscsilab import paths
from vscsilab.shellout import Step

from . import tree
from .chroot import Chroot

PACKAGES = ("xen-scsiback-dkms", "xen-vscsi-tools", "targetcli-xen-pvscsi", "xen-vscsi-xl")
# The unit tests have their place in `make test`.
BUILD = "cd {source} && umask {umask} && {more} DEB_BUILD_OPTIONS=nocheck packaging/deb {out} -b"


@dataclasses.dataclass
class Built:
    version: str
    folder: pathlib.Path

    def deb(self, package):
        return next(self.folder.glob(f"{package}_{self.version}_*.deb"))

    def debs(self):
        return [self.deb(package) for package in PACKAGES]


def source(folder):
    """This tree, as a tarball of it would be: without git."""
    subprocess.run([paths.REPO_DIR / "packaging/source", folder], check=True)
    return folder


def later(version):
    return f"{version}+1"


def build(root, version, where, out, umask="022", more=""):
    with Step(f"packages of version {version} in {where}"):
        root.write(f"{where}/packaging/described", version + "\n")
        root.run(BUILD.format(source=where, umask=umask, more=more, out=f"{where}-out"))
    root.take(f"{where}-out/*.deb", out)
    return Built(version, out)


def plain(which, folder, clean):
    """The same without a look at anything."""
    version = (clean / "packaging/described").read_text().strip()
    with Chroot(tree.build(which)) as root:
        root.put(clean, "srv/one")
        here = f"/srv/one/{clean.name}"
        return (build(root, version, here, folder / "first", more=CACHED),
                build(root, later(version), here, folder / "later", more=CACHED))


def digests(built):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in built.debs()}


# Of the same place again, for another version; not to be used where it would hide a difference.
CACHED = "PATH=/usr/lib/ccache:$PATH CCACHE_DIR=/srv/ccache"


def test(verdict, which, folder, clean, everything=True):
    """The packages, and those of the next version. everything: what is the same for all suites as well."""
    version = (clean / "packaging/described").read_text().strip()
    with Chroot(tree.build(which)) as root:
        for place in ("srv/one", "srv/quite/another"):
            root.put(clean, place)
        here, there = f"/srv/one/{clean.name}", f"/srv/quite/another/{clean.name}"
        built = build(root, version, here, folder / "first", more=CACHED)
        again = build(root, version, there, folder / "again", "077", "TZ=Asia/Kolkata LC_ALL=C")
        verdict.equal("built again elsewhere, packages are the same", digests(again), digests(built))
        done = root.run(f"lintian --allow-root --fail-on error,warning --info {here}-out/*.changes", check=False)
        verdict.ends("lintian finds nothing wrong", done)
        symbols = sorted(path.name for path in built.folder.glob("*-dbgsym_*"))
        verdict.check("debugging symbols are in a package of their own", len(symbols) == 1, symbols)
        if everything:
            by_hand(verdict, root, here)
            rpm(verdict, root, here, version)
        tarball = dkms_tarball(root, here, folder)
        newer = build(root, later(version), here, folder / "later", more=CACHED)
    return built, newer, tarball


# What apt and dpkg would be asked for is not asked.
WITHOUT_DEBIAN = """mkdir /tmp/none; for name in apt apt-get apt-cache dpkg dpkg-query; do
printf '#!/bin/sh\\necho "$0 was called" >&2; exit 99\\n' >/tmp/none/$name; chmod 755 /tmp/none/$name; done
export PATH=/tmp/none:$PATH
"""
INSTALLED = """
usr/lib/python3/dist-packages/xen-pvscsi-targetcli.pth usr/local/sbin/xl usr/sbin/xen-vscsid usr/sbin/xl-vscsi
usr/share/bash-completion/completions/xl-vscsi usr/share/man/man5/xl-vscsi.cfg.5 usr/share/man/man8/xen-vscsid.8
usr/share/man/man8/xl-vscsi.8 usr/share/zsh/vendor-completions/_xl-vscsi
""".split()


def by_hand(verdict, root, here):
    """`make install...`, with what is no test of anything, and without a package manager."""
    done = root.run(f"cd {here} && {WITHOUT_DEBIAN} make install-tools install-plugin install-xl DESTDIR=/tmp/by-hand "
                    "&& cd /tmp/by-hand && find . -type f -printf '%P\\n'", check=False)
    verdict.ends("make install-... works without apt and dpkg", done)
    files = done.text.splitlines()
    verdict.equal("it installs what belongs to it", [name for name in INSTALLED if name not in files], [])
    verdict.equal("and no tests", [name for name in files if name.startswith("usr/") and "test" in name], [])
    done = root.run(f"cd {here} && make uninstall-tools DESTDIR=/tmp/by-hand; cd /tmp/by-hand; find . -name '*vscsi*' "
                    "-type f -path '*bin*'", check=False)
    verdict.equal("make uninstall-tools removes them", done.text.splitlines()[1:], [])


def rpm(verdict, root, here, version):
    done = root.run(f"cd {here} && packaging/rpm/build /srv/rpm --nodeps && cd /srv/rpm && "
                    "for file in RPMS/*/*.rpm; do rpm -qlp $file; done", check=False)
    verdict.ends("RPMs can be built", done)
    verdict.says("they have what they should", done.text, "xen-vscsi-tools-", "xen-scsiback-dkms-", "targetcli-xen-pvscsi-",
                 "/usr/sbin/xen-vscsid", f"/usr/src/xen-scsiback-{version}/dkms.conf", "xen-vscsid.service")


def dkms_tarball(root, here, folder):
    name = root.says(f"cd {here} && packaging/dkms/tarball /srv/dkms").strip().splitlines()[-1]
    root.take(name, folder)
    return folder / pathlib.Path(name).name
