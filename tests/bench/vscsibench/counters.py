# SPDX-License-Identifier: GPL-2.0
"""What an I/O makes of hypercalls, notifications, interrupts and context switches."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Event:
    name: str
    functions: tuple    # (layer, function): its calls are the count


# From the exact counts: whoever calls a function of Xen, it is there once for each call.
EVENTS = (
    Event("grant hypercalls", (("xen", "do_grant_table_op"),)),
    Event("pages copied by grant", (("xen", "acquire_grant_for_copy"),)),
    Event("pages mapped", (("xen", "create_grant_pv_mapping"),)),
    Event("pages unmapped", (("xen", "unmap_common"),)),
    Event("notifications sent by dom0", (("dom0", "notify_remote_via_irq"),)),
    Event("notifications sent by the guest", (("guest", "notify_remote_via_irq"),)),
    Event("interrupts in dom0", (("dom0", "__handle_irq_event_percpu"),)),
    Event("context switches in dom0", (("dom0", "__switch_to"),)),
    Event("context switches in the guest", (("guest", "__switch_to"),)),
    Event("vCPU switches", (("xen", "context_switch"),)),
    Event("hypercalls of all", (("xen", "pv_hypercall"),)),
    Event("TLB flushes on other CPUs", (("xen", "flush_area_mask"),)),
    Event("slab allocations in dom0", (("dom0", "kmem_cache_alloc"), ("dom0", "__kmem_cache_alloc_node"),
                                       ("dom0", "kmem_cache_alloc_node"), ("dom0", "kmem_cache_alloc_lru"))),
    Event("page allocations in dom0", (("dom0", "__alloc_pages"),)),
)
# What dom0's kernel has for modules to take memory from; they call no other.
ALLOCATORS = frozenset((
    "kmalloc_trace", "kmalloc_node_trace", "kmalloc_large", "kmalloc_large_node", "__kmalloc", "__kmalloc_node",
    "__kmalloc_node_track_caller", "kmem_cache_alloc", "kmem_cache_alloc_node", "kmem_cache_alloc_lru",
    "kmem_cache_alloc_bulk", "krealloc", "kmemdup", "kmemdup_nul", "kstrdup", "kstrdup_const", "kasprintf",
    "kvasprintf", "kvmalloc_node", "vmalloc", "vzalloc", "vmalloc_node", "vzalloc_node", "vmalloc_array",
    "__vmalloc", "__vmalloc_node", "__vmalloc_array", "alloc_pages", "__alloc_pages", "__alloc_pages_bulk",
    "__folio_alloc", "alloc_pages_exact", "__get_free_pages", "get_zeroed_page", "page_frag_alloc_align",
    "mempool_alloc", "bio_kmalloc", "bio_alloc_bioset", "bio_alloc_clone", "sgl_alloc", "sgl_alloc_order",
    "sg_alloc_table", "sg_alloc_table_chained", "__alloc_percpu", "__alloc_percpu_gfp",
))
# The kernel's table tells a module's functions like this; both modules of PV SCSI have one name.
BACKENDS = ("[xen_scsiback]", "[xen_blkback]")
BY_BACKEND = "allocations by the backend's module"
# What the goal adds up.
HYPERCALLS_AND_NOTIFICATIONS = ("grant hypercalls", "notifications sent by dom0")


def plain(name):
    """Xen's table says which file a static function is in, the compiler what it did to it."""
    return name.split("#")[-1].split(" ")[0].split(".")[0]


def allocates(name):
    return plain(name) in ALLOCATORS


def by_backend(allocations):
    """How often an I/O the backend's own code allocates, from {(caller, function): calls}."""
    return round(max(0.0, sum(calls for (caller, _), calls in allocations.items() if caller.endswith(BACKENDS))), 4)


def from_functions(functions):
    """{event: how often an I/O} from [layer, function, instructions, calls]."""
    calls = {}
    for layer, name, _, count in functions:
        key = layer, plain(name)
        calls[key] = calls.get(key, 0) + count
    return {event.name: round(max(0.0, sum(calls.get(key, 0) for key in event.functions)), 4)
            for event in EVENTS}
