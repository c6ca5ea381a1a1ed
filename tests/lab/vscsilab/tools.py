"""Programs and kernel modules that scenarios run in guests or dom0."""
import hashlib
import os
import shutil
import tempfile

from . import paths
from .errors import LabError
from .shellout import host

SOURCES = paths.LAB_DIR / "tools"
FLAGS = ["-std=c++20", "-O2", "-s", "-Wall", "-Wextra", "-Werror"]


def build(name, directory=SOURCES):
    """The program's path on the host, compiled if its source is new."""
    source = directory / f"{name}.cc"
    if not source.is_file():
        raise LabError(f"no tool {name}: there is no {source}")
    sources = [source, *sorted(directory.glob("*.h*"))]
    key = hashlib.sha256(b"".join(file.read_bytes() for file in sources)
                         + " ".join(FLAGS).encode()).hexdigest()[:16]
    program = paths.cache_dir() / "tools" / f"{name}-{key}"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        fresh = program.with_suffix(f".{os.getpid()}")
        host("g++", *FLAGS, "-o", fresh, source)
        fresh.rename(program)
    return program


def install(place, name, directory=SOURCES):
    """Put the program into dom0 or a guest; returns its path there."""
    path = f"/usr/bin/{name}"
    place.put(build(name, directory).read_bytes(), path, 0o755)
    return path


def kernel_module(name, directory, release, headers=None):
    """The module's path on the host, built if its sources are new."""
    headers = headers or f"/usr/src/linux-headers-{release}"
    sources = [directory / "Kbuild", *sorted(directory.glob("*.[ch]"))]
    module = paths.cache_dir() / "tools" / f"{name}-{paths.digest(str(headers), *sources)}.ko"
    if not module.exists():
        module.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=module.parent) as work:
            for source in sources:
                shutil.copy(source, work)
            host("make", "-C", headers, f"M={work}", "modules")
            host("strip", "--strip-debug", f"{work}/{name}.ko")
            os.rename(f"{work}/{name}.ko", module)
    return module
