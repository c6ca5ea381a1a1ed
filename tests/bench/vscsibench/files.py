# SPDX-License-Identifier: GPL-2.0
"""Files of results: read, written, a boot added, and what the document's still lack."""
import json
import os

from vscsilab.errors import LabError

from . import backends, rows, stats

# Kind of results: what makes them.
KINDS = {"icount": "bench run", "wall": "bench run --mode wall", "scale": "bench scale",
         "memory": "bench memory", "tools": "bench tools"}
BY_ROW = ("icount", "wall")
# Boots that differ in one of these are not of one measurement.
SAME = ("processor", "processors", "qemu", "xen", "kernel", "tsc", "seconds", "rounds", "disks",
        "backstore", "module")
NEEDED = ("processor", "processors", "qemu", "xen", "kernel", "commit")


def _sound(content):
    if not isinstance(content, dict) or content.get("mode") not in KINDS:
        return False
    about, results = content.get("environment"), content.get("results")
    if not isinstance(about, dict) or not isinstance(results, list):
        return False
    names = ("row", "driver") if content["mode"] in BY_ROW else ()
    return (all(name in about for name in NEEDED) and
            all(isinstance(item, dict) and all(name in item for name in names) for item in results))


def read(path, *modes):
    """The file's content, which is of one of the modes (of any, if none is named)."""
    try:
        content = json.loads(path.read_text())
    except OSError as error:
        raise LabError(f"no results in {path}: {error.strerror}") from error
    except ValueError as error:
        raise LabError(f"{path} holds no results: {error}") from error
    if not _sound(content):
        raise LabError(f"{path} holds no results of this benchmark")
    if modes and content["mode"] not in modes:
        raise LabError(f"{path} has results of {KINDS[content['mode']]}; wanted are those of "
                       f"{' or '.join(KINDS[mode] for mode in modes)}")
    return content


def write(path, content):
    """At once or not at all: what earlier boots left outlives a run that is cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(json.dumps(content))
    os.replace(fresh, path)


def environments(content):
    """Of each boot."""
    return content.get("environments") or [content["environment"]]


def boots(content):
    return 1 + max((stats.boot(item) for item in content["results"]), default=-1)


def check_same(content, environment):
    """Whether a boot in this environment may be added."""
    for before in environments(content):
        for name in SAME:
            old, new = before.get(name), environment.get(name)
            # Older files say nothing of the module, and a run without ours has none.
            if old != new and None not in (old, new):
                raise LabError(f"these boots do not go together: {name} was {old} and is {new}")


def first(mode, environment, results):
    return {"mode": mode, "environment": environment, "results": results}


def joined(content, environment, results):
    """content and one boot more."""
    check_same(content, environment)
    number = boots(content)
    return {**content, "environments": [*environments(content), environment],
            "results": [*content["results"], *({**item, "boot": number} for item in results)]}


def _missing_rows(results):
    """Ratios are made within a boot, so a row needs one in which all drivers have run."""
    drivers = {}
    for item in results:
        if "rate" in item:
            drivers.setdefault(item["row"], {}).setdefault(stats.boot(item), set()).add(item["driver"])
    lacking = []
    for name in rows.BY_NAME:
        most = max(drivers.get(name, {0: set()}).values(), key=len)
        missing = [driver for driver in backends.DRIVERS if driver not in most]
        if missing:
            lacking.append(name if len(missing) == len(backends.DRIVERS) else f"{name} of {' and '.join(missing)}")
    return lacking


def lacking(found):
    """What the document needs and {kind: content} has not, in words."""
    words = []
    for kind, command in KINDS.items():
        if kind not in found:
            words.append(f"no {kind}.json (`{command}`)")
            continue
        results = found[kind]["results"]
        if kind in BY_ROW:
            missing = _missing_rows(results)
        elif kind == "tools":
            missing = [] if results else ["all"]
        else:
            missing = [name for name in backends.DRIVERS if name not in {item.get("driver") for item in results}]
        if missing:
            words.append(f"{kind}.json lacks {', '.join(missing)} (`{command}`)")
    return words


def load(directory):
    """{kind: its file's content} of the results that are there."""
    return {kind: read(path, kind) for kind in KINDS if (path := directory / f"{kind}.json").exists()}


def load_complete(directory):
    found = load(directory)
    if not found:
        raise LabError(f"no results in {directory}: run `bench all`")
    words = lacking(found)
    if words:
        raise LabError(f"the results in {directory} are incomplete: {'; '.join(words)}")
    return found
