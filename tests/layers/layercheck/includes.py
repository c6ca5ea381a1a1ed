# SPDX-License-Identifier: GPL-2.0
"""Includes of C and C++ among the files of one folder."""
import pathlib
import re

from .errors import CannotCheck
from .graph import Graph

SUFFIXES = (".c", ".cc", ".h", ".hpp", ".inc")
COMMENT_OR_TEXT = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S)
INCLUDE = re.compile(r"""^[ \t]*#[ \t]*include[ \t]*(?:"([^"\n]+)"|<([^>\n]+)>)""", re.M)


def read(folder, without=()):
    """Files of the folders that are left out are looked at only where another includes them."""
    top = pathlib.Path(folder).resolve()
    names = [path.relative_to(top).as_posix() for path in top.rglob("*")
             if path.suffix in SUFFIXES and path.is_file() and not path.name.endswith(".mod.c")]
    names = {name for name in names if not any(name.startswith(out.rstrip("/") + "/") for out in without)}
    if not names:
        raise CannotCheck(f"no sources below {folder}")
    found = [(name, used, f"line {line}") for name in names for line, used in included(top, name)]
    graph = Graph(names | {used for _, used, _ in found})
    for name, used, line in found:
        graph.add(name, used, line)
    return graph


def included(top, name):
    """(line, file) of each include that the folder has a file for."""
    text = (top / name).read_text(errors="replace")
    text = COMMENT_OR_TEXT.sub(_blank_comment, text)
    for found in INCLUDE.finditer(text):
        quoted, angled = found.groups()
        beside = [(top / name).parent] if quoted else []
        for place in (*beside, top):
            used = (place / (quoted or angled)).resolve()
            if used.is_file():
                if used.is_relative_to(top):
                    yield text.count("\n", 0, found.start()) + 1, used.relative_to(top).as_posix()
                break


def _blank_comment(found):
    text = found.group()
    return text if text[0] in "\"'" else " " + "\n" * text.count("\n")
