# SPDX-License-Identifier: GPL-2.0
"""Clears and restores around what is there and must stay: guests go on while packages are upgraded.

rtslib clears all, and makes all; here is what it does on what is left of both.
"""
import copy
import glob
import importlib
import os

from . import guests
from .config import FABRIC


def library(root, part="target"):
    """A module of the rtslib that this root is of."""
    return importlib.import_module(f"{type(root).__module__.rpartition('.')[0]}.{part}")


def in_the_way(root, target=None, storage_object=None):
    """What guests use of what is to be cleared: {(WWN, tag): guests.Used}"""
    used = guests.in_use(root, library(root, "utils").RTSLibBrokenLink)
    if not target and not storage_object:
        return used
    return {place: group for place, group in used.items()
            if group.wwn == target or any(name == storage_object for _, name in group.stores)}


def clear(root, used, target=None, storage_object=None):
    """As rtslib's clear_existing, but for what is used."""
    everything = not target and not storage_object
    stores = set().union(*(group.stores for group in used.values()))
    for found in list(root.targets):
        if not everything and found.wwn != target:
            continue
        if found.fabric_module.name != FABRIC or not any(wwn == found.wwn for wwn, _ in used):
            found.delete()
            continue
        for tpg in list(found.tpgs):
            if (found.wwn, tpg.tag) not in used:
                tpg.delete()
    for fabric in root.fabric_modules:
        if fabric.has_feature("discovery_auth"):
            fabric.clear_discovery_auth_settings()
    for store in list(root.storage_objects):
        if everything or store.name == storage_object:
            if (store.plugin, store.name) not in stores:
                store.delete()
            if not everything:
                break
    if everything:
        for place in glob.glob(f"{root.configfs_dir}/core/*_*"):
            if not any(os.path.isdir(f"{place}/{name}") for name in os.listdir(place)):
                os.rmdir(place)


class Present:
    """What the kernel has."""

    def __init__(self, root):
        self.stores = {(store.plugin, store.name) for store in root.storage_objects}
        self.targets = {}
        for target in root.targets:
            self.targets[target.fabric_module.name, target.wwn] = {tpg.tag: tpg for tpg in target.tpgs}

    def tpgs(self, target):
        """{tag: TPG} of a target's entry; None if there is no such target."""
        return self.targets.get((target.get("fabric"), target.get("wwn")))


def key(store):
    return store.get("plugin"), store.get("name")


def luns_of(tpg):
    return {lun.lun for lun in tpg.luns}


def acls_of(tpg):
    """{initiator: mapped LUNs}"""
    return {acl.node_wwn: {lun.mapped_lun for lun in acl.mapped_luns} for acl in tpg.node_acls}


def absent(config, root):
    """(what of a configuration the kernel has not: a configuration,
    the portal groups in it that it has, and that lack something: {(fabric, WWN, tag)})."""
    present, parts, targets = Present(root), set(), []
    for target in config.get("targets", []):
        tpgs = present.tpgs(target)
        if tpgs is None:
            targets.append(target)
            continue
        lacking = []
        for item in target.get("tpgs", []):
            tpg = tpgs.get(item.get("tag"))
            part = item if tpg is None else absent_of_tpg(item, tpg)
            if tpg is not None and part:
                parts.add((target["fabric"], target["wwn"], item["tag"]))
            if part:
                lacking.append(part)
        if lacking:
            targets.append({**target, "tpgs": lacking})
    stores = [item for item in config.get("storage_objects", []) if key(item) not in present.stores]
    return {"storage_objects": stores, "targets": targets}, parts


def absent_of_tpg(item, tpg):
    luns, acls = luns_of(tpg), acls_of(tpg)
    missing = [lun for lun in item.get("luns", []) if lun.get("index") not in luns]
    refused = []
    for acl in item.get("node_acls", []):
        mapped = acls.get(acl.get("node_wwn"))
        more = acl.get("mapped_luns", []) if mapped is None else \
            [lun for lun in acl.get("mapped_luns", []) if lun.get("index") not in mapped]
        if mapped is None or more:
            refused.append({**acl, "mapped_luns": more})
    return {**item, "luns": missing, "node_acls": refused} if missing or refused else None


def united(first, second):
    """A configuration with all of the first, and what only the second has."""
    result = copy.deepcopy(first)
    _unite(result, second, "storage_objects")
    _unite(result, second, "targets")
    return result


# What the entries of a list are known by, and the lists in them.
LISTS = {"storage_objects": (("plugin", "name"), ()), "targets": (("fabric", "wwn"), ("tpgs",)),
         "tpgs": (("tag",), ("luns", "node_acls")), "luns": (("index",), ()),
         "node_acls": (("node_wwn",), ("mapped_luns",)), "mapped_luns": (("index",), ())}


