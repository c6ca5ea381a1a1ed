# SPDX-License-Identifier: GPL-2.0
"""The document that is made of results."""
import xml.etree.ElementTree as xml

import pytest

from vscsilab.errors import LabError

from vscsibench import counters, plot, report, rows, table

ABOUT = {"processor": "P", "processors": 2, "qemu": "QEMU 7", "xen": "4.17", "kernel": "6.1", "tsc": "native",
         "commit": "abc", "seconds": 4, "rounds": 3}
RATES = {"vbd": 100.0, "in-tree": 80.0, "ours": 120.0}


def icount():
    results = []
    for row, factor in (("rand8k-p1", 1), ("rand8k-p5", 2), ("rand8k-d16", 3)):
        for driver, rate in RATES.items():
            results.append({
                "row": row, "driver": driver, "round": 0, "rate": rate * factor, "instructions": 1e9 / rate / factor,
                "layers": {"xen": 10.0, "dom0": 20.0}, "functions": [["xen", "f", rate, 1.0]],
                "counters": {"grant hypercalls": 0.25, "notifications sent by dom0": 0.125}})
    return {"mode": "icount", "environment": ABOUT, "results": results}


def wall():
    results = [{"row": "rand8k-p1", "driver": driver, "round": number, "rate": rate + number}
               for driver, rate in RATES.items() for number in range(3)]
    results.append({"row": "rand8k-p1", "driver": "ours", "round": 0, "traced": {"interrupts in dom0": 0.5}})
    return {"mode": "wall", "environment": ABOUT, "results": results}


def everything():
    return {
        "icount": icount(), "wall": wall(),
        "scale": {"environment": ABOUT, "results": [
            {"driver": "ours", "of": of, "size": size, "rate": 1.0, "instructions": 1000.0 * size, "layers": {}}
            for of in ("rings", "luns") for size in (1, 4)]},
        "memory": {"environment": ABOUT, "results": [{"driver": "ours", "fresh": 40.0, "busy": 900.0, "idle": 70.0}]},
        "tools": {"environment": ABOUT, "results": [
            {"command": "xl-vscsi list --json", "guests": 50, "devices": 200, "instructions": 2e8,
             "layers": {"dom0": 1e8, "xen": 1e8}}]}}


def test_only_what_is_between_the_markers_changes():
    document = f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n"
    once = report.replace(document, "new")
    assert once == f"before\n{report.BEGIN}\n\nnew\n\n{report.END}\nafter\n"
    assert report.replace(once, "new") == once


@pytest.mark.parametrize("document", ["", report.BEGIN, f"x {report.END}"])
def test_a_document_without_markers_is_left_alone(document):
    with pytest.raises(LabError):
        report.replace(document, "new")


def test_goals_say_what_is_reached():
    goals = {goal: (value, good) for goal, value, good in report.goals(everything())}
    assert goals["instruction time, random 8k, 1 process a disk: 1.10 times vbd"] == ("1.20", True)
    assert goals["instruction time, random 8k, 5 processes a disk: 1.5 times in-tree"] == ("1.50", True)
    assert goals["8k at depth 16: 0.5 grant hypercalls and notifications an I/O"] == ("0.38", True)
    assert goals["an idle ring: 64 KiB"] == ("70 KiB", False)
    assert goals["`xl-vscsi list --json` of 50 guests: well under a second"] == ("0.20 s at 1 instruction a ns", True)
    assert not any("depth 16: 1.10" in goal for goal in goals), "a row that is only counted is no goal"


def test_slower_than_vbd_is_not_reached():
    found = {"wall": wall()}
    for item in found["wall"]["results"]:
        if item["driver"] == "ours" and "rate" in item:
            item["rate"] = 99.0
    assert [good for _, _, good in report.goals(found)] == [False]


@pytest.mark.parametrize("kinds", [("icount",), ("wall",), ("scale", "memory"), ("icount", "wall", "scale", "memory", "tools")])
def test_sections_come_with_their_results(kinds):
    found = {kind: content for kind, content in everything().items() if kind in kinds}
    text = report.generate(found, "performance.svg")
    assert ("## Instruction time" in text) == ("icount" in kinds)
    assert ("## Wall time" in text) == ("wall" in kinds)
    assert ("## Memory" in text) == ("memory" in kinds)
    assert ("## The tools" in text) == ("tools" in kinds)
    widths = [line.count("|") for line in text.splitlines() if line.startswith("|")]
    assert all(width > 2 for width in widths)


