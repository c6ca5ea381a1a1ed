# SPDX-License-Identifier: GPL-2.0
"""targetcli's backstores: without a system D-Bus, tape drives by their name, and devices by names that last."""
import functools
import os

from . import identity

SYSFS = "/sys"
# SCSI peripheral device types.
KINDS = {1: "tape drive", 2: "printer", 3: "processor", 4: "WORM drive", 5: "CD/DVD drive",
         6: "scanner", 7: "optical memory", 8: "medium changer", 12: "RAID controller",
         13: "enclosure", 14: "disk", 17: "object store", 20: "zoned disk"}
DISK = "disk"


def kind(store):
    """What a storage object of rtslib's is."""
    if store.plugin != "pscsi":
        return DISK
    try:
        place = f"{store.host_id}:{store.channel_id}:{store.target_id}:{store.lun}"
        with open(f"{SYSFS}/class/scsi_device/{place}/device/type", encoding="ascii") as file:
            number = int(file.read())
    except (OSError, ValueError, TypeError, AttributeError):
        return "unknown device"
    return KINDS.get(number, DISK if number == 0 else f"device of type {number}")


def hides_zones(store):
    """Whether its device takes writes in order only (host-managed), and who has the backstore does not hear of it."""
    if store.plugin != "block":
        return False
    try:
        place = os.path.realpath(f"{SYSFS}/dev/block/{store.major}:{store.minor}")
    except (TypeError, ValueError):
        return False  # It is not enabled, and has none.
    # A partition's queue is its disk's.
    queue = os.path.dirname(place) if os.path.exists(f"{place}/partition") else place
    try:
        with open(f"{queue}/queue/zoned", encoding="ascii") as file:
            return file.read().strip() == "host-managed"
    except OSError:
        return False


def name(store):
    return f"{store.plugin}/{store.name}"


def describe(store):
    """block/disk (/dev/sdb), pscsi/tape (tape drive, /dev/nst0)"""
    sort = kind(store)
    words = ([] if sort == DISK else [sort]) + ([store.udev_path] if store.udev_path else [])
    if getattr(store, "readonly", False):
        words.append("read-only")
    return name(store) + (f" ({', '.join(words)})" if words else "")


def lasting(make):
    """A class of rtslib's storage objects: numbers of devices are not what is saved of them."""
    @functools.wraps(make, updated=())
    def made(name, dev=None, *args, **options):
        return make(name, dev if dev is None else identity.lasting(dev), *args, **options)
    return made


def extend(module):
    find = module.UIBackstores._user_backstores

    @functools.wraps(find)
    def user_backstores(self):
        # Without a bus, it raises before it looks for tcmu-runner there.
        try:
            yield from find(self)
        except Exception as error:
            self.shell.log.debug(f"No user-backed backstores: {error}")

    module.UIBackstores._user_backstores = user_backstores

    for name in ("PSCSIStorageObject", "BlockStorageObject"):
        setattr(module, name, lasting(getattr(module, name)))

    usual = module.UIPSCSIStorageObject.summary

    @functools.wraps(usual)
    def summary(self):
        text, healthy = usual(self)
        sort = kind(self.rtsnode)
        return (text if sort == DISK else f"{sort} {text}"), healthy

    module.UIPSCSIStorageObject.summary = summary
