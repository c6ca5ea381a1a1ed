# SPDX-License-Identifier: GPL-2.0
"""Failures on demand in dom0's debug kernel: of one call site of the module at a time.

Who allocates on the module's behalf is learnt from the kernel's own events, stack by stack; the
innermost function of the module there has the call site. To let that one fail, the kernel's fault
injection is told its return address.
"""
import contextlib
import dataclasses
import re

from .errors import LabError
from .shellout import host

DEBUG = "/sys/kernel/debug"
TRACING = "/sys/kernel/tracing"
EVENTS = {
    # kmem's event -> who makes what it tells of fail
    "kmalloc": "failslab", "kmalloc_node": "failslab", "kmem_cache_alloc": "failslab",
    "kmem_cache_alloc_node": "failslab", "mm_page_alloc": "fail_page_alloc",
}
HOOKS = "fail_function"
FRAME = re.compile(r"^\s+(\S+)\+0x([0-9a-f]+)/0x[0-9a-f]+(?: \[(\w+)\])?\s*$", re.M)
# A page of the allocator's own fails together with what it is for.
SLAB = re.compile(r"^(allocate_slab|new_slab|___slab_alloc)")
# What it interrupted has not asked for it.
INTERRUPT = re.compile(r"^(asm_|xen_pv_evtchn_do_upcall|xen_evtchn_do_upcall|common_interrupt|__do_softirq|exc_)")
# Calls that can fail: for memory, or as the word says.
CALLS = re.compile(
    r"^((__)?k[vmz]*alloc\w*|kmem_cache_alloc\w*|__get_free_pages\w*|get_zeroed_page\w*|alloc_pages\w*|kv?asprintf"
    r"|kstrdup|kmemdup\w*|alloc_workqueue\w*|kthread_create_on_node|__xa_alloc|xa_store|__xa_store|target_setup_session"
    r"|core_tpg_register|bio_alloc_bioset|scsi_alloc_request|blk_rq_map_kern|blk_rq_append_bio|kobject_init_and_add"
    r"|kobject_add|debugfs_create_\w+|register_shrinker|shrinker_alloc|register_xenbus_watch|dentry_open|kern_path"
    r"|gnttab_alloc_pages|gnttab_map_refs|bind_interdomain_evtchn\w*|xenbus_(read|scanf|printf|write|gather|directory"
    r"|switch_state|transaction_start|transaction_end|rm|exists)|target_init_cmd|transport_generic_new_cmd"
    r"|target_submit_tmr|target_depend_item|blkdev_issue_\w+|__xenbus_register_backend|target_register_template)$")


@dataclasses.dataclass(frozen=True, order=True)
class Site:
    """Where a call returns to, as the kernel prints it."""
    function: str
    offset: int

    def __str__(self):
        return f"{self.function}+0x{self.offset:x}"


def sites_of(text, module):
    """Of stacks, as a histogram of the kernel shows them."""
    found = set()
    for stack in re.split(r"^\{ ", text, flags=re.M):
        for function, offset, owner in FRAME.findall(stack):
            if SLAB.search(function) or INTERRUPT.search(function):
                break
            if owner == module:
                found.add(Site(function, int(offset, 16)))
                break
    return found


# What xenbus itself loses where it has no memory to end a watch of a device that goes: xenstored keeps it, and
# says EEXIST to a later one that has its address.
LOSES = re.compile(r"^(device_unregister|unregister_xenbus_watch)$")


def call_sites(path, wanted=CALLS):
    """{site: function called} of the module's calls that can fail, or of those wanted; from its relocations."""
    calls = {}
    text = host("objdump", "-dr", "--no-show-raw-insn", "-j", ".text", path)
    function, base = None, 0
    for line in text.splitlines():
        head = re.match(r"^([0-9a-f]+) <(\S+)>:$", line)
        if head:
            base, function = int(head.group(1), 16), head.group(2)
        call = re.match(r"^\s+([0-9a-f]+): R_X86_64_(?:PLT|PC)32\s+(\S+?)-0x4$", line)
        if call and function and wanted.search(call.group(2)):
            calls[Site(function, int(call.group(1), 16) + 4 - base)] = call.group(2)
    return calls


