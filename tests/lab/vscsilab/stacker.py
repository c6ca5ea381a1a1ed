# SPDX-License-Identifier: GPL-2.0
"""A tape drive with a stack of cartridges, scenarios/data/tapedrive.py: dom0 has it
through target_core_user, as st and sg devices like any other's."""
import time

from . import paths
from .errors import LabError
from .storage import CORE

LOOP = "/sys/kernel/config/target/loopback"
NAA = "naa.60014050000000aa"
PROGRAM = "/var/tmp/tapedrive.py"
ISCSI = "/sys/kernel/config/target/iscsi"
IQN = "iqn.2007-10.org.xen.pvscsi:stacker"
PORTAL = "127.0.0.1:3261"
MEBIBYTE = 1 << 20


class Stacker:
    """kilobytes: of each cartridge; the last one is write-protected. largest: bytes of a block;
    for more than a megabyte, which is as much as tcm_loop takes, dom0 has the drive by iSCSI."""

    def __init__(self, lab, kilobytes=2048, cartridges=3, largest=MEBIBYTE):
        self.dom0 = lab.dom0
        self.dom0.put((paths.SCENARIO_DIR / "data" / "tapedrive.py").read_text(), PROGRAM)
        core = f"{CORE}/user_90/stacker"
        self.dom0.run("; ".join([
            "set -e", "modprobe -a target_core_user st sg",
            f"mkdir -p {core}", f"printf dev_config=stacker,dev_size=1048576 > {core}/control",
            # There is no daemon that would answer the netlink message.
            f"printf nl_reply_supported=-1 > {core}/control", f"echo 1 > {core}/enable"]))
        uio = self.dom0.poll("grep -l tcm-user/90 /sys/class/uio/*/name").out.split("/")[4]
        self.dom0.poll(f"test -c /dev/{uio}")
        self.command = f"exec python3 {PROGRAM} /dev/{uio} {kilobytes} {cartridges} {largest}"
        self._start()
        self._by_iscsi(core) if largest > MEBIBYTE else self._by_loop(core)
        self.hctl = self.dom0.poll(
            "grep -l STACKED-TAPE /sys/class/scsi_device/*/device/model").out.split("/")[4]

    def _by_loop(self, core):
        port = f"{LOOP}/{NAA}/tpgt_1"
        self.dom0.run("; ".join([
            "set -e", "modprobe tcm_loop", f"mkdir -p {port}", f"echo naa.60014050000000ab > {port}/nexus",
            f"mkdir {port}/lun/lun_0", f"ln -s {core} {port}/lun/lun_0/stacker"]), timeout=120)

    def _by_iscsi(self, core):
        port = f"{ISCSI}/{IQN}/tpgt_1"
        self.dom0.run("; ".join([
            "set -e", "modprobe -a iscsi_target_mod iscsi_tcp", f"mkdir -p {ISCSI}/{IQN}", f"mkdir {port}",
            f"mkdir {port}/np/{PORTAL}", f"mkdir {port}/lun/lun_0", f"ln -s {core} {port}/lun/lun_0/stacker",
            f"for a in demo_mode_write_protect=0 authentication=0 generate_node_acls=1 cache_dynamic_acls=1; do "
            f"echo ${{a#*=}} > {port}/attrib/${{a%=*}}; done", f"echo 1 > {port}/enable",
            "mkdir -p /run/lock/iscsi /etc/iscsi",
            "grep -qs ^InitiatorName= /etc/iscsi/initiatorname.iscsi || "
            "echo InitiatorName=iqn.2007-10.org.xen.pvscsi:dom0 > /etc/iscsi/initiatorname.iscsi",
            "pgrep -x iscsid >/dev/null || iscsid",
            f"iscsiadm -m discovery -t sendtargets -p {PORTAL}",
            f"iscsiadm -m node -T {IQN} -p {PORTAL} --login"]), timeout=120)

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
