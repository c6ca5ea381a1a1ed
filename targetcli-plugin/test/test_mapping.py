# SPDX-License-Identifier: GPL-2.0
"""map and unmap."""
import errno
import glob
import os
import shutil

import pytest

from conftest import G1


def tpgs(kernel):
    return sorted(glob.glob(f"{kernel.root}/xen-pvscsi/*/tpgt_*"))


def value(path):
    with open(path, encoding="ascii") as file:
        return file.read().strip()


def tree(kernel):
    return sorted(os.path.join(folder, name) for folder, folders, files in os.walk(kernel.root)
                  for name in folders + files)


def links(kernel):
    return sorted(os.path.relpath(path, f"{kernel.root}/xen-pvscsi").split("/", 2)[2]
                  for path in glob.glob(f"{kernel.root}/xen-pvscsi/*/tpgt_*/lun/lun_*/*") if os.path.islink(path))


def test_map_makes_a_bound_target(cli, kernel):
    said = cli("/xen-pvscsi map g1 /backstores/ramdisk/disk")
    path, = tpgs(kernel)
    assert os.path.basename(os.path.dirname(path)).startswith("naa.500163e")
    assert len(os.path.basename(os.path.dirname(path))) == len("naa.") + 16
    assert value(f"{path}/param/domain") == "g1"
    assert "Created target naa.5" in said and "bound to domain g1" in said and "Created LUN 0." in said


def test_map_extends_it(cli, kernel):
    cli("/xen-pvscsi map g1 disk")
    cli("/xen-pvscsi map g1 pscsi/tape")
    cli("/xen-pvscsi map g2 other")
    assert len(tpgs(kernel)) == 2
    assert len(links(kernel)) == 3


def test_lun_and_vdev(cli, kernel):
    cli("/xen-pvscsi map g1 disk lun=7 vdev=1:0:3:2")
    assert links(kernel) == ["lun/lun_7/vdev-1:0:3:2"]
    assert cli("/xen-pvscsi map g1 other").count("Created LUN 0.") == 1
    assert "1:0:3:2" in cli.ls()


def test_a_uuid_binds_to_the_uuid_and_an_id_to_the_name(cli, kernel, xen):
    xen.domain("g1", 3)
    xen.status["daemon"] = False
    xen.answer("attach", {"devices": [{"v-dev": "0:0:0:0"}]})
    cli(f"/xen-pvscsi map {G1} disk")
    assert value(tpgs(kernel)[0] + "/param/domain") == G1
    # The same domain by its other names.
    cli("/xen-pvscsi map g1 other")
    cli("/xen-pvscsi map 3 tape")
    assert len(tpgs(kernel)) == 1
    cli("/xen-pvscsi unmap 3 all")
    cli("/xen-pvscsi map 3 tape")
    assert value(tpgs(kernel)[0] + "/param/domain") == "g1"


def test_read_only_luns_have_a_group_of_their_own(cli, kernel):
    cli("/xen-pvscsi map g1 disk")
    cli("/xen-pvscsi map g1 other ro")
    first, second = tpgs(kernel)
    assert os.path.dirname(first) == os.path.dirname(second)
    assert value(f"{first}/attrib/demo_mode_write_protect") == "0"
    assert value(f"{second}/attrib/demo_mode_write_protect") == "1"
    assert value(f"{second}/param/domain") == "g1"
    assert [link.split("/")[1] for link in links(kernel)] == ["lun_0", "lun_1"]
    assert "read-only" in cli.ls()


@pytest.mark.parametrize("how", ["ro=true", "lun=3 ro=true", "ro", "3 ro", "3 0:0:0:3 ro"])
def test_ways_to_say_read_only(cli, kernel, how):
    cli(f"/xen-pvscsi map g1 disk {how}")
    assert value(tpgs(kernel)[0] + "/attrib/demo_mode_write_protect") == "1"


@pytest.mark.parametrize("line, words", [
    ("map g1 nothing", ["No storage object nothing", "ramdisk/disk"]),
    ("map g1 disk lun=x", ["lun must be a number"]),
    ("map g1 disk lun=16384", ["16383"]),
    ("map g1 disk vdev=0:0:0", ["host:channel:target:lun"]),
    ("map g1 disk vdev=0:1:0:0", ["channel 0"]),
    ("map g1 disk ro=perhaps", ["Syntax error"]),
    ("map g/1 disk", ["neither a domain's name"]),
    ("map g1 tape ro", ["tape drive", "cannot be write-protected"]),
    ("map g1 robot ro=true", ["medium changer"]),
    ("map g1 full", ["full is mapped to g1 already"]),
    ("map g2 full", ["belongs to g1", "share=true"]),
    ("map g1 disk lun=4", ["LUN 4", "in use"]),
    ("map g1 disk vdev=0:0:0:4", ["vdev 0:0:0:4", "lun4"]),
    ("unmap g1 nothing", ["has no 'nothing'", "lun4"]),
    ("unmap g1 lun9", ["has no 'lun9'"]),
    ("unmap g3 all", ["Nothing is mapped to g3"]),
    ("map", ["Missing required parameters"]),
    ("sessions detail g9", ["no session of domain g9"]),
    ("sessions x", ["list, detail"]),
    ("domains g9", ["No domain 'g9'"]),
])
def test_mistakes_leave_nothing(cli, kernel, line, words):
    kernel.ramdisk("full", 5)
    cli("refresh")
    cli("/xen-pvscsi map g1 full lun=4 vdev=0:0:0:4")
    before = tree(kernel)
    message = cli.fails(f"/xen-pvscsi {line}")
    assert all(word in message for word in words), message
    assert tree(kernel) == before


