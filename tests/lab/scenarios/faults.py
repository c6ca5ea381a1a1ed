# SPDX-License-Identifier: GPL-2.0
"""Each allocation of the module fails once: a clean error or success, nothing is lost, the next one works."""
import time

from vscsilab import paths, patience
from vscsilab.leaks import counts, grants, ports
from vscsilab.errors import LabError
from vscsilab.faultinjection import LOSES, Injection, Site, call_sites
from vscsilab.lab import LOADED, MODULE
from vscsilab.storage import FABRIC
from vscsilab.vscsi import CLOSED, CLOSING, CONNECTED, INITIALISING, backend, frontend

GUESTS = 1
TIMEOUT = 1500
LONG = True
DRIVERS = ("ours",)
DEBUG_KERNEL = ("lockdep",)
NAA = "naa.5001405000000099"
OTHER = "naa.500140500000009a"
# Nothing takes longer than this to say what became of it, in seconds and on this kernel.
SETTLED = 24
MOST_LIVES = 150

# What the module asks the kernel for besides memory, and how it is refused, in the phase named.
REFUSALS = (
    ("connect", "gnttab_alloc_pages", -12), ("connect", "gnttab_map_refs", -12),
    ("connect", "bind_interdomain_evtchn_to_irqhandler_lateeoi", -28),
    ("connect", "kthread_create_on_node", -12), ("connect", "register_xenbus_watch", -12),
    ("connect", "xenbus_printf", -12), ("connect", "xenbus_read", -12), ("connect", "xenbus_gather", -12),
    ("connect", "xenbus_directory", -12), ("connect", "xenbus_transaction_start", -12),
    ("connect", "xenbus_write", -12), ("add", "xenbus_read", -5), ("add", "xenbus_transaction_start", -5),
    ("add", "xenbus_write", -5), ("remove", "xenbus_write", -12),
)

IO = """
set -e
for n in 0 1 2; do
    for i in $(seq 200); do d=$(ls /sys/class/scsi_device/*:0:0:$n/device/block 2>/dev/null) && break; sleep 0.1; done
    head -c 200K /dev/urandom > /tmp/want
    dd if=/tmp/want of=/dev/$d bs=200K oflag=direct status=none
    dd if=/dev/$d of=/tmp/got bs=200K count=1 iflag=direct status=none
    cmp /tmp/want /tmp/got
    sg_inq /dev/$d > /dev/null
    sg_luns /dev/$d > /dev/null
done
blkdiscard -z -l 64K /dev/$d
sg_persist -n -o -G -S 1 /dev/$d > /dev/null
sg_persist -n -o -G -K 1 -S 0 /dev/$d > /dev/null
sg_reset -d /dev/$d
dd if=/dev/$d of=/dev/null bs=64K count=1 skip=1 iflag=direct status=none
"""


