# SPDX-License-Identifier: GPL-2.0
"""The project's programs for a suite: in the tree's build directory for the host's own,
aside and by digest for others."""
import re
import shutil

from . import buildroot, paths
from .shellout import Step, host

SOURCES = (".cc", ".hpp", ".h", ".in", ".txt")


def build(which, source, names, files=()):
    """The directory with the programs. source: below the top, with a CMakeLists.txt; files: what
    configuring makes besides."""
    top = paths.REPO_DIR / source
    if which.own:
        out = paths.REPO_DIR / "build" / top.name
        host("cmake", "-G", "Ninja", "-S", top, "-B", out)
        host("ninja", "-C", out, "--quiet", *names)
        return out
    sources = sorted(path for path in top.rglob("*") if path.suffix in SOURCES)
    inner = [str(path.relative_to(top)) for path in sources]
    key = paths.digest(buildroot.key(which), *names, *files, *inner, *sources)
    out = paths.cache_dir() / "tools" / f"{top.name}-{key}"
    if not (out / "complete").exists():
        shutil.rmtree(out, ignore_errors=True)
        with Step(f"building {' '.join(names)} for {which}"), buildroot.Workshop(which) as shop:
            for path, name in zip(sources, inner):
                shop.put(path, f"source/{name}")
            shop.run("cmake", "-G", "Ninja", "-S", "source", "-B", "out")
            shop.run("ninja", "-C", "out", "-j1", "--quiet", *names)
            for name in (*names, *files):
                shop.take(f"out/{name}", out / name)
            _libraries(shop, names, out / "libraries")
        (out / "complete").touch()
    return out


# What the programs need that no image has.
LIBRARY = re.compile(r"=> (\S*/libfmt\S*)")


def _libraries(shop, names, target):
    for name in names:
        for path in LIBRARY.findall(shop.run("sh", "-c", "ldd \"$1\" || :", "sh", name, folder="out")):
            kept = target / path.lstrip("/")
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(shop.file(path), kept)


def libraries(which, directory, name):
    """[(its path there, its path on the host)]."""
    if which.own:
        return [(path, path) for path in LIBRARY.findall(host("ldd", directory / name))]
    kept = directory / "libraries"
    return [(f"/{path.relative_to(kept)}", path) for path in sorted(kept.rglob("*")) if path.is_file()]
