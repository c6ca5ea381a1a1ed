# SPDX-License-Identifier: GPL-2.0
"""The command line."""
import argparse
import pathlib
import shutil
import signal
import sys
import time

from . import buildroot, console, debugbuild, debugkernel, demo, image, modulebuild, paths, runner, snapshot, suite
from .errors import LabError
from .shellout import host, say


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
    run.add_argument("--debug-kernel", action="store_const", const=debugbuild.KINDS[0],
                     help="dom0 gets a kernel that checks itself, built at the first time")
    run.add_argument("--debug-kind", dest="debug_kernel", choices=debugbuild.KINDS,
                     help="the same, and what it checks: lockdep (also objects and memory; this it is "
                     "unless said otherwise), kcsan (data races)")
    run.add_argument("--keep", action="store_true",
                     help="after a failure wait with the machine running")
    run.add_argument("--timeout", type=int, metavar="N",
                     help="seconds for each scenario, instead of its own limit")
    run.add_argument("--results", type=_path, metavar="DIR",
                     help="where logs and results.json go")

    show = commands.add_parser("demo", help="the main job, told step by step")
    show.add_argument("what", nargs="?", choices=("main", "npiv"), default="main")
    _machine_options(show)

    listing = commands.add_parser("list", help="list the scenarios")
    which = listing.add_mutually_exclusive_group()
    which.add_argument("--long", action="store_true", default=None,
                       help="only those that `make test` leaves out")
    which.add_argument("--short", dest="long", action="store_false", help="only the others")
    version = commands.add_parser("kernel-version",
                                  help="print the kernel release of the images")
    version.add_argument("--own", action="store_true", help="of the host's own suite, which the tree's own module is for")
    module = commands.add_parser("module", help="build the module for the suite's kernel, aside unless it "
                                 "is the host's own suite's; prints its path")
    module.add_argument("--log", type=_path, metavar="FILE",
                        help="always aside; what make and compiler said of it, with W=1, goes there")
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
    command.add_argument("--frontend", choices=("stock", "ours"),
                         help="which xen-scsifront guests have, instead of what each scenario says")
    command.add_argument("--module", type=_path, metavar="PATH",
                         help="the module under test, instead of this tree's for the suite's kernel")
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
    if options.module is None:
        return modulebuild.usual(suite.chosen())
    if not options.module.is_file():
        raise LabError(f"no module at {options.module}")
    return options.module


def do_setup(options):
    begin = time.monotonic()
    with paths.cache_lock():
        for which in dict.fromkeys([suite.chosen(), suite.guests()]):
            image.ensure(which)
            buildroot.ensure(which)
        found = image.current()
        snapshot.ensure_all(found)
    say(f"ready for {_told(found)} in {time.monotonic() - begin:.1f} s")


def _told(found):
    guests = "" if found.guests is found else f", guests with Linux {found.guests.kernel}"
    return f"Linux {found.kernel}{guests}"


def do_run(options):
    known = runner.scenarios()
    names = sorted(name for name in known if not known[name].image) if options.all else options.scenario
    if not names:
        raise LabError("name a scenario or say --all; `lab list` shows them")
    for name in names:
        if name not in known:
            raise LabError(f"no scenario {name}; `lab list` shows them")
    if options.debug_kernel:
        return run_debug(options, [known[name] for name in names])
    with paths.cache_lock():
        # What has a disk of its own has its module there.
        module = None if all(known[name].image for name in names) else module_under_test(options)
        return runner.Runner(options, module).run_all(
            [known[name] for name in names])


def run_debug(options, chosen):
    debugkernel.ensure(options.debug_kernel)
    module = None
    if options.driver == "ours":
        module = options.module or debugkernel.module(options.debug_kernel)
    with paths.cache_lock():
        debugkernel.discard_old(options.debug_kernel)
        return runner.Runner(options, module).run_all(chosen)


def do_demo(options):
    with paths.cache_lock():
        module = module_under_test(options)
        return demo.run(options, module)


def do_list(options):
    for item in runner.scenarios().values():
        # One that needs a disk of its own is no part of any list.
        if options.long is not None and (item.long != options.long or item.image):
            continue
        only = "" if len(item.drivers) > 1 else f" [{item.drivers[0]} only]"
        print(f"{item.name:20} {item.summary}{only}")


def do_kernel_version(options):
    print(image.kernel(suite.own() if options.own else suite.chosen()))


def do_module(options):
    which = suite.chosen()
    with paths.cache_lock():
        if which.own and not options.log:
            modulebuild.in_place(which)
        else:
            built = modulebuild.of(which)
            if options.log:
                options.log.parent.mkdir(parents=True, exist_ok=True)
                options.log.write_text(built.log)
            print(built.path)


def do_shell(options):
    with paths.cache_lock():
        module = module_under_test(options)
        return console.interactive(options, module)


def do_clean(options):
    with paths.cache_lock():
        for path in paths.cache_dir().iterdir():
            if path.name.endswith("lock"):
                continue
            if path.name.startswith(("buildroot-", "packages")):
                host("rm", "-rf", "--one-file-system", path, root=True)
            elif path.is_dir():
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
