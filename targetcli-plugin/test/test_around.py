# SPDX-License-Identifier: GPL-2.0
"""Clear and restore while guests run, and what is missing after a restore."""
import glob
import json
import os
import subprocess
import sys

import pytest

from conftest import HERE, rtslib_root
from test_mapping import links, tpgs, tree
from xen_pvscsi_targetcli import __main__ as command
from xen_pvscsi_targetcli import around, missing

TARGET = "naa.500163e000000001"


def stores(kernel):
    return sorted(os.path.basename(path) for path in glob.glob(f"{kernel.root}/core/*_*/*") if os.path.isdir(path))


@pytest.fixture
def two(cli, kernel, xen, monkeypatch, tmp_path):
    """g1 and g2 have two disks each, g2 through two portal groups, and all is saved."""
    monkeypatch.setattr("xen_pvscsi_targetcli.mapping.new_wwn",
                        lambda known: TARGET if TARGET not in known else TARGET[:-1] + "2")
    for name in ("tape", "robot"):
        cli(f"/backstores/pscsi delete {name}")
    for number in range(2, 6):
        kernel.ramdisk(f"more{number}", number)
    cli("refresh")
    for line in ("g1 disk lun=0", "g1 other lun=1", "g2 more2 lun=0", "g2 more3 lun=1 ro=true"):
        cli(f"/xen-pvscsi map {line}")
    save(cli, tmp_path)
    return cli


def save(cli, folder):
    cli(f"saveconfig {folder}/saved.json")
    return json.loads((folder / "saved.json").read_text())


def restore(folder, clear=True, **options):
    return rtslib_root.RTSRoot().restore_from_file(str(folder / "saved.json"), clear, **options)


def of_kernel(kernel):
    """The numbers of HBAs may change."""
    return stores(kernel), [path for path in tree(kernel) if "/xen-pvscsi/" in path], [
        os.path.basename(os.readlink(path)) for path in tree(kernel) if os.path.islink(path)]


def test_clear_leaves_what_a_guest_uses(two, kernel, capfd):
    first = tpgs(kernel)[0]
    kernel.connect(first)
    two("clearconfig confirm=true")
    assert tpgs(kernel) == [first]
    assert links(kernel) and all(path.startswith("lun/lun_") for path in links(kernel)) and len(links(kernel)) == 2
    assert stores(kernel) == ["disk", "other"]
    said = capfd.readouterr().err
    assert said.count("Left as they are") == 1
    assert f"{TARGET}/tpg1 with ramdisk/disk, ramdisk/other, used by g1 (domain 3)" in said


def test_one_portal_group_of_a_target(two, kernel):
    second = tpgs(kernel)[2]
    assert second.endswith("2/tpgt_2")
    kernel.connect(second, "g2")
    two("clearconfig confirm=true")
    assert tpgs(kernel) == [second] and stores(kernel) == ["more3"]


def test_nobody_uses_anything(two, kernel, capfd):
    two("clearconfig confirm=true")
    assert tpgs(kernel) == [] and stores(kernel) == [] and "Left" not in capfd.readouterr().err
    assert os.listdir(f"{kernel.root}/core") == []


def test_a_clear_that_is_not_confirmed(two, kernel):
    kernel.connect(tpgs(kernel)[0])
    before = tree(kernel)
    assert "confirm=True" in two.fails("clearconfig")
    assert tree(kernel) == before


def test_restart_of_the_service(two, kernel, tmp_path):
    """As upgrades of packages do it: clear, then restore, which clears."""
    before = of_kernel(kernel)
    first = tpgs(kernel)[0]
    kernel.connect(first)
    with open(f"{first}/param/ring_per_lun", "w", encoding="ascii") as file:
        file.write("1\n")  # not saved, and not to be changed
    rtslib_root.RTSRoot().clear_existing(confirm=True)
    assert restore(tmp_path) == []
    assert of_kernel(kernel) == before
    with open(f"{first}/param/ring_per_lun", encoding="ascii") as file:
        assert file.read() == "1\n"
    # Once more, with nothing cleared before.
    assert restore(tmp_path) == []
    assert of_kernel(kernel) == before


def test_what_was_not_saved_stays_as_well(two, kernel, tmp_path):
    two("/xen-pvscsi map g1 more4 lun=7")
    kernel.connect(tpgs(kernel)[0])
    assert restore(tmp_path) == []
    assert "lun_7" in str(links(kernel)) and "more4" in stores(kernel) and "more5" in stores(kernel)


def test_a_lun_that_a_live_group_lacks_is_added(two, kernel, tmp_path):
    two("/xen-pvscsi unmap g1 other")
    kernel.connect(tpgs(kernel)[0])
    before = links(kernel)
    assert restore(tmp_path) == []
    assert len(links(kernel)) == len(before) + 1


