# SPDX-License-Identifier: GPL-2.0
"""Portal groups and LUNs of the fabric, wherever they are.

Usually they are the kernel's. Where the fabric cannot be loaded, because Xen does not
run, they are those of the saved configuration, which can be edited all the same.
Both are seen as Group and Lun; what is changed is changed at once, or raises.
"""
import copy
import random
import re

from .shared import AUTO, LINK as LINK_PREFIX, OWN_WWN

FABRIC = "xen-pvscsi"
WRITE_PROTECT = "demo_mode_write_protect"
# With what the device is, see identity.
LINK = re.compile(rf"{LINK_PREFIX}(\d+:\d+:\d+:\d+)(?:,.*)?$")


class Lun:
    def __init__(self, index, link, store):
        self.index, self.link, self.store = index, link, store  # store: "block/disk"

    @property
    def fixed_vdev(self):
        match = LINK.match(self.link or "")
        return match.group(1) if match else None


class Group:
    """A target portal group."""

    def __init__(self, wwn, tag, domain, alias="", read_only=False, acls=0, luns=()):
        self.wwn, self.tag, self.domain, self.alias = wwn, tag, domain, alias
        self.read_only, self.acls, self.luns = read_only, acls, list(luns)

    @property
    def own(self):
        """Made by map or xl-vscsi, and nobody gave it anything else. Without alias: write-protected, or
        made before there was one."""
        made = self.alias.startswith(AUTO) or (self.wwn.startswith(OWN_WWN) and not self.alias)
        return made and not self.acls

    def __str__(self):
        return f"{self.wwn}/tpg{self.tag}"


def new_wwn(known):
    while True:
        wwn = f"{OWN_WWN}{random.SystemRandom().getrandbits(36):09x}"
        if wwn not in known:
            return wwn


def alias_for(wwn, tag, read_only):
    """As xl-vscsi's. It would put disks that are to be written into a write-protected group, so that has none."""
    return "" if read_only else f"{AUTO}{wwn[-9:]}" + (f"-{tag}" if tag > 1 else "")


class KernelConfig:
    """What rtslib sees in configfs. `lib` has rtslib's classes and errors."""

    saved_only = False

    def __init__(self, fabric, lib):
        self.fabric, self.lib = fabric, lib

    def _read(self, tpg):
        parameters = tpg.list_parameters()
        attributes = tpg.list_attributes()

        def parameter(name):
            return tpg.get_parameter(name) if name in parameters else ""

        luns = []
        for lun in tpg.luns:
            try:
                store = lun.storage_object
                luns.append(Lun(lun.lun, lun.alias, f"{store.plugin}/{store.name}"))
            except self.lib.RTSLibBrokenLink:
                luns.append(Lun(lun.lun, None, None))
        return Group(tpg.parent_target.wwn, tpg.tag, parameter("domain"), parameter("alias"),
                     WRITE_PROTECT in attributes and tpg.get_attribute(WRITE_PROTECT) == "1",
                     sum(1 for _ in tpg.node_acls), sorted(luns, key=lambda lun: lun.index))

    def groups(self):
        found = [self._read(tpg) for target in self.fabric.targets for tpg in target.tpgs]
        return sorted(found, key=lambda group: (group.wwn, group.tag))

    def _tpg(self, group, mode="lookup"):
        return self.lib.TPG(self.lib.Target(self.fabric, group.wwn, mode), group.tag, mode)

    def add_group(self, wwn, tag, domain, read_only):
        """Bound before there is anything in it."""
        new_target = wwn not in [target.wwn for target in self.fabric.targets]
        target = self.lib.Target(self.fabric, wwn)
        try:
            tpg = self.lib.TPG(target, tag, "create")
            try:
                tpg.enable = True
                if "domain" not in tpg.list_parameters():
                    raise self.lib.RTSLibError(
                        "The module xen-scsiback that is loaded cannot bind TPGs to domains. "
                        "Load the one of this project.")
                tpg.set_parameter("domain", domain)
                if alias_for(wwn, tag, read_only):
                    tpg.set_parameter("alias", alias_for(wwn, tag, read_only))
                if read_only:
                    if WRITE_PROTECT not in tpg.list_attributes():
                        raise self.lib.RTSLibError(
                            "The module xen-scsiback that is loaded cannot write-protect LUNs.")
                    tpg.set_attribute(WRITE_PROTECT, 1)
            except Exception:
                tpg.delete()
                raise
        except Exception:
            if new_target:
                target.delete()
            raise
        return self._read(tpg)

    def remove_group(self, group):
        tpg = self._tpg(group)
        target = tpg.parent_target
        tpg.delete()
        if not any(True for _ in target.tpgs):
            target.delete()

    def add_lun(self, group, index, link, store):
        stores = [item for item in self.lib.RTSRoot().storage_objects
                  if f"{item.plugin}/{item.name}" == store]
        if not stores:
            raise self.lib.RTSLibError(f"No storage object {store}.")
        self.lib.LUN(self._tpg(group), index, stores[0], link)

    def remove_lun(self, group, index):
        self.lib.LUN(self._tpg(group), index).delete()

    def remove_store(self, name):
        """If xl-vscsi made it and nothing exports it any more; whether it was removed."""
        for store in self.lib.RTSRoot().storage_objects:
            if f"{store.plugin}/{store.name}" == name and store.name.startswith(AUTO):
                if not any(True for _ in store.attached_luns):
                    store.delete()
                    return True
        return False

    def state(self):
        """For bring_back, which returns errors."""
        return self.lib.dump_kernel(self.lib.RTSRoot())

    def bring_back(self, state):
        return self.lib.bring_back(self.lib.RTSRoot(), state)


