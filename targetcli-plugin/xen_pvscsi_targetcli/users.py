# SPDX-License-Identifier: GPL-2.0
"""Whose a backstore's device is already: guests, other fabrics, other backends, dom0 itself.

Nothing below claims a device for a guest against all of these: blkback opens it beside others, target
core's fileio and tapes do, and none of them knows what another portal group exports.
"""
import glob
import os
import re
import stat
import subprocess

from . import live
from .guests import read

SYSFS, PROC, CONFIGFS = "/sys", "/proc", "/sys/kernel/config/target"
XENSTORE = ("xenstore-ls", "-f", "/local/domain/0/backend")
PATIENCE = 5
FABRICS = {"iscsi": "iSCSI", "loopback": "loopback", "vhost": "vhost", "qla2xxx": "Fibre Channel"}
VBD = re.compile(r"/backend/(?:vbd|qdisk|tap)/(\d+)/(\d+)/(physical-device|physical-device-path|params) = \"(.*)\"$")


def _held(place):
    return sorted(os.path.basename(path) for path in glob.glob(f"{place}/holders/*"))


def _is_part(name):
    return read(f"{SYSFS}/block/{name}/dm/uuid").startswith("part")


class Disk:
    """A block device; numbers: with those that have blocks of it, its disk or its partitions."""

    def __init__(self, number):
        self.number, self.numbers = number, {number}
        self.place = os.path.realpath(f"{SYSFS}/dev/block/{number}")
        self.name = os.path.basename(self.place)
        if os.path.exists(f"{self.place}/partition"):
            self.numbers.add(read(f"{os.path.dirname(self.place)}/dev"))
        else:
            self.numbers |= {read(path) for path in glob.glob(f"{self.place}/*/dev")
                             if os.path.exists(f"{os.path.dirname(path)}/partition")}
        # Those of multipath and the like, which kpartx makes wherever there is a table.
        self.numbers |= {read(f"{SYSFS}/block/{name}/dev") for name in _held(self.place) if _is_part(name)}
        self.numbers.discard("")


def _number_of_node(path):
    try:
        state = os.stat(path)
    except (OSError, ValueError):
        return None
    number = state.st_rdev
    return f"{os.major(number)}:{os.minor(number)}" if stat.S_ISBLK(state.st_mode) else None


def disk_of(store):
    """The block device of a storage object of rtslib's, if it has one."""
    try:
        if store.plugin == "block":
            number = f"{store.major}:{store.minor}"
        elif store.plugin == "pscsi":
            place = f"{store.host_id}:{store.channel_id}:{store.target_id}:{store.lun}"
            found = glob.glob(f"{SYSFS}/class/scsi_device/{place}/device/block/*/dev")
            number = read(found[0]) if found else None
        elif store.plugin == "fileio":
            number = _number_of_node(store.udev_path)
        else:
            number = None
    except (AttributeError, TypeError, ValueError):
        number = None  # It is not enabled, and has none.
    return Disk(number) if number else None


def _other_than_disk(store):
    """What is the same if two storage objects lead to the same and it is no block device."""
    if store.plugin == "pscsi":
        return f"{store.host_id}:{store.channel_id}:{store.target_id}:{store.lun}"
    return os.path.realpath(store.udev_path) if store.plugin == "fileio" else None


def overlap(store, other):
    if (store.plugin, store.name) == (other.plugin, other.name):
        return True
    one, two = disk_of(store), disk_of(other)
    if one and two:
        return one.number in two.numbers
    what = _other_than_disk(store)
    return what is not None and store.plugin == other.plugin and what == _other_than_disk(other)


def of_store(store, stores, snapshot, domain=None):
    """Who else has what this storage object leads to, in words; domain: who is to get it.

    stores: all that there are, since several may lead to one device."""
    disk = disk_of(store)
    same = [other for other in stores if overlap(store, other)]
    found = _exports({other.path: f"{other.plugin}/{other.name}" for other in same}, domain, snapshot)
    if disk:
        found += _holders(disk) + _mounts(disk.numbers) + _swaps(disk.numbers)
    file = os.path.realpath(store.udev_path) if store.plugin == "fileio" and not disk else None
    if file:
        found += _loops(file)
    return list(dict.fromkeys(found + _vbds(disk.numbers if disk else set(), file, snapshot)))


