# SPDX-License-Identifier: GPL-2.0
"""python3 -m xen_pvscsi_targetcli: what a restore could not make, made later or dropped."""
import argparse
import glob
import os
import sys

from . import guests, hook, missing

DONE, FAILED, STILL_MISSING, BUSY = 0, 1, 3, 4
CONFIGFS = "/sys/kernel/config/target"


def root_class():
    """rtslib's, extended."""
    hook.install()
    try:
        from rtslib_fb import RTSRoot
    except ImportError:
        from rtslib import RTSRoot
    return RTSRoot


def extended():
    """Whether a clear by this machine's rtslib would go round what guests use."""
    try:
        return hasattr(root_class().clear_existing, "__wrapped__")
    except Exception as error:
        print(f"rtslib cannot be loaded: {error}", file=sys.stderr)
        return False


def check(_):
    """Before a clear: nothing is to go wrong with the guests' disks because something is wrong with the plugin."""
    used = [path for path in glob.glob(f"{CONFIGFS}/xen-pvscsi/*/tpgt_*") if guests.sessions_at(path)]
    if used and not extended():
        print("rtslib is without the xen-pvscsi plugin, and would take the LUNs of running guests "
              f"({', '.join(guests.names(guests.sessions_at(path)) for path in used)}). Nothing was done.",
              file=sys.stderr)
        return FAILED
    return DONE


def restore_missing(_):
    from . import library
    if not missing.load():
        print("Nothing is missing.")
        return DONE
    before, left, errors = library.make_missing(root_class()())
    for line in sorted(set(before.lines()) - set(left.lines())):
        print(f"Created {line}.")
    for error in errors:
        print(error, file=sys.stderr)
    return show(left)


def show(lost):
    for line in lost.lines():
        print(f"Missing: {line}")
    return STILL_MISSING if lost else DONE


def forget(words):
    with missing.lock(wait=False):
        before = missing.load()
        after = before.without(words.name)
        if after.lines() == before.lines():
            print(f"'{words.name}' is not missing; `missing` lists what is.", file=sys.stderr)
            return FAILED
        missing.store(after)
    print("Dropped; the next save leaves it out.")
    return DONE


def main(words=None):
    parser = argparse.ArgumentParser(prog=missing.COMMAND, description=__doc__.split(": ", 1)[1])
    verbs = parser.add_subparsers(required=True, metavar="VERB")
    for name, work, text in (
            ("restore-missing", restore_missing, "make what a restore could not make; 3: something still is not there, "
                                                 "4: another restore is at work"),
            ("missing", lambda _: show(missing.load()), "list it; 3: something is missing"),
            ("forget", forget, "drop it: a backstore (block/disk) with its LUNs, a target, or all"),
            ("check", check, "whether targetctl may clear: guests keep what they use")):
        verb = verbs.add_parser(name, help=text, description=text)
        verb.set_defaults(work=work)
        if name == "forget":
            verb.add_argument("name", help="PLUGIN/NAME, WWN, or all")
    chosen = parser.parse_args(words)
    if chosen.work in (restore_missing, forget) and os.geteuid() != 0:
        print("Only root can do that.", file=sys.stderr)
        return FAILED
    try:
        return chosen.work(chosen)
    except missing.Busy as error:
        print(error, file=sys.stderr)
        return BUSY
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return FAILED


if __name__ == "__main__":
    sys.exit(main())
