# SPDX-License-Identifier: GPL-2.0
"""What map makes is xl-vscsi's as well; unmap of all; ids that nobody has; whose a device is."""
import glob
import os
import time

import pytest

from conftest import G1
from test_mapping import links, tpgs, tree, value
from xen_pvscsi_targetcli import live, users

TARGET = "naa.500163e000000001"


@pytest.fixture(autouse=True)
def same_name(monkeypatch):
    monkeypatch.setattr("xen_pvscsi_targetcli.mapping.new_wwn",
                        lambda known: TARGET if TARGET not in known else TARGET[:-1] + "2")


def alias(path):
    return value(f"{path}/param/alias")


def test_the_mark_is_xl_vscsis(cli, kernel):
    before = tree(kernel)
    cli("/xen-pvscsi map g1 disk")
    path, = tpgs(kernel)
    assert alias(path) == "auto-000000001"
    cli("/xen-pvscsi unmap g1 all")
    assert tree(kernel) == before


def test_not_of_what_is_write_protected(cli, kernel):
    """xl-vscsi would put its next disk there, and the guest could not write it."""
    cli("/xen-pvscsi map g1 disk ro")
    cli("/xen-pvscsi map g1 other")
    assert [alias(path) for path in tpgs(kernel)] == ["", "auto-000000001-2"]
    cli("/xen-pvscsi unmap g1 all")
    assert tpgs(kernel) == []


def group_of(cli, domain, name):
    cli(f"/xen-pvscsi create {TARGET}")
    cli(f"/xen-pvscsi/{TARGET}/tpg1 set parameter domain={domain}")
    cli(f"/xen-pvscsi/{TARGET}/tpg1 set parameter alias={name}")


def test_a_group_of_xl_vscsi_is_extended(cli, kernel):
    group_of(cli, "g1", "auto-123456789")
    cli("/xen-pvscsi map g1 disk")
    assert len(tpgs(kernel)) == 1 and len(links(kernel)) == 1
    cli("/xen-pvscsi unmap g1 disk")
    assert tpgs(kernel) == []


def test_but_not_one_that_follows_an_adapter(cli, kernel):
    group_of(cli, "g1", "host-123456789")
    cli("/xen-pvscsi map g1 disk")
    assert len(tpgs(kernel)) == 2


def test_a_backstore_of_xl_vscsi_goes_with_its_last_lun(cli, kernel):
    kernel.ramdisk("auto-disk", 7)
    cli("/xen-pvscsi map g1 auto-disk")
    cli("/xen-pvscsi map g2 auto-disk share")
    assert "storage object" not in cli("/xen-pvscsi unmap g1 all")
    assert "Deleted storage object ramdisk/auto-disk" in cli("/xen-pvscsi unmap g2 all")
    assert not glob.glob(f"{kernel.root}/core/*/auto-disk")


# unmap of all

@pytest.fixture
def three(cli, kernel, xen):
    """g1 runs, without a daemon, and has three LUNs. xl-vscsi removes a LUN that the guest lets go of."""
    xen.domain("g1", 3)
    xen.status["daemon"] = False
    xen.answer("attach", {"devices": [{"v-dev": "0:0:0:0"}]})
    cli("/xen-pvscsi map g1 disk vdev=0:0:0:0")
    cli("/xen-pvscsi map g1 other vdev=0:0:0:1")
    cli("/xen-pvscsi map g1 tape vdev=0:0:0:2")
    xen.status["tpgs"] = [{"wwn": TARGET, "tpgt": 1, "luns": [
        {"lun": number, "v-dev": f"0:0:0:{number}"} for number in range(3)]}]
    for number in range(3):
        xen.answer(f"detach {G1} 0:0:0:{number}", {"steps": []})
        xen.answers[f"removes detach {G1} 0:0:0:{number}"] = [f"{tpgs(kernel)[0]}/lun/lun_{number}"]
    xen.write()
    return cli


