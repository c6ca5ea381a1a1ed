# SPDX-License-Identifier: GPL-2.0
"""Our modules for a kernel, built aside from the tree's own; and which one a suite's dom0 gets."""
import dataclasses
import pathlib

from . import buildroot, image, paths, suite
from .errors import LabError
from .shellout import Step, host

BACKEND, FRONTEND = "xen-scsiback", "xen-scsifront"
DRIVERS = paths.REPO_DIR / "drivers"
# The frontend's C++ is built by the backend's rule.
FOLDERS = {BACKEND: (DRIVERS / BACKEND, paths.REPO_DIR / "include"),
           FRONTEND: (DRIVERS / FRONTEND, DRIVERS / BACKEND / "engine" / "freestanding",
                      paths.REPO_DIR / "include")}
RULE = [DRIVERS / BACKEND / "engine.kbuild", DRIVERS / BACKEND / "check-engine-object.sh"]
SOURCES = (".c", ".h", ".cc", ".hpp", ".sh", ".kbuild")
# Headers from Linux 6.12 on have a vmlinux, and BTF wants a tool that may be missing.
NO_BTF = "CONFIG_DEBUG_INFO_BTF_MODULES="


@dataclasses.dataclass(frozen=True)
class Built:
    path: pathlib.Path
    log: str        # what make and the compiler said


def _sources(name):
    found = {path for top in FOLDERS[name] for path in top.rglob("*")
             if path.suffix in SOURCES and not path.name.endswith(".mod.c") or path.name == "Kbuild"}
    return sorted(found | set(RULE))


def build(which, headers, flags=(), name=BACKEND):
    """headers: a path in the suite's own file system."""
    sources = _sources(name)
    paths_there = [str(path.relative_to(paths.REPO_DIR)) for path in sources]
    key = paths.digest(buildroot.key(which), str(headers), *flags, *paths_there, *sources)
    built = paths.cache_dir() / "tools" / f"{name}-{key}.ko"
    log = built.with_suffix(".log")
    if not built.exists():
        built.parent.mkdir(parents=True, exist_ok=True)
        with Step(f"building {name} for {pathlib.Path(headers).name}"), buildroot.Workshop(which) as shop:
            for source, there in zip(sources, paths_there):
                shop.put(source, there)
            folder = FOLDERS[name][0].relative_to(paths.REPO_DIR)
            said = shop.run("make", "-C", headers, f"M={shop.inside(folder)}", NO_BTF, *flags, "modules")
            log.write_text(said)
            shop.take(folder / f"{name}.ko", built)
    return Built(built, log.read_text() if log.exists() else "")


def of(which):
    """For the suite's kernel, aside; what it says tells more than it would by default."""
    return build(which, f"/usr/src/linux-headers-{image.kernel(which)}", ["W=1"])


def in_place(which):
    """The tree's own, for the host's own suite."""
    host("make", "-C", paths.REPO_DIR, "--no-print-directory", "modules", NO_BTF,
         f"KDIR=/usr/src/linux-headers-{image.kernel(which)}")


def usual(which):
    """What is under test unless another is named: the host's own suite has it in the tree."""
    if not which.own:
        return of(which).path
    if not paths.DEFAULT_MODULE.is_file():
        raise LabError(f"no module at {paths.DEFAULT_MODULE}: run `make modules`, "
                       "or name it with --module, or use --driver in-tree")
    return paths.DEFAULT_MODULE


def for_guest(machine):
    """For guests, if one of them is to run it."""
    if machine.image.guests is machine.image:
        return machine.module
    return usual(suite.named(machine.image.guests.suite.name))