def test_but_not_to_another_guests_group(two, kernel, tmp_path):
    two("/xen-pvscsi unmap g1 other")
    first = tpgs(kernel)[0]
    with open(f"{first}/param/domain", "w", encoding="ascii") as file:
        file.write("g9\n")
    kernel.connect(first, "g9")
    errors = restore(tmp_path)
    assert errors == [f"{TARGET}/tpg1 is bound to 'g9' now, not to 'g1' as saved: it was given no LUN, skipped"]
    assert len([path for path in glob.glob(f"{first}/lun/lun_*/*") if os.path.islink(path)]) == 1


def test_a_lun_that_is_another_by_now_is_told(two, kernel, tmp_path, capfd):
    two("/xen-pvscsi unmap g1 other")
    two("/xen-pvscsi map g1 more5 lun=1")
    kernel.connect(tpgs(kernel)[0])
    assert restore(tmp_path) == []
    assert "lun1 of naa.500163e000000001/tpg1 stays /backstores/ramdisk/more5" in capfd.readouterr().err


def test_restore_of_one_target_or_store(two, kernel, tmp_path, capfd):
    kernel.connect(tpgs(kernel)[0])
    before = of_kernel(kernel)
    assert restore(tmp_path, target=TARGET) == []
    assert restore(tmp_path, storage_object="disk") == []
    assert of_kernel(kernel) == before
    assert capfd.readouterr().err.count("Left as they are") == 2
    assert restore(tmp_path, target=TARGET[:-1] + "2") == []
    assert of_kernel(kernel) == before and "Left" not in capfd.readouterr().err


def test_without_clearing_it_is_refused_as_ever(two, kernel, tmp_path):
    before = tree(kernel)
    with pytest.raises(rtslib_root.RTSLibError, match="exist"):
        restore(tmp_path, False)
    assert tree(kernel) == before and not missing.load()


# What is missing

@pytest.fixture
def late(two, kernel, tmp_path, capfd):
    """A boot at which `other` of g1 is not there."""
    two("clearconfig confirm=true")
    kernel.refuse_mkdir.add("/other")
    capfd.readouterr()
    errors = restore(tmp_path)
    assert any("other" in error for error in errors)
    return two


def test_the_loss_is_told_by_name_and_the_others_come(late, kernel, capfd):
    assert stores(kernel) == ["disk", "more2", "more3", "more4", "more5"] and len(links(kernel)) == 3
    said = capfd.readouterr().err
    assert f"Missing, and kept in what is saved: ramdisk/other; lun1 of {TARGET}/tpg1 (g1), ramdisk/other." in said


def test_a_save_does_not_forget_it(late, kernel, tmp_path):
    before = json.loads((tmp_path / "saved.json").read_text())
    after = save(late, tmp_path)

    def known(config):
        return (sorted(item["name"] for item in config["storage_objects"]),
                sorted((target["wwn"], tpg["tag"], lun["index"], lun["storage_object"], lun["alias"])
                       for target in config["targets"] for tpg in target["tpgs"] for lun in tpg["luns"]))
    assert known(after) == known(before)
    # It is the same at the next boot.
    rtslib_root.RTSRoot().clear_existing(confirm=True)
    assert not missing.load()
    restore(tmp_path)
    assert known(save(late, tmp_path)) == known(before)


def test_made_when_it_is_there(late, kernel, capfd):
    assert command.main(["restore-missing"]) == command.STILL_MISSING
    said = capfd.readouterr()
    assert "Missing: ramdisk/other" in said.out and "Created" not in said.out and "other" in said.err
    kernel.refuse_mkdir.clear()
    kernel.connect(tpgs(kernel)[0])
    assert command.main(["restore-missing"]) == command.DONE
    said = capfd.readouterr()
    assert "Created ramdisk/other." in said.out and f"Created lun1 of {TARGET}/tpg1 (g1)" in said.out
    assert said.err == "" and len(links(kernel)) == 4
    assert command.main(["restore-missing"]) == command.DONE
    assert capfd.readouterr().out == "Nothing is missing.\n"


def test_made_under_the_kernels_own_module(late, kernel, capfd):
    """It has no bindings, so there is none that could be another's."""
    for tpg in tpgs(kernel):
        os.unlink(f"{tpg}/param/domain")
    kernel.refuse_mkdir.clear()
    capfd.readouterr()
    assert command.main(["restore-missing"]) == command.DONE
    assert capfd.readouterr().err == "" and len(links(kernel)) == 4


def test_made_by_hand(late, kernel, tmp_path, capfd):
    kernel.refuse_mkdir.clear()
    kernel.ramdisk("other", 9)
    capfd.readouterr()
    assert command.main(["restore-missing"]) == command.DONE
    assert "Created ramdisk" not in capfd.readouterr().out
    late("/xen-pvscsi unmap g1 other")
    late("refresh")
    late("/xen-pvscsi map g1 other lun=1")
    assert len(save(late, tmp_path)["storage_objects"]) == 6
    assert not missing.load()


def test_dropped(late, tmp_path, capfd):
    assert command.main(["missing"]) == command.STILL_MISSING
    assert command.main(["forget", "ramdisk/nothing"]) == command.FAILED
    assert command.main(["forget", "ramdisk/other"]) == command.DONE
    assert command.main(["missing"]) == command.DONE
    config = save(late, tmp_path)
    assert "other" not in [item["name"] for item in config["storage_objects"]] and "other" not in str(config["targets"])


