# SPDX-License-Identifier: GPL-2.0
"""The tree, parameters, completion, other commands."""
import os
import re
import time

import pytest

from conftest import G1

TARGET = "naa.500163e000000001"
TPG = f"/xen-pvscsi/{TARGET}/tpg1"


@pytest.fixture
def mapped(cli, monkeypatch):
    monkeypatch.setattr("xen_pvscsi_targetcli.mapping.new_wwn",
                        lambda known: TARGET if TARGET not in known else TARGET[:-1] + "2")
    cli("/xen-pvscsi map g1 disk vdev=0:0:0:0")
    cli("/xen-pvscsi map g1 tape")
    return cli


def path(kernel, name):
    return f"{kernel.root}/xen-pvscsi/{TARGET}/tpgt_1/{name}"


def put(kernel, name, text):
    with open(path(kernel, name), "w", encoding="ascii") as file:
        file.write(text)


def line_of(tree, name):
    return next(line for line in tree.splitlines() if re.search(rf"o- {re.escape(name)} ", line))


def test_ls_of_a_domain_that_does_not_run(mapped):
    tree = mapped.ls()
    assert "[Domains: 1, Targets: 1]" in line_of(tree, "xen-pvscsi")
    assert "[g1, not running]" in line_of(tree, TARGET)
    assert "[g1, not running]" in line_of(tree, "tpg1")
    assert "ramdisk/disk, reservations: this host, 0:0:0:0]" in line_of(tree, "lun0")
    assert "pscsi/tape (tape drive, /dev/nst0), reservations: device]" in line_of(tree, "lun1")


def test_ls_of_a_domain_that_runs(mapped, xen):
    xen.domain("g1", 3)
    assert "[g1 (domain 3), waiting]" in line_of(mapped.ls(), "tpg1")
    xen.device("g1", f"{TARGET},1:0", "0:0:0:0")
    assert "[g1 (domain 3), 1 of 2 connected]" in line_of(mapped.ls(), "tpg1")
    xen.device("g1", f"{TARGET},1:1", "0:0:0:1")
    tree = mapped.ls()
    assert "[g1 (domain 3), connected]" in line_of(tree, TARGET)
    assert "0:0:0:1, connected]" in line_of(tree, "lun1")


def test_ls_of_a_refused_device(mapped, xen):
    xen.domain("g1", 3)
    xen.device("g1", f"{TARGET},1:0", "0:0:0:0")
    xen.device("g1", f"{TARGET},1:1", "0:0:0:1", 6, "the guest could not add the device")
    tree = mapped.ls()
    assert "[g1 (domain 3), 1 of 2 refused]" in line_of(tree, "tpg1")
    assert "refused: the guest could not add the device" in line_of(tree, "lun1")
    node = mapped.root.get_node(TPG)
    assert node.summary()[1] is False
    assert mapped.root.get_node(f"{TPG}/luns/lun0").summary()[1] is True


def test_a_tree_that_is_older_than_the_kernel(mapped, kernel):
    """xl-vscsi took a LUN, and then all."""
    os.remove(path(kernel, "lun/lun_0/vdev-0:0:0:0"))
    assert "BROKEN STORAGE LINK" in line_of(mapped.ls(), "lun0")
    os.rmdir(path(kernel, "lun/lun_0"))
    assert "[GONE, refresh]" in line_of(mapped.ls(), "lun0")
    mapped("/xen-pvscsi refresh")
    assert "lun0" not in mapped.ls()


def test_backstores_are_named(cli):
    tree = cli.ls("/backstores/pscsi")
    assert "tape drive /dev/nst0" in line_of(tree, "tape")
    assert "medium changer /dev/sch0" in line_of(tree, "robot")
    shown = cli("/xen-pvscsi backstores")
    assert "pscsi/tape (tape drive, /dev/nst0): not mapped" in shown
    cli("/xen-pvscsi map g1 robot")
    assert "pscsi/robot (medium changer, /dev/sch0): g1 lun0" in cli("/xen-pvscsi backstores")


