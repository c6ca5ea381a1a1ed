# SPDX-License-Identifier: GPL-2.0
"""targetcli on a fake kernel, with a fake xl-vscsi."""
import io
import json
import os
import pathlib
import re
import stat
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE))
# A path of newer packages; before the system's.
for _folder in filter(None, os.environ.get("TARGETCLI_PATH", "").split(":")):
    sys.path.insert(0, _folder)

from xen_pvscsi_targetcli import hook  # noqa: E402
hook.install()

import targetcli.ui_backstore  # noqa: E402
import targetcli.ui_root  # noqa: E402
from targetcli import ui_target  # noqa: E402

# The libraries that this targetcli uses.
LIBRARY = ui_target.TPG.__module__.split(".")[0]
rtslib_node = sys.modules[f"{LIBRARY}.node"]
rtslib_root = sys.modules[f"{LIBRARY}.root"]
rtslib_fabric = sys.modules[f"{LIBRARY}.fabric"]
rtslib_tcm = sys.modules[f"{LIBRARY}.tcm"]
ConfigShell = sys.modules[ui_target.ExecutionError.__module__.split(".")[0]].ConfigShell

from kernel import Kernel  # noqa: E402
from xen_pvscsi_targetcli import backstores, identity, library, live, missing, users  # noqa: E402

G1 = "432bf4b3-568a-470a-bb53-c9acf63bb03a"

PROGRAM = """#!/usr/bin/python3
# xl-vscsi: answers from a file, and notes what it was asked.
import json, os, sys
import shutil, time
state = json.load(open({state!r}))
with open({asked!r}, "a") as file:
    file.write(json.dumps(sys.argv[1:]) + chr(10))
time.sleep(state.get("sleep", 0))
for path in state.get("removes " + " ".join(sys.argv[1:4]), []):
    shutil.rmtree(path)
answer, code = state.get(" ".join(sys.argv[1:4])) or state.get(" ".join(sys.argv[1:3])) or \
    state.get(sys.argv[1], [{{}}, 0])
print(json.dumps(answer))
sys.exit(code)
"""


