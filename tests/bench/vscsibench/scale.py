# SPDX-License-Identifier: GPL-2.0
"""How the cost of an I/O grows with rings and with LUNs, and what memory a ring takes."""
import shlex
import time

from vscsilab.errors import LabError

from . import fio
from .backends import NAA, PATIENCE
from .host import Host, layers, say

RINGS = (1, 4, 16)
LUNS = (1, 4, 16, 64)
BLOCK = 4096
DEPTH = 16
# More than the guest's queue for a LUN would only wait there.
IOS = 2000
DISK_MIB = 8
IDLE_SECONDS = 5


def load(disks, depth, ios, block=BLOCK):
    """One process that goes round all disks."""
    return shlex.join([
        "fio", "--output-format=json", "--direct=1", "--randrepeat=1", "--norandommap", "--rw=randread",
        f"--bs={block}", "--ioengine=libaio", f"--iodepth={depth}", "--file_service_type=roundrobin:1",
        f"--number_ios={ios}", f"--io_size={ios * block}", "--name=load", "--filename=" + ":".join(disks)])


class PvscsiSet:
    """LUN n of one target for each of many devices."""

    def __init__(self, name, lab, guest):
        self.name, self.lab, self.guest = name, lab, guest
        self.stores, self.controllers = [], []
        lab.driver = name
        lab.load_driver()
        self.target = lab.target.create(NAA)

    def export(self, count):
        for number in range(len(self.stores), count):
            store = self.lab.backstore.iblock(f"disk{number}", device=f"/dev/ram{number}")
            self.stores.append((store, self.target.lun(number, store)))

    def _hosts(self):
        return self.guest.run("ls /sys/class/scsi_host").out.split()

    def add_ring(self, devid):
        """A controller with one LUN; the guest's disk."""
        before = self._hosts()
        self.lab.attach(self.guest, self.stores[devid][1], "0:0:0:0", devid=devid, timeout=PATIENCE)
        self.controllers.append(devid)
        host = (set(self._hosts()) - set(before)).pop().removeprefix("host")
        return self._disk(f"{host}:0:0:0")

    def add_lun(self, number):
        """LUN of the one controller 0."""
        if not self.controllers:
            self.controllers.append(0)
        self.lab.attach(self.guest, self.stores[number][1], f"0:0:{number // 16}:{number % 16}", timeout=PATIENCE)
        return self._disk(f"*:0:{number // 16}:{number % 16}")

    def _disk(self, address):
        return self.guest.poll(f"set -- /sys/class/scsi_device/{address}/device/block/*; "
                               "[ -e $1 ] && [ -b /dev/${1##*/} ] && echo /dev/${1##*/}", PATIENCE).out.strip()

    def withdraw(self):
        for devid in self.controllers:
            self.lab.vscsi.detach_controller(self.guest.domid, devid, PATIENCE)
        self.controllers = []

    def remove(self):
        self.target.delete()
        for store, _ in self.stores:
            store.delete()
        self.lab.unload_driver()


class VbdSet:
    name = "vbd"

    def __init__(self, lab, guest):
        self.lab, self.guest, self.names = lab, guest, []

    def export(self, count):
        pass

    def add_ring(self, devid):
        name = f"xvd{chr(ord('b') + devid)}"
        self.lab.dom0.run(
            f"xl block-attach {self.guest.name} format=raw,backendtype=phy,script=/lab/payload/vbd-hotplug,"
            f"vdev={name},access=rw,target=/dev/ram{devid}", timeout=PATIENCE)
        self.guest.poll(f"test -b /dev/{name}", PATIENCE)
        self.names.append(name)
        return f"/dev/{name}"

    def withdraw(self):
        for name in self.names:
            self.lab.dom0.run(f"xl block-detach {self.guest.name} {name}", timeout=PATIENCE)
            self.guest.poll(f"! test -b /dev/{name}", PATIENCE)
        self.names = []

    def remove(self):
        pass


def make(name, lab, guest):
    return VbdSet(lab, guest) if name == "vbd" else PvscsiSet(name, lab, guest)


