# SPDX-License-Identifier: GPL-2.0
"""LUNs that come by a guest's own port on a SAN (NPIV) are neither saved nor restored.

xen-vscsid makes them when the port is logged in, of what the SAN shows then. What is saved is the
portal group with its parameter vport. A device's number of today would be another guest's tomorrow.
"""
PREFIX = "vport:"


def without(config):
    """The configuration without them; a copy where it has any."""
    stores = config.get("storage_objects", [])
    kept = [item for item in stores if not str(item.get("dev", "")).startswith(PREFIX)]
    if len(kept) == len(stores):
        return config
    gone = {f"/backstores/{item['plugin']}/{item['name']}" for item in stores if item not in kept}
    targets = []
    for target in config.get("targets", []):
        tpgs = [_without_luns(tpg, gone) for tpg in target.get("tpgs", [])]
        targets.append({**target, "tpgs": tpgs} if "tpgs" in target else target)
    return {**config, "storage_objects": kept, "targets": targets}


def _without_luns(tpg, gone):
    lost = {lun.get("index") for lun in tpg.get("luns", []) if lun.get("storage_object") in gone}
    if not lost:
        return tpg
    acls = [{**acl, "mapped_luns": [lun for lun in acl.get("mapped_luns", []) if lun.get("tpg_lun") not in lost]}
            for acl in tpg.get("node_acls", [])]
    return {**tpg, "luns": [lun for lun in tpg["luns"] if lun.get("index") not in lost],
            **({"node_acls": acls} if "node_acls" in tpg else {})}