class Lives:
    """A controller comes, gets one more device, is used, loses the device, goes; and a portal group likewise."""

    def __init__(self, lab, guest, injection):
        self.lab, self.guest, self.injection = lab, guest, injection
        self.target = lab.target.create(NAA)
        stores = [lab.backstore.iblock("block", "8M"), lab.backstore.pscsi_disk("passed", "8M"),
                  lab.backstore.fileio("file", "8M")]
        self.pdevs = [self.target.lun(number, store) for number, store in enumerate(stores)]
        self.spare = lab.backstore.ramdisk("spare", "8M")
        self.back = backend(guest.domid, 0)
        self.front = frontend(guest.domid, 0)
        # xenbus tells operators there.
        self.errors = f"/local/domain/0/error/backend/vscsi/{guest.domid}"
        self.phases = {"config": self.config, "connect": self.connect, "add": self.add, "io": self.io,
                       "remove": self.remove, "end": self.end}
        guest.put(IO, "/tmp/io.sh")

    # Phases: each returns "" if it went well, else why not; what is neither raises.

    def config(self):
        port = f"{FABRIC}/{OTHER}"
        lun = f"{port}/tpgt_1/lun/lun_0"
        done = self.lab.dom0.run(f"mkdir {port} && mkdir {port}/tpgt_1 && mkdir {lun} && ln -s {self.spare.path} {lun}/spare",
                                 check=False)
        self.lab.dom0.run(f"[ ! -e {lun}/spare ] || rm {lun}/spare; for d in {lun} {port}/tpgt_1 {port}; do "
                          "[ ! -d $d ] || rmdir $d || exit; done")
        return done.err.strip() if done.rc else ""

    def _states(self, devices):
        got = self.lab.xs.transaction([("read", f"{self.back}/state"), ("read", f"{self.front}/state"),
                                       *[("read", f"{self.back}/vscsi-devs/dev-{number}/state") for number in devices]])
        return [None if value is None else int(value) for value in got]

    def _settled(self, devices):
        """Why it is not connected with all of them, or ""."""
        limit = time.monotonic() + SETTLED
        while time.monotonic() < limit:
            back, front, *states = self._states(devices)
            if back in (CLOSING, CLOSED):
                return self._reason()
            if back == front == CONNECTED and all(state in (CONNECTED, CLOSED) for state in states):
                return self._reason() if CLOSED in states else ""
            # It was not taken by the driver at all.
            if back == INITIALISING and "xenbus_dev_probe" in self._reason():
                return self._reason()
            time.sleep(0.3)
        reason = self._reason()
        if reason:
            return reason
        raise LabError(f"neither connected nor refused: states {self._states(devices)}")

    def _reason(self):
        """What an operator finds in xenstore."""
        tree = {**self.lab.xs.tree(self.back),
                **{f"/{key}": value for key, value in self.lab.xs.tree(f"{self.errors}/0").items()}}
        return "; ".join(value for key, value in tree.items() if key.endswith("error") and value)

    def connect(self):
        extra = {f"vscsi-devs/dev-1/{key}": value for key, value in (
            ("p-devname", self.pdevs[1]), ("p-dev", self.pdevs[1]), ("v-dev", "0:0:0:1"), ("state", 1))}
        self.lab.attach(self.guest, self.pdevs[0], "0:0:0:0", wait=False, back_extra=extra)
        return self._settled((0, 1))

    def add(self):
        self.lab.attach(self.guest, self.pdevs[2], "0:0:0:2", wait=False)
        return self._settled((0, 1, 2))

    def io(self):
        done = self.guest.run("bash /tmp/io.sh", timeout=60, check=False)
        return done.out + done.err if done.rc else ""

    def remove(self):
        """A device that was not removed is still there for who tries again."""
        try:
            self.lab.detach(self.guest, "dev-2", timeout=SETTLED / patience.FACTOR)
        except LabError as error:
            if not self._reason():
                raise
            return f"{error}"
        return ""

    def end(self):
        try:
            self.lab.vscsi.detach_controller(self.guest.domid, timeout=SETTLED / patience.FACTOR)
        except LabError as error:
            if not self._reason():
                raise
            return f"{error}"
        self.clear()
        return ""

    # And what follows

    def gone(self):
        self.lab.dom0.poll(f"! ls -d /sys/bus/xen-backend/devices/vscsi-{self.guest.domid}-0", 20)
        # The guest takes a directory that is there again for one that never went.
        self.guest.poll("! ls -d /sys/bus/xen/devices/vscsi-0", 20)

    def clear(self):
        """As a toolstack does with what did not connect; from a guest that uses it it is not torn."""
        if self._states(())[0] == CONNECTED:
            self.lab.vscsi.detach_controller(self.guest.domid)
        self.lab.xs.transaction([("rm", self.front), ("rm", self.back), ("rm", self.errors)])
        self.gone()

    def learn(self):
        """{phase: {(how, site)}}"""
        found = {}
        for name, phase in self.phases.items():
            with self.injection.learning() as sites:
                refused = phase()
            self.lab.check(f"{name} works, looked at", not refused, refused)
            found[name] = {(how, site) for how, there in sites.items() for site in there}
        return found

    def plain(self):
        """All of it, without a failure: why not, or ""."""
        return "".join(phase() for phase in self.phases.values())

    def live(self, next_failure, verdict):
        """One life; next_failure(phase) gives what is to fail in it, if anything."""
        for name, phase in self.phases.items():
            failure = next_failure(name)
            if failure is None:
                refused = phase()
                if refused:
                    raise LabError(f"{name}: without a failure: {refused}")
                continue
            self.lab.xs.rm(self.errors)
            with failure[1] as hit:
                refused = phase()
            verdict(name, failure[0], hit, refused)
            if not refused:
                continue
            self.lab.check(f"{name} is refused for {failure[0]} alone", hit, refused)
            # xenbus closes a controller whose state it has no memory to write.
            if name in ("connect", "end") or name != "config" and self._states(())[0] != CONNECTED:
                self.clear()
                return
            again = phase() if name in ("config", "io", "remove") else self._add_again()
            self.lab.check(f"{name} works after {failure[0]} has failed", not again, again)

    def _add_again(self):
        self.lab.xs.rm(f"{self.back}/vscsi-devs/dev-2")
        return self.add()


