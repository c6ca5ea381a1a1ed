# SPDX-License-Identifier: GPL-2.0
"""Nothing is silently another device: numbers change, so what a device is, is kept and compared."""
import json
import os

import pytest

from conftest import LIBRARY, rtslib_root, ui_target
from test_mapping import links
from xen_pvscsi_targetcli import backstores, identity

A, B = "naa.5000c50000000001", "naa.5000c50000000002"
LINK = "/dev/tape/by-id/scsi-35000c50000000001-nst"
TARGET = "naa.500163e000000001"


@pytest.fixture(autouse=True)
def same_name(monkeypatch):
    monkeypatch.setattr("xen_pvscsi_targetcli.mapping.new_wwn",
                        lambda known: TARGET if TARGET not in known else TARGET[:-1] + "2")


def test_names_and_links():
    assert identity.link_for("0:0:3:1", A) == f"vdev-0:0:3:1,{A}"
    assert identity.link_for(None, A) == A
    assert identity.link_for("0:0:3:1", "") == "vdev-0:0:3:1"
    assert identity.link_for(None, "") is None
    assert identity.of_link(f"vdev-0:0:3:1,{A}") == identity.of_link(A) == A
    assert identity.of_link("vdev-0:0:3:1") == identity.of_link("a1b2c3d4e5") == identity.of_link(None) == ""
    assert identity.of_name(f"auto-{A}") == identity.of_name(f"auto-2-{A}") == A
    assert identity.of_name(A) == identity.of_name("auto-nst0") == identity.of_name("tape") == ""


def test_map_keeps_what_the_device_is(cli, kernel, xen):
    xen.hardware("3:0:0:1", identity=A)
    cli("/xen-pvscsi map g1 tape vdev=0:0:3:1")
    assert links(kernel) == [f"lun/lun_0/vdev-0:0:3:1,{A}"]
    assert "0:0:3:1" in cli.ls()
    assert "vdev 0:0:3:1" in cli.fails("/xen-pvscsi map g1 disk vdev=0:0:3:1")
    xen.hardware("3:0:0:2", identity=B)
    cli("/xen-pvscsi map g2 robot")
    assert links(kernel) == [f"lun/lun_0/{B}", f"lun/lun_0/vdev-0:0:3:1,{A}"]
    cli("/xen-pvscsi unmap g1 0:0:3:1")
    assert links(kernel) == [f"lun/lun_0/{B}"]


def test_of_a_disk_as_well(cli, kernel, xen):
    kernel.store("iblock_0", "data", {"udev_path": "/dev/sdb", "info":
                                      "iBlock device: sdb  UDEV PATH: /dev/sdb  readonly: 0\n"
                                      "        Major: 8 Minor: 16  CLAIMED: IBLOCK\n"})
    os.makedirs(f"{kernel.sysfs}/dev/block")
    os.symlink("../../devices/block/sdb", f"{kernel.sysfs}/dev/block/8:16")
    xen.hardware("/dev/sdb", identity=A)
    cli("/xen-pvscsi map g1 block/data")
    assert links(kernel) == [f"lun/lun_0/{A}"]


def test_a_name_of_xl_vscsis_says_it_already(cli, kernel, xen):
    kernel.passthrough(f"auto-{A}", kernel.sysfs, 1, "4:0:0:1", 3, "/dev/nst7")
    xen.hardware("4:0:0:1", identity=A)
    cli(f"/xen-pvscsi map g1 auto-{A} vdev=0:0:0:5")
    assert links(kernel) == ["lun/lun_0/vdev-0:0:0:5"]


def test_luns_that_targetcli_makes_keep_it(cli, kernel, xen):
    xen.hardware("3:0:0:1", identity=A)
    cli("/xen-pvscsi create naa.5001405000000001")
    cli("/xen-pvscsi/naa.5001405000000001/tpg1/luns create /backstores/pscsi/tape")
    assert links(kernel) == [f"lun/lun_0/{A}"]
    assert ui_target.LUN.__module__ == f"{LIBRARY}.target"


