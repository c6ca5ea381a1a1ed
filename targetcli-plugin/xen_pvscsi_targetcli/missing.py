# SPDX-License-Identifier: GPL-2.0
"""What a restore could not make, so that the next save does not forget it.

A device that is late is no reason to lose what is to be done with it.  What is missing is kept in
/run, in rtslib's own format, and goes into whatever is saved, so the saved configuration has it at
the next boot, when the restore finds anew what is missing.
"""
import contextlib
import fcntl
import json
import os
import tempfile

from . import around

FOLDER = "/run/xen-pvscsi-targetcli"
COMMAND = "python3 -m xen_pvscsi_targetcli"


class Busy(Exception):
    """Another is at it."""


def _file():
    return f"{FOLDER}/missing.json"


@contextlib.contextmanager
def lock(wait=True):
    try:
        os.makedirs(FOLDER, mode=0o700, exist_ok=True)
        file = open(f"{FOLDER}/lock", "w", encoding="ascii")
    except OSError:
        yield  # Not root: then nothing is changed anyway.
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise Busy("another restore is at work") from None
        yield


class Missing:
    """config: in rtslib's format; parts: [[fabric, WWN, tag]] of portal groups that are there and only lack
    what is in config."""

    def __init__(self, config=None, parts=()):
        self.config = config or {"storage_objects": [], "targets": []}
        self.parts = {tuple(part) for part in parts}

    def __bool__(self):
        return bool(self.config["storage_objects"] or self.config["targets"])

    def lines(self):
        """One for each: what, and who waits for it."""
        found = [f"{item['plugin']}/{item['name']}" + (f" ({item['dev']})" if item.get("dev") else "")
                 for item in self.config["storage_objects"]]
        for target in self.config["targets"]:
            if not target.get("tpgs"):
                found.append(f"target {target['wwn']}")
            for tpg in target.get("tpgs", []):
                found += self._lines_of(target, tpg)
        return found

    def _lines_of(self, target, tpg):
        name = f"{target['wwn']}/tpg{tpg['tag']}"
        domain = tpg.get("parameters", {}).get("domain", "")
        of = f"{name} ({domain})" if domain else name
        if (target["fabric"], target["wwn"], tpg["tag"]) not in self.parts:
            yield of
        for lun in tpg.get("luns", []):
            yield f"lun{lun['index']} of {of}, {lun['storage_object'].split('/backstores/', 1)[-1]}"
        for acl in tpg.get("node_acls", []):
            yield f"ACL {acl['node_wwn']} of {of}"

    def usable(self, root):
        """Without portal groups that somebody has deleted meanwhile."""
        present = around.Present(root)

        def there(target, tpg):
            name = target["fabric"], target["wwn"], tpg["tag"]
            return name not in self.parts or tpg["tag"] in (present.tpgs(target) or {})

        return self._without(lambda target, tpg: not there(target, tpg))

    def _without(self, unwanted):
        targets = []
        for target in self.config["targets"]:
            tpgs = [tpg for tpg in target.get("tpgs", []) if not unwanted(target, tpg)]
            if tpgs or not target.get("tpgs"):
                targets.append({**target, "tpgs": tpgs})
        return Missing({**self.config, "targets": targets}, self.parts)

    def without(self, word):
        """But for a backstore and its LUNs, or a target; `all`."""
        if word == "all":
            return Missing()
        stores = [item for item in self.config["storage_objects"]
                  if word not in (f"{item['plugin']}/{item['name']}", f"/backstores/{item['plugin']}/{item['name']}")]
        path = word if word.startswith("/backstores/") else f"/backstores/{word}"
        targets = []
        for target in self.config["targets"]:
            if target["wwn"] == word:
                continue
            tpgs = [{**tpg, "luns": [lun for lun in tpg.get("luns", []) if lun["storage_object"] != path]}
                    for tpg in target.get("tpgs", [])]
            kept = [tpg for tpg in tpgs if tpg["luns"] or tpg.get("node_acls") or
                    (target["fabric"], target["wwn"], tpg["tag"]) not in self.parts]
            if kept or not tpgs:
                targets.append({**target, "tpgs": kept})
        return Missing({"storage_objects": stores, "targets": targets}, self.parts)


def load():
    try:
        with open(_file(), encoding="utf-8") as file:
            kept = json.load(file)
        return Missing(kept["config"], kept["parts"])
    except (OSError, ValueError, KeyError, TypeError):
        return Missing()


def store(lost):
    """Only root may read it, since saved configurations may have passwords."""
    if not lost:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(_file())
        return
    os.makedirs(FOLDER, mode=0o700, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=FOLDER)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump({"config": lost.config, "parts": sorted(lost.parts)}, file)
    os.replace(name, _file())


def drop(tell):
    """All was cleared on purpose."""
    try:
        store(Missing())
    except OSError as error:
        tell(f"What was missing is still kept for the next save: {error}")


def note(root, config, whole, tell):
    """After a restore of config; whole: of all that there is to be."""
    wanted = config if whole else around.united(config, load().usable(root).config)
    lost = Missing(*around.absent(wanted, root))
    try:
        store(lost)
    except OSError as error:
        tell(f"What is missing cannot be kept for the next save: {error}")
    return lost


def add_to(root, config, tell):
    """What is saved: with what is still missing."""
    before = load()
    if not before:
        return config
    usable = before.usable(root)
    gone = set(before.lines()) - set(usable.lines())
    if gone:
        tell(f"Not saved, since the portal group is gone: {'; '.join(sorted(gone))}")
    lost = Missing(*around.absent(usable.config, root))
    with contextlib.suppress(OSError):
        store(lost)
    return around.united(config, lost.config)


def hint(lost):
    return f"Missing, and kept in what is saved: {'; '.join(lost.lines())}. When the device is there: " \
           f"{COMMAND} restore-missing; to drop it: {COMMAND} forget NAME"