def test_unmap_of_all_that_a_guest_does_not_let_go(three, kernel, xen):
    before = tree(kernel), links(kernel)
    xen.answer(f"detach {G1} 0:0:0:1", {"error": "g1 has not let go of 0:0:0:1", "code": 6}, 6)
    xen.answers.pop(f"removes detach {G1} 0:0:0:1")
    xen.write()
    asked = len(xen.asked("attach"))
    assert "has not let go of 0:0:0:1" in three.fails("/xen-pvscsi unmap g1 all")
    assert (tree(kernel), links(kernel)) == before
    assert [words[2] for words in xen.asked("attach")[asked:]] == [f"{TARGET},1:0"]
    assert [words[2] for words in xen.asked("detach")] == ["0:0:0:0", "0:0:0:1"]


def test_that_a_guest_lets_go(three, kernel):
    said = three("/xen-pvscsi unmap g1 all")
    assert said.count("Deleted LUN") == 3 and tpgs(kernel) == []


def test_xl_vscsi_removes_the_group_itself(three, kernel, xen):
    xen.answers[f"removes detach {G1} 0:0:0:2"].append(os.path.dirname(tpgs(kernel)[0]))
    xen.write()
    assert f"Deleted {TARGET}/tpg1" in three("/xen-pvscsi unmap g1 all")


# ids

def test_an_id_of_nobody(cli, kernel, xen):
    before = tree(kernel)
    assert "No domain with the id 5 runs, and none is called so. Give" in cli.fails("/xen-pvscsi map 5 disk")
    xen.answer("status", {"error": "cannot reach xenstore", "code": 7}, 7)
    assert "cannot reach xenstore" in cli.fails("/xen-pvscsi map 5 disk")
    assert tree(kernel) == before


def test_a_domain_that_is_called_by_a_number(cli, kernel, xen):
    xen.configured("5")
    cli("/xen-pvscsi map 5 disk")
    assert value(f"{tpgs(kernel)[0]}/param/domain") == "5"


# completion

def test_completion_does_not_wait(cli, xen, monkeypatch):
    monkeypatch.setattr(live, "HURRY", 0.3)
    xen.answers["sleep"] = 60
    xen.write()
    begun = time.monotonic()
    for line in ("/xen-pvscsi map g", "/xen-pvscsi unmap g", "/xen-pvscsi domains g"):
        assert cli.complete(line) == []
    assert time.monotonic() - begun < 20
    assert len(xen.asked("status")) <= 1


def test_a_command_still_waits_for_the_answer(cli, xen, monkeypatch):
    monkeypatch.setattr(live, "HURRY", 0.0)
    xen.domain("g1", 3)
    cli.complete("/xen-pvscsi map g")
    assert "g1 (domain 3): running" in cli("/xen-pvscsi domains")


# whose it is

def test_a_device_that_dom0_uses(cli, kernel, monkeypatch):
    kernel.block("data", kernel.sysfs)
    os.makedirs(f"{users.PROC}/self")
    with open(f"{users.PROC}/self/mountinfo", "w", encoding="ascii") as file:
        file.write("22 1 8:16 / /srv rw - ext4 /dev/nothing rw\n")
    before = tree(kernel)
    assert "block/data: dom0 has mounted it at /srv. End that use first, or say share=true" in \
        cli.fails("/xen-pvscsi map g1 block/data")
    assert tree(kernel) == before
    cli("/xen-pvscsi map g1 block/data share=true")
    assert len(links(kernel)) == 1


def test_a_guests_vbd(cli, kernel, xen, monkeypatch):
    kernel.block("data", kernel.sysfs)
    xen.domain("g2", 4)
    monkeypatch.setattr(users, "xenstore", lambda: ['/local/domain/0/backend/vbd/4/51712/physical-device = "8:10"'])
    assert "g2 (domain 4) has it as vbd 51712" in cli.fails("/xen-pvscsi map g1 block/data")
