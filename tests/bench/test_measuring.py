# SPDX-License-Identifier: GPL-2.0
"""What is read from fio, the kernel and the plugin, and what is made of it."""
import json
import types

import pytest

from vscsilab.errors import LabError

from vscsibench import bench, counters, environment, fio, host, rows, scale, stats, symbols, tracing


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
    assert stats.spread(results[:1], "rate") == {("r", "d"): None}


def rates(*boots):
    return [{"row": "r", "driver": driver, "boot": number, "rate": rate}
            for number, boot in enumerate(boots) for driver, rate in boot.items()]


def test_ratios_are_made_within_a_boot():
    # The third boot is twice as fast for both, which is no difference between them.
    results = rates({"ours": 110, "vbd": 100}, {"ours": 105, "vbd": 100}, {"ours": 240, "vbd": 200})
    assert stats.boot_ratios(results, "ours", "vbd") == {"r": [1.10, 1.05, 1.20]}
    assert stats.ratios(results, "ours", "vbd") == {"r": 1.10}


def test_a_boot_without_one_of_the_drivers_has_no_ratio():
    assert stats.boot_ratios(rates({"ours": 110}, {"vbd": 100}), "ours", "vbd") == {}
    assert stats.ratios(rates({"ours": 110, "vbd": 100}, {"ours": 300}), "ours", "vbd") == {"r": 1.10}


def test_rounds_of_a_boot_are_one_ratio():
    results = [{"row": "r", "driver": driver, "rate": rate} for driver, rate in
               (("ours", 90), ("ours", 120), ("ours", 300), ("vbd", 100))]
    assert stats.boot_ratios(results, "ours", "vbd") == {"r": [1.2]}


def test_functions_of_several_boots_are_medians():
    def boot(*functions, **counted):
        return {"row": "r", "driver": "d", "functions": [list(entry) for entry in functions], "counters": counted}
    results = [boot(("xen", "f", 10.0, 1.0), ("xen", "g", 8.0, 2.0), a=1), boot(("xen", "f", 30.0, 2.0), a=2, b=5),
               boot(("xen", "f", 20.0, 9.0), a=9)]
    assert stats.functions(results) == {("r", "d"): {("xen", "f"): (20.0, 2.0), ("xen", "g"): (0, 0)}}
    assert stats.median_dicts(results, "counters") == {("r", "d"): {"a": 2, "b": 5}}


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
        (XEN, 0x5000, 10, 3, 0),            # Xen's, whatever the page
        (KERNEL, 0x5000, 5, 2, 0),          # the guest's kernel
        (KERNEL, 0x7000, 5, 4, 0),          # dom0's
        (KERNEL + 8, 0x7008, 2, 4, KERNEL),     # further in the same function
        (KERNEL + 0x180, 0x7180, 1, 1, 0),
        (MODULE, 0x8000, 7, 1, 0),
        (0x400000, 0x5100, 3, 1, 0), (0x400000, 0x9000, 4, 1, 0)])
    assert found == {
        ("xen", "common/grant_table.c#gnttab_copy"): [30, 3], ("guest", "schedule"): [10, 2],
        ("dom0", "schedule"): [28, 4], ("dom0", "kfree"): [1, 0], ("dom0", "vscsi_pass [xen_scsiback]"): [7, 1],
        ("guest user", "user"): [3, 0], ("dom0 user", "user"): [4, 0]}


def test_calls_are_of_one_domain_and_one_kind(owners):
    found = owners.calls([
        (MODULE + 8, 0x8008, 4, 6, KERNEL + 0x100),
        (KERNEL + 8, 0x5008, 4, 9, KERNEL + 0x100),     # the guest's kernel
        (XEN, 0x7000, 4, 9, KERNEL + 0x100),
        (KERNEL + 8, 0x7008, 4, 2, KERNEL + 0x100),
        (KERNEL + 0x110, 0x7110, 4, 5, KERNEL),
        (KERNEL + 0x120, 0x7120, 4, 5, KERNEL + 0x110),     # no function begins there
        (KERNEL + 0x130, 0x7130, 4, 5, 0)], lambda name: name == "kfree", "dom0")
    assert found == {("vscsi_pass [xen_scsiback]", "kfree"): 6, ("schedule", "kfree"): 2}


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