def test_share(cli, kernel):
    cli("/xen-pvscsi map g1 disk")
    cli("/xen-pvscsi map g2 disk share=true")
    cli("/xen-pvscsi map g3 disk share")
    assert len(links(kernel)) == 3


@pytest.mark.parametrize("refused", ["tpgt_1", "lun_0"])
def test_what_the_kernel_refuses_leaves_nothing(cli, kernel, refused):
    before = tree(kernel)
    kernel.refuse_mkdir.add(refused)
    cli.fails("/xen-pvscsi map g1 disk")
    assert tree(kernel) == before


def test_a_module_that_cannot_bind(cli, kernel, monkeypatch):
    import kernel as fake
    monkeypatch.setitem(fake.ATTRIBUTES, "tpg", {"nexus": ""})
    before = tree(kernel)
    assert "cannot bind" in cli.fails("/xen-pvscsi map g1 disk")
    assert tree(kernel) == before


def test_a_running_domain_has_it_at_once(cli, xen):
    """Without the daemon xl-vscsi is asked."""
    xen.domain("g1", 3)
    xen.status["daemon"] = False
    xen.answer("attach", {"devices": [{"v-dev": "0:0:0:0"}]})
    assert "g1 (domain 3) has it as 0:0:0:0." in cli("/xen-pvscsi map g1 disk lun=5")
    (words,) = xen.asked("attach")
    assert words[1] == G1 and words[2].endswith(",1:5")


def test_a_refusal_takes_all_back(cli, kernel, xen):
    xen.domain("g1", 3)
    xen.status["daemon"] = False
    xen.answer("attach", {"error": "the guest could not add the device", "code": 5}, 5)
    before = tree(kernel)
    assert "could not add the device" in cli.fails("/xen-pvscsi map g1 disk")
    assert tree(kernel) == before


def test_a_guest_that_takes_long_keeps_it(cli, kernel, xen):
    xen.domain("g1", 3)
    xen.status["daemon"] = False
    xen.answer("attach", {"error": "not there after 30 s", "code": 6}, 6)
    assert "not there after 30 s" in cli("/xen-pvscsi map g1 disk")
    assert len(links(kernel)) == 1


def test_the_daemon_is_waited_for(cli, xen, monkeypatch):
    from xen_pvscsi_targetcli import config
    monkeypatch.setattr("xen_pvscsi_targetcli.mapping.new_wwn", lambda known: "naa.500163e000000001")
    assert config.new_wwn([]).startswith("naa.500163e")
    xen.domain("g1", 3)
    xen.device("g1", "naa.500163e000000001,1:0", "0:0:0:0")
    assert "has it as 0:0:0:0" in cli("/xen-pvscsi map g1 disk")
    assert not xen.asked("attach")


def test_the_daemon_is_refused(cli, kernel, xen, monkeypatch):
    monkeypatch.setattr("xen_pvscsi_targetcli.mapping.new_wwn", lambda known: "naa.500163e000000001")
    xen.domain("g1", 3)
    xen.device("g1", "naa.500163e000000001,1:0", "0:0:0:0", 6, "v-dev in use")
    assert "v-dev in use" in cli.fails("/xen-pvscsi map g1 disk")
    assert links(kernel) == []


@pytest.mark.parametrize("what", ["lun0", "0", "disk", "ramdisk/disk", "/backstores/ramdisk/disk", "0:0:3:1", "all"])
def test_unmap(cli, kernel, what):
    before = tree(kernel)
    cli("/xen-pvscsi map g1 disk vdev=0:0:3:1")
    said = cli(f"/xen-pvscsi unmap g1 {what}")
    assert "Deleted LUN 0 (ramdisk/disk)." in said
    # The target was map's, and has nothing more.
    assert tree(kernel) == before


def test_unmap_leaves_the_others(cli, kernel):
    cli("/xen-pvscsi map g1 disk")
    cli("/xen-pvscsi map g1 other ro")
    cli("/xen-pvscsi unmap g1 other")
    assert len(tpgs(kernel)) == 1 and len(links(kernel)) == 1


def test_a_group_with_acls_is_not_extended(cli, kernel):
    cli("/xen-pvscsi map g1 disk")
    path, = tpgs(kernel)
    cli(f"/xen-pvscsi/{path.split('/')[-2]}/tpg1/acls create naa.500163e4503be49c")
    cli("/xen-pvscsi map g1 other")
    assert len(tpgs(kernel)) == 2
    cli("/xen-pvscsi unmap g1 all")
    # An ACL was somebody's, so its group stays.
    assert tpgs(kernel) == [path]


