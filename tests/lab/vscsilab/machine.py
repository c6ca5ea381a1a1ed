"""A booted Xen host: from a snapshot if there is one, else from power-on."""
import base64
import contextlib
import json
import pathlib
import shutil
import tempfile
import threading
import time

from . import image as images
from . import initrd, logscan, paths, payload
from .channel import Channel
from .errors import LabDied, LabError
from .qemu import Qemu, machine_key
from .shell import Place
from .shellout import Step, host, say

SNAPSHOT = "booted"
BOOT_PATIENCE = 180


class Dom0(Place):
    name = "dom0"

    def __init__(self, channel):
        self.channel = channel

    def call(self, op, patience, **fields):
        return self.channel.call(op, patience, **fields)


class Machine:
    """Everything of one QEMU run; logs outlive it in log_dir."""

    def __init__(self, log_dir, module=None, extra=(), full_boot=False,
                 verbose=False):
        self.image = images.current()
        self.logs = pathlib.Path(log_dir)
        self.logs.mkdir(parents=True, exist_ok=True)
        self.serial = self.logs / "dom0-console.log"
        self.module, self.extra = module, extra
        self.full_boot, self.verbose = full_boot, verbose
        self.qemu = self.channel = self.dom0 = None
        self.stopping = threading.Event()
        self.work = pathlib.Path(tempfile.mkdtemp(prefix="xen-pvscsi-lab-"))
        # Disks are large and may not fit where sockets go.
        self.disks = pathlib.Path(tempfile.mkdtemp(prefix="run-",
                                                   dir=paths.cache_dir()))

    def start(self):
        payload.write(self.disks / "payload", self.image, self.module,
                      self.extra)
        if self.full_boot:
            self._power_on()
        else:
            stored = ensure_snapshot(self.image, self.verbose)
            try:
                self._resume(stored)
            except LabDied as error:
                say(f"the snapshot cannot be loaded ({error}); booting")
                shutil.rmtree(stored, ignore_errors=True)
                self.qemu.stop()
                self._power_on()
        self.channel.greet(f"go {time.time()}", "up", 60, every=2)
        self.dom0 = Dom0(self.channel)

    def _resume(self, stored):
        host("cp", "--sparse=always", "--reflink=auto",
             stored / "root.qcow2", self.disks / "root.qcow2")
        self._launch(stored / "initrd", SNAPSHOT)
        self.channel.greet("hello", "stub", 30)

    def _power_on(self):
        key, blob = snapshot_key(self.image)
        (self.disks / "initrd").write_bytes(blob)
        fresh_disk(self.image, self.disks / "root.qcow2")
        self._launch(self.disks / "initrd")
        self.channel.greet("hello", "stub", BOOT_PATIENCE)

    def _launch(self, initrd_path, loadvm=None):
        self.qemu = Qemu(self.work, self.image, initrd_path,
                         self.disks / "root.qcow2", self.disks / "payload",
                         self.serial, loadvm)
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

    def settle(self):
        """Let the last log lines arrive."""
        sizes = None
        for _ in range(12):
            time.sleep(0.4)
            now = [log.stat().st_size for log in self.logs.glob("*.log")]
            if now == sizes:
                return
            sizes = now

    def stop(self):
        self.stopping.set()
        if self.qemu:
            self.qemu.stop()
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.rmtree(self.disks, ignore_errors=True)


def fresh_disk(image, target):
    host("qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw",
         "-b", image.root, target)


def snapshot_key(image):
    blob = initrd.dom0(image)
    return paths.digest(image.dir.name, machine_key(), blob), blob


def ensure_snapshot(image, verbose=False):
    """The directory with the disk that has the booted host in it."""
    key, blob = snapshot_key(image)
    stored = paths.cache_dir() / f"snapshot-{key}"
    if (stored / "root.qcow2").exists():
        return stored
    for stale in paths.cache_dir().glob("snapshot-*"):
        shutil.rmtree(stale, ignore_errors=True)
    logs = paths.results_dir() / "snapshot"
    shutil.rmtree(logs, ignore_errors=True)
    with Step("booting Xen once, for the snapshot"):
        machine = Machine(logs, full_boot=True)
        try:
            payload.write(machine.disks / "payload", image)
            # The snapshot names no file of this run but its initrd.
            machine._power_on()
            time.sleep(1)
            machine.qemu.monitor.human(f"savevm {SNAPSHOT}")
            machine.stopping.set()
            machine.qemu.stop()
            machine.settle()
            excerpts = logscan.scan(machine.serial.read_text(errors="replace"))
            if excerpts:
                raise LabError("the boot log is not clean:\n"
                               + "\n".join(excerpts[0]))
            partial = paths.cache_dir() / f"partial-{key}"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            shutil.move(machine.disks / "root.qcow2", partial / "root.qcow2")
            shutil.move(machine.disks / "initrd", partial / "initrd")
            partial.rename(stored)
        finally:
            machine.stop()
    return stored