def test_the_budget_is_the_goal_without_the_guest():
    def result(driver, total, layers):
        return {"row": "rand8k-p1", "driver": driver, "round": 0, "rate": 1.0, "instructions": total,
                "layers": layers, "functions": [["dom0", "brd_do_bvec [brd]", 70.0, 1.0], ["xen", "memcpy", 30.0, 1.0]]}
    results = [
        result("vbd", 1100.0, {"xen": 300.0, "dom0": 200.0, "guest": 600.0}),
        result("in-tree", 2400.0, {"xen": 800.0, "dom0": 900.0, "guest": 700.0}),
        result("ours", 1500.0, {"xen": 400.0, "dom0": 500.0, "guest": 550.0, "guest user": 50.0})]
    wanted = [rows.BY_NAME["rand8k-p1"], rows.BY_NAME["rand8k-p5"]]
    text = report.budget_table(results, "vbd", 1.1, wanted)
    assert cells(text)[1:] == ["1000", "600", "400", "900", "500", "70", "30"]
    text = report.budget_table(results, "in-tree", 1.5, wanted)
    assert "| in-tree / 1.50 |" in text and "| in-tree in Xen and dom0 |" in text
    assert cells(text)[1:] == ["1600", "600", "1000", "900", "1700", "70", "30"]


def cells(text):
    """Of a table's last line."""
    return [cell.strip() for cell in text.splitlines()[-1].strip("| ").split("|")]


def test_the_document_has_a_budget_for_each_of_both_goals():
    text = report.generate(everything(), "performance.svg")
    head, _, rest = text.partition("What 1.5 times in-tree leaves")
    assert "| vbd / 1.10 |" in head and "| in-tree / 1.50 |" in rest
    second = rest.split("\n\n")[1].splitlines()
    assert [line.split("|")[1].strip() for line in second[2:]] == ["random 8k, 5 processes a disk"]


def test_a_size_that_fails_says_so():
    results = [{"driver": "in-tree", "of": "rings", "size": 4, "instructions": 10.0},
               {"driver": "in-tree", "of": "rings", "size": 16, "failed": "error 5"}]
    assert report.scale_table(results, "rings").splitlines()[-1] == "| in-tree | 10 | I/O errors |"


def test_wall_time_shows_median_and_spread():
    assert "| random 8k, 1 process a disk | 101 ±1% |" in report.speed_table(wall()["results"])


def boots(*factors):
    """The same measurement in several boots; the factor is of ours."""
    results = []
    for number, factor in enumerate(factors):
        for item in icount()["results"]:
            mine = factor if item["driver"] == "ours" else 1
            results.append({**item, "boot": number, "rate": item["rate"] * mine,
                            "instructions": item["instructions"] / mine})
    return {"mode": "icount", "environment": ABOUT, "results": results}


def test_instruction_time_shows_the_spread_of_its_boots():
    found = {"icount": boots(1.0, 0.9, 1.1)}
    line = report.speed_table(found["icount"]["results"]).splitlines()[2]
    assert line.startswith("| random 8k, 1 process a disk | 100 ±0.0% | 80 ±0.0% | 120 ±10% | 1.20 | 1.50 | 0.80 |")
    assert line.count("±") == 6, "rates and instructions"
    goals = {goal: (value, good) for goal, value, good in report.goals(found)}
    assert goals["instruction time, random 8k, 1 process a disk: 1.10 times vbd"] == ("1.20 ±10%", True)
    assert goals["instruction time, random 8k, 5 processes a disk: 1.5 times in-tree"] == ("1.50 ±10%", True)
    assert "median of 3 boots" in report.generate(found, "performance.svg")


def test_one_boot_that_is_an_outlier_decides_nothing():
    goals = {goal: (value, good) for goal, value, good in report.goals({"icount": boots(0.9, 0.5, 0.9)})}
    assert goals["instruction time, random 8k, 1 process a disk: 1.10 times vbd"] == ("1.08 ±22%", False)


