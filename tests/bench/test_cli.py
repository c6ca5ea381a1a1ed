# SPDX-License-Identifier: GPL-2.0
"""The command line: where results go, what is said when they are not there. Nothing is measured."""
import contextlib
import json

import pytest

from vscsilab.errors import LabError

from vscsibench import cli, files, report, rows

ABOUT = {"processor": "P", "processors": 2, "qemu": "QEMU 7", "xen": "4.17", "kernel": "6.1", "tsc": "native",
         "commit": "abc", "seconds": 4}


class Measuring:
    """What is there instead of a machine."""

    def __init__(self):
        self.boots, self.module, self.fails_at = [], "m1", None

    def describe(self, options):
        return {**ABOUT, "rounds": getattr(options, "rounds", None), "module": self.module}

    def bench(self, options, boot):
        self.boots.append((options.mode, boot))
        if len(self.boots) == self.fails_at:
            raise LabError("the host died")
        self.options = options
        return self

    def run(self):
        number = len(self.boots)
        return [{"row": row.name, "driver": driver, "round": 0, "rate": 100.0 + number, "instructions": 5.0,
                 "layers": {"xen": 5.0}, "functions": [["xen", "f", 5.0, 1.0]], "counters":
                 {"grant hypercalls": 0.1, "notifications sent by dom0": 0.1}}
                for row in self.options.rows for driver in self.options.drivers]

    @staticmethod
    def scale(options):
        return Results([{"driver": driver, "of": of, "size": 1, "instructions": 1.0}
                        for driver in options.drivers for of in ("rings", "luns")])

    @staticmethod
    def memory(options):
        return Results([{"driver": driver, "fresh": 1.0, "busy": 1.0, "idle": 1.0, "parts": {"idle": {}}}
                        for driver in options.drivers])

    @staticmethod
    def tools(options):
        return Results([{"command": "xl-vscsi list", "guests": 50, "devices": 200, "instructions": 1e8, "layers": {}}])


class Results:
    def __init__(self, results):
        self.results = results

    def run(self):
        return self.results


@pytest.fixture
def measuring(monkeypatch, tmp_path):
    fake = Measuring()
    monkeypatch.setattr(cli, "OUT", tmp_path / "out")
    monkeypatch.setattr(cli, "Bench", fake.bench)
    monkeypatch.setattr(cli.environment, "describe", fake.describe)
    monkeypatch.setattr(cli.scale, "Scale", fake.scale)
    monkeypatch.setattr(cli.scale, "Memory", fake.memory)
    monkeypatch.setattr(cli.tools, "Tools", fake.tools)
    monkeypatch.setattr(cli.paths, "cache_lock", contextlib.nullcontext)
    monkeypatch.setattr(cli.signal, "signal", lambda *_: None)
    monkeypatch.setattr(cli, "_module_there", lambda options: None)
    return fake


@pytest.fixture
def document(tmp_path):
    path = tmp_path / "performance.md"
    path.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    return path


def complains(capsys, *words):
    """The one line that is said."""
    assert cli.main([str(word) for word in words]) == 2
    said = capsys.readouterr().err
    assert said.startswith("bench: ") and said.count("\n") == 1 and "Traceback" not in said
    return said


def boots(path):
    return sorted({item.get("boot", 0) for item in json.loads(path.read_text())["results"]})


def test_instruction_time_in_all_has_three_boots(measuring, document, monkeypatch):
    monkeypatch.setattr(cli.report, "write", lambda out, document: None)
    assert cli.main(["all"]) == 0
    assert measuring.boots == [("icount", 0), ("icount", 1), ("icount", 2), ("wall", 0)]
    assert boots(cli.OUT / "icount.json") == [0, 1, 2]
    assert cli.main(["all", "--boots", "1"]) == 0
    assert boots(cli.OUT / "icount.json") == [0], "a new measurement begins anew"


def test_what_all_leaves_is_a_document(measuring, document):
    for words in (["run", "--boots", "2"], ["run", "--mode", "wall"], ["scale"], ["memory"], ["tools"]):
        assert cli.main(words) == 0
    assert cli.main(["report", "--document", str(document)]) == 0
    text = document.read_text()
    assert "median of 2 boots" in text and "Commit abc." in text
    assert text.startswith("before") and text.endswith("after\n")
    assert document.with_suffix(".svg").exists()


def test_boots_are_added_to_a_file(measuring, capsys, tmp_path):
    out = tmp_path / "F.json"
    words = ["run", "--out", str(out), "--rows", "rand8k-p1"]
    assert cli.main(words) == 0
    assert cli.main([*words, "--add", "--boots", "2"]) == 0
    assert boots(out) == [0, 1, 2] and [number for _, number in measuring.boots] == [0, 1, 2]
    assert "results of 3 boots" in capsys.readouterr().out
    assert cli.main(words) == 0
    assert boots(out) == [0]


def test_boots_are_added_to_a_file_of_before_boots_had_numbers(measuring, tmp_path):
    out = tmp_path / "old.json"
    out.write_text(json.dumps({"mode": "icount", "environment": ABOUT, "results": [
        {"row": "rand8k-p1", "driver": "ours", "round": 0, "rate": 1.0, "instructions": 1.0}]}))
    assert cli.main(["run", "--rows", "rand8k-p1", "--add", "--out", str(out)]) == 0
    assert boots(out) == [0, 1]


