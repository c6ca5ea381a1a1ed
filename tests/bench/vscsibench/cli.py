"""The command line."""
import argparse
import json
import pathlib
import signal
import sys

from vscsilab import paths
from vscsilab.errors import LabError

from . import backends, environment, report, rows, scale, table, tools
from .bench import Bench

OUT = paths.REPO_DIR / "build" / "bench"


def _names(known):
    def split(text):
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"no {name}; there are {', '.join(known)}")
        return names
    return split


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
    run.add_argument("--rounds", type=int, help="1 in instruction time, else 5")
    run.add_argument("--seconds", type=int, default=4, help="of each run in wall time")
    run.add_argument("--tsc", choices=("native", "emulated"), default="native",
                     help="how the guest reads the time-stamp counter")
    run.add_argument("--module", type=_path, default=paths.DEFAULT_MODULE, metavar="PATH",
                     help="our module")
    run.add_argument("--out", type=_path, metavar="FILE", help="results, else build/bench/MODE.json")
    for name, text in (("scale", "cost by number of rings and of LUNs, in instruction time"),
                       ("memory", "memory of idle and of busy rings"),
                       ("tools", "what the commands cost with fifty guests, in instruction time")):
        more = commands.add_parser(name, help=text)
        more.add_argument("--drivers", type=_names(backends.DRIVERS), default=list(backends.DRIVERS),
                          metavar="DRIVER,...")
        more.add_argument("--module", type=_path, default=paths.DEFAULT_MODULE, metavar="PATH")
        more.set_defaults(tsc="native")
    every = commands.add_parser("all", help="everything, and the document")
    every.add_argument("--module", type=_path, default=paths.DEFAULT_MODULE, metavar="PATH")
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


def _store(path, mode, results, options):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"mode": mode, "environment": environment.describe(options),
                                "results": results}))


def do_run(options):
    options.rows = [rows.BY_NAME[name] for name in options.rows]
    options.rounds = options.rounds or (1 if options.mode == "icount" else 5)
    out = options.out or OUT / f"{options.mode}.json"
    _module_there(options)
    with paths.cache_lock():
        results = Bench(options).run()
    _store(out, options.mode, results, options)
    print(table.ratios(results))
    print(f"results: {out}")


def _other(options, name, what):
    _module_there(options)
    with paths.cache_lock():
        _store(OUT / f"{name}.json", name, what(options).run(), options)


def do_scale(options):
    _other(options, "scale", scale.Scale)


def do_memory(options):
    _other(options, "memory", scale.Memory)


def do_tools(options):
    _other(options, "tools", tools.Tools)


def do_table(options):
    print(table.ratios(json.loads(options.file.read_text())["results"]))


def do_profile(options):
    results = json.loads(options.file.read_text())["results"]
    print(table.profile([item for item in results if item["row"] == options.row and
                         (not options.drivers or item["driver"] in options.drivers)], options.top))


def do_all(options):
    for words in (["run", "--mode", "icount"], ["run", "--mode", "wall"], ["scale"], ["memory"], ["tools"], ["report"]):
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
