# SPDX-License-Identifier: GPL-2.0
"""What a scenario's run(lab) is given."""
import shlex
import threading
import time

from . import frontend, logscan
from .guest import Guest
from .storage import FABRIC, Backstores, Targets
from .vscsi import Vscsi
from .xenstore import Xenstore

MODULE = "xen-scsiback"
LOADED = f"/sys/module/{MODULE.replace('-', '_')}"
# modprobe, by name or by alias, must find the module under test first. A
# rule does at once what depmod takes half a minute for on this machine.
RULE = "/etc/modprobe.d/vscsi-lab.conf"


class Lab:
    def __init__(self, machine, driver, report, frontend="stock"):
        self.machine, self.driver, self.report = machine, driver, report
        self.frontend = frontend
        self.dom0 = machine.dom0
        self.dom0.transcript = self._transcribe
        self.transcript = open(machine.logs / "commands.log", "a")
        self.writing = threading.Lock()
        self.xs = Xenstore(self.dom0)
        self.vscsi = Vscsi(self.xs)
        self.backstore = Backstores(self.dom0)
        self.target = Targets(self.dom0)
        self.guests = []
        # Guests that the snapshot has running and nobody has asked for yet.
        self.spare = [f"g{number + 1}" for number in range(machine.guests)]
        self.expected = []
        self.passed, self.failed = [], []

    # Verdicts

    def check(self, name, condition, detail=""):
        """Record a line of the result; the scenario goes on either way."""
        (self.passed if condition else self.failed).append(name)
        self.report("PASS" if condition else "FAIL", name,
                    "" if condition else str(detail))
        return bool(condition)

    def equal(self, name, got, wanted):
        return self.check(name, got == wanted, f"got {got!r}, not {wanted!r}")

    def note(self, text):
        """A line for the reader, neither good nor bad."""
        self.report("note", text, "")

    def expect_log(self, regex, required=True):
        """Log lines matching this are no failure; unless required is False,
        it is one if none comes."""
        self.expected.append(logscan.Expected(regex, required))

    # Driver

    def _install_driver(self):
        """What makes modprobe find the module under test, or the in-tree one again."""
        if self.driver != "ours":
            # The other may have been there in this run.
            return f"rm -f {RULE} /lib/modules/$(uname -r)/updates/{MODULE}.ko"
        return ("dir=/lib/modules/$(uname -r)/updates; mkdir -p $dir; "
                f"cp /lab/payload/module/{MODULE}.ko $dir/ || exit 1; "
                f"needs=$(modinfo -F depends $dir/{MODULE}.ko | tr , ' '); "
                f"echo \"install {MODULE} "
                "modprobe -a configfs $needs && "
                f"insmod $dir/{MODULE}.ko \\$CMDLINE_OPTS\" > {RULE}")

    def load_driver(self, params=""):
        # One command: each costs the emulated machine half a second.
        self.dom0.run(f"{self._install_driver()}; modprobe target_core_mod && modprobe {MODULE} {params} && "
                      f"test -d {LOADED} && mkdir -p {FABRIC}", timeout=120)

    def driver_loaded(self):
        return self.dom0.run(f"test -d {LOADED}", check=False).rc == 0

    def unload_driver(self):
        self.dom0.run(f"rmdir {FABRIC} 2>/dev/null; rmmod {MODULE}",
                      timeout=120)

    # Guests

    def guest(self, name, paused=False, wait=True, **options):
        """A PV guest; options are those of guest.config_text(): memory,
        vcpus, config (lines for xl), kernel_args, on_crash.

        A guest of the snapshot by this name is taken over if no options are
        given. paused: devices can be attached before its kernel runs; then
        call unpause() and wait_up()."""
        spare = name in self.spare
        if spare:
            self.spare.remove(name)
        guest = Guest(self, name, **options)
        self.guests.append(guest)
        if spare and not options and not paused:
            guest.find()
        else:
            if spare:
                self.dom0.run(f"xl destroy {name}")
            guest.create(paused)
        if wait and not paused:
            self._up(guest)
        return guest

    def _up(self, guest, timeout=300):
        guest.wait_up(timeout)
        if self.frontend == "ours":
            frontend.install(guest)
        return guest

    def boot_guests(self, *names, **options):
        """Several at once; their kernels boot side by side."""
        started = [self.guest(name, wait=False, **options) for name in names]
        return [self._up(guest, 450) for guest in started]

    # Devices

    def attach(self, guest, pdev, vdev, devid=0, wait=True, **options):
        """See Vscsi.attach; returns the device's name, like dev-0."""
        return self.vscsi.attach(guest.domid, pdev, vdev, devid, wait,
                                 **options)

    def detach(self, guest, dev, devid=0, **options):
        self.vscsi.detach(guest.domid, dev, devid, **options)

    def device_state(self, guest, devid, dev):
        return self.vscsi.device_state(guest.domid, dev, devid)

    def disk(self, guest, vdev, timeout=40):
        """The guest's block device at h:c:t:l; the frontend numbers its
        hosts itself, so only c:t:l count. With several controllers ask
        for the host by lsscsi instead."""
        tail = vdev.split(":", 1)[1]
        found = guest.poll(
            f"set -- /sys/class/scsi_device/*:{tail}/device/block/*; "
            "[ -e $1 ] && [ -b /dev/${1##*/} ] && echo /dev/${1##*/}", timeout)
        return found.out.strip()

    def generic(self, guest, vdev):
        """Its SCSI generic node, found like its disk."""
        found = guest.poll(f"[ -d /sys/module/sg ] || modprobe sg; ls /sys/class/scsi_device/*:{vdev.split(':', 1)[1]}/device/scsi_generic | "
                           "grep '^sg'")
        return "/dev/" + found.out.split()[0]

    # Tidying up

    def dismantle(self, guest, targets=(), stores=()):
        """Shut the guest down, undo the configuration, unload the driver."""
        domid = guest.domid
        guest.shutdown()
        self.vscsi.forget(domid)
        for item in (*targets, *stores):
            item.delete()
        self.unload_driver()
        self.check("the driver is unloaded", not self.driver_loaded())

    def teardown(self):
        """Destroy all guests and what they left in xenstore."""
        for guest in list(self.guests):
            domid = guest.domid
            guest.destroy()
            self.vscsi.forget(domid)

    def _transcribe(self, place, command, answer, seconds):
        with self.writing:
            out = self.transcript
            out.write(f"[{time.strftime('%H:%M:%S')} {seconds:6.1f} s] "
                      f"{place}$ {command}\n")
            if answer:
                for text in (answer["out"], answer["err"]):
                    out.write("".join(f"    {line}\n"
                                      for line in text.splitlines()[:400]))
                if answer["rc"] != 0:
                    out.write(f"    -> {answer['rc']}\n")
            out.flush()
            if self.machine.verbose:
                self.report("run", f"{place}$ {shlex.quote(command)[:200]}",
                            "")