def test_a_group_that_is_busy_for_a_moment(cli, kernel, monkeypatch):
    """And one that stays busy is told of."""
    cli("/xen-pvscsi map g1 disk")
    cli("/xen-pvscsi map g2 other")
    usual, refused = os.rmdir, []

    def rmdir(path, **options):
        if str(path).endswith("/tpgt_1") and len(refused) < 3:
            refused.append(path)
            raise OSError(errno.EBUSY, "busy")
        return usual(path, **options)
    monkeypatch.setattr(os, "rmdir", rmdir)
    cli("/xen-pvscsi unmap g1 all")
    assert len(refused) == 3 and len(tpgs(kernel)) == 1
    monkeypatch.setattr("xen_pvscsi_targetcli.mapping.UNDO_PATIENCE", 0)
    refused.clear()
    assert "cannot be removed yet" in cli("/xen-pvscsi unmap g2 all")
    assert len(tpgs(kernel)) == 1 and not links(kernel)


def test_a_name_that_nobody_has_is_told(cli, xen):
    xen.configured("g1")
    assert "No domain 'g2' runs" in cli("/xen-pvscsi map g2 disk")
    assert "No domain" not in cli("/xen-pvscsi map g1 other")


def test_unmap_leaves_a_target_that_somebody_made(cli, kernel):
    cli("/xen-pvscsi create naa.5001405000000001")
    cli("/xen-pvscsi/naa.5001405000000001/tpg1 set parameter domain=g1")
    cli("/xen-pvscsi map g1 disk")
    assert len(tpgs(kernel)) == 1
    cli("/xen-pvscsi unmap g1 all")
    assert len(tpgs(kernel)) == 1 and not links(kernel)


def test_unmap_asks_a_running_guest_first(cli, kernel, xen, monkeypatch):
    monkeypatch.setattr("xen_pvscsi_targetcli.mapping.new_wwn", lambda known: "naa.500163e000000001")
    xen.domain("g1", 3)
    xen.device("g1", "naa.500163e000000001,1:0", "0:0:0:0")
    cli("/xen-pvscsi map g1 disk")
    xen.answer("detach", {"error": "g1 has not let go of 0:0:0:0", "code": 6}, 6)
    before = tree(kernel)
    assert "has not let go" in cli.fails("/xen-pvscsi unmap g1 0")
    assert tree(kernel) == before
    assert xen.asked("detach")[0][1:4] == [G1, "0:0:0:0", "--remove-lun"]


def test_offline_the_configuration_is_edited_all_the_same(cli, kernel, xen):
    xen.answer("status", {"error": "cannot reach xenstore", "code": 7}, 7)
    assert "Offline: cannot reach xenstore" in cli("/xen-pvscsi map g1 disk")
    assert len(links(kernel)) == 1
    assert "Offline: cannot reach xenstore" in cli("/xen-pvscsi domains")
    assert "offline" in cli.ls()
    cli("/xen-pvscsi unmap g1 disk")
    assert links(kernel) == []


def test_without_xl_vscsi(cli, kernel, monkeypatch):
    monkeypatch.setattr("xen_pvscsi_targetcli.live.PROGRAM", "/nonexistent/xl-vscsi")
    assert "is not installed" in cli("/xen-pvscsi map g1 disk")
    assert len(links(kernel)) == 1


def test_answers_are_not_trusted_to_be_json(cli, xen):
    (xen.folder / "xl-vscsi").write_text("#!/bin/sh\necho nonsense; exit 1\n")
    assert "Offline: " in cli("/xen-pvscsi domains")


def test_a_zoned_disk_is_to_be_passed_through(cli, kernel):
    kernel.block("plain", kernel.sysfs)
    kernel.block("zones", kernel.sysfs, "/dev/sdc", 32, "host-managed")
    kernel.block("aware", kernel.sysfs, "/dev/sdd", 48, "host-aware")
    before = tree(kernel)
    said = cli.fails("/xen-pvscsi map g1 block/zones")
    assert "block/zones (/dev/sdc) is zoned: pass it through (pscsi)" in said
    assert tree(kernel) == before
    for name in ("plain", "aware"):
        cli(f"/xen-pvscsi map g1 block/{name}")
    assert len(links(kernel)) == 2


def test_a_partition_of_a_zoned_disk(cli, kernel):
    kernel.block("zones", kernel.sysfs, "/dev/sdc1", 33)
    disk = f"{kernel.sysfs}/devices/sdc"
    os.makedirs(f"{disk}/queue")
    with open(f"{disk}/queue/zoned", "w", encoding="ascii") as file:
        file.write("host-managed\n")
    os.makedirs(f"{disk}/sdc1/partition")
    shutil.rmtree(f"{kernel.sysfs}/dev/block/8:33")
    os.symlink(f"{disk}/sdc1", f"{kernel.sysfs}/dev/block/8:33")
    assert "is zoned" in cli.fails("/xen-pvscsi map g1 zones")