def test_domains(mapped, xen):
    xen.domain("g1", 3)
    xen.configured("g2")
    xen.configured("g1")
    xen.device("g1", f"{TARGET},1:0", "0:0:0:0")
    shown = mapped("/xen-pvscsi domains")
    assert f"g1 (domain 3): running, {G1}, /etc/xen/g1.cfg" in shown
    assert re.search(r"lun0  0:0:0:0  ramdisk/disk  connected", shown)
    assert re.search(r"lun1  -  pscsi/tape \(tape drive, /dev/nst0\)  waiting", shown)
    assert "g2: not running, /etc/xen/g2.cfg" in shown
    assert "g2" not in mapped("/xen-pvscsi domains g1")


def test_domains_tell_of_the_daemon(mapped, xen):
    xen.domain("g1", 3)
    xen.status["daemon"] = False
    # As it ends with problems.
    xen.answer("status", xen.status, 8)
    shown = mapped("/xen-pvscsi domains")
    assert "xen-vscsid does not run" in shown and "waiting for xen-vscsid" in shown


def test_unbound_groups_are_listed(cli):
    cli("/xen-pvscsi create naa.5001405000000001")
    cli("/xen-pvscsi/naa.5001405000000001/tpg1/luns create /backstores/ramdisk/disk")
    assert re.search(r"any domain\n  lun0  -  ramdisk/disk", cli("/xen-pvscsi domains"))
    assert "[any domain]" in line_of(cli.ls(), "tpg1")


def test_sessions(mapped, kernel):
    assert "(no open sessions)" in mapped("/xen-pvscsi sessions")
    put(kernel, "guests", f"domid=3 uuid={G1} vhost=0 initiator=naa.500163e4503be49c state=connected "
                          "luns=0=0:0:0:0 name=my guest\n")
    put(kernel, "lun/lun_0/statistics/scsi_tgt_port/in_cmds", "321\n")
    shown = mapped("/xen-pvscsi sessions")
    assert "domain: my guest\tdomid: 3 controller: 0 session-state: connected" in shown
    assert "321" not in shown
    shown = mapped("/xen-pvscsi sessions detail")
    assert "initiator: naa.500163e4503be49c" in shown
    assert "lun0  vdev: 0:0:0:0  backstore: ramdisk/disk  mode: rw\n        commands: 321" in shown
    counts = f"{kernel.sysfs}/bus/xen-backend/devices/vscsi-3-0/statistics/lun-0:0:0:0"
    os.makedirs(counts)
    for name, count in (("requests", 42), ("bytes_read", 3 << 20), ("bytes_written", 512), ("errors_busy", 2),
                        ("errors_host", 3), ("aborts", 1)):
        with open(f"{counts}/{name}", "w", encoding="ascii") as file:
            file.write(f"{count}\n")
    assert "commands: 42  read: 3 MiB  written: 512 B  in-flight: 0  failed: 5  aborts: 1  resets: 0" \
        in mapped("/xen-pvscsi sessions detail")
    assert mapped(f"{TPG}/luns/lun0 get statistics commands").strip() == "commands=321 [ro]"
    assert "my guest" in mapped(f"{TPG} get attribute guests")


def test_set_domain(mapped, kernel, xen):
    xen.domain("g2", 4, "aaaaaaaa-568a-470a-bb53-c9acf63bb03a")
    assert "Parameter domain is now 'g2'." in mapped(f"{TPG} set parameter domain=g2")
    assert "No domain 'nobody' runs" in mapped(f"{TPG} set parameter domain=nobody")
    with open(path(kernel, "param/domain"), encoding="ascii") as file:
        assert file.read() == "nobody\n"
    # Not the word None.
    mapped(f"{TPG} set parameter domain=")
    with open(path(kernel, "param/domain"), encoding="ascii") as file:
        assert file.read() == "\n"
    assert "neither a domain's name" in mapped.fails(f"{TPG} set parameter domain=a/b")


