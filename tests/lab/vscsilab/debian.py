"""Questions to the host's own apt: versions, sources, missing packages."""
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


def candidate(package, field):
    text = host("apt-cache", "show", "--no-all-versions", package)
    found = re.search(rf"^{field}: (.*)$", text, re.M)
    if not found:
        raise LabError(f"apt knows no {field} of {package}: run apt-get update")
    return found.group(1)


def kernel():
    """(release, package version) of the newest kernel apt can install."""
    try:
        depends = candidate("linux-image-amd64", "Depends")
    except LabError:
        refresh()
        depends = candidate("linux-image-amd64", "Depends")
    found = re.match(r"linux-image-(\S+) \(= (\S+)\)", depends)
    if not found:
        raise LabError(f"linux-image-amd64 depends on {depends!r}: "
                       "no versioned kernel package in it")
    return found.group(1), found.group(2)


def sources():
    """sources.list lines for the suites of this host's own release."""
    fields = "$(ORIGIN)|$(CODENAME)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)"
    lines = []
    for entry in host("apt-get", "indextargets", "--format", fields,
                      "Created-By: Packages").splitlines():
        origin, name, uri, release, component = entry.split("|")
        line = f"deb {uri} {release} {component}"
        if origin == "Debian" and name.startswith(codename()) \
                and component == "main" and line not in lines:
            lines.append(line)
    if not lines:
        raise LabError("apt has no Debian source for "
                       f"{codename()}: add one and run apt-get update")
    return lines


def install_host_needs(release):
    wanted = {package for proof, package in recipe.HOST_PACKAGES.items()
              if not os.path.exists(proof)}
    if not os.path.exists(f"/usr/src/linux-headers-{release}"):
        wanted.add(f"linux-headers-{release}")
    if wanted:
        refresh()
        say(f"installing {' '.join(sorted(wanted))}")
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        host("apt-get", "install", "-q", "-y", "--no-install-recommends",
             *sorted(wanted), root=True, env=env)
