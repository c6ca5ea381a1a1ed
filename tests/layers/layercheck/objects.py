# SPDX-License-Identifier: GPL-2.0
"""Calls, and uses of data, from the symbols of relocatable objects.

Calls over a pointer are not seen, nor are those of inline functions: for these there are
the includes.
"""
import os
import pathlib
import shutil
import subprocess

from .errors import CannotCheck
from .graph import Graph

SOURCES = (".c", ".cc")
# Weak definitions, among them C++'s inline functions, of which each file has its own.
WEAK = "WVu"
UNDEFINED = "Uwv"


def read(order, folders, sources):
    tops = [pathlib.Path(folder) for folder in folders]
    sources = pathlib.Path(sources)
    objects = {}
    for top in tops:
        for path in sorted(top.rglob("*.o")):
            source = source_of(path.relative_to(top), sources)
            if source:
                objects[path] = source
    if not objects:
        raise CannotCheck(f"no objects with a source in {sources} below {', '.join(map(str, tops))}: build first")
    _demand_all(order, sources, set(objects.values()), tops)
    graph = Graph(set(objects.values()))
    _connect(graph, _symbols(objects))
    return graph


def source_of(name, sources):
    """ring/pass.c for ring/pass.o and ring/pass.c.o; None for what the build puts together
    or generates, and for an object whose source has gone."""
    if name.name.endswith(".mod.o"):
        return None
    plain = name.with_suffix("")
    for source in (plain, *(plain.with_name(plain.name + suffix) for suffix in SOURCES)):
        if source.suffix in SOURCES and (sources / source).is_file():
            return source.as_posix()
    return None


def _demand_all(order, sources, compiled, tops):
    """What is not compiled would pass unseen."""
    for path in sorted(sources.rglob("*")):
        name = path.relative_to(sources).as_posix()
        if path.suffix in SOURCES and not name.endswith(".mod.c") and order.folder(name) and name not in compiled:
            raise CannotCheck(f"{path} has no object below {', '.join(map(str, tops))}: build first")


def _symbols(objects):
    """(source, symbol, type) of each global symbol."""
    program = os.environ.get("NM", "nm")
    if not shutil.which(program):
        raise CannotCheck(f"there is no {program}: install binutils, or name another with NM=")
    done = subprocess.run([program, "-A", "-g", "-P", "--", *objects], text=True, capture_output=True)
    if done.returncode:
        raise CannotCheck(f"{program} fails: {done.stderr.strip()}")
    for line in done.stdout.splitlines():
        path, _, symbol = line.rpartition(": ")
        name, kind = symbol.split()[:2]
        yield objects[pathlib.Path(path)], name, kind


def _connect(graph, symbols):
    strong, weak, undefined = {}, {}, []
    for source, name, kind in symbols:
        if kind in UNDEFINED:
            undefined.append((source, name))
        else:
            (weak if kind in WEAK else strong).setdefault(name, set()).add(source)
    for source, name in undefined:
        owners = strong.get(name) or weak.get(name, set())
        # Which of several weak ones is used, no object says; it may as well be any.
        if name in strong or len(owners) == 1:
            for owner in owners - {source}:
                graph.add(source, owner, name)