def test_set_domain_in_use(mapped, kernel, monkeypatch):
    put(kernel, "guests", f"domid=3 uuid={G1} vhost=0 initiator=i state=connected luns=- name=g1\n")
    os.remove(path(kernel, "param/domain"))
    os.mkdir(path(kernel, "param/domain"))

    def refuse(self, name, value):
        from targetcli.ui_target import RTSLibError
        raise RTSLibError(f"Cannot set parameter {name}: [Errno 16] Device or resource busy")
    from targetcli.ui_target import TPG as Tpg
    monkeypatch.setattr(Tpg, "set_parameter", refuse)
    assert "in use by 'g1' (domain 3)" in mapped.fails(f"{TPG} set parameter domain=g2")


def test_a_vport(mapped, kernel, xen):
    put(kernel, "param/vport", "500163ef00000042:500163ef00000041@fabric:10000000000000fa\n")
    mapped("/xen-pvscsi refresh")
    assert mapped(f"{TPG} get attribute vport_state").strip() == "vport_state= [ro]"
    vport = {"wwpn": "50:01:63:ef:00:00:00:42", "parent": "fabric:10:00:00:00:00:00:00:fa", "state": "Active",
             "since": int(time.time()) - 7205, "hba": "20:00:00:00:00:00:0a:01", "n-port-id": "0x010101",
             "fabric": "10:00:00:00:00:00:00:fa", "last-cause": "the link of its HBA is down",
             "last-cause-at": int(time.time()) - 200000, "counters": {"tx_frames": 12, "rx_frames": 34,
                                                                     "error_frames": None}}
    xen.domain("g1", 3)
    xen.status["tpgs"] = [{"wwn": TARGET, "tpgt": 1, "vport-status": vport, "luns": []}]
    xen.write()
    assert "vport 50:01:63:ef:00:00:00:42 Active]" in line_of(mapped.ls(), "tpg1")
    shown = mapped(f"{TPG} get attribute vport_state")
    for part in ("Active for 2 h", "HBA 20:00:00:00:00:00:0a:01", "N_Port_ID 0x010101", "frames sent 12",
                 "received 34", "2 d ago: the link of its HBA is down", "[ro]"):
        assert part in shown, shown
    assert "in error" not in shown, "what the driver does not count"
    vport.update(state="Initializing", why="the fabric has not taken its login")
    xen.write()
    assert "vport 50:01:63:ef:00:00:00:42 Initializing]" in line_of(mapped.ls(), "tpg1")
    assert "the fabric has not taken its login" in mapped(f"{TPG} get attribute vport_state")
    assert "is read-only" in mapped.fails(f"{TPG} set attribute vport_state=x")


def test_help_texts_and_read_only(mapped):
    shown = mapped(f"{TPG} get parameter")
    assert "The one domain that may use this TPG" in shown
    assert "ring_per_lun=0" in shown and "a controller of its own" in shown
    assert "second name" in shown
    shown = mapped(f"{TPG} get attribute")
    assert re.search(r"guests=.*\[ro\]", shown) and re.search(r"nexus=.*\[ro\]", shown)
    assert "demo_mode_write_protect=0\n" in shown
    assert "is read-only" in mapped.fails(f"{TPG} set attribute guests=x")
    assert "domain=domain" in mapped(f"{TPG} set parameter")


