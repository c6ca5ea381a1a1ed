# SPDX-License-Identifier: GPL-2.0
"""The command line."""
import argparse
import pathlib
import signal
import sys

from vscsilab import paths
from vscsilab.errors import LabError

from . import backends, environment, files, report, rows, scale, table, tools
from .bench import Bench

OUT = paths.REPO_DIR / "build" / "bench"
# Instruction time has no noise within a boot, but boots differ by up to 8 %.
BOOTS = 3


def _names(known):
    def split(text):
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"no {name}; there are {', '.join(known)}")
        return names
    return split


def _count(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def parser():
    top = argparse.ArgumentParser(prog="bench", description="PV SCSI against vbd, on the lab's Xen host.")
    commands = top.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="measure, and print the table")
    run.add_argument("--mode", choices=("icount", "wall"), default="icount",
                     help="instruction time (the default) or wall time")
    run.add_argument("--rows", type=_names(rows.BY_NAME), default=list(rows.BY_NAME),
                     metavar="ROW,...", help=", ".join(rows.BY_NAME))
    run.add_argument("--drivers", type=_names(backends.DRIVERS), default=list(backends.DRIVERS),
                     metavar="DRIVER,...", help=", ".join(backends.DRIVERS))
    run.add_argument("--boots", type=_count, default=1, help="1; each has all rounds, and is stored when it ends")
    run.add_argument("--rounds", type=_count, help="of a boot: 1 in instruction time, else 5")
    run.add_argument("--seconds", type=int, default=4, help="of each run in wall time")
    run.add_argument("--tsc", choices=("native", "emulated"), default="native",
                     help="how the guest reads the time-stamp counter")
    run.add_argument("--disks", choices=("ram", "scsi"), default="ram",
                     help="of dom0: ramdisks (the default), or scsi_debug's")
    run.add_argument("--backstore", choices=("iblock", "pscsi"), default="iblock",
                     help="that exports them: iblock (the default), or pscsi, which takes SCSI disks")
    run.add_argument("--module", type=_path, default=paths.DEFAULT_MODULE, metavar="PATH",
                     help="our module")
    run.add_argument("--out", type=_path, metavar="FILE",
                     help="results, else build/bench/MODE.json, or MODE-partial.json if not all that the document "
                     "needs is measured")
    run.add_argument("--add", action="store_true", help="put the boots behind those that the file has")
    for name, text in (("scale", "cost by number of rings and of LUNs, in instruction time"),
                       ("memory", "memory of idle and of busy rings"),
                       ("tools", "what the commands cost with fifty guests, in instruction time")):
        more = commands.add_parser(name, help=text)
        more.set_defaults(tsc="native", drivers=list(backends.DRIVERS))
        if name != "tools":
            more.add_argument("--drivers", type=_names(backends.DRIVERS), metavar="DRIVER,...",
                              help="if not all, results are in build/bench/" + name + "-partial.json")
        more.add_argument("--module", type=_path, default=paths.DEFAULT_MODULE, metavar="PATH")
    every = commands.add_parser("all", help="everything, and the document")
    every.add_argument("--module", type=_path, default=paths.DEFAULT_MODULE, metavar="PATH")
    every.add_argument("--boots", type=_count, default=BOOTS, help=f"in instruction time; {BOOTS}")
    show = commands.add_parser("table", help="print the table of results that are there")
    show.add_argument("file", type=_path)
    profile = commands.add_parser("profile", help="where the instructions of a row go, by function")
    profile.add_argument("file", type=_path)
    profile.add_argument("row", choices=list(rows.BY_NAME))
    profile.add_argument("--drivers", type=_names(backends.DRIVERS), default=None)
    profile.add_argument("--top", type=int, default=50)
    writing = commands.add_parser("report", help="put the results of build/bench into the document")
    writing.add_argument("--document", type=_path, default=paths.REPO_DIR / "Documentation" / "performance.md")
    return top


def _path(text):
    return pathlib.Path(text).absolute()


def _module_there(options):
    if "ours" in options.drivers and not options.module.is_file():
        raise LabError(f"no module at {options.module}: run `make lab-module`, or name it with --module")


def _whole(options):
    """Whether the document can be made of these results."""
    return (set(options.drivers) == set(backends.DRIVERS) and options.tsc == "native" and
            getattr(options, "disks", "ram") == "ram" and getattr(options, "backstore", "iblock") == "iblock" and
            set(getattr(options, "rows", rows.BY_NAME)) == set(rows.BY_NAME))


def _default_out(options, name):
    if _whole(options):
        return OUT / f"{name}.json"
    out = OUT / f"{name}-partial.json"
    print(f"not all that the document needs: the results go to {out}, those in {name}.json stay", flush=True)
    return out


def do_run(options):
    if options.backstore == "pscsi" and options.disks == "ram":
        raise LabError("pscsi exports SCSI devices, and ramdisks are none: use --disks scsi")
    out = options.out or _default_out(options, options.mode)
    options.rows = [rows.BY_NAME[name] for name in options.rows]
    options.rounds = options.rounds or (1 if options.mode == "icount" else 5)
    _module_there(options)
    content = files.read(out, options.mode) if options.add else None
    with paths.cache_lock():
        for number in range(options.boots):
            if options.boots > 1:
                print(f"boot {number + 1} of {options.boots}", flush=True)
            about = environment.describe(options)
            if content:
                files.check_same(content, about)
            results = Bench(options, files.boots(content) if content else 0).run()
            content = (files.joined(content, about, results) if content else
                       files.first(options.mode, about, results))
            files.write(out, content)
            print(f"results of {_boots(files.boots(content))}: {out}", flush=True)
    print(table.ratios(content["results"]))


def _boots(count):
    return "1 boot" if count == 1 else f"{count} boots"


def _other(options, name, what):
    _module_there(options)
    out = _default_out(options, name)
    with paths.cache_lock():
        about = environment.describe(options)
        files.write(out, files.first(name, about, what(options).run()))
    print(f"results: {out}")


def do_scale(options):
    _other(options, "scale", scale.Scale)


def do_memory(options):
    _other(options, "memory", scale.Memory)


def do_tools(options):
    _other(options, "tools", tools.Tools)


def do_table(options):
    print(table.ratios(files.read(options.file, *files.BY_ROW)["results"]))


def do_profile(options):
    results = [item for item in files.read(options.file, "icount")["results"] if item["row"] == options.row and
               (not options.drivers or item["driver"] in options.drivers)]
    if not results:
        raise LabError(f"{options.file} has no {options.row} of these drivers")
    print(table.profile(results, options.top))


def do_all(options):
    for words in (["run", "--mode", "icount", "--boots", str(options.boots)], ["run", "--mode", "wall"],
                  ["scale"], ["memory"], ["tools"], ["report"]):
        print(f"\n== bench {' '.join(words)}", flush=True)
        more = [] if words == ["report"] else ["--module", str(options.module)]
        part = parser().parse_args([*words, *more])
        globals()["do_" + part.command](part)


def do_report(options):
    report.write(OUT, options.document)
    print(f"written: {options.document}")


def _terminate(number, frame):
    raise KeyboardInterrupt


def main(argv=None):
    options = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        globals()["do_" + options.command](options)
    except LabError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("bench: interrupted", file=sys.stderr)
        return 130
    return 0
