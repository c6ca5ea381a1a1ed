# SPDX-License-Identifier: GPL-2.0
"""A dom0's disk of Debian and the packages alone, for the lab's scenarios `packages` and `guide`: installed as the guide
says it."""
import json
import os

from vscsilab import guide, image, packaged
from vscsilab.shellout import Step, host

from . import tree
from .chroot import Chroot

# Of a Xen host; and of one that has a tape library, which tgt emulates.
XEN = """linux-image-amd64 xen-system-amd64 systemd-sysv udev kmod initramfs-tools iproute2 procps psmisc cpio xz-utils
tgt open-iscsi mtx mt-st sg3-utils lsscsi lvm2 mdadm multipath-tools""".split()
# What no emulated machine needs, and what takes long to start there.
MASKED = """apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer e2scrub_reap.service
e2scrub_reap.service man-db.timer systemd-timesyncd.service getty@tty1.service serial-getty@hvc0.service
systemd-pcrphase.service networking.service""".split()
LATER = "var/cache/later"
SIZE = "6G"


def xen_host(which):
    return tree.named_tree(f"xenhost-{which}", which, XEN, tree.of_host(which))


def make(which, built, later):
    """Where the lab finds it."""
    out = packaged.folder(which)
    work = tree.cache() / f"boot-{which}"
    host("rm", "-rf", "--one-file-system", work, out, root=True)
    base = xen_host(which)
    with Step("copying a Xen host"):
        host("cp", "-a", base, work, root=True)
    try:
        with Step("installing the packages"), Chroot(work, throw_away=False) as root:
            for deb in built.debs():
                root.put(deb, "srv/build/deb")
            # Here and in the lab nobody answers apt's questions.
            root.write("etc/apt/apt.conf.d/yes", 'APT::Get::Assume-Yes "true";\n')
            for command in guide.installation():
                root.run(f"cd /srv && {command}")
            root.run("rm -r /srv/build")
            root.run("systemctl mask " + " ".join(MASKED))
            for package in ("xen-vscsi-tools", "targetcli-xen-pvscsi"):
                root.put(later.deb(package), LATER)
            root.run("rm -f /usr/sbin/policy-rc.d /etc/apt/apt.conf.d/test /usr/src/control /made-of; rm -rf /var/lib/apt/lists/*; "
                     "passwd -d root; echo dom0 >/etc/hostname; : >/etc/fstab; rm -f /etc/machine-id; : >/etc/machine-id")
        with Step("writing the root file system"):
            out.mkdir(parents=True)
            host("/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-m", "0", "-d", work, out / "root.ext4", SIZE, root=True)
            host("chown", f"{os.getuid()}:{os.getgid()}", out / "root.ext4", root=True)
        (out / "manifest.json").write_text(json.dumps(
            {"kernel": image.of(which).kernel, "version": built.version, "later": later.version}, indent=1))
    finally:
        host("rm", "-rf", "--one-file-system", work, root=True)
    return out