@pytest.mark.parametrize("line, wanted", [
    ("/xen-pvscsi map ", ["g1", "g2", "g3"]),
    ("/xen-pvscsi map g2 ramdisk/", ["ramdisk/disk", "ramdisk/other"]),
    ("/xen-pvscsi map g2 /backstores/pscsi/", ["/backstores/pscsi/robot", "/backstores/pscsi/tape"]),
    ("/xen-pvscsi map g2 pscsi/t", ["pscsi/tape "]),
    ("/xen-pvscsi map g1 robot lun=", ["lun=2 "]),
    ("/xen-pvscsi map g1 robot vdev=", ["vdev=0:0:0:"]),
    ("/xen-pvscsi map g1 robot ro=t", ["ro=true "]),
    ("/xen-pvscsi unmap ", ["g1 "]),
    ("/xen-pvscsi unmap g1 ", ["all", "lun0", "lun1", "pscsi/tape", "ramdisk/disk"]),
    ("/xen-pvscsi unmap g2 ", []),
    ("/xen-pvscsi sessions ", ["detail", "list"]),
    ("/xen-pvscsi domains g", ["g1", "g2", "g3"]),
    (f"{TPG} set parameter domain=", ["domain=g1", "domain=g2", "domain=g3"]),
    (f"{TPG} set parameter domain=g2", ["domain=g2 "]),
    (f"{TPG} set parameter ring_per_lun=", ["ring_per_lun=0", "ring_per_lun=1"]),
    (f"{TPG} set attribute ", ["demo_mode_write_protect="]),
])
def test_completion(mapped, xen, line, wanted):
    for name, domid in (("g1", 3), ("g2", 4)):
        xen.domain(name, domid, f"{domid}" * 8 + G1[8:])
    xen.configured("g3")
    offered = [word for word in mapped.complete(line) if not word.endswith("=") or "set attribute" in line]
    assert offered == wanted


def test_domains_that_do_not_run_are_completed(mapped):
    mapped("/xen-pvscsi map g7 other")
    assert mapped.complete(f"{TPG} set parameter domain=") == ["domain=g1", "domain=g7"]


def test_create_and_delete_are_targetclis_own(cli, kernel):
    said = cli("/xen-pvscsi create")
    wwn = re.search(r"Created target (naa\.5[0-9a-f]{15})\.", said).group(1)
    assert type(cli.root.get_node(f"/xen-pvscsi/{wwn}/tpg1")).__name__ == "XenTPG"
    cli(f"/xen-pvscsi/{wwn} create 5")
    assert type(cli.root.get_node(f"/xen-pvscsi/{wwn}/tpg5")).__name__ == "XenTPG"
    cli(f"/xen-pvscsi/{wwn}/tpg5/luns create /backstores/ramdisk/disk 3")
    assert type(cli.root.get_node(f"/xen-pvscsi/{wwn}/tpg5/luns/lun3")).__name__ == "XenLUN"
    cli(f"/xen-pvscsi delete {wwn}")
    assert not os.path.exists(f"{kernel.root}/xen-pvscsi/{wwn}")


def test_auto_cd(cli):
    cli.shell.prefs["auto_cd_after_create"] = True
    cli("/xen-pvscsi create naa.5001405000000001")
    node = cli.shell._current_node
    assert node is cli.root.get_node("/xen-pvscsi/naa.5001405000000001/tpg1")


def test_other_fabrics_are_targetclis_own(cli):
    assert type(cli.root.get_node("/loopback")).__name__ == "UIFabricModule"
    assert "Targets: 0" in cli.ls("/loopback")


def test_not_root(cli):
    cli.root.as_root = False
    for line in ("map g1 disk", "unmap g1 all"):
        assert "privileged command" in cli.fails(f"/xen-pvscsi {line}")
    assert "(no domains)" in cli("/xen-pvscsi domains")


def test_version_and_help(cli):
    assert "xen-pvscsi: not loaded" in cli("/xen-pvscsi version")
    assert "write-protects a disk" in cli("/xen-pvscsi help map")


def test_it_is_the_packages_that_are_meant():
    import targetcli
    from conftest import LIBRARY
    folder = os.environ.get("TARGETCLI_PATH")
    assert LIBRARY == ("rtslib" if folder else "rtslib_fb")
    assert targetcli.__file__.startswith(folder or "/usr/lib/python3/dist-packages")
