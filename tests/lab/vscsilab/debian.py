# SPDX-License-Identifier: GPL-2.0
"""The machine's own Debian: its codename, mirrors, missing packages."""
import functools
import os
import re

from . import recipe
from .errors import LabError
from .shellout import host, say


@functools.lru_cache
def codename():
    with open("/etc/os-release") as handle:
        found = re.search(r'^VERSION_CODENAME="?(\w+)"?$', handle.read(), re.M)
    if not found:
        raise LabError("/etc/os-release has no VERSION_CODENAME: the lab "
                       "builds its images from the Debian of its host")
    return found.group(1)


def refresh():
    """Package lists, once per process."""
    if not getattr(refresh, "done", False):
        say("refreshing apt's package lists")
        host("apt-get", "-q", "update", root=True)
        refresh.done = True


def sources():
    """[(mirror, codename, suite)] of Debian's main for this host's release; the codename is like
    trixie-security, the suite what the administrator calls it."""
    fields = "$(ORIGIN)|$(CODENAME)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
    found = []
    for entry in host("apt-get", "indextargets", "--format", fields,
                      "Created-By: Packages").splitlines():
        origin, name, uri, release, component = entry.split("|")
        line = (uri, name, release)
        if origin == "Debian" and name.startswith(codename()) \
                and component == "main" and line not in found:
            found.append(line)
    if not found:
        raise LabError("apt has no Debian source for "
                       f"{codename()}: add one and run apt-get update")
    return found


def install(packages):
    refresh()
    say(f"installing {' '.join(sorted(packages))}")
    host("apt-get", "install", "-q", "-y", "--no-install-recommends", *sorted(packages), root=True,
         env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def install_host_needs(release=None):
    """release: of a kernel that modules are built for here."""
    wanted = {package for proof, package in recipe.HOST_PACKAGES.items()
              if not os.path.exists(proof)}
    if release and not os.path.exists(f"/usr/src/linux-headers-{release}"):
        wanted.add(f"linux-headers-{release}")
    if wanted:
        install(wanted)
