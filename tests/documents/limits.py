# SPDX-License-Identifier: GPL-2.0
"""The numbers of Documentation/limits.md beside the source that has them."""
import re

POOL = "drivers/xen-scsiback/ring/quota.c"
# Row, file, what comes before the number there, and how a page count reads in the table.
NUMBERS = [
    ("requests in flight in a ring", "include/vscsi/wire.hpp", r"\bslots = ", "{}"),
    ("pieces of a request", "include/vscsi/engine.h", r"VSCSI_MAX_SEGMENTS ", "{};"),
    ("pieces of a request", "include/vscsi/wire.hpp", r"\bdirect_segments = ", "{} without"),
    ("CDB", "include/vscsi/wire.hpp", r"\bcdb_bytes = ", "{} bytes"),
    ("sense data", "include/vscsi/wire.hpp", r"\bsense_bytes = ", "{} bytes"),
    ("LUNs of a portal group", "targetcli-plugin/xen_pvscsi_targetcli/shared.py", r"GREATEST_LUN = ", "0 to {}"),
    ("a guest's own pages for data", POOL, r"vscsi_guest_pool_pages = ", "{mebibytes} MiB"),
    ("pages that all guests hold beyond that", POOL, r"vscsi_max_pool_pages = ", "{mebibytes} MiB"),
]


def rows(text):
    """{first cell: second cell}"""
    cells = [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.startswith("|")]
    return {line[1]: line[2] for line in cells}


def faults(text, source):
    """source: from a file's name to its text."""
    table = rows(text)
    for row, file, before, form in NUMBERS:
        found = re.search(before + r"(\d+)", source(file))
        if not found:
            yield f"{file} has no number after '{before}'"
            continue
        number = int(found.group(1))
        said = form.format(number, mebibytes=number * 4096 // 2**20)
        if said not in table.get(row, ""):
            yield f"'{row}' should say '{said}', as {file} has it, and says '{table.get(row, 'nothing')}'"
    kernels = re.search(r"^vscsi-tested := (.*)$", source("drivers/xen-scsiback/kernel/supported.kbuild"), re.M).group(1)
    for kernel in kernels.split():
        if kernel not in table.get("Linux of dom0 or a driver domain", ""):
            yield f"Linux {kernel} is tested, and not named"


def check(top, book):
    wrong = list(faults((top / "Documentation/limits.md").read_text(), lambda name: (top / name).read_text()))
    for fault in wrong:
        book.check("limit", "Documentation/limits.md", fault, False)
    for _ in range(len(NUMBERS) - len(wrong)):
        book.count("limit")
