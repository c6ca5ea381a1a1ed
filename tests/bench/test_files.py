# SPDX-License-Identifier: GPL-2.0
"""Files of results: what is read, added, refused."""
import json

import pytest

from vscsilab.errors import LabError

from vscsibench import backends, files, rows

ABOUT = {"processor": "P", "processors": 2, "qemu": "QEMU 7", "xen": "4.17", "kernel": "6.1", "tsc": "native",
         "commit": "abc", "seconds": 4, "rounds": 1, "module": "m1"}
# As they were written before boots had numbers.
OLD = {name: value for name, value in ABOUT.items() if name != "module"}


def measured(names=tuple(rows.BY_NAME), drivers=backends.DRIVERS):
    return [{"row": row, "driver": driver, "round": 0, "rate": 1.0} for row in names for driver in drivers]


def complete():
    by_driver = [{"driver": driver} for driver in backends.DRIVERS]
    results = {"icount": measured(), "wall": measured(), "scale": by_driver, "memory": by_driver,
               "tools": [{"command": "true"}]}
    return {kind: {"environment": ABOUT, "results": items} for kind, items in results.items()}


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "new" / "icount.json"
    content = files.first("icount", ABOUT, measured())
    files.write(path, content)
    assert files.read(path) == files.read(path, "icount") == content
    assert [item.name for item in path.parent.iterdir()] == ["icount.json"]


@pytest.mark.parametrize("text", [
    "", "{", "[]", "7", '{"mode": "icount"}', '{"mode": "other", "environment": {}, "results": []}',
    '{"mode": "icount", "environment": {}, "results": []}',
    json.dumps({"mode": "icount", "environment": ABOUT, "results": [{"rate": 1}]}),
    json.dumps({"mode": "icount", "environment": ABOUT, "results": [7]})])
def test_a_broken_file_is_said_to_be(tmp_path, text):
    path = tmp_path / "icount.json"
    path.write_text(text)
    with pytest.raises(LabError, match="holds no results") as caught:
        files.read(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_or_of_something_else(tmp_path):
    path = tmp_path / "wall.json"
    with pytest.raises(LabError, match="no results in .*wall.json: No such file"):
        files.read(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(LabError, match="holds no results"):
        files.read(path)
    files.write(path, files.first("wall", ABOUT, []))
    with pytest.raises(LabError, match="has results of bench run --mode wall; wanted are those of bench run$"):
        files.read(path, "icount")


@pytest.mark.parametrize("about", [ABOUT, OLD])
def test_boots_are_added_behind_those_that_are_there(about):
    content = files.first("icount", about, measured(["rand8k-p1"], ["ours"]))
    later = {**ABOUT, "commit": "def"}
    for expected in (2, 3):
        content = files.joined(content, later, measured(["rand8k-p1"], ["ours"]))
        assert files.boots(content) == expected
    assert [item.get("boot", 0) for item in content["results"]] == [0, 1, 2]
    assert files.environments(content) == [about, later, later] and content["environment"] == about


@pytest.mark.parametrize("name, value", [("module", "m2"), ("tsc", "emulated"), ("qemu", "QEMU 8"), ("rounds", 3)])
def test_boots_of_another_measurement_are_not_added(name, value):
    content = files.first("icount", ABOUT, measured())
    with pytest.raises(LabError, match=f"do not go together: {name} was {ABOUT[name]} and is {value}"):
        files.joined(content, {**ABOUT, name: value}, measured())


def test_a_module_that_changes_after_a_boot_without_it_is_found():
    content = files.joined(files.first("icount", {**ABOUT, "module": None}, []), ABOUT, measured())
    with pytest.raises(LabError):
        files.check_same(content, {**ABOUT, "module": "m2"})


def test_complete_results_lack_nothing():
    assert files.lacking(complete()) == []


def test_rows_and_drivers_that_are_missing_are_named():
    found = complete()
    found["icount"]["results"] = measured(["rand8k-p1"]) + measured(["read128k"], ["ours"])
    text, = files.lacking(found)
    assert "icount.json lacks" in text and "rand8k-p5" in text and "rand8k-p1" not in text
    assert "read128k of in-tree and vbd" in text and "`bench run`" in text


def test_drivers_in_different_boots_cannot_be_compared():
    found = complete()
    found["wall"]["results"] = [{**item, "boot": int(item["driver"] == "vbd")} for item in measured()]
    assert "rand8k-p1 of vbd" in files.lacking(found)[0]


@pytest.mark.parametrize("kind", files.KINDS)
def test_missing_and_empty_kinds_are_named(kind):
    found = complete()
    found[kind]["results"] = []
    assert [f"{kind}.json lacks" in text for text in files.lacking(found)] == [True]
    del found[kind]
    assert files.lacking(found) == [f"no {kind}.json (`{files.KINDS[kind]}`)"]


def test_a_driver_missing_in_scale_is_named():
    found = complete()
    found["scale"]["results"] = [{"driver": "ours"}]
    assert files.lacking(found) == ["scale.json lacks in-tree, vbd (`bench scale`)"]


def test_nothing_at_all_and_too_little(tmp_path):
    with pytest.raises(LabError, match="no results in .*: run `bench all`"):
        files.load_complete(tmp_path)
    files.write(tmp_path / "icount.json", files.first("icount", ABOUT, measured()))
    with pytest.raises(LabError, match="incomplete: no wall.json"):
        files.load_complete(tmp_path)
    files.write(tmp_path / "icount-partial.json", files.first("icount", ABOUT, []))
    assert list(files.load(tmp_path)) == ["icount"]