def test_rows_with_more_boots_than_others_are_said_to_be():
    content = boots(1.0, 1.0)
    content["results"] = [item for item in content["results"] if not item["boot"] or item["row"] == "rand8k-p1"]
    assert report.boots_text(content["results"]) == "1 to 2 boots"


def test_results_of_one_boot_show_no_spread():
    assert "±" not in report.generate({"icount": icount()}, "performance.svg")
    assert "boots" not in report.generate({"icount": icount()}, "performance.svg")


def test_commits_of_all_boots_are_named():
    found = {"wall": wall()}
    found["wall"]["environments"] = [ABOUT, {**ABOUT, "commit": "def"}]
    assert report.environment_text(found).endswith("Commit abc, def.")


ALLOCATIONS = "no allocation in the data path: allocations an I/O by the module"


@pytest.mark.parametrize("most, shown, good", [
    (0.0, "none in any row", True), (0.004, "0.004 (the most, `rand8k-p5`)", True),
    (1.0, "1.000 (the most, `rand8k-p5`)", False)])
def test_allocations_are_a_goal_where_their_callers_are_known(most, shown, good):
    content = icount()
    for item in content["results"]:
        item["counters"][counters.BY_BACKEND] = (
            3.0 if item["driver"] != "ours" else most if item["row"] == "rand8k-p5" else 0.0)
    goals = {goal: (value, reached) for goal, value, reached in report.goals({"icount": content})}
    assert goals[ALLOCATIONS] == (shown, good)
    assert f"| {counters.BY_BACKEND} |" in report.counter_table(content["results"], "counters")


def test_a_count_that_misses_what_is_known_to_be_there_reaches_nothing():
    content = icount()
    for item in content["results"]:
        item["counters"][counters.BY_BACKEND] = 0.0
    value, = [(shown, good) for goal, shown, good in report.goals({"icount": content}) if goal == ALLOCATIONS]
    assert value == ("not known: the in-tree module's are not seen either", False)


def test_results_without_callers_say_nothing_of_allocations():
    assert ALLOCATIONS not in {goal for goal, _, _ in report.goals(everything())}


def test_the_chart_is_sound():
    root = xml.fromstring(report.chart(everything()))
    bars = [item for item in root.iter() if item.tag.endswith("rect") and item.get("fill") in plot.COLOURS]
    # Two rows with two drivers in instruction time, one row in wall time; four squares of the legend.
    assert len(bars) == 4 + 2 + 4
    for bar in bars:
        assert float(bar.get("y")) >= 0 and float(bar.get("height")) > 0
        assert float(bar.get("y")) + float(bar.get("height")) <= plot.HEIGHT
        assert float(bar.get("x")) + float(bar.get("width")) <= plot.WIDTH


def test_bars_are_as_tall_as_their_values():
    root = xml.fromstring(plot.bars("t <&>", ["a", "b"], [("s", [1.0, 2.0])]))
    tall = [float(item.get("height")) for item in root.iter()
            if item.tag.endswith("rect") and item.get("fill") == plot.COLOURS[0]][:2]
    assert tall[1] == pytest.approx(2 * tall[0], abs=0.2)


def test_terminal_table_and_profile():
    text = table.ratios(icount()["results"])
    assert "1.20" in text and "0.80" in text and "1.50" in text
    lines = table.profile([item for item in icount()["results"] if item["row"] == "rand8k-p1"], 5).splitlines()
    assert lines[-1].endswith("xen: f") and "120" in lines[-1]


def test_terminal_table_shows_the_spread_of_boots():
    assert "±" not in table.ratios(icount()["results"])
    line = table.ratios(boots(1.0, 0.9, 1.1)["results"]).splitlines()[1]
    assert "120 ±10.0%" in line and line.split()[7:10] == ["1.20", "1.50", "0.80"]


def test_a_profile_lists_who_allocates():
    results = [{**item, "allocations": [["getname_flags", "kmem_cache_alloc", 0.17]]}
               for item in icount()["results"] if item["row"] == "rand8k-p1"]
    assert table.profile(results, 5).splitlines()[-1].split() == ["0.170"] * 3 + ["getname_flags:", "kmem_cache_alloc"]
