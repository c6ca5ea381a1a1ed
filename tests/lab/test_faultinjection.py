# SPDX-License-Identifier: GPL-2.0
"""Who allocates for the module, of stacks as a kernel's histograms print them."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from vscsilab.faultinjection import Site, sites_of  # noqa: E402

STACKS = """
{ stacktrace:
         __kmem_cache_alloc_node+0x1b2/0x240
         kmalloc_trace+0x26/0xa0
         vscsi_vhost_create+0x2a/0x1e0 [xen_scsiback]
         vscsi_probe+0x40/0x150 [xen_scsiback]
         xenbus_dev_probe+0x80/0x190
} hitcount:          1
{ stacktrace:
         __kmem_cache_alloc_node+0x1b2/0x240
         __kmalloc+0x40/0xa0
         xs_talkv+0x30/0x1e0
         xenbus_read+0x40/0x50
         vscsi_copy_node+0x25/0x90 [xen_scsiback]
} hitcount:          3
{ stacktrace:
         __alloc_pages+0x1b2/0x240
         allocate_slab+0x40/0xa0
         vscsi_copy_node+0x45/0x90 [xen_scsiback]
} hitcount:          3
{ stacktrace:
         kmem_cache_alloc+0x1b2/0x240
         xen_pv_evtchn_do_upcall+0x40/0xa0
         vscsi_ring_pass+0x45/0x90 [xen_scsiback]
} hitcount:          3
{ stacktrace:
         kmem_cache_alloc+0x1b2/0x240
         target_alloc+0x40/0xa0 [target_core_mod]
} hitcount:          3
"""


def test_the_innermost_call_of_the_module_is_the_site():
    assert sites_of(STACKS, "xen_scsiback") == {Site("vscsi_vhost_create", 0x2a), Site("vscsi_copy_node", 0x25)}
