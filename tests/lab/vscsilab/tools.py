# SPDX-License-Identifier: GPL-2.0
"""Programs and kernel modules that scenarios run in guests or dom0."""
from . import buildroot, paths
from .errors import LabError

SOURCES = paths.LAB_DIR / "tools"
FLAGS = ["-std=c++20", "-O2", "-s", "-Wall", "-Wextra", "-Werror"]


def build(name, which, directory=SOURCES):
    """The program's path on the host, compiled for a suite if its source is new."""
    source = directory / f"{name}.cc"
    if not source.is_file():
        raise LabError(f"no tool {name}: there is no {source}")
    sources = [source, *sorted(directory.glob("*.h*"))]
    program = paths.cache_dir() / "tools" / f"{name}-{paths.digest(buildroot.key(which), *FLAGS, *sources)}"
    if not program.exists():
        with buildroot.Workshop(which) as shop:
            for file in sources:
                shop.put(file)
            shop.run("g++", *FLAGS, "-o", name, source.name)
            shop.take(name, program)
    return program


def install(place, name, directory=SOURCES):
    """Put the program into dom0 or a guest; returns its path there."""
    path = f"/usr/bin/{name}"
    place.put(build(name, place.image.suite, directory).read_bytes(), path, 0o755)
    return path


def kernel_module(name, directory, place):
    """The module's path on the host, for the kernel of dom0 or of a guest, built if its sources are new."""
    headers, which = str(place.image.headers), place.image.builder
    sources = [directory / "Kbuild", *sorted(directory.glob("*.[ch]"))]
    key = paths.digest(buildroot.key(which), headers, *sources)
    module = paths.cache_dir() / "tools" / f"{name}-{key}.ko"
    if not module.exists():
        with buildroot.Workshop(which) as shop:
            for source in sources:
                shop.put(source)
            shop.run("make", "-C", headers, f"M={shop.inside()}", "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules")
            shop.run("strip", "--strip-debug", f"{name}.ko")
            shop.take(f"{name}.ko", module)
    return module
