# SPDX-License-Identifier: GPL-2.0
"""Whose a device is already: on a tree of /sys, /proc and configfs in a folder."""
import os
import stat
import types

import pytest

from xen_pvscsi_targetcli import live, users

# sdb with sdb1 and sdb2, sdc.
DISKS = {"sdb": ("8:16", {"sdb1": "8:17", "sdb2": "8:18"}), "sdc": ("8:32", {})}
NODES = {"/dev/sdb": (8, 16), "/dev/sdb1": (8, 17), "/dev/sdb2": (8, 18), "/dev/sdc": (8, 32)}


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


class Tree:
    def __init__(self, folder):
        self.sys, self.proc, self.configfs = f"{folder}/sys", f"{folder}/proc", f"{folder}/configfs"
        self.xenstore, self.stores = [], []
        for name, (number, parts) in DISKS.items():
            self._device(f"{self.sys}/devices/{name}", number)
            for part, part_number in parts.items():
                write(f"{self.sys}/devices/{name}/{part}/partition", "1\n")
                self._device(f"{self.sys}/devices/{name}/{part}", part_number)

    def _device(self, place, number):
        write(f"{place}/dev", f"{number}\n")
        os.makedirs(f"{place}/holders")
        os.makedirs(f"{self.sys}/dev/block", exist_ok=True)
        os.symlink(place, f"{self.sys}/dev/block/{number}")

    def store(self, plugin, name, **more):
        path = f"{self.configfs}/core/{plugin}_{len(self.stores)}/{name}"
        os.makedirs(path)
        self.stores.append(types.SimpleNamespace(plugin=plugin, name=name, path=path, **more))
        return self.stores[-1]

    def block(self, name, number="8:16"):
        major, minor = number.split(":")
        return self.store("block", name, major=int(major), minor=int(minor), udev_path="/dev/x")

    def lun(self, store, fabric="iscsi", wwn="iqn.x", tag=1, domain=None):
        place = f"{self.configfs}/{fabric}/{wwn}/tpgt_{tag}"
        os.makedirs(f"{place}/lun/lun_0")
        os.symlink(store.path, f"{place}/lun/lun_0/link")
        if domain is not None:
            write(f"{place}/param/domain", f"{domain}\n")

    def holder(self, place, holder, **files):
        os.makedirs(f"{self.sys}/devices/{place}/holders/{holder}")
        for file, text in files.items():
            write(f"{self.sys}/block/{holder}/dm/{file}", f"{text}\n")


@pytest.fixture
def tree(tmp_path, monkeypatch):
    made = Tree(tmp_path)
    for name, value in (("SYSFS", made.sys), ("PROC", made.proc), ("CONFIGFS", made.configfs)):
        monkeypatch.setattr(users, name, value)
    monkeypatch.setattr(users, "xenstore", lambda: made.xenstore)
    usual = os.stat

    def node(path, **options):
        if path in NODES:
            return types.SimpleNamespace(st_rdev=os.makedev(*NODES[path]), st_mode=stat.S_IFBLK)
        return usual(path, **options)
    monkeypatch.setattr(os, "stat", node)
    return made


def snapshot(guests=(), domains=()):
    return live.Snapshot({"domains": [{"name": name, "domid": domid, "uuid": ""} for name, domid in domains],
                          "guests": list(guests)})


def ask(tree, store, seen=None, domain="g1"):
    return users.of_store(store, tree.stores, seen or snapshot(), live.Domain(domain))


def test_nobody(tree):
    assert ask(tree, tree.block("data")) == []
    assert ask(tree, tree.store("ramdisk", "disk")) == []
    assert ask(tree, tree.store("block", "disabled", major=None, minor=None)) == []


@pytest.mark.parametrize("fabric, name", [("iscsi", "iSCSI"), ("loopback", "loopback"), ("vhost", "vhost"),
                                          ("usb_gadget", "usb_gadget")])
def test_another_fabric(tree, fabric, name):
    store = tree.block("data")
    tree.lun(store, fabric)
    assert ask(tree, store) == [f"block/data is exported by {name} as lun0 of iqn.x/tpg1"]


def test_another_backstore_of_the_device(tree):
    tree.lun(tree.block("first"))
    assert ask(tree, tree.block("second")) == ["block/first is exported by iSCSI as lun0 of iqn.x/tpg1"]
    assert ask(tree, tree.block("partition", "8:17")) == ["block/first is exported by iSCSI as lun0 of iqn.x/tpg1"]
    assert ask(tree, tree.block("another", "8:32")) == []


def test_a_partition_beside_it_is_another(tree):
    tree.lun(tree.block("first", "8:17"))
    assert ask(tree, tree.block("second", "8:18")) == []


def test_a_drive_by_its_address(tree):
    place = {"host_id": 3, "channel_id": 0, "target_id": 0, "lun": 1}
    tree.lun(tree.store("pscsi", "one", **place))
    assert "pscsi/one is exported by iSCSI" in ask(tree, tree.store("pscsi", "two", **place))[0]


