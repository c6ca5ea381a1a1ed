# SPDX-License-Identifier: GPL-2.0
"""A tape drive with a stack of cartridges, scenarios/data/tapedrive.py: dom0 has it
through target_core_user and tcm_loop, as st and sg devices like any other's."""
import time

from . import paths
from .errors import LabError
from .storage import CORE

LOOP = "/sys/kernel/config/target/loopback"
NAA = "naa.60014050000000aa"
PROGRAM = "/var/tmp/tapedrive.py"


class Stacker:
    """kilobytes: of each cartridge; the last one is write-protected."""

    def __init__(self, lab, kilobytes=2048, cartridges=3):
        self.dom0 = lab.dom0
        self.dom0.put((paths.SCENARIO_DIR / "data" / "tapedrive.py").read_text(), PROGRAM)
        core, port = f"{CORE}/user_90/stacker", f"{LOOP}/{NAA}/tpgt_1"
        self.dom0.run("; ".join([
            "set -e", "modprobe -a target_core_user tcm_loop st sg",
            f"mkdir -p {core}", f"printf dev_config=stacker,dev_size=1048576 > {core}/control",
            # There is no daemon that would answer the netlink message.
            f"printf nl_reply_supported=-1 > {core}/control", f"echo 1 > {core}/enable"]))
        uio = self.dom0.poll("grep -l tcm-user/90 /sys/class/uio/*/name").out.split("/")[4]
        self.dom0.poll(f"test -c /dev/{uio}")
        self.command = f"exec python3 {PROGRAM} /dev/{uio} {kilobytes} {cartridges}"
        self._start()
        self.dom0.run("; ".join([
            "set -e", f"mkdir -p {port}", f"echo naa.60014050000000ab > {port}/nexus",
            f"mkdir {port}/lun/lun_0", f"ln -s {core} {port}/lun/lun_0/stacker"]), timeout=120)
        self.hctl = self.dom0.poll(
            "grep -l STACKED-TAPE /sys/class/scsi_device/*/device/model").out.split("/")[4]

    def _start(self):
        """A LUN is scanned once only: the drive must answer by then."""
        self.job = self.dom0.start(self.command)
        limit = time.monotonic() + 60
        while "ready" not in self.job.output()[0]:
            if time.monotonic() > limit:
                raise LabError(f"the drive does not start: {self.job.output()}")
            time.sleep(0.5)

    def exports(self):
        return [(self.hctl, {"tape": "tape", "drive": "generic"})]

    def reset(self):
        """A drive that was just switched on, and new cartridges."""
        self.job.kill()
        self.job.wait(check=False)
        self._start()