class Xen:
    """What xl-vscsi answers."""

    def __init__(self, folder, monkeypatch):
        self.folder = folder
        self.answers = {"status": [{"module": True, "daemon": True, "domains": [], "configured": [],
                                    "guests": [], "tpgs": [], "problems": []}, 0]}
        program = folder / "xl-vscsi"
        program.write_text(PROGRAM.format(state=str(folder / "state"), asked=str(folder / "asked")))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr(live, "PROGRAM", str(program))
        self.write()

    @property
    def status(self):
        return self.answers["status"][0]

    def answer(self, verb, answer, code=0):
        self.answers[verb] = [answer, code]
        self.write()

    def write(self):
        (self.folder / "state").write_text(json.dumps(self.answers))
        live.forget()

    def domain(self, name, domid, uuid=G1):
        self.status["domains"].append({"name": name, "domid": domid, "uuid": uuid})
        self.write()

    def configured(self, name, uuid=""):
        self.status["configured"].append({"name": name, "uuid": uuid, "file": f"/etc/xen/{name}.cfg"})
        self.write()

    def device(self, domain, lun, vdev, state=4, error=None):
        for guest in self.status["guests"]:
            if guest["name"] == domain:
                break
        else:
            guest = {"name": domain, "domid": 1, "uuid": G1, "running": True,
                     "controllers": [{"devid": 0, "devices": []}]}
            self.status["guests"].append(guest)
        guest["controllers"][0]["devices"].append(
            {"dev": "dev-0", "lun": lun, "v-dev": vdev, "state": state, "error": error,
             "state-name": {3: "mapped", 4: "connected", 6: "closed"}.get(state, "initialising")})
        self.write()

    def hardware(self, *words, identity=None, numbered=True, link=None, node=None):
        """What `xl-vscsi devices WORD` says, for each of these words."""
        for word in words:
            self.answers[f"devices {word}"] = [[{
                "hctl": None, "node": node or words[0], "type": 1, "identity": identity,
                "identities": [identity] if identity else [], "numbered": numbered, "link": link,
                "vendor": "", "model": "", "serial": ""}], 0]
        self.write()

    def no_hardware(self, *words):
        for word in words:
            self.answers[f"devices {word}"] = [{"error": f"{word}: no such device", "code": 3}, 3]
        self.write()

    def asked(self, verb=None):
        try:
            lines = (self.folder / "asked").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [line for line in map(json.loads, lines) if verb is None or line[0] == verb]


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    fake = Kernel(tmp_path / "configfs")
    monkeypatch.setattr(os, "mkdir", fake.mkdir)
    monkeypatch.setattr(os, "rmdir", fake.rmdir)
    monkeypatch.setattr(rtslib_node.CFSNode, "configfs_dir", fake.root)
    monkeypatch.setattr(rtslib_root, "mount_configfs", lambda: None)
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == LIBRARY and hasattr(module, "modprobe"):
            def modprobe(name, error=ui_target.RTSLibError):
                raise error(f"Could not load module: {name}")
            monkeypatch.setattr(module, "modprobe", modprobe)
    rtslib_tcm.bs_cache.clear()
    (tmp_path / "hypervisor").write_text("xen\n")
    monkeypatch.setattr(library, "HYPERVISOR", str(tmp_path / "hypervisor"))
    monkeypatch.setattr(library.held, "save_file", str(tmp_path / "saveconfig.json"))
    monkeypatch.setattr(library.held, "_targets", None)
    monkeypatch.setattr(missing, "FOLDER", str(tmp_path / "missing"))
    fake.sysfs = str(tmp_path / "sys")
    monkeypatch.setattr(backstores, "SYSFS", fake.sysfs)
    monkeypatch.setattr(identity, "SYSFS", fake.sysfs)
    monkeypatch.setattr(users, "SYSFS", fake.sysfs)
    monkeypatch.setattr(users, "PROC", str(tmp_path / "proc"))
    monkeypatch.setattr(users, "CONFIGFS", fake.root)
    monkeypatch.setattr(users, "xenstore", lambda: [])
    monkeypatch.setattr(live, "_gave_up", float("-inf"))
    return fake


@pytest.fixture
def xen(tmp_path, monkeypatch):
    (tmp_path / "xen").mkdir()
    return Xen(tmp_path / "xen", monkeypatch)


class Shell:
    """targetcli as its main program makes it; what it prints comes back."""

    def __init__(self, home):
        self.shell = ConfigShell(str(home))
        for key, value in {"auto_enable_tpgt": True, "auto_add_mapped_luns": True, "auto_cd_after_create": False,
                           "color_mode": False, "export_backstore_name_as_model": True}.items():
            self.shell.prefs[key] = value
        self.root = targetcli.ui_root.UIRoot(self.shell, as_root=True)
        self.root.refresh()

    def __call__(self, line):
        con = self.shell.con
        out, usual = io.StringIO(), (con._stdout, con._stderr)
        con._stdout = con._stderr = out
        try:
            self.shell.run_cmdline(line)
        finally:
            con._stdout, con._stderr = usual
        return re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())

    def fails(self, line):
        """The message of the error."""
        with pytest.raises((ui_target.ExecutionError, ui_target.RTSLibError)) as caught:
            self(line)
        return str(caught.value)

    def complete(self, line):
        """What Tab offers at the end of the line."""
        path, command, words, named = self.shell._parse_cmdline(line)[1:]
        text = "" if line.endswith(" ") else line.rsplit(" ", 1)[-1]
        if "=" in text:
            return self.shell._complete_token_kparam(text, path, command, words, named)
        return self.shell._complete_token_pparam(text, path, command, words, named)

    def ls(self, path="/xen-pvscsi"):
        return self(f"ls {path}")


@pytest.fixture
def cli(kernel, xen, tmp_path):
    kernel.load()
    kernel.ramdisk("disk", 0)
    kernel.ramdisk("other", 1)
    kernel.passthrough("tape", kernel.sysfs, 1)
    kernel.passthrough("robot", kernel.sysfs, 8, "3:0:0:2", 1, "/dev/sch0")
    return Shell(tmp_path / "home")
