# SPDX-License-Identifier: GPL-2.0
"""Files in the form of the kernel's Documentation/ABI, beside what the module's source makes."""
import re

FIELDS = ["What", "Date", "KernelVersion", "Contact", "Description"]
# What the source makes of each kind, and which files of Documentation/ABI have it.
MADE = {
    "configfs": [r"^CONFIGFS_ATTR(?:_RO)?\(vscsi_\w+?_, (\w+)\);", r"^struct configfs_attribute vscsi_tpg_attr_(\w+) ="],
    "debugfs": [r"debugfs_create_file\(\"(\w+)\""],
    "module": [r"^module_param(?:_named|_cb)?\((\w+),"],
}


class Entry:
    def __init__(self, text):
        self.text = text
        self.fields = re.findall(r"^([A-Z]\w+):", text, re.M)
        self.name = self.of("What")

    def of(self, field):
        found = re.search(rf"^{field}:[ \t]*(.*(?:\n[ \t]+.*)*)", self.text, re.M)
        return found.group(1).strip() if found else ""

    def faults(self):
        if self.fields != FIELDS:
            yield f"has the fields {', '.join(self.fields)}, not {', '.join(FIELDS)}"
        for field in FIELDS:
            if field in self.fields and not self.of(field):
                yield f"{field} is empty"
        if not re.match(r"\((RW|RO)\b", self.of("Description")) and not self.is_directory():
            yield "does not say whether it can be written"

    def is_directory(self):
        return self.name.endswith(">")


def entries(text):
    return [Entry(part) for part in re.split(r"\n\n(?=What:)", text) if part.strip()]


def attributes(text):
    """Names of what is no directory."""
    return [entry.name.rpartition("/")[2] for entry in entries(text) if not entry.is_directory()]


def made(kind, source):
    return {name for pattern in MADE[kind] for name in re.findall(pattern, source, re.M)}


def check(top, book):
    source = "".join(file.read_text() for file in sorted((top / "drivers/xen-scsiback").rglob("*.c")))
    for kind in MADE:
        files = sorted(top.glob(f"Documentation/ABI/*/{kind}-*"))
        texts = {file: file.read_text() for file in files}
        told = [name for text in texts.values() for name in attributes(text)]
        for name in sorted({*told, *made(kind, source)}):
            book.check("interface", f"Documentation/ABI, {kind}", f"{name} is described {told.count(name)} times, and "
                       f"the source has it {'' if name in made(kind, source) else 'not'}",
                       told.count(name) == 1 and name in made(kind, source))
        for file, text in texts.items():
            for entry in entries(text):
                for fault in entry.faults():
                    book.check("interface", file.relative_to(top), f"{entry.name} {fault}", False)