def test_who_does_not_say_what_it_is(cli, kernel, xen):
    xen.hardware("3:0:0:1")
    said = cli("/xen-pvscsi map g1 tape vdev=0:0:3:1")
    assert "/dev/nst0 is a number, and the device does not say what it is" in said
    assert links(kernel) == ["lun/lun_0/vdev-0:0:3:1"]


def test_without_xl_vscsi_it_is_told(cli, kernel, monkeypatch):
    monkeypatch.setattr("xen_pvscsi_targetcli.live.PROGRAM", "/nonexistent/xl-vscsi")
    assert "What pscsi/tape is cannot be found out" in cli("/xen-pvscsi map g1 tape")
    assert len(links(kernel)) == 1


def test_a_number_is_no_path_to_save(xen):
    made = []
    make = backstores.lasting(lambda *words, **options: made.append((words, options)))
    xen.hardware("/dev/nst0", "3:0:0:1", identity=A, link=LINK)
    xen.hardware("3:0:0:2", identity=B, node="/dev/nst1")
    xen.no_hardware("/dev/nst9")
    for dev in ("/dev/nst0", "3:0:0:1", "3:0:0:2", "/dev/nst9", "/dev/vg0/data", None):
        make("tape", dev, readonly=True)
    assert [words[1] for words, _ in made] == [LINK, LINK, "/dev/nst1", "/dev/nst9", "/dev/vg0/data", None]
    assert made[0][1] == {"readonly": True}
    # Names that last are not looked up.
    assert [words[1] for words in xen.asked("devices")] == ["/dev/nst0", "3:0:0:1", "3:0:0:2", "/dev/nst9"]


def test_backstores_are_created_so(cli):
    import targetcli.ui_backstore as module
    for name in ("PSCSIStorageObject", "BlockStorageObject"):
        assert getattr(module, name).__wrapped__.__module__ == f"{LIBRARY}.tcm"


def store(name, dev, plugin="pscsi"):
    return {"name": name, "plugin": plugin, "dev": dev}


def lun(path, alias):
    return {"index": 0, "alias": alias, "storage_object": f"/backstores/{path}"}


def saved(stores, luns=(), fabric="xen-pvscsi"):
    return {"storage_objects": stores, "targets": [
        {"fabric": fabric, "wwn": TARGET, "tpgs": [{"tag": 1, "luns": list(luns)}]}]}


@pytest.fixture
def swapped(xen):
    """The numbers of two drives, after a reboot."""
    xen.hardware("/dev/nst1", f"id:{A}", identity=A)
    xen.hardware("/dev/nst0", f"id:{B}", identity=B)


def correct(config):
    told = []
    now, errors = identity.correct(config, told.append)
    return {item["name"]: item["dev"] for item in now["storage_objects"]}, errors, told


def test_restored_devices_are_those_that_were_saved(swapped):
    config = saved([store(f"auto-{A}", "/dev/nst0"), store("tape", "/dev/nst1"), store("plain", "/dev/nst1")],
                   [lun(f"pscsi/auto-{A}", "vdev-0:0:0:0"), lun("pscsi/tape", f"vdev-0:0:0:1,{B}")])
    before = json.dumps(config)
    devs, errors, told = correct(config)
    assert devs == {f"auto-{A}": "/dev/nst1", "tape": "/dev/nst0", "plain": "/dev/nst1"}
    assert not errors
    assert told == [f"pscsi/auto-{A}: {A} is /dev/nst1 now, not /dev/nst0",
                    f"pscsi/tape: {B} is /dev/nst0 now, not /dev/nst1"]
    assert json.dumps(config) == before


