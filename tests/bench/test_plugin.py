# SPDX-License-Identifier: GPL-2.0
"""The counting plugin itself, in a program that stands in for QEMU."""
import pathlib
import subprocess
import types

import pytest

from vscsibench import counter, counters, symbols

HERE = pathlib.Path(__file__).resolve().parent / "plugin"
KERNEL = 0xffffffff81000000
MODULE = 0xffffffffc0000000
NOP, RETURN = "90", "c3"


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    out = tmp_path_factory.mktemp("plugin")
    plugin, qemu = out / "counts.so", out / "pretended-qemu"
    subprocess.run(["g++", *counter.FLAGS, "-o", plugin, HERE / "counts.cc"], check=True)
    subprocess.run(["g++", "-std=c++20", "-Wall", "-Wextra", "-Werror", "-rdynamic", "-o", qemu,
                    HERE / "unit" / "pretended_qemu.cc"], check=True)
    return plugin, qemu


class Processor:
    def __init__(self, programs, work):
        plugin, qemu = programs
        self.process = subprocess.Popen([qemu, plugin, f"socket={work}/counts"], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._answer()
        monitor = types.SimpleNamespace(execute=lambda command: None)
        machine = types.SimpleNamespace(work=work, qemu=types.SimpleNamespace(monitor=monitor))
        self.counter = counter.Counter(machine, work / "counts")

    def _answer(self):
        assert self.process.stdout.readline() == "ok\n"

    def run(self, address, runs, *instructions):
        self.process.stdin.write(f"{address:x} {runs} {' '.join(instructions)}\n")
        self.process.stdin.flush()
        self._answer()

    def end(self):
        self.process.stdin.close()
        self.process.wait(10)


@pytest.fixture
def processor(programs, tmp_path):
    machine = Processor(programs, tmp_path)
    yield machine
    machine.end()


def near(opcode, address, target):
    """A call (e8) or jump (e9) that is at the address."""
    return opcode + ((target - address - 5) & 0xffffffff).to_bytes(4, "little").hex()


def test_blocks_are_counted_with_what_they_call(processor):
    processor.run(MODULE, 3, NOP, near("e8", MODULE + 1, KERNEL))           # backwards
    processor.run(KERNEL, 2, NOP, near("e9", KERNEL + 1, MODULE + 0x40))    # forwards, and a jump
    processor.run(MODULE + 0x40, 7, NOP, NOP, RETURN)
    processor.run(MODULE + 0x80, 1, near("e8", MODULE + 0x80, KERNEL), NOP)     # a call that is not its end
    processor.run(MODULE + 0xc0, 1, "e8")                                   # cut off by a page's end
    rows = {row[0]: (*row[2:],) for row in processor.counter.read()}
    assert rows == {MODULE: (2, 3, KERNEL), KERNEL: (2, 2, MODULE + 0x40), MODULE + 0x40: (3, 7, 0),
                    MODULE + 0x80: (2, 1, 0), MODULE + 0xc0: (1, 1, 0)}


def test_the_same_block_keeps_its_row_but_other_code_has_its_own(processor):
    for target in (KERNEL, KERNEL, KERNEL + 0x100):
        processor.run(MODULE, 5, near("e8", MODULE, target))
    assert sorted(row[3:] for row in processor.counter.read()) == [(5, KERNEL + 0x100), (10, KERNEL)]


def test_reset_forgets_the_runs(processor):
    processor.run(MODULE, 5, RETURN)
    processor.counter.reset()
    assert processor.counter.read() == []
    processor.run(MODULE, 2, RETURN)
    assert [row[3] for row in processor.counter.read()] == [2]


def test_an_allocation_is_its_callers(processor):
    kernel = f"{KERNEL:x} T __kmalloc\n{KERNEL + 0x100:x} t getname_flags\n{KERNEL + 0x200:x} T kfree\n"
    module = f"{MODULE:x} t vscsi_grow\t[xen_scsiback]\n{MODULE + 0x100:x} t iblock_execute_rw\t[target_core_iblock]\n"
    owners = symbols.Owners({symbols.frame(0x5000)}, {"dom0": symbols.Table(kernel, module)})
    for address, runs, target in ((MODULE + 0x10, 3, KERNEL), (MODULE + 0x20, 1, KERNEL), (MODULE + 0x110, 5, KERNEL),
                                  (KERNEL + 0x110, 8, KERNEL),
                                  (MODULE + 0x30, 9, KERNEL + 0x200),   # is no allocation
                                  (MODULE + 0x40, 9, KERNEL + 8)):      # into a function, not its begin
        processor.run(address, runs, NOP, near("e8", address + 1, target))
    found = owners.calls(processor.counter.read(), counters.allocates, "dom0")
    assert found == {("vscsi_grow [xen_scsiback]", "__kmalloc"): 4,
                     ("iblock_execute_rw [target_core_iblock]", "__kmalloc"): 5, ("getname_flags", "__kmalloc"): 8}
    assert counters.by_backend(found) == 4
