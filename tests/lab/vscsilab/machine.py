# SPDX-License-Identifier: GPL-2.0
"""A booted Xen host: from a given snapshot, else from power-on."""
import base64
import contextlib
import json
import pathlib
import shutil
import tempfile
import threading
import time

from . import debugkernel, initrd, logscan, packaged, paths, payload
from . import image as images
from .channel import Channel
from .errors import LabError
from .qemu import Qemu
from .shell import Place
from .shellout import host, say

BOOT_PATIENCE = 300
# What waiting is multiplied with where time counts instructions.
ICOUNT_PATIENCE = 6
# The name of a stored host inside its disk.
SNAPSHOT = "lab"


class Dom0(Place):
    name = "dom0"

    def __init__(self, channel, image):
        self.channel, self.image = channel, image

    def call(self, op, patience, **fields):
        return self.channel.call(op, patience, **fields)


class Machine:
    """Everything of one QEMU run; logs outlive it in log_dir."""

    def __init__(self, log_dir, module=None, extra=(), full_boot=False,
                 verbose=False, guests=0, features="", debug_kernel=None,
                 icount=False, plugin=None, devices=(), shadow=False, kind=None):
        self.image = images.current()
        self.debug_kernel = debug_kernel
        if debug_kernel:
            self.image = debugkernel.use(self.image, debug_kernel)
        if kind == packaged.KIND:
            self.image = packaged.Packaged(self.image)
        self.logs = pathlib.Path(log_dir)
        self.logs.mkdir(parents=True, exist_ok=True)
        self.serial = self.logs / "dom0-console.log"
        self.boots = 1
        self.module, self.extra = module, extra
        if shadow:
            self.image.xen = self.image.shadow_xen()
        # No snapshot has another processor or hypervisor than the usual one, or more devices.
        self.full_boot = full_boot or bool(features or devices or shadow or kind)
        self.verbose = verbose
        self.features = features
        self.icount, self.plugin, self.devices = icount, plugin, devices
        self.patience = ICOUNT_PATIENCE if icount else 1
        # How many guests the snapshot to start from has running.
        self.guests = guests
        self.qemu = self.channel = self.dom0 = None
        self.stopping = threading.Event()
        self.disks = pathlib.Path(tempfile.mkdtemp(prefix="run-",
                                                   dir=paths.cache_dir()))
        # The kernel takes no socket path of more than 107 bytes.
        self.work = self.disks
        if len(str(self.work)) > 90:
            self.work = pathlib.Path(tempfile.mkdtemp(prefix="xen-pvscsi-"))

    def start(self, stored=None):
        """From the disk of a snapshot, see snapshot.start(); without one, from power-on."""
        self.write_payload()
        if stored is None:
            self.power_on()
        else:
            try:
                self.resume(stored)
            except LabError as error:
                say(f"the snapshot cannot be loaded ({error}); booting")
                stored.unlink(missing_ok=True)
                self.qemu.stop()
                self.power_on()
        self.wake()

    def write_payload(self):
        payload.write(self.disks / "payload", self.image, self.module,
                      self.extra)

    def wake(self):
        self.channel.greet(f"go {time.time()}", "up",
                           60 * self.patience, every=2 * self.patience)
        self.dom0 = Dom0(self.channel, self.image)

    def resume(self, stored):
        # A copy, because the run writes to it; holes stay holes.
        host("cp", "--sparse=always", "--reflink=auto", stored,
             self.disks / "root.qcow2")
        self._launch(SNAPSHOT)
        self.channel.greet("hello", "stub", 40 * self.patience)

    def power_on(self):
        self.guests = 0
        host("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw",
             "-b", self.image.root, self.disks / "root.qcow2")
        self._launch()
        self.channel.greet("hello", "stub", BOOT_PATIENCE * self.patience)

    def _launch(self, loadvm=None):
        (self.disks / "initrd").write_bytes(initrd.dom0(self.image))
        self.qemu = Qemu(self.work, self.image, self.disks / "initrd",
                         self.disks / "root.qcow2", self.disks / "payload",
                         self.serial, loadvm, self.features, self.icount,
                         self.plugin, self.devices)
        self.qemu.start()
        self.channel = Channel(self.qemu.connect("command"))
        for job in (self._watch_serial, self._store_logs):
            threading.Thread(target=job, args=(self.qemu, self.channel),
                             daemon=True).start()

    def _watch_serial(self, qemu, channel):
        """End the waiting soon after the host has died."""
        offset, tail = 0, ""
        while not self.stopping.is_set() and qemu.alive():
            time.sleep(0.5)
            with contextlib.suppress(OSError), open(self.serial, "rb") as log:
                log.seek(offset)
                data = log.read()
                offset += len(data)
                tail = tail[-500:] + data.decode("utf-8", "replace")
            reason = logscan.is_fatal(tail)
            if reason:
                time.sleep(2)
                channel.bury(f"the host died: {reason}")
                return
        if not self.stopping.is_set():
            channel.bury(f"QEMU ended: {qemu.complaint()}")

    def _store_logs(self, qemu, channel):
        try:
            stream = qemu.connect("logs").makefile("rb")
        except LabError:
            return
        with contextlib.suppress(OSError, ValueError):
            for line in stream:
                record = json.loads(line)
                name = pathlib.PurePath(record["name"]).name
                with open(self.logs / name, "ab") as log:
                    log.write(base64.b64decode(record["data"]))

    def power_cycle(self):
        """Cut, and on again with the disks as they are; up when dom0 takes commands."""
        self.cut_power()
        self.qemu.stop()
        self.stopping = threading.Event()
        # QEMU begins a log anew.
        self.boots += 1
        self.serial = self.logs / f"dom0-console-{self.boots}.log"
        dom0 = self.dom0
        self._launch()
        self.channel.greet("hello", "stub", BOOT_PATIENCE * self.patience)
        self.wake()
        # Whoever has it goes on with it.
        dom0.channel, self.dom0 = self.channel, dom0

    def settle(self):
        """Let the last log lines arrive."""
        sizes = None
        for _ in range(12):
            time.sleep(0.4)
            now = [log.stat().st_size for log in self.logs.glob("*.log")]
            if now == sizes:
                return
            sizes = now

    def cut_power(self):
        """Only what is on the disks is left, for the scenario to look at; nothing inside answers any more."""
        self.stopping.set()
        self.qemu.kill()
        self.qemu.process.wait(10)

    def stop(self):
        self.stopping.set()
        if self.qemu:
            self.qemu.stop()
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.rmtree(self.disks, ignore_errors=True)
