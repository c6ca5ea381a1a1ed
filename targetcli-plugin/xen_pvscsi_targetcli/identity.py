# SPDX-License-Identifier: GPL-2.0
"""What a device is, whatever its number: kept with a mapping, and compared when a saved one is restored.

What devices say of themselves is xl-vscsi's matter (`xl-vscsi devices`); here is where it is kept:
in a LUN's link, which rtslib saves as the LUN's alias, or in the name of a backstore of xl-vscsi's.
"""
import os
import re

from . import live
from .config import FABRIC
from .shared import AUTO, KINDS, LINK, NOT_FOUND

SYSFS = "/sys"
IDENTITY = re.compile(rf"(?:{'|'.join(KINDS)})\.[A-Za-z0-9._:-]+$")
OF_NAME = re.compile(rf"{AUTO}(?:\d+-)?(.*)$")
HCTL = re.compile(r"\d+:\d+:\d+:\d+$")
PLUGINS = ("pscsi", "block")
PATIENCE = 20


def of_link(link):
    """vdev-h:c:t:l,IDENTITY, or IDENTITY alone."""
    text = (link or "").rpartition(",")[2]
    return text if IDENTITY.match(text) else ""


def of_name(name):
    match = OF_NAME.match(name)
    return match.group(1) if match and IDENTITY.match(match.group(1)) else ""


def link_for(vdev, identity):
    """A LUN's link; None if it need not have any particular name."""
    return ",".join(word for word in (f"{LINK}{vdev}" if vdev else "", identity) if word) or None


class Device:
    """A line of `xl-vscsi devices`."""

    def __init__(self, item):
        self.identity, self.identities = item["identity"] or "", item["identities"]
        self.numbered, self.link, self.node = item["numbered"], item["link"] or "", item["node"] or ""

    @property
    def path(self):
        """What is saved of it."""
        return self.link or self.node


def ask(word):
    """The device that a path, H:C:T:L or id:IDENTITY means; None if there is none. Failure: nobody knows."""
    try:
        answer = live.ask("devices", word, timeout=PATIENCE)
    except live.Failure as failure:
        if failure.code == NOT_FOUND:
            return None
        raise
    return Device(answer[0]) if isinstance(answer, list) and answer else None


def behind(store):
    """The device of a storage object of rtslib's, or None."""
    if store.plugin == "pscsi":
        return ask(f"{store.host_id}:{store.channel_id}:{store.target_id}:{store.lun}")
    if store.plugin == "block":
        node = os.path.realpath(f"{SYSFS}/dev/block/{store.major}:{store.minor}")
        return ask("/dev/" + os.path.basename(node).replace("!", "/"))
    return None


def keep(store, warn):
    """What the link of a LUN of this storage object keeps."""
    try:
        device = behind(store)
    except (live.Failure, OSError, ValueError, TypeError, AttributeError) as error:
        warn(f"What {store.plugin}/{store.name} is cannot be found out, so after a reboot it cannot be told "
             f"from another: {error}")
        return ""
    if device is None:
        return ""
    if not device.identity and re.match(r"/dev/[^/]+$", store.udev_path):
        warn(f"{store.udev_path} is a number, and the device does not say what it is, so after a reboot it "
             "cannot be told from another.")
    return "" if device.identity == of_name(store.name) else device.identity


def lasting(dev):
    """A path that means the same device after a reboot, if there is one."""
    try:
        device = ask(dev) if re.match(r"/dev/[^/]+$", dev) or HCTL.match(dev) else None
    except live.Failure:
        return dev
    return device.path if device and (device.link or HCTL.match(dev)) and device.path else dev


def same_kind(identity, others):
    return any(other.split(".")[0] == identity.split(".")[0] for other in others)


def kept_of(config):
    """{(plugin, name): identity} of a saved configuration."""
    kept = {(item.get("plugin"), item.get("name")): of_name(item.get("name") or "")
            for item in config.get("storage_objects", [])}
    for target in config.get("targets", []):
        if target.get("fabric") != FABRIC:
            continue
        for tpg in target.get("tpgs", []):
            for lun in tpg.get("luns", []):
                identity = of_link(lun.get("alias"))
                if identity:
                    kept[tuple(lun.get("storage_object", "").split("/")[2:4])] = identity
    return kept


def _corrected(item, identity, tell, errors):
    """A saved storage object that leads to the device that was meant; None if it would lead to another."""
    name, dev = f"{item['plugin']}/{item['name']}", item.get("dev", "")
    now = ask(dev) if dev.startswith("/") or HCTL.match(dev) else None
    if now and identity in now.identities:
        return item
    found = ask(f"id:{identity}")
    if found and found.path:
        tell(f"{name}: {identity} is {found.path} now, not {dev}")
        return {**item, "dev": found.path}
    if now and same_kind(identity, now.identities):
        errors.append(f"Could not create StorageObject {item['name']}: {identity} is not there, and {dev} is "
                      f"{now.identity or now.identities[0]} now, skipped")
        return None
    return item


def correct(config, tell):
    """A saved configuration whose numbers are those of today, and what could not be had."""
    kept, errors, stores = kept_of(config), [], []
    for item in config.get("storage_objects", []):
        identity = kept.get((item.get("plugin"), item.get("name")))
        if identity and item.get("plugin") in PLUGINS:
            try:
                item = _corrected(item, identity, tell, errors)
            except live.Failure as failure:
                tell(f"{item['plugin']}/{item['name']}: not compared with {identity}: {failure}")
        if item is not None:
            stores.append(item)
    return {**config, "storage_objects": stores}, errors
