# SPDX-License-Identifier: GPL-2.0
"""An operator's mistakes: each is told by name, nothing is left behind."""
from vscsilab import bare

TIMEOUT = 500
GUESTS = 1
NAA = "naa.6001405000000040"


def run(lab):
    lab.load_driver()
    store = lab.backstore.ramdisk("rd", "16M")
    target = lab.target.create(NAA)
    good = target.lun(0, store)
    guest = lab.guests[0]
    first = lab.attach(guest, good, "0:0:0:0")
    back = f"/local/domain/0/backend/vscsi/{guest.domid}/0"

    def refused(name, pdev, vdev, *words):
        seen = len(lab.dom0.run("dmesg").out)
        dev = lab.attach(guest, pdev, vdev, wait=False)
        lab.xs.wait(f"{back}/vscsi-devs/{dev}/state", 6)
        lab.xs.wait(f"{back}/state", 4)
        text = lab.xs.read(f"{back}/vscsi-devs/{dev}/error") or ""
        log = lab.dom0.run("dmesg").out[seen:]
        for word in words:
            lab.check(f"{name}: xenstore says '{word}'", word in text, text)
            lab.check(f"{name}: so does the kernel log", word in log, log)
        lab.check(f"{name}: the log names the device", f"vscsi-devs/{dev}" in log, log)
        lab.xs.rm(f"{back}/vscsi-devs/{dev}")

    refused("unknown p-dev", "naa.6001405000009999:0", "0:0:1:0",
            "naa.6001405000009999:0", "no target port or alias")
    refused("p-dev of a bare host", "2:0:1:0", "0:0:1:0", "2:0:1:0", "no target port or alias")
    refused("no such LUN", f"{NAA}:7", "0:0:1:0", f"{NAA}:7", "no such LUN")
    refused("no such portal group", f"{NAA},9:0", "0:0:1:0", f"{NAA},9:0", "portal group")
    refused("p-dev without a LUN", NAA, "0:0:1:0", NAA, "expected WWN:LUN")
    refused("LUN out of range", f"{NAA}:16384", "0:0:1:0", "16383")
    refused("v-dev of three parts", good, "0:0:1", "0:0:1", "host:channel:target:lun")
    refused("v-dev that is no number", good, "a:b:c:d", "a:b:c:d", "host:channel:target:lun")
    refused("v-dev out of range", good, "0:0:1:65536", "65535")
    refused("v-dev in use", good, "0:0:0:0", "0:0:0:0", "in use")

    lab.equal("the device that was there still works", guest.run(
        "dd if=/dev/sda bs=64k count=4 iflag=direct status=none | wc -c").out.strip(), "262144")
    lab.attach(guest, good, "0:0:1:0")
    lab.check("a right name works after all that", lab.disk(guest, "0:0:1:0").startswith("/dev/sd"))

    # Portal groups and aliases.
    other = lab.target.create(NAA, tpgt=2, nexus=False)
    other.lun(5, store)
    other.param("alias", "shelf")
    for number, pdev in enumerate((f"{NAA}:5", f"{NAA},2:5", "shelf:5")):
        lab.attach(guest, pdev, f"0:0:2:{number}")
        lab.check(f"{pdev} is found", lab.disk(guest, f"0:0:2:{number}") != "")

    # configfs
    base = "/sys/kernel/config/target/xen-pvscsi"

    def not_made(name, path, word):
        seen = len(lab.dom0.run("dmesg").out)
        result = lab.dom0.run(f"mkdir {path}", check=False)
        log = lab.dom0.run("dmesg").out[seen:]
        lab.check(f"{name}: refused", result.rc != 0)
        lab.check(f"{name}: the kernel log says '{word}'", word in log, log)
    not_made("target port without prefix", f"{base}/disk1", "expected a name that begins with")
    not_made("portal group without number", f"{base}/{NAA}/tpgt_x", "expected tpgt_N")
    taken = lab.dom0.run(f"echo shelf > {target.path}/param/alias", check=False)
    lab.check("an alias that is taken is refused", taken.rc != 0)
    busy = lab.dom0.run(f"rmdir {target.path}/lun/lun_0 {target.path}", check=False)
    lab.check("a portal group in use cannot be removed", busy.rc != 0)
    lab.check("the driver cannot be unloaded while it serves a guest",
              lab.dom0.run("rmmod xen-scsiback", check=False).rc != 0)

    # Nothing stays behind.
    lab.detach(guest, first)
    lab.dismantle(guest, [target, other], [store])

    # Where there is no Xen. The kernel that checks itself starts under Xen only.
    if lab.machine.debug_kernel:
        return
    text = bare.run(lab.machine, "module=/lab/payload/module/xen-scsiback.ko\n"
                    "modprobe -a $(modinfo -F depends $module | tr , ' ')\n"
                    "insmod $module; echo ends with $?\n"
                    "[ -e /sys/module/xen_scsiback ] || echo nothing left\n")
    lab.check("without Xen the module says so", "not running on Xen" in text, text[-1500:])
    lab.check("without Xen loading fails", "ends with 1" in text, text[-1500:])
    lab.check("without Xen nothing is left", "nothing left" in text, text[-1500:])
