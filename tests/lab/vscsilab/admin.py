# SPDX-License-Identifier: GPL-2.0
"""xl-vscsi and xen-vscsid of this project, in dom0."""
import json
import lzma
import pathlib
import shlex

from . import programs
from .guest import Guest
from .storage import CORE, FABRIC

PROGRAMS = ("xl-vscsi", "xen-vscsid")
UNIT = "xen-vscsid.service"
# Where scenarios have the configurations of their guests.
CONFIGS = "/run/lab"


def build(place):
    """The directory that has programs and unit for dom0 or a guest."""
    return programs.build(place.image.suite, "tools", PROGRAMS, [UNIT])


def install(place, *names):
    built = build(place)
    for library, here in programs.libraries(place.image.suite, built, names[0]):
        place.put(lzma.compress(pathlib.Path(here).read_bytes()), "/var/tmp/library.xz")
        place.run(f"[ -e {library} ] || xz -dc /var/tmp/library.xz > {library}")
    for name in names:
        place.put(lzma.compress((built / name).read_bytes()), f"/var/tmp/{name}.xz")
        place.run(f"xz -dc /var/tmp/{name}.xz > /usr/sbin/{name} && chmod 755 /usr/sbin/{name}")


class Admin:
    def __init__(self, lab):
        self.lab, self.dom0 = lab, lab.dom0
        install(self.dom0, *PROGRAMS)
        self.daemon = None

    # The command

    def run(self, words, rc=0, timeout=90):
        """xl-vscsi, whose exit code must be this one."""
        done = self.dom0.run(f"xl-vscsi {words}", check=False, timeout=timeout)
        self.lab.check(f"xl-vscsi {words}: exit code {rc}", done.rc == rc,
                       f"{done.rc}\n{done.out}{done.err}")
        return done

    def json(self, words, rc=0, timeout=90):
        done = self.run(f"{words} --json", rc, timeout)
        return json.loads(done.out)

    def attach(self, guest, pdev, vdev="", options=""):
        """The first device of the answer."""
        return self.json(f"attach {guest} {shlex.quote(pdev)} {vdev} {options}")["devices"][0]

    def refused(self, words, rc, *said):
        """A mistake: exit code and message; nothing is left of it."""
        before = self.state()
        done = self.run(words, rc)
        for text in said:
            self.lab.check(f"xl-vscsi {words}: says '{text}'", text in done.err, done.err)
        self.unchanged(f"xl-vscsi {words}", before)

    def state(self):
        """LIO's objects and PV SCSI's nodes."""
        # One command: each costs the emulated machine half a second.
        return self.dom0.run(
            f"find {CORE} {FABRIC} -mindepth 1 \\( -type d -o -type l \\) | sort; "
            f"grep -H . {FABRIC}/*/tpgt_*/param/* 2>/dev/null; "
            "xenstore-ls -f /local/domain | grep /vscsi/ | sort", check=False).out

    def unchanged(self, what, before):
        after = self.state()
        wrong = sorted(set(before.splitlines()) ^ set(after.splitlines()))
        self.lab.check(f"{what}: leaves all as it was", not wrong, "\n".join(wrong))

    # The daemon

    def start(self, options=""):
        self.daemon = self.dom0.start(f"exec xen-vscsid --config-dir {CONFIGS} {options}")
        self.dom0.poll("xl-vscsi status | grep 'daemon running'")

    def stop(self, signal=15):
        self.daemon.signal(signal)
        done = self.daemon.wait(30, check=False)
        self.daemon = None
        return done

    def once(self):
        """What the daemon would do now."""
        return self.dom0.run(f"xen-vscsid --once --config-dir {CONFIGS}", timeout=90)

    # Guests

    def create(self, name, vscsi, options="", rc=0):
        """A guest with vscsi= in its configuration; it is not waited for."""
        guest = Guest(self.lab, name, config=f"vscsi = {json.dumps(vscsi)}")
        self.dom0.put(guest.config, guest.config_path)
        self.run(f"create {options} {guest.config_path}", rc, timeout=180)
        if rc == 0:
            guest.find()
            self.lab.guests.append(guest)
        return guest


def scsi_debug(dom0, luns=1, size=8, delay="delay=0"):
    """An adapter of scsi_debug with so many disks; its number. delay: delay=0 ends commands where
    they are submitted, ndelay=N by a timer's interrupt after N ns, as a real one does."""
    known = dom0.run("ls /sys/class/scsi_host").out.split()
    dom0.run(f"modprobe scsi_debug dev_size_mb={size} {delay} num_tgts=1 max_luns={luns} per_host_store=1")
    found = dom0.poll("for h in /sys/class/scsi_host/*; do [ \"$(cat $h/proc_name)\" = scsi_debug ] && "
                      "echo ${h##*/}; done | grep .").out.split()
    number = int([name for name in found if name not in known][-1].removeprefix("host"))
    for lun in range(luns):
        dom0.poll(f"ls /sys/class/scsi_device/{number}:0:0:{lun}/device/block/*")
    return number
