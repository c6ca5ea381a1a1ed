# SPDX-License-Identifier: GPL-2.0
"""Suites of Debian beside each other: a module for each, scenarios on each, a table of it all."""
import hashlib
import json
import os
import pathlib
import re
import subprocess

TOP = pathlib.Path(__file__).resolve().parent.parent
BUILD = TOP / "build"
LAB = TOP / "tests/lab/lab"
SUITES = ("bookworm", "trixie", "sid")
# The lab's usual one, on any host.
DEFAULT = "bookworm"
# It changes every day, and now and then lacks what it lists.
ROLLING = "sid"
ARCHIVE = re.compile(r"\b(debootstrap|apt-get|apt-cache)\b.* ended with|apt knows no ")
# Not of the module: Debian renews compilers between two kernels.
HARMLESS = "the compiler differs from the one used to build the kernel"


def noise(text):
    """Lines of a module's building that should not be there."""
    return [line for line in text.splitlines()
            if re.search(r"warning|error|WARNING|ERROR|objtool", line) and HARMLESS not in line]


def chosen():
    return tuple((os.environ.get("VSCSI_LAB_SUITES") or " ".join(SUITES)).split())


def environment(suite):
    return {**os.environ, "VSCSI_LAB_SUITE": suite}


class Unavailable(Exception):
    """A rolling archive does not give today what it lists."""


def module(suite):
    """Its path if it compiles for the suite's kernel without a word; aside from the tree's own."""
    log = BUILD / f"module-{suite}.log"
    log.unlink(missing_ok=True)
    done = subprocess.run([LAB, "module", "--log", log], env=environment(suite), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if suite == ROLLING and done.returncode and ARCHIVE.search(done.stdout):
        raise Unavailable(f"{suite}: NOT BUILT, its archive does not give all that it needs:\n{done.stdout[-1500:]}")
    said = noise(log.read_text()) if log.exists() else []
    good = done.returncode == 0 and log.exists() and not said
    print(f"{suite}: module built without warnings" if good else
          f"{suite}: " + ("\n".join(said) or done.stdout[-6000:]), flush=True)
    return done.stdout.splitlines()[-1] if good else None


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class Table:
    """Scenarios down, suites across."""

    def __init__(self, names):
        self.names, self.suites = names, {}

    def add(self, suite, good, results):
        """results: what the lab left of each of its runs."""
        column = {"module": good, "scenarios": {}}
        for found in results:
            column.update({key: found[key] for key in ("dom0", "guests", "driver")})
            column["scenarios"].update({item["scenario"]: item for item in found["scenarios"]})
        self.suites[suite] = column

    @staticmethod
    def _head(suite, column):
        if "dom0" not in column:
            return suite
        kernel = re.match(r"[\d.]*\d", column["dom0"]["kernel_package"]).group()
        head = f"{suite}: Linux {kernel}, Xen {column['dom0']['xen']}"
        if column["guests"]["suite"] != suite:
            head += f", guests of {column['guests']['suite']}"
        return head

    @staticmethod
    def _cell(column, name):
        item = column["scenarios"].get(name)
        if item is None:
            return "not run"
        if item["status"] == "SKIP":
            return "-"
        if item["status"] == "PASS":
            return f"pass, {item['seconds']:.0f} s"
        bad = len(item["failed"]) + len(item["problems"])
        return f"FAIL, {bad} of {bad + len(item['passed'])}"

    def rows(self):
        yield ["scenario", *(self._head(*pair) for pair in self.suites.items())]
        yield ["(module)", *("no warnings" if column["module"] else "FAIL" for column in self.suites.values())]
        for name in self.names:
            yield [name, *(self._cell(column, name) for column in self.suites.values())]

    def text(self):
        rows = list(self.rows())
        widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                         for row in rows)

    def markdown(self):
        head, *rest = self.rows()
        lines = [head, ["---"] * len(head), *([f"`{row[0]}`" if row[0] in self.names else row[0], *row[1:]]
                                              for row in rest)]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)

    def store(self):
        (BUILD / "matrix.json").write_text(json.dumps({"suites": self.suites}, indent=1))
        (BUILD / "matrix.md").write_text(self.markdown())
