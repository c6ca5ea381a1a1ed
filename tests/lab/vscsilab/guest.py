# SPDX-License-Identifier: GPL-2.0
"""PV guests: stock Debian kernel, stock frontend, our command runner."""
import time

from .errors import LabError
from .patience import stretch
from .qemu import GUEST_ARGS
from .shell import Place

PAYLOAD = "/lab/payload"
DISK = ("format=raw, vdev={vdev}, access=ro, backendtype=phy, "
        f"script={PAYLOAD}/vbd-hotplug, target=/dev/vdb")
# A device model loads a boot loader's kernel, and would emulate the first four disks.
HVM = {"kernel": "/boot/vmlinuz", "vdev": "xvde"}


def config_text(name, memory=256, vcpus=1, config="", kernel_args="",
                on_crash="destroy", kind="pv", kernel="/boot/vmlinux", vdev="xvda"):
    return "\n".join([
        f'name = "{name}"', f'type = "{kind}"', f"memory = {memory}",
        f"vcpus = {vcpus}", f'kernel = "{kernel}"',
        f'ramdisk = "{PAYLOAD}/guest-initrd"',
        f'extra = "{GUEST_ARGS} {kernel_args}"', f"disk = ['{DISK.format(vdev=vdev)}']",
        f'on_crash = "{on_crash}"', 'on_poweroff = "destroy"', config, ""])


class Guest(Place):
    def __init__(self, lab, name, **options):
        self.lab, self.name = lab, name
        self.transcript = lab.dom0.transcript
        self.domid = None
        self.config_path = f"/run/lab/{name}.cfg"
        self.config = config_text(name, **options)

    @property
    def image(self):
        """Whose kernel and programs it has."""
        return self.lab.machine.image.guests

    def create(self, paused=False, timeout=180):
        dom0 = self.lab.dom0
        dom0.put(self.config, self.config_path)
        flag = "-p " if paused else ""
        dom0.run(f"xl create {flag}{self.config_path}", timeout=timeout)
        self.find()

    def find(self):
        """Learn the domain id; it changes with reboot, restore and so on."""
        self.domid = int(self.lab.dom0.run(f"xl domid {self.name}").out)
        return self.domid

    def unpause(self):
        self.lab.dom0.run(f"xl unpause {self.name}")

    def pause(self):
        self.lab.dom0.run(f"xl pause {self.name}")

    def wait_up(self, timeout=300):
        """Until the guest runs commands."""
        answer = self.lab.dom0.call("guest_open", timeout + 20,
                                    domid=self.domid, timeout=stretch(timeout))
        if not answer["ready"]:
            tail = "\n".join(self.console().splitlines()[-20:])
            xl = self.lab.dom0.run(f"xl list; tail -n 15 /var/log/xen/xl-{self.name}.log; "
                                   f"xenstore-ls /local/domain/{self.domid}/console; xl vcpu-list; "
                                   "for p in $(pgrep 'xenconsoled|oxenstored'); do ps -o pid,stat,time,args $p; "
                                   "cat /proc/$p/wchan /proc/$p/stack; done", check=False)
            raise LabError(f"guest {self.name} did not come up in "
                           f"{timeout} s; xl says:\n{xl.out}{xl.err}its console ends with:\n{tail}")
        return self

    def call(self, op, patience, **fields):
        if self.domid is None:
            raise LabError(f"guest {self.name} is not running")
        return self.lab.dom0.channel.call(op, patience, to=self.domid,
                                          **fields)

    def console(self):
        """Everything the guest has printed so far."""
        path = f"/var/log/xen/console/guest-{self.name}.log"
        found = self.lab.dom0.run(f"cat {path}", check=False)
        return found.out.replace("\r", "")

    def exists(self):
        return self.lab.dom0.run(f"xl domid {self.name}", check=False).rc == 0

    def wait_gone(self, timeout=60):
        limit = time.monotonic() + stretch(timeout)
        while self.exists():
            if time.monotonic() > limit:
                raise LabError(f"guest {self.name} is still there after "
                               f"{timeout} s")
            time.sleep(0.3)
        self._ended()

    def shutdown(self, timeout=60):
        """As an administrator would: the guest powers itself off."""
        self.lab.dom0.run(f"xl shutdown {self.name}")
        self.wait_gone(timeout)

    def destroy(self, timeout=60):
        self.lab.dom0.run(f"xl destroy {self.name}", timeout=timeout)
        self.wait_gone(timeout)

    def _ended(self):
        self.lab.dom0.call("guest_close", 20, domid=self.domid)
        self.domid = None
        if self in self.lab.guests:
            self.lab.guests.remove(self)
