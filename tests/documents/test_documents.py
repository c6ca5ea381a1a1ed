# SPDX-License-Identifier: GPL-2.0
"""The check finds what it is for."""
import importlib.machinery
import importlib.util
import pathlib

import pytest

FILE = pathlib.Path(__file__).parent / "documents"


@pytest.fixture(scope="module")
def documents():
    loader = importlib.machinery.SourceFileLoader("documents", str(FILE))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("documents", loader))
    loader.exec_module(module)
    return module


@pytest.fixture
def wrong(documents, tmp_path):
    """What is wrong with a text. xl-vscsi takes the word `good` only."""
    for name, text in (("xl-vscsi", 'case "$*" in *bad*) echo no such thing >&2; exit 2 ;; esac; echo "  --json"'),
                       ("xen-vscsid", "echo '  --once'")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)

    def check(text):
        file = tmp_path / "text.md"
        file.write_text(text)
        book = documents.Book()
        documents.Document(file, documents.Commands(tmp_path), book).check()
        return book.wrong
    return check


@pytest.mark.parametrize("text", [
    "# A head\n\n    make check\n    xl-vscsi list good\n\n[there](#a-head) and `tests/run unit`\n",
    "    make test   # with what it does\n\n    tests/lab/lab run smoke\n",
    "<!-- not checked: output -->\n\n    whatever\n    it is\n\nText, `tests/run`, `param/domain`.\n",
    "```mermaid\nno command\n```\n",
    "    /> map guest1 block/disk\n",
    "`targetcli /x set attribute emulate_pr=1` and `xl-vscsi attach --json`",
    "    xl create guest1.cfg && make check\n"])
def test_good(wrong, text):
    assert wrong(text) == []


@pytest.mark.parametrize("text, what", [
    ("    make nonsense\n", "no target nonsense"),
    ("    make test NONSENSE=1\n", "no variable NONSENSE"),
    ("    sudo xyz\n", "not marked"),
    ("    ls\n\n    xl-vscsi bad guest1 x\n", "no such thing"),
    ("Say `xl-vscsi bad guest1 x`.", "no such thing"),
    ("Say `xen-vscsid --twice`.", "no option --twice"),
    ("    targetcli /xen-pvscsi nonsense\n", "no command nonsense"),
    ("    tests/lab/lab run nonsense\n", "no scenario nonsense"),
    ("`drivers/xen-scsiback/nonsense.c`", "path"),
    ("`ring/nonsense.c`", "path"),
    ("`param/nonsense`", "attribute"),
    ("`targetcli /x set parameter nonsense=1`", "nobody has the parameter nonsense"),
    ("[no](nonsense.md)", "link"),
    ("# One\n[no](#two)", "link"),
    ("    cat $T/nonsense\n", "name of the module's")])
def test_wrong(wrong, text, what):
    found = wrong(text)
    assert found and what in "\n".join(found)
