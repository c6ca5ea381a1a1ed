# SPDX-License-Identifier: GPL-2.0
"""A configfs in a folder: what target core does at mkdir, rmdir and symlink, as far as rtslib looks.

Attributes are plain files, so nothing is refused by their values; `refuse` says which are.
"""
import errno
import os
import shutil

ATTRIBUTES = {
    "tpg": {"param/domain": "\n", "param/alias": "\n", "param/ring_per_lun": "0\n", "param/vport": "\n",
            "attrib/demo_mode_write_protect": "0\n", "guests": "", "nexus": ""},
    "lun": {"alua_tg_pt_gp": "\n", "statistics/scsi_tgt_port/in_cmds": "0\n",
            "statistics/scsi_tgt_port/read_mbytes": "0\n", "statistics/scsi_tgt_port/write_mbytes": "0\n"},
    "acl": {"tag": "", "info": "No active iSCSI Session\n"},
    "mapped": {"write_protect": "0\n"},
    "iscsi_tpg": {"enable": "0\n"},
}
# Made by the kernel, so they go with their parent.
FOLDERS = {"tpg": ("lun", "acls", "attrib", "param", "auth"), "lun": ("statistics",), "acl": ("attrib",),
           "mapped": (), "iscsi_tpg": ("lun", "acls", "np", "attrib", "param", "auth")}
RAMDISK = "Status: ACTIVATED  Max Queue Depth: 0  SectorSize: 512  HwMaxSectors: 2048\n" \
          "        TCM RamDisk ID: 0  RamDisk Makeup: rd_mcp  PAGES/PAGE_SIZE: 4096*4096  nullio: 0\n"


