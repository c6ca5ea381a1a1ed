"""A systemd in dom0, for the units: process 1 of a namespace of its own, as in a container."""
from .errors import LabError

# What would look after devices and disks that the lab has set up.
MASKED = """
systemd-udevd.service systemd-udev-trigger.service systemd-udevd-kernel.socket systemd-udevd-control.socket
systemd-remount-fs.service systemd-sysctl.service systemd-modules-load.service systemd-random-seed.service
systemd-tmpfiles-setup.service systemd-tmpfiles-setup-dev.service systemd-sysusers.service
systemd-update-utmp.service systemd-binfmt.service proc-sys-fs-binfmt_misc.automount systemd-firstboot.service
dev-hugepages.mount dev-mqueue.mount sys-kernel-tracing.mount sys-kernel-debug.mount sys-fs-fuse-connections.mount
systemd-machine-id-commit.service systemd-pcrphase.service systemd-pcrphase-sysinit.service
""".split()
UNITS = "/etc/systemd/system"
# Times in microseconds of the boot.
TIMES = ("InactiveExitTimestampMonotonic", "ActiveEnterTimestampMonotonic")


class System:
    def __init__(self, lab):
        self.lab, self.dom0 = lab, lab.dom0
        self.process = None

    def unit(self, name, text):
        self.dom0.run(f"mkdir -p $(dirname {UNITS}/{name})")
        self.dom0.put(text.encode(), f"{UNITS}/{name}")

    def start(self, *wanted):
        """Boots it until these units are active."""
        self.dom0.run("".join(f"ln -sf /dev/null {UNITS}/{name}\n" for name in MASKED))
        self.unit("lab.target", f"[Unit]\nWants={' '.join(wanted)}\nAfter={' '.join(wanted)}\n")
        self.process = self.dom0.start(
            "exec unshare --pid --mount --cgroup --fork --mount-proc --kill-child sh -c '"
            "mkdir -p /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; "
            "exec env container=lab /lib/systemd/systemd --system --unit=lab.target --log-target=console "
            "--log-level=notice --show-status=no'")
        try:
            self.dom0.poll("systemctl is-active lab.target", 120)
        except LabError:
            self.lab.note(self.dom0.run("systemctl list-jobs; systemctl --failed; systemctl status xen-vscsid; "
                                        "journalctl -b --no-pager | tail -60", check=False, timeout=60).out)
            raise

    def show(self, unit, *properties):
        text = self.dom0.run(f"systemctl show {unit} -p {','.join(properties)}").out
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
