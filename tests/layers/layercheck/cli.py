# SPDX-License-Identifier: GPL-2.0
"""The command line."""
import argparse
import pathlib
import shutil
import subprocess
import sys

from . import imports, includes, objects, verdict
from .errors import CannotCheck
from .order import Order


def parser():
    top = argparse.ArgumentParser(
        prog="layers", description="Whether files use each other down the order of folders only, and never in a "
        "circle. Exit code 0: so it is; 1: it is not; 2: it cannot be told.")
    kinds = top.add_subparsers(dest="kind", required=True)
    calls = kinds.add_parser("objects", help="calls and uses of data, by the symbols of objects")
    calls.add_argument("order", metavar="ORDERFILE")
    calls.add_argument("folders", metavar="FOLDER", nargs="+", help="where objects are, named as their sources")
    calls.add_argument("--sources", metavar="FOLDER", help="where the sources are, if not beside the objects")
    included = kinds.add_parser("includes", help="includes of C and C++")
    included.add_argument("order", metavar="ORDERFILE")
    included.add_argument("folders", metavar="FOLDER", nargs=1)
    included.add_argument("--without", metavar="FOLDER", action="append", default=[],
                          help="a folder that stands outside, like that of tests; nobody may include its files")
    imported = kinds.add_parser("imports", help="imports of a Python package")
    imported.add_argument("folders", metavar="FOLDER", nargs=1)
    imported.add_argument("order", metavar="ORDERFILE", nargs="?", help="without it only circles are wrong")
    return top


def read(options, order):
    if options.kind == "objects":
        return objects.read(order, options.folders, options.sources or options.folders[0])
    if options.kind == "includes":
        return includes.read(options.folders[0], options.without)
    return imports.read(options.folders[0])


def main(argv=None):
    options = parser().parse_args(argv)
    where = getattr(options, "sources", None) or options.folders[0]
    try:
        for folder in (*options.folders, where):
            if not pathlib.Path(folder).is_dir():
                raise CannotCheck(f"there is no folder {folder}")
        order = Order(options.order) if options.order else None
        graph = read(options, order)
    except CannotCheck as error:
        print(f"layers: {error}", file=sys.stderr)
        return 2
    kind = verdict.KINDS[options.kind]
    failures = verdict.failures(graph, order, kind)
    if failures:
        print(f"{where}: not in order", *readable(failures), sep="\n")
        return 1
    print(f"{where}: {verdict.summary(graph, order, kind)}")
    return 0


def readable(lines):
    """With the names of C++ as they are in the source, where there is a program for it."""
    if not shutil.which("c++filt"):
        return lines
    return subprocess.run(["c++filt", "-p"], input="\n".join(lines), text=True, capture_output=True,
                          check=True).stdout.splitlines()
