# SPDX-License-Identifier: GPL-2.0
"""The xen-pvscsi lab: real Xen under QEMU, driven from scenarios."""
