# SPDX-License-Identifier: GPL-2.0
"""One QEMU process: its command line, its monitor, its end."""
import contextlib
import ctypes
import json
import os
import signal
import socket
import subprocess
import time

from .errors import LabDied, LabError
from .shellout import host

BINARY = "/usr/bin/qemu-system-x86_64"

# "max" and the Broadwell models crash a PV dom0 at start.
CPU = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+pclmulqdq,+aes,+rdrand"

XEN_ARGS = ("console=com1 com1=115200 dom0_mem=2048M,max:2048M noreboot "
            "loglvl=all guest_loglvl=all conring_size=1M "
            # An emulated processor leaks nothing; guarding it costs half
            # of its speed.
            "xpti=0 spec-ctrl=0")

# Emulated processors can be away for long: stall detectors get patience,
# they are not switched off.
KERNEL_ARGS = ("random.trust_cpu=on loglevel=7 mitigations=off "
               "rcupdate.rcu_cpu_stall_timeout=120 printk.time=1 "
               "panic=0 net.ifnames=0")
DOM0_ARGS = f"console=hvc0 watchdog_thresh=40 {KERNEL_ARGS}"
GUEST_ARGS = f"console=hvc0 watchdog_thresh=40 {KERNEL_ARGS}"

BOARD = ["-cpu", CPU, "-smp", "2", "-m", "4096", "-nodefaults", "-display",
         "none", "-nic", "none", "-no-reboot"]
MACHINE = ["-accel", "tcg,thread=multi", *BOARD]
# The time inside is the number of instructions executed; ten times slower.
COUNTING = ["-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off",
            *BOARD]


def version():
    return host(BINARY, "--version").splitlines()[0]


def machine_key(icount=False):
    """What a snapshot depends on besides the files it boots."""
    return "\n".join([version(), *(COUNTING if icount else MACHINE), XEN_ARGS,
                      DOM0_ARGS])


def _die_with_parent():
    """Even a killed lab must not leave an emulator behind."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Qemu:
    """directory is private to this process: sockets are made there.

    features: what the processor shall have besides, like ",+svm,+npt".
    plugin: a TCG plugin, FILE[,option=value...].
    devices: words of the command line that add devices."""

    def __init__(self, directory, image, initrd, root_disk, payload,
                 serial_log, loadvm=None, features="", icount=False,
                 plugin=None, devices=()):
        self.dir = directory
        self.process = None
        self.monitor = None
        comma = DOM0_ARGS.replace(",", ",,")
        board = COUNTING if icount else MACHINE
        self.argv = [
            BINARY, *(word + features if word == CPU else word for word in board),
            "-kernel", str(image.xen), "-append", XEN_ARGS,
            "-initrd", f"{image.vmlinux} {comma},{initrd}",
            "-chardev", f"file,id=serial,path={serial_log}",
            "-serial", "chardev:serial",
            "-drive", f"if=none,id=root,format=qcow2,file={root_disk},"
                      "cache=unsafe",
            "-device", "virtio-blk-pci,drive=root",
            "-drive", f"if=none,id=guest,format=raw,file={image.guests.root},"
                      "readonly=on",
            "-device", "virtio-blk-pci,drive=guest",
            "-drive", f"if=none,id=payload,format=raw,file={payload},"
                      "readonly=on",
            "-device", "virtio-blk-pci,drive=payload",
            "-device", "virtio-serial-pci",
        ]
        for name in ("command", "logs", "shell"):
            self.argv += [
                "-chardev", f"socket,id={name},path={directory}/{name},"
                            "server=on,wait=off",
                "-device", f"virtserialport,chardev={name},name=lab.{name}"]
        self.argv += ["-qmp", f"unix:{directory}/qmp,server=on,wait=off"]
        self.argv += devices
        if plugin:
            self.argv += ["-plugin", plugin]
        if loadvm:
            self.argv += ["-loadvm", loadvm]

    def start(self):
        self.errors = open(self.dir / "qemu.err", "w+")
        self.process = subprocess.Popen(
            self.argv, stdin=subprocess.DEVNULL, stdout=self.errors,
            stderr=self.errors, start_new_session=True,
            preexec_fn=_die_with_parent)
        self.monitor = Monitor(self.connect("qmp"))

    def complaint(self):
        with contextlib.suppress(OSError), open(self.dir / "qemu.err") as text:
            return text.read().strip()[-2000:]
        return ""

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def connect(self, name, patience=60):
        """A connection to one of the sockets, as soon as it is there."""
        limit = time.monotonic() + patience
        while time.monotonic() < limit:
            if not self.alive():
                raise LabDied(f"QEMU ended: {self.complaint()}")
            link = socket.socket(socket.AF_UNIX)
            try:
                link.connect(str(self.dir / name))
                return link
            except OSError:
                link.close()
                time.sleep(0.02)
        raise LabError(f"QEMU made no socket {name} in {patience} s")

    def stop(self):
        """Quit, and if that takes too long, kill this process only."""
        if self.process is None:
            return
        if self.alive() and self.monitor:
            with contextlib.suppress(OSError, LabError, ValueError):
                self.monitor.execute("quit", patience=5)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
        self.errors.close()

    def kill(self):
        """At once; for deadlines. stop() still has to be called."""
        if self.alive():
            os.kill(self.process.pid, signal.SIGKILL)


class Monitor:
    """The few QMP commands that the lab needs."""

    def __init__(self, link):
        self.link = link
        self.file = link.makefile("rw")
        link.settimeout(60)
        self.file.readline()
        self.execute("qmp_capabilities")

    def execute(self, command, patience=60, **arguments):
        self.link.settimeout(patience)
        message = {"execute": command}
        if arguments:
            message["arguments"] = arguments
        self.file.write(json.dumps(message) + "\n")
        self.file.flush()
        while True:
            line = self.file.readline()
            if not line:
                raise LabDied("QEMU closed its monitor")
            answer = json.loads(line)
            if "error" in answer:
                raise LabError(f"QEMU refused {command}: "
                               f"{answer['error'].get('desc')}")
            if "return" in answer:
                return answer["return"]

    def human(self, line, patience=120):
        """A monitor command without a QMP form; any text back is an error."""
        text = self.execute("human-monitor-command", patience=patience,
                            **{"command-line": line})
        if text.strip():
            raise LabError(f"QEMU monitor, {line}: {text.strip()}")