class Report:
    def __init__(self, lab, calls):
        self.lab, self.calls = lab, calls
        self.lines, self.sites = [], set()

    def add(self, phase, what, hit, refused):
        said = " ".join(refused.split())[:160]
        if hit and isinstance(hit[0], Site):
            self.sites.add(hit[0])
        self.lines.append(f"{phase:8} {what:70} {'failed' if hit else 'not reached'}: {said or 'goes on without'}")
        print(f"         {self.lines[-1]}", flush=True)

    def end(self):
        missing = sorted(site for site in self.calls if site not in self.sites)
        known = len(self.calls) - len(missing)
        path = self.lab.machine.logs / "faults.txt"
        path.write_text("\n".join([*self.lines, "", "Call sites where nothing has failed:",
                                   *(f"    {site} {self.calls[site]}" for site in missing), ""]))
        self.lab.note(f"{len(self.sites)} sites have failed; of {len(self.calls)} calls that can, {known}: {path}")
        for site in missing:
            self.lab.note(f"nothing has failed at {site}: {self.calls[site]}")


def loading(lab):
    """Its own work queues, one after the other, when it is loaded."""
    lab.unload_driver()
    hook = "/sys/kernel/debug/fail_function"
    load = f"insmod /lib/modules/$(uname -r)/updates/{MODULE}.ko"
    lab.dom0.run(f"cd {hook} && echo alloc_workqueue > inject && echo 0 > alloc_workqueue/retval && "
                 "echo 0 > require-start && echo 18446744073709551615 > require-end && echo 1 > interval")
    failed = 0
    while failed < 20:
        done = lab.dom0.run(f"cd {hook} && echo {failed + 1} > space && echo 1 > times && echo 100 > probability; "
                            f"{load}; rc=$?; "
                            f"echo 0 > probability; exit $rc", check=False)
        if done.rc == 0:
            break
        lab.check(f"without its work queue {failed + 1} it is not loaded, and leaves nothing",
                  "annot allocate memory" in done.err and not lab.driver_loaded(), done.err)
        failed += 1
    lab.check("with all of its work queues it is loaded", 3 <= failed < 20 and lab.driver_loaded(), f"{failed} queues")
    lab.dom0.run(f"cd {hook} && echo '!alloc_workqueue' > inject; mkdir -p {FABRIC}")


def run(lab):
    lab.load_driver()
    guest = lab.guests[0]
    injection = Injection(lab)
    loading(lab)
    injection.refresh()
    lives = Lives(lab, guest, injection)
    module = lab.machine.module or paths.DEFAULT_MODULE
    report = Report(lab, call_sites(module))
    spared = call_sites(module, LOSES)
    refused = lives.plain()
    lab.check("a life without failures", not refused, refused)
    before, granted, bound = counts(lab), grants(lab), ports(lab)
    todo = {phase: sorted(item for item in found if item[1] not in spared) for phase, found in lives.learn().items()}
    lab.note("sites that allocate: " + ", ".join(f"{phase} {len(found)}" for phase, found in todo.items()))
    refusals = {phase: [item[1:] for item in REFUSALS if item[0] == phase] for phase in todo}

    def next_failure(phase):
        if todo[phase]:
            how, site = todo[phase].pop(0)
            return f"{how} {site}", injection.failing(how, site)
        if refusals[phase]:
            function, error = refusals[phase].pop(0)
            return f"{function} {error}", injection.refusing(function, error)
        return None

    for _ in range(MOST_LIVES):
        if not any(todo.values()) and not any(refusals.values()):
            break
        lives.live(next_failure, report.add)
    refused = lives.plain()
    lab.check("a life without failures, in the end", not refused, refused)
    after = counts(lab)
    for name in ("threads", "interrupts", "devices", "rings", "sessions"):
        lab.equal(f"{name} as before", after[name], before[name])
    lab.equal("grants in use as before", grants(lab), granted)
    lab.equal("event channels as before", ports(lab), bound)
    report.end()
    domid = guest.domid
    guest.shutdown()
    lab.vscsi.forget(domid)
    lives.target.delete()
    lab.unload_driver()
    lab.check(f"{MODULE} is unloaded", lab.dom0.run(f"test -d {LOADED}", check=False).rc != 0)
