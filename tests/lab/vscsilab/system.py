# SPDX-License-Identifier: GPL-2.0
"""A systemd in dom0, for the units: process 1 of a namespace of its own, as in a container."""
import pathlib
import tempfile

from .errors import LabError
from .shellout import host

# What would look after devices and disks that the lab has set up.
MASKED = """
systemd-udevd.service systemd-udev-trigger.service systemd-udevd-kernel.socket systemd-udevd-control.socket
systemd-remount-fs.service systemd-sysctl.service systemd-modules-load.service systemd-random-seed.service
systemd-tmpfiles-setup.service systemd-tmpfiles-setup-dev.service systemd-sysusers.service
systemd-update-utmp.service systemd-binfmt.service proc-sys-fs-binfmt_misc.automount systemd-firstboot.service
dev-hugepages.mount dev-mqueue.mount sys-kernel-tracing.mount sys-kernel-debug.mount sys-fs-fuse-connections.mount
systemd-networkd.service systemd-networkd.socket systemd-networkd-wait-online.service
systemd-machine-id-commit.service systemd-pcrphase.service systemd-pcrphase-sysinit.service
""".split()
UNITS = "/etc/systemd/system"
# Times in microseconds of the boot.
TIMES = ("InactiveExitTimestampMonotonic", "ActiveEnterTimestampMonotonic")


# In its namespaces: processes outside have no number there.
INSIDE = "nsenter -t $(pgrep -o -f '^/lib/systemd/systemd --system') --pid --mount"


def install(dom0):
    """systemd and what it needs, which the image has not."""
    there = set(dom0.run("dpkg-query -W -f '${Package}\\n'").out.split())
    which = dom0.image.suite
    every = which.apt("apt-cache", "depends", "--recurse", "--important", "systemd").splitlines()
    missing = [name for name in every if name[:1].isalnum() and name not in there]
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        work.chmod(0o755)
        which.download(missing, work)
        for deb in sorted(work.glob("*.deb")):
            host("dpkg-deb", "-x", deb, work / "tree")
        host("tar", "-C", work / "tree", "-cJf", work / "all.tar.xz", "--exclude=./usr/share", "--exclude=./usr/lib/udev", ".")
        dom0.put((work / "all.tar.xz").read_bytes(), "/var/tmp/systemd.tar.xz")
    dom0.run("tar -xJf /var/tmp/systemd.tar.xz --keep-directory-symlink -C / && ldconfig", timeout=300)


class System:
    def __init__(self, lab):
        self.lab, self.dom0 = lab, lab.dom0
        self.process = None

    def ctl(self, words, timeout=60):
        return self.dom0.run(f"{INSIDE} systemctl {words}", timeout=timeout).out

    def unit(self, name, text):
        self.dom0.run(f"mkdir -p $(dirname {UNITS}/{name})")
        self.dom0.put(text.encode(), f"{UNITS}/{name}")

    def start(self, *wanted):
        """Boots it until these units are active."""
        self.dom0.run("".join(f"ln -sf /dev/null {UNITS}/{name}\n" for name in MASKED))
        self.unit("lab.target", f"[Unit]\nWants={' '.join(wanted)}\nAfter={' '.join(wanted)}\n")
        self.process = self.dom0.start(
            "exec unshare --pid --mount --cgroup --fork --mount-proc --kill-child sh -c '"
            "mount -t cgroup2 none /sys/fs/cgroup; mount -t xenfs xen /proc/xen; "
            "exec env container=lab /lib/systemd/systemd --system --unit=lab.target --log-target=console "
            "--log-level=notice --show-status=no'")
        try:
            self.dom0.poll(f"{INSIDE} systemctl is-active lab.target", 120)
        except LabError:
            self.lab.note(self.dom0.run(f"{INSIDE} sh -c 'systemctl list-jobs; systemctl --failed; "
                                        "journalctl -b --no-pager | tail -60'", check=False, timeout=60).out)
            raise

    def show(self, unit, *properties):
        text = self.ctl(f"show {unit} -p {','.join(properties)}")
        return dict(line.split("=", 1) for line in text.splitlines())

    def times(self, unit):
        """When its start began, and when it was over."""
        found = self.show(unit, *TIMES)
        return tuple(int(found[name]) for name in TIMES)

    def stop(self):
        self.process.signal(9)
        self.process.wait(30, check=False)
        self.process = None
        self.dom0.run("rm -rf /run/systemd " + " ".join(f"{UNITS}/{name}" for name in (*MASKED, "lab.target")))