class Scale:
    """In instruction time: each ring at full depth, and one ring over more and more LUNs."""

    def __init__(self, options):
        self.options = options
        self.host = Host("scale", options, True, max(LUNS), DISK_MIB)
        self.results = []

    def run(self):
        with self.host.running():
            for driver in self.options.drivers:
                devices = make(driver, self.host.lab, self.host.guest)
                devices.export(max(LUNS))
                self._grow(devices, "rings", RINGS, devices.add_ring)
                devices.withdraw()
                if driver != "vbd":
                    self._grow(devices, "luns", LUNS, devices.add_lun)
                    devices.withdraw()
                devices.remove()
        return self.results

    def _grow(self, devices, what, sizes, add):
        disks = []
        owners = self.host.symbols.owners()
        for size in sizes:
            while len(disks) < size:
                disks.append(add(len(disks)))
            depth = DEPTH * size if what == "rings" else DEPTH
            ios = max(IOS, 200 * size)
            begin = time.monotonic()

            def command(count):
                return fio.parse(self.host.guest.run(load(disks, depth, count), timeout=3000).out)
            try:
                command(ios // 4)
                counted = self.host.counted(owners, command, ios, 3 * ios)
            except LabError as error:
                # The in-tree module has 128 tags for all rings of a portal group; more is an error.
                self.results.append({"driver": devices.name, "of": what, "size": size, "failed": str(error)[-500:]})
                say(f"  {devices.name:8} {size:3} {what:6} fails")
                continue
            parts = layers(counted.functions)
            result = {"driver": devices.name, "of": what, "size": size, "rate": counted.ios / counted.seconds,
                      "instructions": sum(parts.values()), "layers": parts}
            self.results.append(result)
            say(f"  {devices.name:8} {size:3} {what:6} {result['rate']:9.0f} I/O a second, "
                f"{result['instructions']:8.0f} instructions an I/O ({time.monotonic() - begin:.0f} s)")


# Free pages on processors' own lists are not in MemFree.
PROCESSORS_PAGES = "awk '/^ +count:/ { pages += $2 } END { print \"PerCpuFree:\", pages * 4, \"kB\" }' /proc/zoneinfo"
FIELDS = ("MemTotal", "MemFree", "PerCpuFree", "Buffers", "Cached", "AnonPages")


# Parts of it that the kernel accounts for; what is left was taken by the page.
PARTS = ("Slab", "KernelStack", "PageTables", "Percpu", "VmallocUsed")


def kernel_memory(text):
    """{"all": KiB that are no cache and no program's, and parts of that}, from /proc/meminfo."""
    found = dict(line.split()[:2] for line in text.replace(":", "").splitlines())
    total, *rest = (int(found[name]) for name in FIELDS)
    return {"all": total - sum(rest), **{name: int(found.get(name, 0)) for name in PARTS}}


class Memory:
    """dom0's kernel memory before and after rings come, idle and under load."""
    COUNT = 16

    def __init__(self, options):
        self.options = options
        self.host = Host("memory", options, True, self.COUNT, DISK_MIB)

    def run(self):
        with self.host.running():
            return [self._driver(name) for name in self.options.drivers]

    def _memory(self):
        return kernel_memory(self.host.lab.dom0.run(
            f"echo 3 > /proc/sys/vm/drop_caches; cat /proc/meminfo; {PROCESSORS_PAGES}", timeout=60).out)

    def _settled(self):
        time.sleep(IDLE_SECONDS)
        return min((self._memory() for _ in range(3)), key=lambda memory: memory["all"])

    def _driver(self, name):
        devices = make(name, self.host.lab, self.host.guest)
        devices.export(self.COUNT)
        # The first connection makes caches and per-CPU pools that all share.
        devices.add_ring(0)
        devices.withdraw()
        before = self._settled()
        disks = [devices.add_ring(number) for number in range(self.COUNT)]
        fresh = self._settled()
        self.host.guest.run("for q in /sys/block/sd*/queue; do [ -e $q ] && cat $q/max_hw_sectors_kb > "
                            "$q/max_sectors_kb; done; true")
        # More than this takes more tags than the in-tree module has for a portal group.
        depth = DEPTH // 4 if name == "in-tree" else DEPTH
        job = self.host.guest.start(load(disks, depth * self.COUNT, 40000, 128 * 1024))
        busy = fresh
        while job.poll() is None:
            busy = max(busy, self._memory(), key=lambda memory: memory["all"])
        fio.parse(job.wait(60).out)
        idle = self._settled()
        devices.withdraw()
        devices.remove()
        result = {"driver": name, "parts": {}}
        for phase, memory in (("fresh", fresh), ("busy", busy), ("idle", idle)):
            grown = {key: (memory[key] - before[key]) / self.COUNT for key in before}
            result[phase], result["parts"][phase] = grown["all"], grown
        say(f"  {name:8} KiB a ring: fresh {result['fresh']:.0f}, busy {result['busy']:.0f}, "
            f"idle after that {result['idle']:.0f}")
        return result
