"""Programs of tools/ that scenarios run in guests or dom0."""
import hashlib
import os

from . import paths
from .errors import LabError
from .shellout import host

SOURCES = paths.LAB_DIR / "tools"
FLAGS = ["-std=c++20", "-O2", "-s", "-Wall", "-Wextra", "-Werror"]


def build(name):
    """The program's path on the host, compiled if its source is new."""
    source = SOURCES / f"{name}.cc"
    if not source.is_file():
        raise LabError(f"no tool {name}: there is no {source}")
    key = hashlib.sha256(source.read_bytes()
                         + " ".join(FLAGS).encode()).hexdigest()[:16]
    program = paths.cache_dir() / "tools" / f"{name}-{key}"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        fresh = program.with_suffix(f".{os.getpid()}")
        host("g++", *FLAGS, "-o", fresh, source)
        fresh.rename(program)
    return program


def install(place, name):
    """Put the program into dom0 or a guest; returns its path there."""
    path = f"/usr/bin/{name}"
    place.put(build(name).read_bytes(), path, 0o755)
    return path
