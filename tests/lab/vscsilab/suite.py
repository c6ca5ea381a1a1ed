# SPDX-License-Identifier: GPL-2.0
"""A release of Debian under test, and what its archive has: dom0's, or a guest's.

The host's own release is asked of the host's apt. Another one has package lists of
its own in the cache; they come from the mirrors, and through the proxy, of the host's.
"""
import functools
import os
import pathlib
import re
import time

from . import debian, paths
from .errors import LabError
from .shellout import host, say

KNOWN = ("bookworm", "trixie", "sid")
# Whatever the host is: on its emulated machine a scenario takes up to half of the time that it takes
# on trixie's kernel and hypervisor.
DEFAULT = "bookworm"
# It has neither updates nor a security archive.
ROLLING = "sid"
SCRIPTS = pathlib.Path("/usr/share/debootstrap/scripts")
# Nobody else refreshes lists in the cache.
OLD = 24 * 3600


class Suite:
    def __init__(self, name):
        self.name = name
        self.own = name == debian.codename()
        self.refreshed = False
        self.shown = {}

    def __str__(self):
        return self.name

    # apt

    def _home(self):
        """apt's files for a suite that is not the host's."""
        home = paths.cache_dir() / f"apt-{self.name}"
        for part in ("lists/partial", "cache/archives/partial"):
            (home / part).mkdir(parents=True, exist_ok=True)
        # apt's own cache is of no use to it once one of these is newer.
        for name, text in (("status", ""), ("sources.list", "\n".join(self.sources()) + "\n")):
            file = home / name
            if not file.exists() or file.read_text() != text:
                file.write_text(text)
        return home

    @functools.cached_property
    def _options(self):
        if self.own:
            return []
        home = self._home()
        chosen = {"Dir::Etc::sourcelist": home / "sources.list", "Dir::Etc::sourceparts": "/dev/null",
                  "Dir::Etc::preferences": "/dev/null", "Dir::Etc::preferencesparts": "/dev/null",
                  "Dir::State::lists": home / "lists", "Dir::State::status": home / "status",
                  "Dir::Cache": home / "cache", "Dir::Cache::pkgcache": "pkgcache.bin",
                  "APT::Default-Release": ""}
        return [word for name, value in chosen.items() for word in ("-o", f"{name}={value}")]

    def apt(self, program, *words, **options):
        """apt-get or apt-cache, with this suite's lists."""
        return host(program, *self._options, *words, **options)

    def refresh(self):
        self.shown.clear()
        if self.own:
            debian.refresh()
        elif not self.refreshed:
            say(f"refreshing the package lists of {self.name}")
            self.apt("apt-get", "-q", "update")
            (self._home() / "refreshed").touch()
            self.refreshed = True

    def refresh_if_old(self):
        """Lists of the host's own are its administrator's affair."""
        if self.own:
            return
        stamp = self._home() / "refreshed"
        if not stamp.exists():
            self.refresh()
        elif time.time() - stamp.stat().st_mtime > OLD:
            try:
                self.refresh()
            except LabError as error:
                say(f"going on with old package lists: {error}")

    def sources(self):
        """Lines for a sources.list."""
        own, lines = debian.codename(), []
        for uri, name, release in debian.sources():
            if not self.own:
                release = self.name + name.removeprefix(own)
                if self.name == ROLLING and name != own:
                    continue
            line = f"deb {uri} {release} main"
            if line not in lines:
                lines.append(line)
        return lines

    def mirror(self):
        return self.sources()[0].split()[1]

    # Packages

    def candidate(self, package, field):
        # apt takes a second for an answer.
        if package not in self.shown:
            self.shown[package] = self.apt("apt-cache", "show", "--no-all-versions", package)
        found = re.search(rf"^{field}: (.*)$", self.shown[package], re.M)
        if not found:
            raise LabError(f"apt knows no {field} of {self.name}'s {package}: run apt-get update")
        return found.group(1)

    def versions(self, package):
        """All that the archive has, the newest first."""
        lines = self.apt("apt-cache", "madison", package).splitlines()
        return list(dict.fromkeys(line.split("|")[1].strip() for line in lines))

    def depends(self, package):
        """Names; the first of alternatives."""
        return [one.split()[0] for one in self.candidate(package, "Depends").split(", ")]

    def download(self, packages, directory):
        self.apt("apt-get", "-q", "download", *packages, cwd=directory)

    def kernel(self):
        """(release, package version) of the newest kernel apt can install."""
        try:
            depends = self.candidate("linux-image-amd64", "Depends")
        except LabError:
            self.refresh()
            depends = self.candidate("linux-image-amd64", "Depends")
        found = re.search(r"\blinux-image-(\S+) \(= (\S+)\)", depends)
        if not found:
            raise LabError(f"linux-image-amd64 depends on {depends!r}: "
                           "no versioned kernel package in it")
        return found.group(1), found.group(2)

    def kernel_packages(self, release):
        """Until Linux 7.1 one has all."""
        image = f"linux-image-{release}"
        parts = re.compile(rf"linux-(modules|binary|base)-{re.escape(release)}")
        return [image, *filter(parts.fullmatch, self.depends(image))]

    def xen(self):
        """Its version as packages have it in their names."""
        for name in self.depends("xen-system-amd64"):
            found = re.fullmatch(r"xen-hypervisor-([\d.]+)-amd64", name)
            if found:
                return found.group(1)
        raise LabError(f"xen-system-amd64 of {self.name} depends on no hypervisor")


@functools.lru_cache
def named(name):
    if name not in KNOWN and name != debian.codename():
        raise LabError(f"no suite {name!r}: there are {', '.join(KNOWN)}")
    if not (SCRIPTS / name).exists() and SCRIPTS.exists():
        raise LabError(f"the host's debootstrap does not know {name}: it needs a newer one")
    return Suite(name)


def own():
    return named(debian.codename())


def chosen():
    """dom0's, and the hypervisor's."""
    return named(os.environ.get("VSCSI_LAB_SUITE") or DEFAULT)


def guests():
    """Whose kernel and userland guests have."""
    return named(os.environ.get("VSCSI_LAB_GUEST_SUITE") or chosen().name)