def test_guests_of_this_fabric(tree):
    store = tree.block("data")
    tree.lun(store, "xen-pvscsi", "naa.1", domain="")
    guest = {"name": "g2", "domid": 4, "uuid": "", "running": True, "controllers": [{"devices": [
        {"lun": "naa.1,1:0", "v-dev": "0:0:0:0", "state": 4, "state-name": "connected", "error": None}]}]}
    seen = snapshot([guest], [("g2", 4)])
    assert ask(tree, store, seen) == ["block/data is lun0 of naa.1/tpg1, which g2 (domain 4) has, since that TPG is "
                                      "not bound"]
    assert "any domain" in ask(tree, store)[0]


def test_own_group_is_no_other(tree):
    store = tree.block("data")
    tree.lun(store, "xen-pvscsi", "naa.1", domain="g1")
    assert ask(tree, store) == []
    assert ask(tree, store, domain="g2") == ["block/data is lun0 of naa.1/tpg1, which belongs to g1"]


@pytest.mark.parametrize("devid, node, value", [
    (51712, "physical-device", "8:10"), (51712, "physical-device", "8:11"),
    (51728, "params", "/dev/sdb"), (51728, "physical-device-path", "/dev/sdb2"), (51728, "params", "raw:/dev/sdb")])
def test_a_vbd(tree, devid, node, value):
    tree.xenstore = [f'/local/domain/0/backend/vbd/4/{devid}/{node} = "{value}"',
                     '/local/domain/0/backend/vbd/4/51744/physical-device = "8:20"',
                     '/local/domain/0/backend/vbd/4/51744/physical-device = ""']
    assert ask(tree, tree.block("data"), snapshot(domains=[("g2", 4)])) == [f"g2 (domain 4) has it as vbd {devid}"]


def test_holders(tree):
    store = tree.block("data")
    tree.holder("sdb/sdb2", "dm-0", name="vg0-root", uuid="LVM-abc")
    tree.holder("sdb", "dm-1", name="mpatha", uuid="mpath-3600")
    tree.holder("sdb/sdb1", "md0")
    assert ask(tree, store) == ["dom0 has sdb as part of multipath mpatha", "dom0 has sdb1 as part of RAID md0",
                                "dom0 has sdb2 as part of LVM volume vg0-root"]
    assert ask(tree, tree.block("first", "8:17")) == ["dom0 has sdb as part of multipath mpatha",
                                                      "dom0 has sdb1 as part of RAID md0"]


def test_partitions_of_multipath_are_no_users(tree):
    tree.holder("sdc", "dm-2", name="mpatha-part1", uuid="part1-mpath-3600")
    write(f"{tree.sys}/block/dm-2/dev", "253:2\n")
    os.makedirs(f"{tree.sys}/devices/dm-2/holders/dm-3")
    os.symlink(f"{tree.sys}/devices/dm-2", f"{tree.sys}/dev/block/253:2")
    assert ask(tree, tree.block("data", "8:32")) == ["dom0 has dm-2 as part of dm-3"]
    os.rmdir(f"{tree.sys}/devices/dm-2/holders/dm-3")
    assert ask(tree, tree.stores[0]) == []
    write(f"{tree.proc}/self/mountinfo", "22 1 253:2 / /srv rw - ext4 /dev/mapper/mpatha-part1 rw\n")
    assert ask(tree, tree.stores[0]) == ["dom0 has mounted it at /srv"]


def test_mounts_and_swap(tree):
    write(f"{tree.proc}/self/mountinfo", "22 1 8:17 / /boot rw shared:1 - ext4 /dev/sdb1 rw\n"
                                         "23 1 0:40 / /srv rw - btrfs /dev/sdc rw\n"
                                         "24 1 0:5 / /proc rw - proc proc rw\n")
    write(f"{tree.proc}/swaps", "Filename Type Size Used Priority\n/dev/sdb2 partition 1 0 -2\n")
    assert ask(tree, tree.block("data")) == ["dom0 has mounted it at /boot", "dom0 swaps to it"]
    assert ask(tree, tree.block("other", "8:32")) == ["dom0 has mounted it at /srv"]


def test_a_file(tree, tmp_path):
    image = str(tmp_path / "disk.img")
    write(image, "")
    store = tree.store("fileio", "image", udev_path=image)
    assert ask(tree, store) == []
    write(f"{tree.sys}/block/loop3/loop/backing_file", f"{image}\n")
    tree.xenstore = [f'/local/domain/0/backend/qdisk/4/51712/params = "aio:{image}"']
    assert ask(tree, store) == ["dom0 has it as loop3", "a guest (domain 4) has it as vbd 51712"]


def test_fileio_on_a_disk(tree):
    write(f"{tree.proc}/self/mountinfo", "22 1 8:32 / /srv rw - ext4 /dev/sdc rw\n")
    assert ask(tree, tree.store("fileio", "raw", udev_path="/dev/sdc")) == ["dom0 has mounted it at /srv"]


def test_without_xenstore(monkeypatch):
    monkeypatch.setattr(users, "XENSTORE", ("/nonexistent/xenstore-ls",))
    assert users.xenstore() == []