def test_only_the_backends_own_calls_are_its_allocations():
    assert counters.allocates("kmalloc_trace") and counters.allocates("bio_alloc_bioset")
    assert not counters.allocates("kfree") and not counters.allocates("vscsi_slot_alloc [xen_scsiback]")
    calls = {("vscsi_slot_fits [xen_scsiback]", "__get_free_pages"): 0.25,
             ("xen_blkif_schedule [xen_blkback]", "bio_alloc_bioset"): 1.0,
             ("iblock_execute_rw [target_core_iblock]", "bio_alloc_bioset"): 1.0,
             ("getname_flags", "kmem_cache_alloc"): 0.17}
    assert counters.by_backend(calls) == 1.25
    assert counters.by_backend({("vscsi_x [xen_scsiback]", "alloc_pages"): -0.01}) == 0


def test_what_is_counted_of_a_run_is_what_the_longer_did_more(owners, monkeypatch):
    machine = object.__new__(host.Host)
    owners.tables["dom0"] = symbols.Table(f"{KERNEL:x} T schedule\n{KERNEL + 0x100:x} T __kmalloc\n",
                                          f"{MODULE:x} t grow\t[xen_scsiback]\n")
    dumps = [[(MODULE, 0x8000, 4, runs, KERNEL + 0x100), (KERNEL, 0x7000, 10, runs, 0)] for runs in (30, 130)]
    machine.counter = types.SimpleNamespace(reset=lambda: None, read=lambda: dumps.pop(0))
    counted = machine.counted(owners, lambda ios: fio.Outcome(ios, ios / 100), 100, 400)
    assert (counted.ios, counted.seconds) == (300, 3.0)
    assert counted.functions["dom0", "schedule"] == pytest.approx((1000 / 300, 100 / 300))
    assert counted.allocations == {("grow [xen_scsiback]", "__kmalloc"): pytest.approx(100 / 300)}


@pytest.mark.parametrize("boot, rounds, order", [(0, 1, ["abc"]), (1, 1, ["bca"]), (2, 2, ["cab", "abc"])])
def test_another_driver_begins_in_each_round_and_each_boot(boot, rounds, order):
    measuring = object.__new__(bench.Bench)
    measuring.options, measuring.boot = types.SimpleNamespace(drivers=list("abc")), boot
    assert ["".join(measuring.order(number)) for number in range(rounds)] == order


def test_two_modules_are_told_apart(monkeypatch, tmp_path):
    monkeypatch.setattr(environment.qemu, "version", lambda: "QEMU 7")
    monkeypatch.setattr(environment.image, "current", lambda: types.SimpleNamespace(info={"kernel_package": "6.1", "xen": "4.17"}))
    monkeypatch.setattr(environment, "commit", lambda: "abc")
    options = types.SimpleNamespace(tsc="native", drivers=["ours", "vbd"], module=tmp_path / "m.ko")
    found = []
    for content in (b"one", b"two", b"one"):
        options.module.write_bytes(content)
        found.append(environment.describe(options)["module"])
    assert found[0] == found[2] != found[1]
    options.drivers = ["vbd"]
    assert environment.describe(options)["module"] is None


def test_kernel_memory_is_what_is_nobodys():
    meminfo = ("MemTotal:  1000 kB\nMemFree:  590 kB\nPerCpuFree: 10 kB\nMemAvailable: 1 kB\nBuffers:  10 kB\nCached:  90 kB\n"
               "SwapCached: 0 kB\nAnonPages:  100 kB\n")
    found = scale.kernel_memory(meminfo + "Slab: 150 kB\nKernelStack: 20 kB\n")
    assert found["all"] == 200
    assert found["Slab"] == 150 and found["KernelStack"] == 20 and found["Percpu"] == 0
