# SPDX-License-Identifier: GPL-2.0
"""The check of Documentation/ABI finds what it is for."""
import abi
import pytest

ENTRY = """What:\t\t/sys/module/x/parameters/{name}
Date:\t\tMay 2026
KernelVersion:\t6.1
Contact:\tnobody
Description:
\t\t(RW) It is
\t\tdescribed.
"""


class Book:
    def __init__(self):
        self.wrong = []

    def check(self, _kind, _where, what, good):
        if not good:
            self.wrong.append(what)


@pytest.fixture
def wrong(tmp_path):
    def check(*texts, source="module_param_named(one, x_one, uint, 0644);\n"):
        for folder in ("drivers/xen-scsiback", "Documentation/ABI/stable"):
            (tmp_path / folder).mkdir(parents=True)
        (tmp_path / "drivers/xen-scsiback/main.c").write_text(source)
        (tmp_path / "Documentation/ABI/stable/module-x").write_text("\n".join(texts))
        book = Book()
        abi.check(tmp_path, book)
        return book.wrong
    return check


def entry(name="one"):
    return ENTRY.format(name=name)


def test_good(wrong):
    assert wrong(entry()) == []


def test_what_nobody_describes(wrong):
    assert "one is described 0 times" in wrong()[0]


def test_what_is_no_more(wrong):
    assert "two is described 1 times, and the source has it not" in wrong(entry(), entry("two"))[0]


def test_twice(wrong):
    assert "described 2 times" in wrong(entry(), entry())[0]


@pytest.mark.parametrize("old, new, what", [
    ("Date:\t\tMay 2026\n", "", "has the fields What, KernelVersion"),
    ("May 2026", "", "Date is empty"),
    ("(RW) ", "", "whether it can be written")])
def test_a_field(wrong, old, new, what):
    assert what in wrong(entry().replace(old, new))[0]


def test_configfs_and_debugfs():
    assert abi.made("configfs", "CONFIGFS_ATTR(vscsi_tpg_param_, alias);\nCONFIGFS_ATTR_RO(vscsi_wwn_, version);\n"
                    "struct configfs_attribute vscsi_tpg_attr_guests = {\n") == {"alias", "version", "guests"}
    assert abi.made("debugfs", 'x = debugfs_create_file("inflight", 0400,') == {"inflight"}
