# SPDX-License-Identifier: GPL-2.0
"""The check of the table of limits finds what it is for."""
import pathlib

import limits

TOP = pathlib.Path(__file__).resolve().parents[2]
TEXT = (TOP / "Documentation/limits.md").read_text()


def source(name):
    return (TOP / name).read_text()


def test_as_it_is():
    assert not list(limits.faults(TEXT, source))


def test_another_number():
    wrong = list(limits.faults(TEXT.replace("| 96 bytes |", "| 64 bytes |"), source))
    assert wrong == ["'sense data' should say '96 bytes', as include/vscsi/wire.hpp has it, and says '64 bytes'"]


def test_the_source_has_changed():
    wrong = list(limits.faults(TEXT, lambda name: source(name).replace("guest_pool_pages = 1024", "guest_pool_pages = 2048")))
    assert len(wrong) == 1 and "'8 MiB'" in wrong[0]


def test_a_kernel_that_is_not_named():
    wrong = list(limits.faults(TEXT, lambda name: source(name).replace("7.2\n", "7.2 7.4\n", 1)))
    assert wrong == ["Linux 7.4 is tested, and not named"]
