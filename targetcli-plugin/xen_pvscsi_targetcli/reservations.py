# SPDX-License-Identifier: GPL-2.0
"""How far reservations of a backstore reach, and what keeps them from ending at this host.

A cluster that spans hosts must not be told that another node is fenced by a reservation that
only this host knows of. The words are those of `xl-vscsi list`.
"""
from .mapping import Mistake

DEVICE, THIS_HOST, ONE_REGISTRANT, NONE = "device", "this host", "one registrant", "none"
ATTRIBUTE = "emulate_pr"


def _flag(store, name):
    """None: the kernel has no such attribute."""
    return store.get_attribute(name) != "0" if name in store.list_attributes() else None


def reach(store):
    if _flag(store, ATTRIBUTE) is False:
        return NONE
    if store.plugin == "pscsi":
        return DEVICE
    # The attribute says the contrary of what it is about: 0 is to pass them on.
    return ONE_REGISTRANT if _flag(store, "pgr_support") is False else THIS_HOST


def refuse(store, users, keep, undo, warn):
    """From now on, of a backstore whose reservations would end here. users: [mapping.User];
    keep(value) saves it where the kernel's state is not what is saved."""
    name, now = f"{store.plugin}/{store.name}", reach(store)
    if now == ONE_REGISTRANT and users:
        warn(f"To other hosts the domain and {_listed(users)} are one registrant of {name}, and no reservation "
             "keeps one of them from what the other does.")
    if now != THIS_HOST:
        return
    if _flag(store, ATTRIBUTE) is None:
        raise Mistake(f"{name}: reservations would end at this host, and the kernel cannot refuse them: the "
                      f"backstore has no attribute {ATTRIBUTE}. Use a newer kernel, or a pscsi backstore.")
    busy = [user for user in users if user.has]
    if busy:
        raise Mistake(f"{name} keeps reservations in this host, and is in use by {_listed(busy)}, who may hold one "
                      "that other hosts do not know of. Unmap it there first, and map it with across_hosts=true.")
    store.set_attribute(ATTRIBUTE, 0)
    undo.append(lambda: store.set_attribute(ATTRIBUTE, 1))
    keep(0)
    undo.append(lambda: keep(1))
    if users:
        warn(f"{name} takes no reservations from now on, nor of {_listed(users)}.")


def _listed(users):
    return ", ".join(str(user) for user in users)
