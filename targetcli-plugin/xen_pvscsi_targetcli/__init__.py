# SPDX-License-Identifier: GPL-2.0
"""targetcli thinks in domains: an extension of targetcli and rtslib for the fabric xen-pvscsi.

hook      waits for modules of targetcli and rtslib to be imported, and extends them
library   what rtslib leaves out of saved configurations of this fabric
around    clear and restore around what guests use
missing   what a restore could not make; __main__: commands for it
guests    who is connected
users     whose a device is already
backstores  targetcli without a system D-Bus; tape drives and changers by their names
identity  what a device is, kept with a mapping and compared at a restore
nodes     targetcli's nodes of this fabric
fabric    its top node, with the commands map, unmap, domains, sessions
config    portal groups and LUNs, in the kernel or in the saved configuration
mapping   map and unmap
reservations  how far they reach
live      what xl-vscsi says of guests
shared    names, limits and numbers that xl-vscsi has as well
"""
