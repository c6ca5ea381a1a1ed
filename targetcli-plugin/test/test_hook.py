# SPDX-License-Identifier: GPL-2.0
"""How the plugin gets into targetcli, and that it never keeps targetcli from working."""
import os
import pathlib
import subprocess
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
LOOK = """
import site, sys
site.addsitedir({folder!r})
sys.path[:0] = [path for path in {newest!r}.split(":") if path]
import targetcli, targetcli.ui_root, targetcli.ui_backstore
print(targetcli.ui_root.UIFabricModule.__module__)
"""


@pytest.fixture
def installed(tmp_path):
    subprocess.run(["make", "-s", "install-plugin", f"DESTDIR={tmp_path}", "PYTHON_DIR=/lib"], cwd=TOP, check=True)
    return tmp_path / "lib"


def look(folder, more=""):
    program = LOOK.format(folder=str(folder), newest=os.environ.get("TARGETCLI_PATH", "")) + more
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False,
                          env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nonexistent"})
    assert done.returncode == 0, done.stderr
    return done


def test_installed(installed):
    done = look(installed)
    assert done.stdout.split() == ["xen_pvscsi_targetcli.fabric"] and done.stderr == ""


def test_it_costs_other_programs_nothing(installed):
    """Only who is called like them loads the hook, and no other module."""
    program = ("import os, site, sys; before = set(sys.modules); "
               "site.addsitedir(os.environ['SITE']); print(sorted(set(sys.modules) - before))")
    hook = ["xen_pvscsi_targetcli", "xen_pvscsi_targetcli.hook"]
    for words, loaded in ((["-c", program], []), (["-c", program, "/usr/bin/targetctl"], hook)):
        done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True,
                              env={**os.environ, "SITE": str(installed)})
        assert done.stdout.strip() == str(loaded)


@pytest.mark.parametrize("name", ["targetcli", "targetctl", "targetclid"])
def test_programs_that_are_reached(installed, tmp_path, name):
    """As their first line calls them, with packages of this folder as the system's."""
    program = tmp_path / name
    program.write_text(f"#!{sys.executable}\ntry:\n from rtslib_fb import RTSRoot\nexcept ImportError:\n"
                       " from rtslib import RTSRoot\n"
                       "print(*(hasattr(method, '__wrapped__') for method in (RTSRoot.clear_existing, RTSRoot.restore)))\n")
    program.chmod(0o755)
    # The interpreter itself reads .pth files of the user's folder.
    base = tmp_path / f"base/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"
    base.parent.mkdir(parents=True)
    base.symlink_to(installed)
    path = os.environ.get("TARGETCLI_PATH", "")
    done = subprocess.run([program], capture_output=True, text=True, check=True,
                          env={**os.environ, "PYTHONUSERBASE": str(tmp_path / "base"), "PYTHONPATH": path})
    assert done.stdout.split() == ["True", "True"], done.stderr


def test_the_service_waits_for_devices_and_asks_before_it_clears(installed, tmp_path):
    for unit in ("rtslib-fb-targetctl", "target"):
        text = (tmp_path / f"usr/lib/systemd/system/{unit}.service.d/xen-pvscsi.conf").read_text()
        assert "multipathd.service" in text
        assert text.index("xen_pvscsi_targetcli check\nExecStop=/usr/bin/targetctl clear") > text.index("ExecStop=\n")


@pytest.mark.parametrize("part", ["fabric", "backstores", "library"])
def test_a_failure_is_told_and_targetcli_goes_on(installed, part):
    file = installed / f"xen_pvscsi_targetcli/{part}.py"
    file.write_text("raise KeyError('broken')\n")
    done = look(installed)
    assert "the xen-pvscsi plugin failed and is left out: KeyError: 'broken'" in done.stderr
    if part == "fabric":
        assert done.stdout.split() == ["targetcli.ui_target"]


def test_a_hook_that_fails_or_is_gone(installed):
    (installed / "xen_pvscsi_targetcli/hook.py").write_text("raise SyntaxError\n")
    assert look(installed).stdout.split() == ["targetcli.ui_target"]
    (installed / "xen_pvscsi_targetcli/hook.py").unlink()
    done = look(installed)
    assert done.stdout.split() == ["targetcli.ui_target"] and done.stderr == ""


BUS = """
class Log:
    def debug(self, text): print("told")
class Shell: log = Log()
class Self: shell = Shell()
try:
    print(list(targetcli.ui_backstore.UIBackstores._user_backstores(Self())))
except Exception as error:
    print("stock ends:", error)
"""


def test_without_a_system_bus(installed, tmp_path):
    (tmp_path / "nothing").mkdir()
    assert "stock ends: g-io-error-quark: Could not connect" in look(tmp_path / "nothing", BUS).stdout
    assert look(installed, BUS).stdout.split()[-2:] == ["told", "[]"]