def _unite(ours, theirs, name):
    keys, inner = LISTS[name]
    mine = ours.setdefault(name, [])
    have = {tuple(map(item.get, keys)): item for item in mine}
    for item in theirs.get(name, []):
        there = have.get(tuple(map(item.get, keys)))
        if there is None:
            mine.append(copy.deepcopy(item))
        else:
            for part in inner:
                _unite(there, item, part)


def chosen(config, target=None, storage_object=None):
    """What rtslib restores of a configuration if it is told so."""
    if not target and not storage_object:
        return config
    return {**config,
            "storage_objects": [item for item in config.get("storage_objects", [])
                                if storage_object and item.get("name") == storage_object],
            "targets": [item for item in config.get("targets", []) if target and item.get("wwn") == target]}


def add(root, restore, config, tell, abort_on_error=False):
    """Makes what is not there; what is there stays as it is. restore: rtslib's."""
    lacking, parts = absent(copy.deepcopy(config), root)
    _tell_of_others(config, root, tell)
    new = {**{name: value for name, value in config.items() if name == "fabric_modules"},
           "storage_objects": lacking["storage_objects"], "targets": []}
    for target in lacking["targets"]:
        tpgs = [tpg for tpg in target.get("tpgs", [])
                if (target.get("fabric"), target.get("wwn"), tpg.get("tag")) not in parts]
        if tpgs or not target.get("tpgs"):
            new["targets"].append({**target, "tpgs": tpgs})
    # It refuses to go round what is there, but not if it may clear first.
    root.clear_existing = lambda *words, **named: None
    try:
        errors = restore(root, copy.deepcopy(new), clear_existing=True, abort_on_error=abort_on_error)
    finally:
        del root.clear_existing

    def failed(text):
        if abort_on_error:
            raise library(root, "utils").RTSLibError(text)
        errors.append(f"{text}, skipped")

    present = Present(root)
    for target in lacking["targets"]:
        for item in target.get("tpgs", []):
            if (target.get("fabric"), target.get("wwn"), item.get("tag")) in parts:
                _extend(present.tpgs(target)[item["tag"]], item, library(root), failed)
    return errors


def _binding(tpg):
    """The guest that it is bound to, '' for any; None where the module knows of no bindings, as the kernel's own."""
    return tpg.get_parameter("domain") if "domain" in tpg.list_parameters() else None


def _extend(tpg, item, module, failed):
    """A portal group that stayed gets the LUNs that it lacks."""
    name = f"{tpg.parent_target.wwn}/tpg{tpg.tag}"
    saved = item.get("parameters", {}).get("domain", "")
    now = _binding(tpg) if tpg.parent_target.fabric_module.name == FABRIC else None
    if now not in (None, saved):
        # Else one guest would be given what another's is.
        failed(f"{name} is bound to '{now}' now, not to '{saved}' as saved: it was given no LUN")
        return
    for lun in item.get("luns", []):
        module.LUN.setup(tpg, copy.deepcopy(lun), failed)
    there = {acl.node_wwn: acl for acl in tpg.node_acls}
    connected = {session["initiator"] for session in guests.sessions(tpg)}
    for acl in item.get("node_acls", []):
        wwn = acl.get("node_wwn")
        if wwn in there:
            for mapped in acl.get("mapped_luns", []):
                module.MappedLUN.setup(tpg, there[wwn], dict(mapped), failed)
        elif wwn in connected:
            failed(f"{name}: no ACL for {wwn}, which is connected without")
        else:
            module.NodeACL.setup(tpg, copy.deepcopy(acl), failed)


def _tell_of_others(config, root, tell):
    present = Present(root)
    for target in config.get("targets", []):
        tpgs = present.tpgs(target) or {}
        for item in target.get("tpgs", []):
            tpg = tpgs.get(item.get("tag"))
            for lun in tpg.luns if tpg is not None else ():
                saved = next((entry.get("storage_object") for entry in item.get("luns", [])
                              if entry.get("index") == lun.lun), None)
                try:
                    now = f"/backstores/{lun.storage_object.plugin}/{lun.storage_object.name}"
                except library(root, "utils").RTSLibBrokenLink:
                    continue
                if saved not in (None, now):
                    tell(f"lun{lun.lun} of {target['wwn']}/tpg{tpg.tag} stays {now}; saved is {saved}")


def careful(module):
    """A LUN or portal group that cannot be made is an error, and does not end the restore."""
    errors = (module.RTSLibError, OSError, NameError)

    def wrap(owner, what):
        usual = owner.setup.__func__

        def setup(cls, parent, item, err_func):
            try:
                usual(cls, parent, item, err_func)
            except errors as error:
                # NameError: it goes on with the LUN that it has just told of.
                if not isinstance(error, NameError):
                    err_func(f"{what(parent, item)}: {error}")

        owner.setup = classmethod(setup)

    wrap(module.LUN, lambda tpg, item: f"LUN {item.get('index')} of {tpg.parent_target.wwn}/tpg{tpg.tag}")
    wrap(module.TPG, lambda target, item: f"TPG {item.get('tag')} of {target.wwn}")
