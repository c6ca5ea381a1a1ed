# SPDX-License-Identifier: GPL-2.0
"""A host without Xen: the lab's kernel and root disk, booted as they are."""
import pathlib
import subprocess
import tempfile

from . import initrd, payload
from .errors import LabError
from .qemu import BINARY, KERNEL_ARGS, MACHINE
from .shellout import host


def run(machine, script, timeout=120):
    """Boot, run the shell script, power off; returns the console's text.

    The module under test is /lab/payload/module/xen-scsiback.ko there.
    """
    with tempfile.TemporaryDirectory(prefix="bare-", dir=machine.disks) as work:
        work = pathlib.Path(work)
        (work / "bare-script").write_text(script)
        payload.write(work / "payload", machine.image, machine.module,
                      [("bare-script", work / "bare-script")])
        (work / "initrd").write_bytes(initrd.bare(machine.image))
        host("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw",
             "-b", machine.image.root, work / "root.qcow2")
        disks = [("qcow2", work / "root.qcow2"), ("raw", machine.image.root),
                 ("raw", work / "payload")]
        argv = [BINARY, *MACHINE, "-m", "1024",
                "-kernel", str(machine.image.vmlinux), "-initrd", str(work / "initrd"),
                "-append", f"console=ttyS0 {KERNEL_ARGS} panic=-1", "-serial", "stdio"]
        for number, (form, path) in enumerate(disks):
            only = "" if number == 0 else ",readonly=on"
            argv += ["-drive", f"if=none,id=d{number},format={form},file={path}{only}",
                     "-device", f"virtio-blk-pci,drive=d{number}"]
        try:
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, errors="replace", timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise LabError(f"the host without Xen did not end in {timeout} s:\n"
                           f"{(error.stdout or b'')[-3000:]}") from error
    text = done.stdout.replace("\r", "")
    (machine.logs / "bare-console.log").write_text(text)
    if "lab: end" not in text:
        raise LabError(f"the host without Xen did not get to its end:\n{text[-3000:]}"
                       f"{done.stderr[-500:]}")
    return text
