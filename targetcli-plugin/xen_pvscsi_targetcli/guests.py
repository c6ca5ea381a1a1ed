# SPDX-License-Identifier: GPL-2.0
"""Who is connected, as the module says it. Used without targetcli as well."""
from .config import FABRIC


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return ""


class Session:
    """A line of a portal group's `guests`: a nexus."""

    def __init__(self, line):
        head, _, self.name = line.partition(" name=")
        self.fields = dict(word.split("=", 1) for word in head.split() if "=" in word)

    def __getitem__(self, key):
        return self.fields.get(key, "-")

    def __str__(self):
        return f"{self.name} (domain {self['domid']})"

    def luns(self):
        """[(LUN, v-dev)]"""
        pairs = [item.split("=", 1) for item in self["luns"].split(",") if "=" in item]
        return [(int(lun), vdev) for lun, vdev in pairs]


def sessions_at(path):
    return [Session(line) for line in read(f"{path}/guests").splitlines() if line.strip()]


def sessions(tpg):
    return sessions_at(tpg.path)


def names(found):
    return ", ".join(sorted({str(session) for session in found}))


class Used:
    """A portal group that guests use, and the backstores that it leads to."""

    def __init__(self, tpg, found, broken):
        self.wwn, self.tag, self.users = tpg.parent_target.wwn, tpg.tag, names(found)
        self.stores = set()
        for lun in tpg.luns:
            try:
                self.stores.add((lun.storage_object.plugin, lun.storage_object.name))
            except broken:
                pass

    def __str__(self):
        stores = ", ".join(f"{plugin}/{name}" for plugin, name in sorted(self.stores)) or "no LUN"
        return f"{self.wwn}/tpg{self.tag} with {stores}, used by {self.users}"


def in_use(root, broken):
    """{(WWN, tag): Used}. broken: rtslib's error for a LUN that leads nowhere."""
    found = {}
    for target in root.targets:
        if target.fabric_module.name != FABRIC:
            continue
        for tpg in target.tpgs:
            users = sessions(tpg)
            if users:
                found[target.wwn, tpg.tag] = Used(tpg, users, broken)
    return found
