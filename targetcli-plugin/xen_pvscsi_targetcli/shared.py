# SPDX-License-Identifier: GPL-2.0
"""What xl-vscsi knows as well, in its core/ and act/: names, limits and numbers.

This is the only copy in Python. A test reads xl-vscsi's source and compares.
"""
# Addresses in the guest, as Linux' frontend can have them; and LUNs of a portal group.
CHANNELS, TARGETS, LUNS = 1, 64, 255
GREATEST_VDEV = 65535
GREATEST_LUN = 16383
# How links of LUNs begin that fix an address.
LINK = "vdev-"
# What a device says that it is: KIND.VALUE.
KINDS = "naa eui uuid name t10 serial dm md nvme wwid file".split()
# Objects that a tool made; xl-vscsi and unmap remove them with their last use.
AUTO, ADAPTER = "auto-", "host-"
# An NAA IEEE Registered name of Xen's OUI, which new targets have.
OWN_WWN = "naa.500163e"
# Seconds that a guest may take to find a LUN, or to let go of it.
PATIENCE = 30
# States of devices and exit codes of xl-vscsi.
CONNECTED, CLOSED = 4, 6
NOT_FOUND, REFUSED, TIMED_OUT, PROBLEMS = 3, 5, 6, 8
