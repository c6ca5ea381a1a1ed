"""The xen-pvscsi lab: real Xen under QEMU, driven from scenarios."""
