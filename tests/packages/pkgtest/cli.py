# SPDX-License-Identifier: GPL-2.0
"""The command line."""
import argparse
import os
import pathlib
import sys
import tempfile

from vscsilab import suite
from vscsilab.errors import LabError

from . import bootimage, chroot, debs, host, tree
from .verdict import Verdict

SUITES = ("bookworm", "trixie")


def run(name, work, clean, everything):
    verdict = Verdict(name)
    try:
        which = tree.named(name)
        host.test(verdict, which, clean, *debs.test(verdict, which, work / name, clean, everything))
    except (LabError, chroot.Failed) as error:
        verdict.check("carried out to the end", False, error)
    return verdict


def main():
    parser = argparse.ArgumentParser(
        prog="packages", description="Builds the packages twice, and installs, upgrades, breaks and purges them, in "
        "trees of Debian that are kept in VSCSI_PACKAGES_CACHE (by default packages in the lab's cache).")
    parser.add_argument("suites", nargs="*", default=SUITES, metavar="SUITE", help=f"of {', '.join(SUITES)}; all by default")
    parser.add_argument("--clean", action="store_true", help="only remove the trees")
    parser.add_argument("--boot", action="store_true", help="test nothing; make the disk that the lab's scenario "
                        "`packages` boots from, of the suite of the lab")
    options = parser.parse_args()
    if os.geteuid() != 0:
        sys.exit("packages: needs root, to make trees of Debian and to run programs in them")
    if options.clean:
        tree.clean()
        return 0
    with tempfile.TemporaryDirectory(prefix="packages-") as work:
        work = pathlib.Path(work)
        clean = debs.source(work / "tree")
        if options.boot:
            which = suite.chosen()
            print(bootimage.make(which, *debs.plain(which, work / "boot", clean)))
            return 0
        verdicts = [run(name, work, clean, not index) for index, name in enumerate(options.suites)]
    passed, failed = sum(one.passed for one in verdicts), sum(one.failed for one in verdicts)
    print(f"{passed} passed, {failed} failed", flush=True)
    return 1 if failed or not passed else 0
