# SPDX-License-Identifier: GPL-2.0
"""Booted hosts, stored: with no guest, with one, with two.

A snapshot contains what its key is made of and nothing else of ours: the
programs of a run come with the payload. dom0 sleeps in its stub when it is
stored, guests run.
"""
import shutil
import time

from . import guest, initrd, kcsan, logscan, machine, paths
from .errors import LabError
from .qemu import machine_key
from .shellout import Step
from .xenstore import Xenstore

MOST_GUESTS = 2


def _kind(image):
    """Whose kernel dom0 has."""
    return getattr(image, "kind", "")


def _name(image):
    return image.dir.name + (f" {image.debug.name}" if _kind(image) else "")


def _suites(image):
    """Snapshots of other suites than the host's, and of guests of others, are kept beside its own."""
    if image.guests is not image:
        return f"{image.suite}+{image.guests.suite}-"
    return "" if image.suite.own else f"{image.suite}-"


def _key(image, guests, icount):
    parts = [_name(image), machine_key(icount), initrd.dom0(image)]
    if guests:
        parts += [image.guests.dir.name, initrd.guest(image.guests), guest.config_text("g1")]
    return paths.digest(*parts)


def _prefix(image, guests, icount):
    return f"{_suites(image)}{_kind(image)}{'icount-' if icount else ''}guests{guests}-"


def path(image, guests, icount=False):
    return (paths.cache_dir() / "snapshots" /
            f"{_prefix(image, guests, icount)}{_key(image, guests, icount)}.qcow2")


def ensure(image, guests=0, icount=False):
    """The disk that has the snapshot in it, made now if need be. A machine
    that counts instructions can resume only one that did."""
    stored = path(image, guests, icount)
    if stored.exists():
        return stored
    before = ensure(image, guests - 1, icount) if guests else None
    stored.parent.mkdir(exist_ok=True)
    for stale in stored.parent.glob(_prefix(image, guests, icount) + "*"):
        stale.unlink()
    text = f"guest g{guests}" if guests else "Xen and dom0"
    with Step(f"booting {text} for a snapshot"):
        _make(stored, image, guests, before, icount)
    return stored


def ensure_all(image):
    for guests in range(MOST_GUESTS + 1):
        ensure(image, guests)


def start(host):
    """The machine, from the snapshot that serves it unless it is to boot."""
    host.start(None if host.full_boot else ensure(host.image, host.guests, host.icount))


def _make(stored, image, guests, before, icount):
    logs = paths.results_dir() / f"snapshot-{_prefix(image, guests, icount)[:-1]}"
    shutil.rmtree(logs, ignore_errors=True)
    host = machine.Machine(logs, icount=icount, debug_kernel=getattr(image, "debug_kind", None))
    try:
        host.write_payload()
        if before:
            host.resume(before)
            host.qemu.monitor.human(f"delvm {machine.SNAPSHOT}")
            host.wake()
            _start_guest(host, f"g{guests}")
            host.settle()
            host.dom0.call("rewind", 20 * host.patience)
            host.channel.greet("hello", "stub", 60 * host.patience)
        else:
            host.power_on()
        # What starting has stirred up shall not be replayed by every run.
        time.sleep(2 * host.patience)
        host.qemu.monitor.human(f"savevm {machine.SNAPSHOT}")
        host.stopping.set()
        host.qemu.stop()
        for log in logs.glob("*.log"):
            excerpts = logscan.scan(kcsan.split(log.read_text(errors="replace"))[0])
            if excerpts:
                raise LabError(f"{log} is not clean:\n"
                               + "\n".join(excerpts[0]))
        partial = stored.with_suffix(".partial")
        shutil.move(host.disks / "root.qcow2", partial)
        partial.rename(stored)
    finally:
        host.stop()


class _Bare:
    """As much of a Lab as a guest needs to start."""

    def __init__(self, host):
        self.dom0 = host.dom0
        self.xs = Xenstore(host.dom0)
        self.guests = []


def _start_guest(host, name):
    started = guest.Guest(_Bare(host), name)
    started.create()
    started.wait_up()
    # Programs that every scenario runs are in the page cache afterwards.
    started.run("lsscsi; ls /sys/block; dd if=/dev/zero of=/dev/null count=1; "
                "sha256sum /dev/null", check=False)
