"""What is read from fio, the kernel and the plugin, and what is made of it."""
import json

import pytest

from vscsilab.errors import LabError

from vscsibench import counters, fio, rows, scale, stats, symbols, tracing


def job(name="disk0", read=(0, 0, 0.0), write=(0, 0, 0.0), error=0):
    def way(values):
        return {"total_ios": values[0], "runtime": values[1], "iops": values[2]}
    return {"jobname": name, "error": error, "read": way(read), "write": way(write)}


def text(*jobs):
    return "fio: some notice\n" + json.dumps({"jobs": list(jobs)})


def test_fio_by_count_takes_the_slowest_job():
    outcome = fio.parse(text(job(read=(100, 50, 2000.0), write=(100, 48, 2100.0)), job(read=(200, 80, 2500.0))))
    assert outcome.ios == 400
    assert outcome.rate == pytest.approx(400 / 0.080)


def test_fio_by_time_adds_the_rates():
    outcome = fio.parse(text(job(read=(1000, 990, 500.0), write=(900, 990, 400.0)), job(read=(2000, 1000, 100.0))),
                        by_rate=True)
    assert outcome.rate == pytest.approx(1000.0)


@pytest.mark.parametrize("bad", ["", "fio: no such file", text(job(error=5, read=(1, 1, 1.0))), text(job())])
def test_fio_that_did_nothing_is_an_error(bad):
    with pytest.raises(LabError):
        fio.parse(bad)


@pytest.mark.parametrize("row", rows.BY_NAME.values(), ids=lambda row: row.name)
def test_rows_split_their_io_among_processes(row):
    disks = ["/dev/a", "/dev/b", "/dev/c"]
    words = row.command(disks, ios=3000).split()
    assert f"--number_ios={3000 // (row.disks * row.processes)}" in words
    assert sum(word.startswith("--filename=") for word in words) == row.disks
    assert ("--ioengine=libaio" in words) == (row.depth > 1)
    assert "--runtime=7" in row.command(disks, seconds=7) and "number_ios" not in row.command(disks, seconds=7)


def test_the_seeds_rows_are_there():
    shapes = {(row.rw, row.block, row.disks, row.processes, row.depth) for row in rows.ROWS}
    for block in (8192, 131072):
        for processes in (1, 5):
            assert ("randrw", block, 3, processes, 1) in shapes
    assert ("read", 131072, 1, 1, 1) in shapes and ("write", 131072, 1, 1, 1) in shapes
    assert {(row.block, row.depth) for row in rows.ROWS if row.depth > 1} == {(4096, 16), (4096, 32)}


def test_histogram_and_stat():
    hist = ("# event histogram\n{ common_pid:        600 } hitcount:         12  count:        396\n"
            "{ common_pid:         61 } hitcount:          3  count:          3\n\nTotals:\n    Hits: 15\n")
    assert tracing.parse_histogram(hist) == (15, 399)
    assert tracing.parse_histogram("Totals:\n    Hits: 0\n") == (0, 0)
    assert tracing.parse_stat("cpu  1 2 3\nintr 4711 0 1 2\nctxt 99\nbtime 5\n") == (4711, 99)


def test_median_and_spread():
    results = [{"row": "r", "driver": "d", "rate": rate} for rate in (90, 100, 120)] + [{"row": "r", "driver": "e"}]
    assert stats.medians(results, "rate") == {("r", "d"): 100}
    assert stats.spread(results, "rate") == {("r", "d"): pytest.approx(0.15)}


XEN = 0xffff82d040200000
KERNEL = 0xffffffff81000000
MODULE = 0xffffffffc0000000


@pytest.fixture
def owners():
    kernel = f"{KERNEL:x} T schedule\n{KERNEL + 0x100:x} t kfree\n{KERNEL + 0x200:x} D data\n"
    tables = {"xen": symbols.Table(f"{XEN:x} T common/grant_table.c#gnttab_copy\n"),
              "dom0": symbols.Table(kernel, f"{MODULE:x} t vscsi_pass\t[xen_scsiback]\n"),
              "guest": symbols.Table(kernel)}
    return symbols.Owners({symbols.frame(0x5000)}, tables)


def test_frames_lie_around_the_hole():
    assert symbols.frame(0x1000) == 1
    assert symbols.frame((3 << 30) - 1) == (3 << 18) - 1
    assert symbols.frame(3 << 30) == 4 << 18


def test_code_belongs_to_who_owns_its_page(owners):
    found = owners.attribute([
        (XEN, 0x5000, 10, 3),               # Xen's, whatever the page
        (KERNEL, 0x5000, 5, 2),             # the guest's kernel
        (KERNEL, 0x7000, 5, 4),             # dom0's
        (KERNEL + 8, 0x7008, 2, 4),         # further in the same function
        (KERNEL + 0x180, 0x7180, 1, 1),
        (MODULE, 0x8000, 7, 1),
        (0x400000, 0x5100, 3, 1), (0x400000, 0x9000, 4, 1)])
    assert found == {
        ("xen", "common/grant_table.c#gnttab_copy"): [30, 3], ("guest", "schedule"): [10, 2],
        ("dom0", "schedule"): [28, 4], ("dom0", "kfree"): [1, 0], ("dom0", "vscsi_pass [xen_scsiback]"): [7, 1],
        ("guest user", "user"): [3, 0], ("dom0 user", "user"): [4, 0]}


def test_what_both_runs_have_cancels_out():
    long, short = {("xen", "a"): [1300, 30], ("xen", "b"): [50, 5]}, {("xen", "a"): [300, 10], ("xen", "b"): [50, 5]}
    assert symbols.difference(long, short, 10) == {("xen", "a"): (100, 2)}


def test_counters_know_static_functions_by_their_name():
    assert counters.plain("common/grant_table.c#unmap_common.constprop.0") == "unmap_common"
    assert counters.plain("vscsi_pass [xen_scsiback]") == "vscsi_pass"
    found = counters.from_functions([
        ["xen", "do_grant_table_op", 55.0, 1.25], ["guest", "do_grant_table_op", 1.0, 9.0],
        ["xen", "common/grant_table.c#acquire_grant_for_copy", 322.0, 2.0],
        ["dom0", "notify_remote_via_irq", 3.0, 0.5], ["dom0", "kmem_cache_alloc", 9.0, 1.0],
        ["dom0", "__kmem_cache_alloc_node", 9.0, 2.0]])
    assert found["grant hypercalls"] == 1.25
    assert found["pages copied by grant"] == 2.0
    assert found["notifications sent by dom0"] == 0.5
    assert found["slab allocations in dom0"] == 3.0
    assert found["pages mapped"] == 0
    assert set(counters.HYPERCALLS_AND_NOTIFICATIONS) <= set(found)


def test_kernel_memory_is_what_is_nobodys():
    meminfo = ("MemTotal:  1000 kB\nMemFree:  590 kB\nPerCpuFree: 10 kB\nMemAvailable: 1 kB\nBuffers:  10 kB\nCached:  90 kB\n"
               "SwapCached: 0 kB\nAnonPages:  100 kB\n")
    found = scale.kernel_memory(meminfo + "Slab: 150 kB\nKernelStack: 20 kB\n")
    assert found["all"] == 200
    assert found["Slab"] == 150 and found["KernelStack"] == 20 and found["Percpu"] == 0
