# SPDX-License-Identifier: GPL-2.0
"""Saved configurations, by rtslib alone and with the plugin, and without the plugin's help."""
import json
import os
import pathlib
import subprocess
import sys
import types

import pytest

from test_mapping import tree
from xen_pvscsi_targetcli import library, vports

HERE = pathlib.Path(__file__).resolve().parent
TARGET = "naa.500163e000000001"
INITIATOR = "naa.500163e4503be49c"


class Targetctl:
    def __init__(self, kernel, folder):
        self.kernel, self.folder = kernel, folder
        self.file = folder / "saveconfig.json"

    def __call__(self, how, *verbs):
        done = subprocess.run([sys.executable, HERE / "rtslib_user.py", how, self.kernel.root,
                               self.folder / "hypervisor", self.file, *verbs],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def saved(self):
        return json.loads(self.file.read_text())

    def contents(self):
        """All that the kernel has of the fabric."""
        found = {}
        for path in tree(self.kernel):
            if "/xen-pvscsi/" not in path:
                continue
            if os.path.islink(path):
                found[path] = os.readlink(path)
            elif os.path.isfile(path) and not path.endswith("/nexus"):
                with open(path, encoding="ascii") as file:
                    found[path] = file.read().strip()
            else:
                found[path] = None
        return found


@pytest.fixture
def targetctl(cli, kernel, tmp_path, monkeypatch):
    """A configuration with all that there can be."""
    monkeypatch.setattr("xen_pvscsi_targetcli.mapping.new_wwn",
                        lambda known: TARGET if TARGET not in known else TARGET[:-1] + "2")
    cli("/xen-pvscsi map g1 disk lun=0 vdev=1:0:3:2")
    cli("/xen-pvscsi map g1 tape")
    cli("/xen-pvscsi map g1 other ro")
    cli(f"/xen-pvscsi/{TARGET}/tpg1 set parameter alias=shelf")
    cli(f"/xen-pvscsi/{TARGET}/tpg1 set parameter ring_per_lun=1")
    return Targetctl(kernel, tmp_path)


def test_folders_of_target_core(tmp_path):
    place = tmp_path / "db"
    place.mkdir()
    root = types.SimpleNamespace(path=str(tmp_path), dbroot=str(place))
    library.make_folders(root)
    assert os.listdir(place) == []  # a kernel that does not say where
    (tmp_path / "dbroot").write_text("x\n")
    library.make_folders(root)
    library.make_folders(root)
    assert sorted(os.listdir(place)) == ["alua", "pr"]
    root.dbroot = "/nonexistent"
    library.make_folders(root)


@pytest.mark.parametrize("saver", ["stock", "plugin"])
@pytest.mark.parametrize("restorer", ["stock", "plugin"])
def test_nothing_is_lost(targetctl, saver, restorer):
    before = targetctl.contents()
    assert any(path.endswith("vdev-1:0:3:2") for path in before)
    assert targetctl(saver, "save", "clear") == ""
    assert not [path for path in targetctl.contents() if TARGET in path]
    targetctl(restorer, "restore")
    assert targetctl.contents() == before


@pytest.mark.parametrize("restorer", ["stock", "plugin"])
def test_acls_are_saved(targetctl, cli, restorer):
    """With a LUN that rtslib takes for too great."""
    cli(f"/xen-pvscsi/{TARGET}/tpg1/acls create {INITIATOR} add_mapped_luns=false")
    cli(f"/xen-pvscsi/{TARGET}/tpg1/acls/{INITIATOR} create 7 0 1")
    cli(f"/xen-pvscsi/{TARGET}/tpg1/acls/{INITIATOR} create 300 1")
    assert "ACLs: 1" in cli.ls()
    before = targetctl.contents()
    targetctl("plugin", "save", "clear")
    assert not [path for path in targetctl.contents() if TARGET in path]
    config = targetctl.saved()
    tpg = next(tpg for tpg in config["targets"][0]["tpgs"] if tpg["tag"] == 1)
    (acl,) = tpg["node_acls"]
    assert sorted(lun["index"] for lun in acl["mapped_luns"]) == [7, 300]
    if restorer == "stock":
        # rtslib's own limit, which only the plugin lifts.
        acl["mapped_luns"] = [lun for lun in acl["mapped_luns"] if lun["index"] == 7]
        targetctl.file.write_text(json.dumps(config))
        before = {path: value for path, value in before.items() if "/lun_300" not in path}
    targetctl(restorer, "restore")
    assert targetctl.contents() == before


def without_xen(targetctl):
    """The next boot is one without Xen: no module, no targets of the fabric."""
    targetctl("stock", "save", "clear")
    os.rmdir(f"{targetctl.kernel.root}/xen-pvscsi")
    (targetctl.folder / "hypervisor").unlink()


def test_stock_loses_them_where_xen_does_not_run(targetctl):
    without_xen(targetctl)
    targetctl("stock", "save")
    assert not targetctl.saved()["targets"]


def test_the_plugin_keeps_them_where_xen_does_not_run(targetctl):
    without_xen(targetctl)
    before = targetctl.saved()["targets"]
    assert before
    assert targetctl("plugin", "restore", "save") == ""
    targetctl("plugin", "save")
    assert targetctl.saved()["targets"] == before


def test_but_not_when_all_is_cleared(targetctl):
    without_xen(targetctl)
    for name in os.listdir(f"{targetctl.kernel.root}/core"):
        for store in os.listdir(f"{targetctl.kernel.root}/core/{name}"):
            os.rmdir(f"{targetctl.kernel.root}/core/{name}/{store}")
    targetctl("plugin", "clearconfig", "save")
    assert not targetctl.saved()["targets"]


def test_the_saved_configuration_is_edited_where_xen_does_not_run(targetctl, cli, xen):
    without_xen(targetctl)
    xen.answer("status", {"error": "cannot reach xenstore", "code": 7}, 7)
    cli("/xen-pvscsi refresh")
    assert "offline, Targets: 1 in the saved configuration" in cli.ls()
    shown = cli("/xen-pvscsi domains")
    assert "Xen does not run here" in shown and "1:0:3:2  ramdisk/disk" in shown
    assert "Offline: " in cli("/xen-pvscsi unmap g1 tape")
    assert "Offline: " in cli("/xen-pvscsi map g2 tape lun=4 vdev=0:0:0:9")
    assert (os.stat(targetctl.file).st_mode & 0o777) == 0o600
    # Not twice.
    assert "belongs to g2" in cli.fails("/xen-pvscsi map g3 tape")
    # With Xen again, stock rtslib restores it.
    (targetctl.folder / "hypervisor").write_text("xen\n")
    targetctl.kernel.load()
    targetctl("stock", "restore")
    assert any(path.endswith("lun_4/vdev-0:0:0:9") for path in targetctl.contents())
    cli("/xen-pvscsi refresh")
    assert "[Domains: 2, Targets: 2, offline]" in cli.ls()


def test_luns_of_a_vport_are_not_saved(targetctl):
    """Nor restored, whoever saved them."""
    store = "/backstores/pscsi/auto-vport-500163ef00000001-5000000000000a11-0"
    config = {"storage_objects": [
        {"plugin": "pscsi", "name": store.rsplit("/", 1)[1], "dev": "vport:500163ef00000001:5000000000000a11:0"},
        {"plugin": "pscsi", "name": "tape", "dev": "/dev/tape/by-id/x"}],
        "targets": [{"fabric": "xen-pvscsi", "wwn": TARGET, "tpgs": [
            {"tag": 1, "parameters": {"vport": "x"},
             "luns": [{"index": 0, "storage_object": store}, {"index": 1, "storage_object": "/backstores/pscsi/tape"}],
             "node_acls": [{"node_wwn": INITIATOR, "mapped_luns": [{"index": 0, "tpg_lun": 0},
                                                                  {"index": 5, "tpg_lun": 1}]}]}]},
                    {"fabric": "loopback", "wwn": "naa.5"}]}
    kept = vports.without(config)
    assert [item["name"] for item in kept["storage_objects"]] == ["tape"]
    tpg = kept["targets"][0]["tpgs"][0]
    assert tpg["luns"] == [{"index": 1, "storage_object": "/backstores/pscsi/tape"}]
    assert tpg["node_acls"][0]["mapped_luns"] == [{"index": 5, "tpg_lun": 1}]
    assert kept["targets"][1] == config["targets"][1]
    assert len(config["storage_objects"]) == 2, "what was given stays as it was"
    assert vports.without(kept) is kept
