# SPDX-License-Identifier: GPL-2.0
"""Commands of a document, as they stand there, to be run in their order."""
import dataclasses
import re

from . import paths

README = ("README.md", "On a real Xen host")
BY_HAND = ("Documentation/administration.md", "Build and load")
ATTACH = ("Documentation/administration.md", "Attach")
BACK = ("Documentation/packages.md", "Remove, and go back to the kernel's own module")


@dataclasses.dataclass(frozen=True)
class Command:
    document: str
    line: int
    text: str

    def __str__(self):
        return f"{self.document}:{self.line}: {self.text}"


def section(lines, heading):
    """(number, line) below a heading, to the next."""
    inside = found = False
    for number, line in enumerate(lines, 1):
        head = re.match(r"#+ (.*)", line)
        if head:
            inside = head.group(1) == heading
            found |= inside
        elif inside:
            yield number, line
    if not found:
        raise ValueError(f"no heading '{heading}'")


def commands_of(document, lines, heading):
    """Those of indented blocks, without comments; a line that ends in a backslash goes on in the next."""
    found, begun, start, before = [], "", 0, ""
    for number, line in section(lines, heading):
        inside = line.startswith("    ") and (begun or not before.strip() or before.startswith(("    ", "<!--")))
        before = line
        if not inside:
            continue
        start = start if begun else number
        text = re.sub(r"(^|\s)#.*$", "", line).strip()
        if text.endswith("\\"):
            begun += text[:-1]
            continue
        if begun + text:
            found.append(Command(document, start, begun + text))
        begun = ""
    if not found:
        raise ValueError(f"no command below '{heading}'")
    return found


def commands(document, heading):
    return commands_of(document, (paths.REPO_DIR / document).read_text().splitlines(), heading)


def installation():
    """What is done before the first reboot."""
    texts = [command.text for command in commands(*README)]
    return texts[:texts.index("reboot")]
