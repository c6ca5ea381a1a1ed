# SPDX-License-Identifier: GPL-2.0
"""What the images are made of. Any change here builds new images."""

HOST_PACKAGES = {
    # command or file that proves it is there -> package
    "/usr/bin/qemu-system-x86_64": "qemu-system-x86",
    "/usr/bin/qemu-img": "qemu-utils",
    "/usr/sbin/debootstrap": "debootstrap",
    "/sbin/mke2fs": "e2fsprogs",
    "/sbin/depmod": "kmod",
    "/usr/bin/xz": "xz-utils",
    "/usr/bin/zstd": "zstd",
}

# qemu-system-xen is the device model of HVM guests.
ROOT_PACKAGES = """
xen-utils-common xenstore-utils targetcli-fb dbus
sg3-utils lsscsi mt-st mtx tgt open-iscsi libiscsi-bin fio
e2fsprogs xfsprogs kmod procps psmisc python3 cpio tar xz-utils util-linux
dmsetup iproute2 strace busybox-static qemu-system-xen
""".split()


def root_packages(xen):
    """The toolstack's carries the hypervisor's version in its name."""
    return [f"xen-utils-{xen}", *ROOT_PACKAGES]


def unpacked_packages(xen):
    """Besides the kernel's, not installed: their maintainer scripts would build initrds and
    boot loader entries which nobody uses here."""
    return [f"xen-hypervisor-{xen}-amd64"]


# Directories of the kernel package that no PV SCSI test can miss.
DROP_MODULES = """
kernel/sound kernel/drivers/gpu kernel/drivers/media kernel/drivers/net/wireless
kernel/drivers/net/ethernet kernel/drivers/net/usb kernel/drivers/net/can
kernel/drivers/infiniband kernel/drivers/usb kernel/drivers/iio
kernel/drivers/staging kernel/drivers/hid kernel/drivers/input
kernel/drivers/hwmon kernel/drivers/bluetooth kernel/drivers/platform
kernel/drivers/thunderbolt kernel/drivers/mmc kernel/drivers/mtd
kernel/drivers/edac kernel/drivers/video kernel/drivers/i2c
kernel/drivers/power kernel/drivers/isdn kernel/drivers/atm
kernel/net/wireless kernel/net/mac80211 kernel/net/bluetooth kernel/net/can
kernel/fs/btrfs kernel/fs/ocfs2 kernel/fs/gfs2 kernel/fs/ceph kernel/fs/afs
kernel/fs/nfs kernel/fs/nfsd kernel/fs/smb kernel/fs/cifs kernel/fs/reiserfs
kernel/fs/jfs kernel/fs/ubifs kernel/fs/f2fs kernel/fs/nilfs2
""".split()

DOM0_INITRD_MODULES = "virtio_pci virtio_blk ext4".split()
GUEST_INITRD_MODULES = "xen-blkfront ext4 overlay".split()

IMAGE_SIZE = "3G"