def test_those_that_are_where_they_were_stay(xen, swapped):
    config = saved([store(f"auto-{A}", "/dev/nst1"), store("disk", "/dev/sdb", "block"), store("f", "/x", "fileio")],
                   [lun("block/disk", A), lun("fileio/f", A)])
    xen.hardware("/dev/sdb", identity=A)
    devs, errors, told = correct(config)
    assert devs == {f"auto-{A}": "/dev/nst1", "disk": "/dev/sdb", "f": "/x"}
    assert not errors and not told


def test_one_that_is_gone_is_not_restored_as_another(xen, swapped):
    xen.no_hardware(f"id:{A}")
    devs, errors, _ = correct(saved([store(f"auto-{A}", "/dev/nst0")]))
    assert not devs
    assert errors == [f"Could not create StorageObject auto-{A}: {A} is not there, and /dev/nst0 is {B} now, skipped"]
    # Where nothing is, rtslib says so itself; and who says nothing may be the one.
    xen.no_hardware("/dev/nst0")
    assert correct(saved([store(f"auto-{A}", "/dev/nst0")])) == ({f"auto-{A}": "/dev/nst0"}, [], [])
    xen.hardware("/dev/nst0")
    assert correct(saved([store(f"auto-{A}", "/dev/nst0")])) == ({f"auto-{A}": "/dev/nst0"}, [], [])


def test_luns_of_other_fabrics_say_nothing(swapped):
    devs, _, told = correct(saved([store("tape", "/dev/nst0")], [lun("pscsi/tape", A)], "iscsi"))
    assert devs == {"tape": "/dev/nst0"} and not told


def test_without_xl_vscsi_all_is_restored_as_it_is(monkeypatch):
    monkeypatch.setattr("xen_pvscsi_targetcli.live.PROGRAM", "/nonexistent/xl-vscsi")
    devs, errors, told = correct(saved([store(f"auto-{A}", "/dev/nst0"), store("plain", "/dev/nst1")]))
    assert devs == {f"auto-{A}": "/dev/nst0", "plain": "/dev/nst1"} and not errors
    assert len(told) == 1 and "not compared" in told[0]


def test_rtslib_restores_what_was_corrected(cli, xen, swapped, monkeypatch, capsys):
    made = []

    class Store:
        def __init__(self, **options):
            made.append(options)
            raise RuntimeError("made")
    monkeypatch.setattr(rtslib_root, "so_mapping", {"pscsi": Store})
    xen.no_hardware("id:naa.5000c50000000003")
    config = saved([store(f"auto-{A}", "/dev/nst0"), store("auto-naa.5000c50000000003", "/dev/nst1")])
    errors = rtslib_root.RTSRoot().restore({**config, "targets": []})
    assert [item["dev"] for item in made] == ["/dev/nst1"]
    assert any("naa.5000c50000000003 is not there" in error for error in errors)
    assert f"{A} is /dev/nst1 now" in capsys.readouterr().err


def test_another_device_is_shown(cli, xen):
    xen.hardware("3:0:0:1", identity=A)
    cli("/xen-pvscsi map g1 tape vdev=0:0:0:0")
    cli("/xen-pvscsi map g1 disk vdev=0:0:0:1")
    xen.domain("g1", 3)
    xen.device("g1", f"{TARGET},1:1", "0:0:0:1")
    xen.status["tpgs"] = [{"wwn": TARGET, "tpgt": 1, "luns": [
        {"lun": 0, "v-dev": "0:0:0:0", "another": f"it was made for {A}", "numbered": None},
        {"lun": 1, "v-dev": "0:0:0:1", "another": None, "numbered": "its backstore names it by a number"}]}]
    xen.write()
    tree = cli.ls()
    assert "refused: ANOTHER DEVICE" in tree and "g1 (domain 3), another device" in tree
    shown = cli("/xen-pvscsi domains")
    assert f"    it was made for {A}" in shown and "    its backstore names it by a number" in shown
    assert cli.root.get_node(f"/xen-pvscsi/{TARGET}/tpg1").summary()[1] is False