class Kernel:
    def __init__(self, root):
        self.root = str(root)
        self.refuse_mkdir = set()  # endings of paths
        self.removing = False
        for name in ("core", "iscsi"):
            os.makedirs(f"{self.root}/{name}", exist_ok=True)
        os.makedirs(f"{self.root}/iscsi/discovery_auth", exist_ok=True)
        for name in ("userid", "password", "userid_mutual", "password_mutual", "enforce_discovery_auth"):
            with open(f"{self.root}/iscsi/discovery_auth/{name}", "w", encoding="ascii") as file:
                file.write("0" if name.startswith("enforce") else "NULL")
        self.mkdir_, self.rmdir_ = os.mkdir, os.rmdir

    def load(self):
        """The module."""
        self.mkdir_(f"{self.root}/xen-pvscsi")

    def kind(self, path):
        words = os.path.relpath(path, self.root).split("/")
        if words[0] != "xen-pvscsi" or len(words) < 3:
            return None
        if len(words) == 3:
            return "tpg"
        if words[3] == "lun":
            return "lun"
        return {5: "acl", 6: "mapped"}.get(len(words))

    def mkdir(self, path, mode=0o777, **options):
        place = os.fspath(path)
        if not isinstance(place, str) or not place.startswith(self.root + "/"):
            return self.mkdir_(path, mode, **options)
        if any(place.endswith(end) for end in self.refuse_mkdir):
            raise OSError(errno.EINVAL, "refused", place)
        if place.startswith(f"{self.root}/xen-pvscsi") and not os.path.isdir(f"{self.root}/xen-pvscsi"):
            raise OSError(errno.ENOENT, "no such fabric", place)
        self.mkdir_(path, mode)
        kind = self.kind(place)
        for folder in FOLDERS.get(kind, ()):
            self.mkdir_(f"{place}/{folder}")
        words = os.path.relpath(place, self.root).split("/")
        if words[0] == "core" and len(words) == 3:
            self.store(words[1], words[2], {"info": RAMDISK})
        for name, value in ATTRIBUTES.get(kind, {}).items():
            os.makedirs(os.path.dirname(f"{place}/{name}"), exist_ok=True)
            with open(f"{place}/{name}", "w", encoding="ascii") as file:
                file.write(value)
        return None

    def rmdir(self, path, **options):
        place = os.fspath(path)
        if self.removing or not isinstance(place, str) or not place.startswith(self.root + "/"):
            return self.rmdir_(path, **options)
        kind = self.kind(place)
        if place.startswith(f"{self.root}/core/"):
            kind = "core"
            hba = [name for name in os.listdir(place) if os.path.isdir(f"{place}/{name}")]
            if os.path.dirname(place) == f"{self.root}/core" and hba:
                raise OSError(errno.ENOTEMPTY, "not empty", place)
        if kind == "tpg" and os.path.exists(f"{place}/guests") and os.path.getsize(f"{place}/guests"):
            raise OSError(errno.EBUSY, "a guest is connected", place)
        made = {"tpg": ("lun", "acls"), "core": ()}.get(kind, (".",))
        for folder in made:
            for name in os.listdir(f"{place}/{folder}"):
                inner = f"{place}/{folder}/{name}"
                if os.path.islink(inner) or (os.path.isdir(inner) and name not in FOLDERS.get(kind, ())):
                    raise OSError(errno.ENOTEMPTY, "not empty", place)
        self.removing = True
        try:
            shutil.rmtree(place)
        finally:
            self.removing = False
        return None

    @staticmethod
    def connect(tpg, name="g1", domid=3, initiator="naa.500163e4503be49c"):
        """A guest."""
        with open(f"{tpg}/guests", "a", encoding="ascii") as file:
            file.write(f"domid={domid} uuid=432bf4b3-568a-470a-bb53-c9acf63bb03a vhost=0 initiator={initiator} "
                       f"state=connected luns=- name={name}\n")

    # Backstores, as they are once they are enabled

    def store(self, hba, name, files):
        place = f"{self.root}/core/{hba}/{name}"
        for folder in ("alua", "attrib", "wwn"):
            os.makedirs(f"{place}/{folder}", exist_ok=True)
        files = {"enable": "1\n", "udev_path": "", "wwn/vpd_unit_serial": f"T10 VPD Unit Serial Number: {hba}\n",
                 "attrib/emulate_write_cache": "0\n", "attrib/emulate_pr": "1\n", "attrib/pgr_support": "1\n",
                 **files}
        for file_name, value in files.items():
            with open(f"{place}/{file_name}", "w", encoding="ascii") as file:
                file.write(value)

    def ramdisk(self, name, number=0):
        self.store(f"rd_mcp_{number}", name, {"info": RAMDISK})

    def block(self, name, sysfs, node="/dev/sdb", minor=16, zoned="none"):
        """Device 8:minor."""
        self.store(f"iblock_{minor}", name, {
            "udev_path": node,
            "info": "Status: ACTIVATED  Max Queue Depth: 0  SectorSize: 512  HwMaxSectors: 2048\n"
                    f"        iBlock device: {node[5:]}  UDEV PATH: {node}  readonly: 0\n"
                    f"        Major: 8 Minor: {minor}  CLAIMED: IBLOCK\n"})
        os.makedirs(f"{sysfs}/dev/block/8:{minor}/queue")
        with open(f"{sysfs}/dev/block/8:{minor}/queue/zoned", "w", encoding="ascii") as file:
            file.write(f"{zoned}\n")

    def passthrough(self, name, sysfs, kind, address="3:0:0:1", number=0, node="/dev/nst0"):
        host, channel, target, lun = address.split(":")
        self.store(f"pscsi_{number}", name, {
            "udev_path": node, "attrib/alua_support": "0\n", "attrib/pgr_support": "0\n",
            "info": "Status: ACTIVATED  Max Queue Depth: 0  SectorSize: 512  HwMaxSectors: 2048\n"
                    f"        SCSI Device Bus Location: Channel ID: {channel} Target ID: {target} "
                    f"LUN: {lun} Host ID: {host} Vendor: X Model: Y Rev: 1\n"})
        os.makedirs(f"{sysfs}/class/scsi_device/{address}/device")
        with open(f"{sysfs}/class/scsi_device/{address}/device/type", "w", encoding="ascii") as file:
            file.write(f"{kind}\n")
