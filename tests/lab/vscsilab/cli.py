"""The command line."""
import argparse
import pathlib
import shutil
import signal
import sys
import time

from . import console, debian, debugkernel, demo, image, paths, runner, snapshot
from .errors import LabError
from .shellout import say


def parser():
    top = argparse.ArgumentParser(
        prog="lab", description="Run xen-scsiback on real Xen under QEMU. "
        "Needs a Debian host, no Xen and no KVM.")
    commands = top.add_subparsers(dest="command", required=True)

    commands.add_parser("setup", help="build and cache images and snapshot")

    run = commands.add_parser("run", help="run scenarios")
    run.add_argument("scenario", nargs="*", metavar="SCENARIO")
    run.add_argument("--all", action="store_true", help="every scenario")
    _machine_options(run)
    run.add_argument("--debug-kernel", action="store_true",
                     help="dom0 gets a kernel with lockdep and the like; "
                     "built at the first time, boots every time")
    run.add_argument("--keep", action="store_true",
                     help="after a failure wait with the machine running")
    run.add_argument("--timeout", type=int, metavar="N",
                     help="seconds for each scenario, instead of its own limit")
    run.add_argument("--results", type=_path, metavar="DIR",
                     help="where logs and results.json go")

    show = commands.add_parser("demo", help="the main job, told step by step")
    _machine_options(show)

    listing = commands.add_parser("list", help="list the scenarios")
    which = listing.add_mutually_exclusive_group()
    which.add_argument("--long", action="store_true", default=None,
                       help="only those that `make test` leaves out")
    which.add_argument("--short", dest="long", action="store_false", help="only the others")
    commands.add_parser("kernel-version",
                        help="print the kernel release of the images")
    shell = commands.add_parser(
        "shell", help="a dom0 shell on this terminal; Ctrl-] leaves it")
    _machine_options(shell)
    commands.add_parser("clean", help="remove images, snapshots and results")
    return top


def _path(text):
    return pathlib.Path(text).absolute()


def _extra(text):
    name, _, path = text.partition("=")
    if not path or not pathlib.Path(path).is_file():
        raise argparse.ArgumentTypeError(f"{text}: say NAME=FILE")
    return name, pathlib.Path(path)


def _machine_options(command):
    command.add_argument("--driver", choices=runner.DRIVERS, default="ours")
    command.add_argument("--module", type=_path, default=paths.DEFAULT_MODULE,
                         metavar="PATH", help="the module under test")
    command.add_argument("--file", dest="extra", type=_extra, default=[],
                         action="append", metavar="NAME=FILE",
                         help="put a file into dom0's /lab/payload/data")
    command.add_argument("--full-boot", action="store_true",
                         help="boot Xen instead of loading the snapshot")
    command.add_argument("-v", "--verbose", action="store_true",
                         help="show every command")


def module_under_test(options):
    if options.driver != "ours":
        return None
    if not options.module.is_file():
        raise LabError(f"no module at {options.module}: run `make modules`, "
                       "or name it with --module, or use --driver in-tree")
    return options.module


def do_setup(options):
    begin = time.monotonic()
    with paths.cache_lock():
        found = image.ensure()
        snapshot.ensure_all(found)
    say(f"ready for Linux {found.kernel} in {time.monotonic() - begin:.1f} s")


def do_run(options):
    known = runner.scenarios()
    names = sorted(known) if options.all else options.scenario
    if not names:
        raise LabError("name a scenario or say --all; `lab list` shows them")
    for name in names:
        if name not in known:
            raise LabError(f"no scenario {name}; `lab list` shows them")
    if options.debug_kernel:
        return run_debug(options, [known[name] for name in names])
    module = module_under_test(options)
    with paths.cache_lock():
        return runner.Runner(options, module).run_all(
            [known[name] for name in names])


def run_debug(options, chosen):
    debugkernel.ensure()
    module = None
    if options.driver == "ours":
        module = options.module if options.module != paths.DEFAULT_MODULE else debugkernel.module()
    with paths.cache_lock():
        debugkernel.discard_old()
        return runner.Runner(options, module).run_all(chosen)


def do_demo(options):
    module = module_under_test(options)
    with paths.cache_lock():
        return demo.run(options, module)


def do_list(options):
    for item in runner.scenarios().values():
        if options.long is not None and item.long != options.long:
            continue
        only = "" if len(item.drivers) > 1 else f" [{item.drivers[0]} only]"
        print(f"{item.name:20} {item.summary}{only}")


def do_kernel_version(options):
    stored = paths.cache_dir() / "kernel-version"
    print(stored.read_text().strip() if stored.exists()
          else debian.kernel()[0])


def do_shell(options):
    module = module_under_test(options)
    with paths.cache_lock():
        return console.interactive(options, module)


def do_clean(options):
    with paths.cache_lock():
        for path in paths.cache_dir().iterdir():
            if path.name in ("lock", "debug.lock"):
                continue
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()


def _terminate(number, frame):
    raise KeyboardInterrupt


def main(argv=None):
    options = parser().parse_args(argv)
    signal.signal(signal.SIGTERM, _terminate)
    signal.signal(signal.SIGHUP, _terminate)
    try:
        result = globals()["do_" + options.command.replace("-", "_")](options)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("lab: interrupted", file=sys.stderr)
        return 130
    return 1 if result is False else 0
