# SPDX-License-Identifier: GPL-2.0
"""How far reservations reach, and map across_hosts."""
import json
import os

import pytest

from conftest import G1
from test_mapping import links, tpgs, tree, value
from test_nodes import line_of


def attribute(kernel, hba, name, attribute="emulate_pr"):
    return value(f"{kernel.root}/core/{hba}/{name}/attrib/{attribute}")


def put(kernel, hba, name, text, attribute="emulate_pr"):
    with open(f"{kernel.root}/core/{hba}/{name}/attrib/{attribute}", "w", encoding="ascii") as file:
        file.write(f"{text}\n")


@pytest.mark.parametrize("line", ["across_hosts=true", "across_hosts", "share across_hosts",
                                  "0 0:0:0:0 across_hosts share"])
def test_reservations_that_would_end_here_are_refused(cli, kernel, line):
    cli(f"/xen-pvscsi map g1 disk {line}")
    assert attribute(kernel, "rd_mcp_0", "disk") == "0"
    assert attribute(kernel, "rd_mcp_1", "other") == "1"
    assert "reservations: none" in line_of(cli.ls(), "lun0")


def test_without_it_they_are_kept(cli, kernel):
    cli("/xen-pvscsi map g1 disk")
    assert attribute(kernel, "rd_mcp_0", "disk") == "1"
    assert "reservations: this host" in line_of(cli.ls(), "lun0")


def test_a_device_has_its_own(cli, kernel):
    cli("/xen-pvscsi map g1 tape across_hosts=true")
    assert attribute(kernel, "pscsi_0", "tape") == "1"
    assert "reservations: device" in line_of(cli.ls(), "lun0")


def test_a_second_domain_of_the_cluster(cli, kernel, xen):
    xen.domain("g1", 3)
    cli("/xen-pvscsi map g1 disk across_hosts=true")
    group, = tpgs(kernel)
    xen.device("g1", f"{os.path.basename(os.path.dirname(group))},1:0", "0:0:0:0")
    assert "Created LUN 0." in cli("/xen-pvscsi map g2 disk share across_hosts")


def test_who_uses_it_is_named(cli, kernel, xen, monkeypatch):
    monkeypatch.setattr("xen_pvscsi_targetcli.mapping.new_wwn", lambda known: f"naa.500163e00000000{len(known)}")
    xen.domain("g1", 3)
    xen.device("g1", "naa.500163e000000000,1:0", "0:0:0:0")
    cli("/xen-pvscsi map g1 disk")
    before = tree(kernel)
    said = cli.fails("/xen-pvscsi map g2 disk share=true across_hosts=true")
    assert "ramdisk/disk keeps reservations in this host" in said and "g1 (0:0:0:0)" in said
    assert tree(kernel) == before
    assert attribute(kernel, "rd_mcp_0", "disk") == "1"


def test_who_does_not_run_holds_none(cli, kernel):
    cli("/xen-pvscsi map g1 disk")
    said = cli("/xen-pvscsi map g2 disk share=true across_hosts=true")
    assert "takes no reservations from now on, nor of g1 (lun0 of naa." in said
    assert attribute(kernel, "rd_mcp_0", "disk") == "0"


def test_what_nobody_knows_is_in_use(cli, kernel, xen):
    cli("/xen-pvscsi map g1 disk")
    xen.answer("status", {"error": "cannot reach xenstore", "code": 7}, 7)
    assert "in use by g1" in cli.fails("/xen-pvscsi map g2 disk share=true across_hosts=true")


def test_another_fabric_uses_it(cli, kernel):
    lun = f"{kernel.root}/iscsi/iqn.2003-01.org.example:x/tpgt_1/lun/lun_0"
    os.makedirs(lun)
    os.symlink(f"{kernel.root}/core/rd_mcp_0/disk", f"{lun}/x")
    assert "initiators (of fabric iscsi)" in cli.fails("/xen-pvscsi map g1 disk across_hosts=true share=true")
    assert attribute(kernel, "rd_mcp_0", "disk") == "1"


def test_one_registrant(cli, kernel):
    put(kernel, "rd_mcp_0", "disk", 0, "pgr_support")
    assert "one registrant" not in cli("/xen-pvscsi map g1 disk across_hosts=true")
    assert attribute(kernel, "rd_mcp_0", "disk") == "1"
    assert "reservations: one registrant" in line_of(cli.ls(), "lun0")
    assert "and g1 (lun0 of naa." in cli("/xen-pvscsi map g2 disk share=true across_hosts=true")


def test_a_kernel_that_cannot(cli, kernel):
    os.remove(f"{kernel.root}/core/rd_mcp_0/disk/attrib/emulate_pr")
    said = cli.fails("/xen-pvscsi map g1 disk across_hosts=true")
    assert "no attribute emulate_pr" in said and "newer kernel" in said
    assert not tpgs(kernel)
    cli("/xen-pvscsi map g1 disk")
    assert "reservations: this host" in line_of(cli.ls(), "lun0")


def test_it_is_undone_with_the_rest(cli, kernel, xen):
    xen.domain("g1", 3)
    xen.status["daemon"] = False
    xen.answer("attach", {"error": "refused", "code": 5}, 5)
    assert "cannot have it" in cli.fails("/xen-pvscsi map g1 disk across_hosts=true")
    assert attribute(kernel, "rd_mcp_0", "disk") == "1"
    assert not links(kernel)


def test_where_xen_does_not_run_it_is_saved(cli, kernel, tmp_path):
    saved = tmp_path / "saveconfig.json"
    saved.write_text(json.dumps({"fabric_modules": [], "targets": [], "storage_objects": [
        {"plugin": "ramdisk", "name": "disk", "attributes": {"emulate_pr": 1, "emulate_tpu": 0}},
        {"plugin": "ramdisk", "name": "other", "attributes": {"emulate_pr": 1}}]}))
    os.rmdir(f"{kernel.root}/xen-pvscsi")
    (tmp_path / "hypervisor").unlink()
    cli("/xen-pvscsi map g1 disk across_hosts=true")
    cli("/xen-pvscsi map g2 other")
    found = json.loads(saved.read_text())
    assert [item["attributes"] for item in found["storage_objects"]] == [
        {"emulate_pr": 0, "emulate_tpu": 0}, {"emulate_pr": 1}]
    assert len(found["targets"]) == 2
    assert attribute(kernel, "rd_mcp_0", "disk") == "0"


def test_completion(cli, xen):
    xen.domain("g1", 3, G1)
    assert "across_hosts=" in cli.complete("/xen-pvscsi map g1 disk ")
    assert cli.complete("/xen-pvscsi map g1 disk across_hosts=t") == ["across_hosts=true "]
