# SPDX-License-Identifier: GPL-2.0
"""The disk that carries everything of one run into dom0.

dom0 unpacks it after the snapshot was loaded, so neither the module under
test nor the programs in the virtual machine are part of the snapshot.
"""
import io
import subprocess
import tarfile
import tempfile

from . import initrd, paths
from .errors import LabError

# Part of the snapshot's machine, so it must not vary from run to run.
SIZE = 64 << 20
PROGRAMS = ["dom0d.py", "ports.py", "ptyd.py",
            "jobs.py", "xswire.py", "xslink.py", "logship.py",
            "vbd-hotplug", "vlab"]


def stripped(module):
    """Without what debuggers read: nine tenths of it, which the emulated machine would unpack, copy and load."""
    with tempfile.NamedTemporaryFile(suffix=".ko") as small:
        subprocess.run(["objcopy", "--strip-debug", module, small.name], check=True)
        return small.read()


def write(target, image, module=None, extra=()):
    """extra is a list of (name in /lab/data, path on the host)."""
    blob = io.BytesIO()
    with tarfile.open(fileobj=blob, mode="w", format=tarfile.GNU_FORMAT) as tar:
        def add(name, data, mode=0o644):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), mode
            tar.addfile(entry, io.BytesIO(data))

        for name in PROGRAMS:
            add(name, (paths.VM_DIR / name).read_bytes(), 0o755)
        # The helper for interactive use stands on the lab's own modules.
        for path in sorted((paths.LAB_DIR / "vscsilab").glob("*.py")):
            add("vscsilab/" + path.name, path.read_bytes())
        add("guest-initrd", initrd.guest(image.guests))
        if module:
            add("module/xen-scsiback.ko", stripped(module))
        for name, path in extra:
            add("data/" + name, path.read_bytes(), path.stat().st_mode & 0o777)
    if blob.tell() > SIZE:
        raise LabError(f"the files of this run take {blob.tell() >> 20} MiB, "
                       f"the payload disk holds {SIZE >> 20}: raise SIZE in "
                       f"{__file__}")
    with open(target, "wb") as handle:
        handle.write(blob.getvalue())
        handle.truncate(SIZE)
