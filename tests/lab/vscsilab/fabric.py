# SPDX-License-Identifier: GPL-2.0
"""A SAN inside dom0: the kernel's software FCoE on both sides of the project's own switch (tests/fabric).

HBAs and the target are veth pairs, one end of each the switch's. dom0 alone plays all parts, with no
Fibre Channel hardware and no udev; or the target is a domain of its own (array.py).
"""
import functools
import json
import re
import shlex
import time

from . import programs
from .errors import LabError
from .patience import stretch
from .storage import config

PROGRAM = "/usr/bin/fcswitch"
FC = "/sys/kernel/config/target/fc"
MODULES = "veth sd_mod sg target_core_mod target_core_file target_core_pscsi fcoe tcm_fc"
# What may take long on the emulated machine: a physical login, that of a vport.
LOGIN, VPORT = 60, 40
# Of each fabric, so that no two have one name.
PORTS_EACH = 8


def wwn(number):
    return ":".join(re.findall("..", f"{number:016x}"))


def bare(name):
    """As fc_host and vport_create have it."""
    return name.replace(":", "")


def mac_of(number):
    return f"02:00:00:00:00:{number + 0x10:02x}"


class Port:
    """An fc_host over a network interface, of dom0's or of another domain's; its WWPN comes from its MAC address."""

    def __init__(self, place, interface, switch_end, number):
        self.dom0, self.interface, self.switch_end = place, interface, switch_end
        self.mac = mac_of(number)
        self.wwpn, self.wwnn = f"20:00:{self.mac}", f"10:00:{self.mac}"

    def enable(self):
        """Makes the adapter; login goes on by itself."""
        self.dom0.run(f"echo -n {self.interface} > /sys/bus/fcoe/ctlr_create && "
                      f"echo 1 > $(ls -d /sys/class/net/{self.interface}/ctlr_*)/enabled")

    def destroy(self):
        self.dom0.run(f"echo -n {self.interface} > /sys/bus/fcoe/ctlr_destroy", timeout=120)
        self.__dict__.pop("host", None)

    @functools.cached_property
    def host(self):
        """Its number: fc_hosts are told apart by WWPN, since the target is one as well."""
        return host_of(self.dom0, self.wwpn)

    def online(self, timeout=LOGIN):
        self.dom0.poll(f"grep -q Online /sys/class/fc_host/host{self.host}/port_state", timeout)
        return self

    def link(self, state):
        """up or down."""
        self.dom0.run(f"ip link set {self.interface} {state}")


class Hba(Port):
    """Of dom0's, with a cable: fcN and swN."""

    def __init__(self, dom0, number):
        super().__init__(dom0, f"fc{number}", f"sw{number}", number)
        dom0.run(f"ip link add {self.interface} address {self.mac} mtu 2500 type veth peer name "
                 f"{self.switch_end} mtu 2500 && ip link set {self.interface} up && "
                 f"ip link set {self.switch_end} up")

    def vport(self, wwpn_, wwnn, active=True):
        """By the transport's own file; waits until it is logged in."""
        vport = Vport(self, wwpn_, wwnn)
        vport.create()
        if active:
            vport.active()
        return vport

    def disk(self, lun, timeout=VPORT):
        return disk_of(self.dom0, self.host, lun, timeout)

    def luns(self):
        return luns_of(self.dom0, self.host)


class Vport:
    def __init__(self, hba, wwpn_, wwnn):
        self.hba, self.dom0, self.wwpn, self.wwnn = hba, hba.dom0, wwpn_, wwnn

    def _write(self, what):
        self.dom0.run(f"echo {bare(self.wwpn)}:{bare(self.wwnn)} > "
                      f"/sys/class/fc_host/host{self.hba.host}/vport_{what}", timeout=120)

    def create(self):
        self._write("create")

    def delete(self):
        self._write("delete")
        for name in ("host", "path"):
            self.__dict__.pop(name, None)

    @functools.cached_property
    def path(self):
        found = self.dom0.run(f"grep -l {bare(self.wwpn)} /sys/class/fc_vports/vport-{self.hba.host}:*/port_name")
        return found.out.strip().rsplit("/", 1)[0]

    def state(self):
        return config(self.dom0, f"{self.path}/vport_state")

    def becomes(self, state, timeout=VPORT):
        path = self.path
        self.dom0.poll(f"grep -qx '{state}' {path}/vport_state || {{ cat {path}/vport_state; false; }}", timeout)

    def active(self, timeout=VPORT):
        """vport_create returns at once; there is no event when it is logged in."""
        self.becomes("Active", timeout)

    @functools.cached_property
    def host(self):
        return host_of(self.dom0, self.wwpn)

    def disk(self, lun, timeout=VPORT):
        return disk_of(self.dom0, self.host, lun, timeout)

    def luns(self):
        return luns_of(self.dom0, self.host)


def host_of(dom0, name):
    found = dom0.poll(f"grep -l {bare(name)} /sys/class/fc_host/host*/port_name | sed 's/.*host\\([0-9]*\\).*/\\1/' | "
                      "grep .", 10)
    return int(found.out)


def disk_of(dom0, host, lun, timeout):
    """/dev/sdX of a LUN that came by this port."""
    found = dom0.poll(f"set -- /sys/class/scsi_device/{host}:0:*:{lun}/device/block/*; [ -e $1 ] && "
                      "[ -b /dev/${1##*/} ] && echo /dev/${1##*/}", timeout)
    return found.out.strip()