def _exports(stores, domain, snapshot):
    """LUNs of all fabrics that lead to these configfs directories."""
    paths = {os.path.realpath(path): name for path, name in stores.items()}
    found = []
    for link in sorted(glob.glob(f"{CONFIGFS}/*/*/tpgt_*/lun/lun_*/*")):
        name = paths.get(os.path.realpath(link)) if os.path.islink(link) else None
        if name is None:
            continue
        fabric, wwn, tpg, _, lun, _ = os.path.relpath(link, CONFIGFS).split("/")
        tag, number = tpg.split("_")[1], lun.split("_")[1]
        place = f"lun{number} of {wwn}/tpg{tag}"
        if fabric != "xen-pvscsi":
            found.append(f"{name} is exported by {FABRICS.get(fabric, fabric)} as {place}")
            continue
        binding = read(f"{os.path.dirname(os.path.dirname(os.path.dirname(link)))}/param/domain")
        if binding and domain and domain.is_named(binding):
            continue
        users = [str(device.domain) for device in snapshot.devices(wwn, int(tag), int(number))]
        if binding:
            owner = f"which belongs to {binding}"
        elif users:
            owner = f"which {', '.join(sorted(set(users)))} has, since that TPG is not bound"
        else:
            owner = "which belongs to any domain, since that TPG is not bound"
        found.append(f"{name} is {place}, {owner}")
    return found


def _holders(disk):
    found = []
    for number in sorted(disk.numbers):
        place = os.path.realpath(f"{SYSFS}/dev/block/{number}")
        for name in _held(place):
            if _is_part(name):
                continue
            mapped = read(f"{SYSFS}/block/{name}/dm/name")
            kind = read(f"{SYSFS}/block/{name}/dm/uuid").split("-")[0]
            what = {"LVM": "LVM volume", "mpath": "multipath", "CRYPT": "encrypted device"}.get(kind, "device")
            held = f"{what} {mapped}" if mapped else f"RAID {name}" if name.startswith("md") else name
            found.append(f"dom0 has {os.path.basename(place)} as part of {held}")
    return found


def _mounts(numbers):
    found = []
    for line in read(f"{PROC}/self/mountinfo").splitlines():
        words = line.split()
        # btrfs and the like have numbers of their own, and the node behind the dash.
        source = words[words.index("-") + 2] if "-" in words and len(words) > words.index("-") + 2 else ""
        if len(words) > 4 and (words[2] in numbers or (source.startswith("/dev/") and
                                                      _number_of_node(source) in numbers)):
            found.append(f"dom0 has mounted it at {words[4]}")
    return found


def _swaps(numbers):
    paths = [line.split()[0] for line in read(f"{PROC}/swaps").splitlines()[1:] if line.split()]
    return ["dom0 swaps to it" for path in paths if _number_of_node(path) in numbers][:1]


def _loops(file):
    return [f"dom0 has it as {path.split('/')[-3]}"
            for path in sorted(glob.glob(f"{SYSFS}/block/loop*/loop/backing_file")) if read(path) == file]


def xenstore():
    """Lines PATH = "VALUE" of what dom0's backends have."""
    try:
        return subprocess.run(XENSTORE, capture_output=True, text=True, errors="replace", timeout=PATIENCE,
                              check=False, stdin=subprocess.DEVNULL).stdout.splitlines()
    except (OSError, subprocess.TimeoutExpired):
        return []


def _vbds(numbers, file, snapshot):
    found = []
    for line in xenstore() if numbers or file else ():
        match = VBD.search(line)
        if not match:
            continue
        domid, devid, node, value = match.groups()
        if node == "physical-device":
            # In hexadecimal.
            try:
                hit = ":".join(str(int(part, 16)) for part in value.split(":")) in numbers
            except ValueError:
                hit = False
        else:
            path = value[value.find("/"):]
            hit = path.startswith("/") and (os.path.realpath(path) == file if file
                                            else _number_of_node(path) in numbers)
        if hit:
            known = snapshot.named(domid)
            found.append(f"{known or live.Domain('a guest', domid=int(domid))} has it as vbd {devid}")
    return found
