# SPDX-License-Identifier: GPL-2.0
"""Our xen-scsifront in guests, in the place of the stock one."""
from . import modulebuild, payload

MODULE = "xen-scsifront"
RULE = "/etc/modprobe.d/vscsi-frontend.conf"


def module(place):
    """Its path on the host, for the kernel of a guest, built if its sources are new."""
    return modulebuild.build(place.image.suite, place.image.headers, ["W=1"], modulebuild.FRONTEND).path


def install(guest, load=True):
    """From now on, until the guest boots anew, modprobe finds ours; load: now, for the one that is there."""
    path = f"/root/{MODULE}.ko"
    guest.put(payload.stripped(module(guest)), path)
    guest.run(f"echo 'install {MODULE} insmod {path}' > {RULE}")
    if load:
        guest.run(f"rmmod {MODULE}; modprobe {MODULE} && {is_ours()}", timeout=120)


def is_ours():
    """A command that succeeds where ours is loaded: the stock module has no version."""
    return f"test -e /sys/module/{MODULE.replace('-', '_')}/version"
