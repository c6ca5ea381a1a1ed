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
# What the goal adds up.
HYPERCALLS_AND_NOTIFICATIONS = ("grant hypercalls", "notifications sent by dom0")


def plain(name):
    """Xen's table says which file a static function is in, the compiler what it did to it."""
    return name.split("#")[-1].split(" ")[0].split(".")[0]


def from_functions(functions):
    """{event: how often an I/O} from [layer, function, instructions, calls]."""
    calls = {}
    for layer, name, _, count in functions:
        key = layer, plain(name)
        calls[key] = calls.get(key, 0) + count
    return {event.name: round(max(0.0, sum(calls.get(key, 0) for key in event.functions)), 4)
            for event in EVENTS}