class Injection:
    def __init__(self, lab, module="xen_scsiback"):
        self.dom0, self.module = lab.dom0, module
        self.dom0.run(f"mountpoint -q {DEBUG} || mount -t debugfs none {DEBUG}; "
                      f"mountpoint -q {TRACING} || mount -t tracefs none {TRACING}")
        present = self.dom0.run(f"cd {TRACING}/events/kmem && ls -d */").out.replace("/", "").split()
        self.events = {event: how for event, how in EVENTS.items() if event in present}
        # Whoever may sleep, too; a single page, too; a line in the log for each.
        self.dom0.run(f"cd {DEBUG} && for d in failslab fail_page_alloc; do echo N > $d/ignore-gfp-wait; "
                      "echo 1 > $d/verbose; done && echo 0 > fail_page_alloc/min-order && "
                      f"echo 1 > {HOOKS}/verbose")
        self.addresses = {}
        self.refresh()

    @staticmethod
    def available(dom0):
        return dom0.run(f"test -e {DEBUG}/failslab/require-start", check=False).rc == 0

    def refresh(self):
        """After the module was loaded again."""
        self.addresses = {}
        for address, _, name in re.findall(rf"^([0-9a-f]+) ([tT]) (\S+)\s+\[{self.module}\]$", self.dom0.run(
                f"grep -F '[{self.module}]' /proc/kallsyms").out, re.M):
            self.addresses.setdefault(name, []).append(int(address, 16))

    def address(self, site):
        found = self.addresses.get(site.function, [])
        if len(found) != 1:
            raise LabError(f"{len(found)} functions of the module are called {site.function}")
        return found[0] + site.offset

    @contextlib.contextmanager
    def learning(self):
        """Yields {how it can fail: sites}, filled at the end."""
        found = {how: set() for how in self.events.values()}
        self._triggers("")
        try:
            yield found
            for event, how in self.events.items():
                text = self.dom0.run(f"awk 'BEGIN {{ RS = \"{{\" }} /{self.module}/ {{ print \"{{\" $0 }}' "
                                     f"{TRACING}/events/kmem/{event}/hist", timeout=120).out
                found[how] |= sites_of(text, self.module)
        finally:
            self._triggers("!")

    def _triggers(self, sign):
        self.dom0.run("; ".join(f"echo '{sign}hist:keys=stacktrace:size=8192' > {TRACING}/events/kmem/{event}/trigger"
                                for event in self.events))

    def _arm(self, how, start, end):
        self.dom0.run(f"cd {DEBUG}/{how} && echo {start} > require-start && echo {end} > require-end && "
                      "echo 0 > space && echo 1 > interval && echo 1 > times && echo 100 > probability")

    def _disarm(self, how):
        """Whether it has failed."""
        return self.dom0.run(f"cd {DEBUG}/{how} && echo 0 > probability && cat times").out.strip() == "0"

    @contextlib.contextmanager
    def failing(self, how, site):
        """The next allocation there fails, once; yields a list that is not empty at the end if it has."""
        address = self.address(site)
        self._arm(how, address, address + 1)
        hit = []
        try:
            yield hit
        finally:
            if self._disarm(how):
                hit.append(site)

    @contextlib.contextmanager
    def refusing(self, function, error):
        """The next call of a function of the kernel, from within the module, ends with an error; as failing()."""
        addresses = [address for found in self.addresses.values() for address in found]
        self.dom0.run(f"cd {DEBUG}/{HOOKS} && echo {function} > inject && "
                      # Older kernels take no sign.
                      f"{{ echo {error} > {function}/retval || echo {error % (1 << 64):#x} > {function}/retval; }}")
        # The last function is not as long as this, and nothing follows it.
        self._arm(HOOKS, min(addresses), max(addresses) + 0x4000)
        hit = []
        try:
            yield hit
        finally:
            if self._disarm(HOOKS):
                hit.append(function)
            self.dom0.run(f"echo '!{function}' > {DEBUG}/{HOOKS}/inject")