def luns_of(dom0, host):
    found = dom0.run(f"ls /sys/class/scsi_device | sed -n 's/^{host}:0:[0-9]*:\\([0-9]*\\)$/\\1/p' | sort -n")
    return [int(line) for line in found.out.split()]


class FcTarget:
    """tcm_fc's portal group: LUNs, and who gets which of them by what number."""

    def __init__(self, port):
        self.dom0 = port.dom0
        self.path = f"{FC}/{port.wwpn}/tpgt_1"
        self.dom0.run(f"mkdir -p {self.path}")
        self.number = 0

    def allow(self, name, luns):
        """luns: {number that the initiator sees: backstore}. Names of vports that are not there yet, too."""
        steps = ["set -e", f"mkdir -p {self.path}/acls/{name}"]
        for number, store in luns.items():
            lun = f"{self.path}/lun/lun_{self.number}"
            self.number += 1
            mapped = f"{self.path}/acls/{name}/lun_{number}"
            steps += [f"mkdir {lun} {mapped}", f"ln -s {store.path} {lun}/{store.name}", f"ln -s {lun} {mapped}/link"]
        self.dom0.run("; ".join(steps))


BLOCK = 4096


def marked(lab, name, mark, size="8M"):
    """A store whose first block is full of a character."""
    store = lab.backstore.fileio(name, size)
    lab.dom0.run(f"head -c {BLOCK} /dev/zero | tr '\\0' {mark} | "
                 f"dd of={store.device} bs={BLOCK} conv=notrunc status=none")
    return store


def mark_of(place, disk):
    """The character; all of them if the block has several."""
    return place.run(f"dd if={disk} bs={BLOCK} count=1 iflag=direct status=none | tr -s 0-9 | head -c 8").out


def exercise(place, disk, megabytes=1, timeout=120):
    """Writes behind the mark, reads it back, compares; ends with 0 if all is as it was written."""
    return place.run(f"set -e -o pipefail; f=$(mktemp); head -c {megabytes}M /dev/urandom > $f; "
                     f"dd if=$f of={disk} bs=64k seek=1 oflag=direct status=none; "
                     f"dd if={disk} bs=64k skip=1 count={megabytes * 16} iflag=direct status=none | cmp - $f; rm $f",
                     timeout=timeout, check=False)


class Fabric:
    """The switch, HBAs, and one target behind a port of its own.

    Zoned so that only the target is seen by others, as tcm_fc makes every local port a target too.
    capture: a file in dom0 for all frames. number: another one of several. controllers: of an array (array.py),
    instead of a target in dom0; they have one WWPN.
    """

    def __init__(self, lab, hbas=1, capture=None, number=0, controllers=()):
        self.lab, self.dom0, self.number = lab, lab.dom0, number
        self.socket, self.journal = f"/run/fcswitch{number}", f"/run/fcswitch{number}.log"
        if number == 0:
            program = programs.build(lab.dom0.image.suite, "tests/fabric", ["fcswitch"]) / "fcswitch"
            self.dom0.put(program.read_bytes(), PROGRAM, 0o755)
            # Without enough of a backlog veth drops frames, which Fibre Channel never does.
            self.dom0.run(f"modprobe -a {MODULES} && sysctl -qw net.core.netdev_max_backlog=100000")
        first = number * PORTS_EACH
        self.hbas = [Hba(self.dom0, first + at) for at in range(hbas)]
        if controllers:
            self.ends = [controller.switch_end for controller in controllers]
            self.storage, self.target = controllers[0], None
        else:
            self.storage = Hba(self.dom0, first + hbas)
            self.target = FcTarget(self.storage)
            self.ends = [self.storage.switch_end]
        self.capture = capture
        self.process = None
        self.start()

    @property
    def hba(self):
        return self.hbas[0]

    def start(self):
        links = " ".join(f"--packet {end}" for end in (*[hba.switch_end for hba in self.hbas], *self.ends))
        capture = f"--capture {self.capture}" if self.capture else ""
        self.process = self.dom0.start(
            f"exec {PROGRAM} run {links} --domain {self.number + 1} --control {self.socket} --verbose {capture} "
            f"--command 'zone peer lab {self.storage.wwpn}' 2>> {self.journal}")
        self.dom0.poll(f"{PROGRAM} ctl {self.socket} ports", 20)

    def stop(self):
        self.process.signal(15)
        self.process.wait(20)

    def ctl(self, line):
        """The switch's answer."""
        done = self.dom0.run(f"{PROGRAM} ctl {self.socket} {shlex.join(line.split())}")
        return json.loads(done.out or "{}")

    def ports(self):
        """{wwpn: what the switch says of it}."""
        return {port["wwpn"]: port for port in self.ctl("ports")["ports"]}

    def names(self):
        return {port["wwpn"]: port for port in self.ctl("names")["names"]}

    def enable(self):
        """All log in."""
        for hba in (self.storage, *self.hbas):
            hba.enable()
        for hba in (self.storage, *self.hbas):
            hba.online()

    def log(self):
        return self.dom0.run(f"cat {self.journal}").out

    def until(self, what, condition, patience=30):
        """condition: of ports(); true in the end."""
        limit = time.monotonic() + stretch(patience)
        while not condition(self.ports()):
            if time.monotonic() > limit:
                raise LabError(f"{what}: not within {patience} s; the switch says:\n{self.log()[-2000:]}")
            time.sleep(0.3)

    def rejections(self, count, patience=30):
        """Waits for so many more rejected logins."""
        before = self.ctl("counts")["rejected_logins"]
        self.until(f"{count} logins rejected",
                   lambda _: self.ctl("counts")["rejected_logins"] >= before + count, patience)
