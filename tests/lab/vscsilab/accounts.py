# SPDX-License-Identifier: GPL-2.0
"""What could leak in dom0, counted."""
import re


def counts(lab):
    """What could leak, as numbers."""
    text = lab.dom0.run(
        "sync; echo 3 > /proc/sys/vm/drop_caches; sleep 1; "
        "echo threads $(pgrep -c '^vscsi-'); echo interrupts $(grep -c xen-vscsi /proc/interrupts); "
        "echo devices $(ls /sys/bus/xen-backend/devices | grep -c vscsi); "
        "echo rings $(grep -c xenbus_map_ring /proc/vmallocinfo); "
        "echo sessions $(cat /sys/kernel/config/target/xen-pvscsi/*/tpgt_1/guests | wc -l); "
        "echo references $(awk '$1 == \"xen_scsiback\" { print $3 }' /proc/modules); "
        "awk '/^(Slab|VmallocUsed|Percpu|KernelStack)/ { print $1, $2 }' /proc/meminfo").out
    return {name.rstrip(":"): int(value) for name, value in re.findall(r"^(\S+) (\d+)$", text, re.M)}


def grants(lab):
    """Of dom0 and by dom0, as Xen counts them: entries that are in use."""
    out = lab.dom0.run("xl dmesg -c > /dev/null; xl debug-keys g; sleep 1; xl dmesg", timeout=60).out
    return len(re.findall(r"^\(XEN\)\s+\[0x", out, re.M))


def ports(lab):
    out = lab.dom0.run("xl dmesg -c > /dev/null; xl debug-keys e; sleep 1; xl dmesg", timeout=60).out
    return len(re.findall(r"^\(XEN\)\s+\d+ \[", out, re.M))