class SavedConfig:
    """The targets of this fabric in a saved configuration; `write` saves them."""

    saved_only = True

    def __init__(self, targets, lib, write):
        self.targets, self.lib, self.write = targets, lib, write

    @staticmethod
    def _read(target, tpg):
        parameters = tpg.get("parameters", {})
        luns = [Lun(lun["index"], lun.get("alias"), lun["storage_object"].split("/backstores/", 1)[-1])
                for lun in tpg.get("luns", [])]
        return Group(target["wwn"], tpg["tag"], parameters.get("domain", ""), parameters.get("alias", ""),
                     str(tpg.get("attributes", {}).get(WRITE_PROTECT, 0)) == "1",
                     len(tpg.get("node_acls", [])), sorted(luns, key=lambda lun: lun.index))

    def groups(self):
        found = [self._read(target, tpg) for target in self.targets for tpg in target.get("tpgs", [])]
        return sorted(found, key=lambda group: (group.wwn, group.tag))

    def _find(self, group):
        for target in self.targets:
            for tpg in target.get("tpgs", []):
                if (target["wwn"], tpg["tag"]) == (group.wwn, group.tag):
                    return target, tpg
        raise self.lib.RTSLibError(f"No such TPG in the saved configuration: {group}")

    def add_group(self, wwn, tag, domain, read_only):
        tpg = {"tag": tag, "enable": True, "luns": [], "portals": [], "node_acls": [],
               "parameters": {"domain": domain, "alias": alias_for(wwn, tag, read_only), "ring_per_lun": "0"},
               "attributes": {WRITE_PROTECT: int(read_only)}}
        for target in self.targets:
            if target["wwn"] == wwn:
                if tag in [other["tag"] for other in target["tpgs"]]:
                    raise self.lib.RTSLibError(f"There is a TPG {tag} of {wwn} already.")
                break
        else:
            target = {"fabric": FABRIC, "wwn": wwn, "tpgs": []}
            self.targets.append(target)
        target["tpgs"].append(tpg)
        self.write()
        return self._read(target, tpg)

    def remove_group(self, group):
        target, tpg = self._find(group)
        target["tpgs"].remove(tpg)
        if not target["tpgs"]:
            self.targets.remove(target)
        self.write()

    def add_lun(self, group, index, link, store):
        self._find(group)[1]["luns"].append(
            {"index": index, "alias": link or f"lun{index}", "storage_object": f"/backstores/{store}",
             "alua_tg_pt_gp_name": None})
        self.write()

    def remove_lun(self, group, index):
        tpg = self._find(group)[1]
        tpg["luns"] = [lun for lun in tpg["luns"] if lun["index"] != index]
        self.write()

    def remove_store(self, name):
        """They are the kernel's, which does not know what the saved configuration has of them."""
        return False

    def state(self):
        return copy.deepcopy(self.targets)

    def bring_back(self, state):
        self.targets[:] = state
        self.write()
        return []