def test_a_portal_group_that_was_deleted_is_not_brought_back(late, tmp_path, capfd):
    late(f"/xen-pvscsi delete {TARGET}")
    assert TARGET not in str(save(late, tmp_path))
    assert f"Not saved, since the portal group is gone: lun1 of {TARGET}/tpg1 (g1)" in capfd.readouterr().err


def test_a_target_that_cannot_be_made(two, kernel, tmp_path):
    two("clearconfig confirm=true")
    kernel.refuse_mkdir.add(f"{TARGET}/tpgt_1")
    assert restore(tmp_path)
    assert len(tpgs(kernel)) == 2
    assert TARGET in str(save(two, tmp_path)["targets"])
    kernel.refuse_mkdir.clear()
    assert command.main(["restore-missing"]) == command.DONE
    assert len(tpgs(kernel)) == 3 and len(links(kernel)) == 4


def test_a_lun_that_cannot_be_made_ends_nothing(two, kernel, tmp_path):
    """rtslib goes on with the LUN that it has not got, and falls over."""
    two("clearconfig confirm=true")
    kernel.refuse_mkdir.add(f"{TARGET}/tpgt_1/lun/lun_0")
    assert len(restore(tmp_path)) == 1
    assert len(links(kernel)) == 3
    with pytest.raises(rtslib_root.RTSLibError):
        restore(tmp_path, abort_on_error=True)


def test_a_restore_that_is_broken_off_forgets_nothing(two, kernel, tmp_path):
    kernel.refuse_mkdir.add("/disk")
    with pytest.raises(rtslib_root.RTSLibError):
        restore(tmp_path, abort_on_error=True)
    assert len(save(two, tmp_path)["storage_objects"]) == 6


def test_who_is_at_it(late, capfd):
    with missing.lock():
        assert command.main(["restore-missing"]) == command.BUSY
        assert command.main(["forget", "all"]) == command.BUSY


def test_what_is_kept_is_roots(late):
    assert os.stat(missing.FOLDER).st_mode & 0o777 == 0o700
    assert os.stat(f"{missing.FOLDER}/missing.json").st_mode & 0o777 == 0o600


def test_kept_nonsense_is_nothing(late):
    with open(f"{missing.FOLDER}/missing.json", "w", encoding="ascii") as file:
        file.write("[]")
    assert not missing.load()


def test_union():
    first = {"storage_objects": [{"plugin": "block", "name": "a", "dev": "x"}],
             "targets": [{"fabric": "f", "wwn": "w", "tpgs": [
                 {"tag": 1, "luns": [{"index": 0, "storage_object": "s"}]}]}]}
    second = {"storage_objects": [{"plugin": "block", "name": "a", "dev": "y"}, {"plugin": "pscsi", "name": "a"}],
              "targets": [{"fabric": "f", "wwn": "w", "tpgs": [
                  {"tag": 1, "luns": [{"index": 0}, {"index": 1}], "node_acls": [{"node_wwn": "i"}]}, {"tag": 2}]},
                  {"fabric": "g", "wwn": "w", "tpgs": []}]}
    result = around.united(first, second)
    assert [item.get("dev") for item in result["storage_objects"]] == ["x", None]
    tpg, other = result["targets"][0]["tpgs"]
    assert [lun["index"] for lun in tpg["luns"]] == [0, 1] and tpg["luns"][0]["storage_object"] == "s"
    assert tpg["node_acls"] == [{"node_wwn": "i"}] and other == {"tag": 2} and len(result["targets"]) == 2


# targetctl, as its service calls it

def test_check_before_a_clear(two, kernel, monkeypatch, capfd):
    monkeypatch.setattr(command, "CONFIGFS", kernel.root)
    assert command.main(["check"]) == command.DONE
    kernel.connect(tpgs(kernel)[0])
    assert command.main(["check"]) == command.DONE
    monkeypatch.setattr(command, "extended", lambda: False)
    assert command.main(["check"]) == command.FAILED
    assert "would take the LUNs of running guests (g1 (domain 3))" in capfd.readouterr().err


@pytest.mark.parametrize("how", ["stock", "plugin"])
def test_in_a_process_of_its_own(two, kernel, tmp_path, how):
    kernel.connect(tpgs(kernel)[0])
    done = subprocess.run([sys.executable, HERE / "rtslib_user.py", how, kernel.root, tmp_path / "hypervisor",
                           tmp_path / "saved.json", "clearconfig"], capture_output=True, text=True, check=False)
    # Stock, all LUNs of the guest are gone when it fails.
    assert (done.returncode == 0) == (how == "plugin"), done.stderr
    left = [path for path in glob.glob(f"{tpgs(kernel)[0]}/lun/lun_*/*") if os.path.islink(path)]
    assert len(left) == (2 if how == "plugin" else 0)