def test_nothing_is_measured_for_a_file_that_it_cannot_be_added_to(measuring, capsys, tmp_path):
    assert "no results in" in complains(capsys, "run", "--add", "--out", tmp_path / "none.json")
    files.write(tmp_path / "wall.json", files.first("wall", ABOUT, []))
    assert "wanted are those of bench run" in complains(capsys, "run", "--add", "--out", tmp_path / "wall.json")
    files.write(tmp_path / "other.json", files.first("icount", {**ABOUT, "module": "m2"}, []))
    assert "module was m2 and is m1" in complains(capsys, "run", "--add", "--out", tmp_path / "other.json")
    assert measuring.boots == []


def test_boots_that_were_complete_outlive_one_that_fails(measuring, capsys, tmp_path):
    measuring.fails_at = 3
    assert "the host died" in complains(capsys, "run", "--boots", "3", "--out", tmp_path / "F.json")
    assert boots(tmp_path / "F.json") == [0, 1]


@pytest.mark.parametrize("mode", ["icount", "wall"])
@pytest.mark.parametrize("part", [["--rows", "rand8k-p1"], ["--drivers", "ours,vbd"], ["--tsc", "emulated"],
                                  ["--disks", "scsi"], ["--disks", "scsi", "--backstore", "pscsi"]])
def test_a_partial_run_leaves_the_documents_results_alone(measuring, capsys, mode, part):
    assert cli.main(["run", "--mode", mode]) == 0
    before = (cli.OUT / f"{mode}.json").read_text()
    assert cli.main(["run", "--mode", mode, *part]) == 0
    assert (cli.OUT / f"{mode}.json").read_text() == before
    assert (cli.OUT / f"{mode}-partial.json").exists()
    assert f"the results go to {cli.OUT / mode}-partial.json" in capsys.readouterr().out


def test_all_rows_by_name_are_no_partial_run(measuring, capsys):
    assert cli.main(["run", "--rows", ",".join(reversed(rows.BY_NAME)), "--drivers", "vbd,ours,in-tree"]) == 0
    assert (cli.OUT / "icount.json").exists() and "partial" not in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["scale", "memory"])
def test_some_drivers_of_scale_and_memory_are_partial_too(measuring, kind):
    assert cli.main([kind, "--drivers", "ours"]) == 0
    assert [path.name for path in cli.OUT.iterdir()] == [f"{kind}-partial.json"]


def test_no_results_make_no_report(measuring, capsys, document):
    before = document.read_text()
    assert "run `bench all`" in complains(capsys, "report", "--document", document)
    assert cli.main(["run"]) == 0
    assert "incomplete: no wall.json" in complains(capsys, "report", "--document", document)
    assert document.read_text() == before and not document.with_suffix(".svg").exists()


def test_a_report_of_some_rows_is_refused(measuring, capsys, document):
    for words in (["run", "--mode", "wall"], ["scale"], ["memory"], ["tools"],
                  ["run", "--rows", "rand8k-p1", "--out", str(cli.OUT / "icount.json")]):
        assert cli.main(words) == 0
    capsys.readouterr()
    said = complains(capsys, "report", "--document", document)
    assert "icount.json lacks rand128k-p1, " in said and "old" in document.read_text()


@pytest.mark.parametrize("content", [None, "no markers", b"\xff\xfe"])
def test_a_document_that_cannot_be_written_is_said_to_be(measuring, capsys, document, content):
    for words in (["run"], ["run", "--mode", "wall"], ["scale"], ["memory"], ["tools"]):
        assert cli.main(words) == 0
    capsys.readouterr()
    document.unlink()
    if content:
        document.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert "document" in complains(capsys, "report", "--document", document)
    assert not document.with_suffix(".svg").exists()


@pytest.mark.parametrize("words", [["table"], ["profile"]])
@pytest.mark.parametrize("content", [None, "", "{", "[1]", "{}"])
def test_a_table_of_a_missing_or_broken_file(capsys, tmp_path, measuring, words, content):
    path = tmp_path / "F.json"
    if content is not None:
        path.write_text(content)
    said = complains(capsys, *words, path, *(["rand8k-p1"] if words == ["profile"] else []))
    assert str(path) in said


def test_a_broken_file_in_a_report(capsys, measuring, document):
    cli.OUT.mkdir()
    (cli.OUT / "scale.json").write_text("{")
    assert "scale.json holds no results" in complains(capsys, "report", "--document", document)


def test_a_table_and_a_profile_of_what_has_none(capsys, measuring, tmp_path):
    assert cli.main(["memory"]) == 0
    assert cli.main(["run", "--mode", "wall"]) == 0
    assert cli.main(["run", "--rows", "rand8k-p1"]) == 0
    capsys.readouterr()
    assert "has results of bench memory" in complains(capsys, "table", cli.OUT / "memory.json")
    assert "wanted are those of bench run\n" in complains(capsys, "profile", cli.OUT / "wall.json", "rand8k-p1")
    assert "has no read128k" in complains(capsys, "profile", cli.OUT / "icount-partial.json", "read128k")


def test_a_table_and_a_profile(capsys, measuring):
    assert cli.main(["run", "--boots", "2"]) == 0
    capsys.readouterr()
    assert cli.main(["table", str(cli.OUT / "icount.json")]) == 0
    assert "rand8k-p1" in capsys.readouterr().out
    assert cli.main(["profile", str(cli.OUT / "icount.json"), "rand8k-p1", "--drivers", "ours"]) == 0
    assert "xen: f" in capsys.readouterr().out


def test_pscsi_takes_scsi_disks_only(measuring, capsys):
    assert "--disks scsi" in complains(capsys, "run", "--backstore", "pscsi")


@pytest.mark.parametrize("words", [["run", "--boots", "0"], ["run", "--rows", "none"], ["run", "--rounds", "x"], []])
def test_words_that_mean_nothing(capsys, words):
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
