# SPDX-License-Identifier: GPL-2.0
"""targetctl on a fake kernel, in a process of its own: stock, or with the plugin.

rtslib_user.py stock|plugin CONFIGFS HYPERVISOR SAVE_FILE save|restore|clear...
"""
import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), *filter(None, os.environ.get("TARGETCLI_PATH", "").split(":"))]

how, configfs, hypervisor, save_file, *verbs = sys.argv[1:]
if how == "plugin":
    from xen_pvscsi_targetcli import hook
    hook.install()
try:
    from rtslib_fb import RTSRoot
except ImportError:
    from rtslib import RTSRoot
from kernel import Kernel  # noqa: E402

name = RTSRoot.__module__.split(".")[0]
node = sys.modules[f"{name}.node"]
root = sys.modules[f"{name}.root"]
fake = Kernel(configfs)
os.mkdir, os.rmdir = fake.mkdir, fake.rmdir
node.CFSNode.configfs_dir = configfs
root.mount_configfs = lambda: None


def modprobe(module):
    raise sys.modules[f"{name}.utils"].RTSLibError(f"Could not load module: {module}")


for module in [item for key, item in sys.modules.items() if key.split(".")[0] == name]:
    if hasattr(module, "modprobe"):
        module.modprobe = modprobe
if how == "plugin":
    from xen_pvscsi_targetcli import library, missing
    missing.FOLDER = f"{save_file}.missing"
    library.HYPERVISOR = hypervisor
    library.held.save_file = save_file
for verb in verbs:
    if verb == "save":
        RTSRoot().save_to_file(save_file)
    elif verb == "clear":
        # Backstores stay: the fake kernel makes none.
        for target in RTSRoot().targets:
            target.delete()
    elif verb == "clearconfig":
        RTSRoot().clear_existing(confirm=True)
    else:
        # Backstores are there: the fake kernel makes none.
        config = {**json.loads(pathlib.Path(save_file).read_text()), "storage_objects": []}
        for error in RTSRoot().restore(config):
            print(error)
