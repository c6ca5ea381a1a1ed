# SPDX-License-Identifier: GPL-2.0
"""What a toolstack does for PV SCSI: xenstore nodes of controllers and devices.

Layout and states follow Xen's io/vscsiif.h, permissions follow libxl.
"""
from .errors import LabError

INITIALISING, INIT_WAIT, INITIALISED, CONNECTED = 1, 2, 3, 4
CLOSING, CLOSED, RECONFIGURING, RECONFIGURED = 5, 6, 7, 8


def frontend(domid, devid):
    return f"/local/domain/{domid}/device/vscsi/{devid}"


def backend(domid, devid, backend_id=0):
    return f"/local/domain/{backend_id}/backend/vscsi/{domid}/{devid}"


class Vscsi:
    def __init__(self, xs):
        self.xs = xs

    def attach(self, domid, pdev, vdev, devid=0, wait=True, timeout=40,
               pdevname=None, backend_id=0, front_extra=None,
               back_extra=None, dev_extra=None):
        """Add a device; its controller too if that is not there yet.

        Returns the name of the device's directory ("dev-0"). The *_extra
        dicts add or override nodes in the frontend's, the backend's and the
        device's directory.
        """
        front = frontend(domid, devid)
        back = backend(domid, devid, backend_id)
        new = self.xs.read(back + "/state") is None
        dev = self._free_name(back)
        if not new:
            self.xs.wait(back + "/state", CONNECTED, timeout)
        actions = []
        if new:
            actions += self._controller(domid, front, back, backend_id,
                                        front_extra, back_extra)
        nodes = {"p-devname": pdevname or pdev, "p-dev": pdev, "v-dev": vdev,
                 "state": INITIALISING, **(dev_extra or {})}
        base = f"{back}/vscsi-devs/{dev}"
        actions += [("write", f"{base}/{key}", str(value))
                    for key, value in nodes.items()]
        if not new:
            actions += self._nodes(back, back_extra)
            actions.append(("write", back + "/state", str(RECONFIGURING)))
        self.xs.transaction(actions)
        if wait:
            self.wait_connected(domid, dev, devid, timeout, backend_id)
        return dev

    def wait_connected(self, domid, dev, devid=0, timeout=40, backend_id=0):
        back = backend(domid, devid, backend_id)
        self.xs.wait(f"{back}/vscsi-devs/{dev}/state", CONNECTED, timeout,
                     refused=[CLOSED])
        self.xs.wait(back + "/state", CONNECTED, timeout)
        self.xs.wait(frontend(domid, devid) + "/state", CONNECTED, timeout)

    def detach(self, domid, dev, devid=0, timeout=40, backend_id=0,
               remove=True):
        """Take one device away; the controller stays."""
        back = backend(domid, devid, backend_id)
        state = f"{back}/vscsi-devs/{dev}/state"
        if self.xs.read(state) is None:
            raise LabError(f"{back} has no device {dev}")
        self.xs.transaction([("write", state, str(CLOSING)),
                             ("write", back + "/state", str(RECONFIGURING))])
        self.xs.wait(state, CLOSED, timeout)
        self.xs.wait(back + "/state", CONNECTED, timeout)
        if remove:
            self.xs.rm(f"{back}/vscsi-devs/{dev}")

    def detach_controller(self, domid, devid=0, timeout=40, backend_id=0,
                          remove=True):
        """The whole controller with all its devices."""
        front = frontend(domid, devid)
        back = backend(domid, devid, backend_id)
        self.xs.transaction([("write", back + "/online", "0"),
                             ("write", back + "/state", str(CLOSING))])
        self.xs.wait(back + "/state", [CLOSED, None], timeout)
        if remove:
            self.xs.transaction([("rm", front), ("rm", back)])

    def forget(self, domid, backend_id=0):
        """Remove what a dead guest left behind; libxl leaves it."""
        self.xs.rm(f"/local/domain/{backend_id}/backend/vscsi/{domid}")

    def device_state(self, domid, dev, devid=0, backend_id=0):
        value = self.xs.read(f"{backend(domid, devid, backend_id)}"
                             f"/vscsi-devs/{dev}/state")
        return None if value is None else int(value)

    def states(self, domid, devid=0, backend_id=0):
        """(backend state, frontend state)."""
        return tuple(None if value is None else int(value) for value in (
            self.xs.read(backend(domid, devid, backend_id) + "/state"),
            self.xs.read(frontend(domid, devid) + "/state")))

    def _free_name(self, back):
        taken = self.xs.ls(back + "/vscsi-devs")
        number = 0
        while f"dev-{number}" in taken:
            number += 1
        return f"dev-{number}"

    @staticmethod
    def _nodes(directory, extra):
        return [("write", f"{directory}/{key}", str(value))
                for key, value in (extra or {}).items()]

    def _controller(self, domid, front, back, backend_id, front_extra,
                    back_extra):
        """Both directories; state last, so that nobody starts too early."""
        front_nodes = {"backend": back, "backend-id": backend_id,
                       **(front_extra or {})}
        front_nodes.setdefault("state", INITIALISING)
        back_nodes = {"frontend": front, "frontend-id": domid, "online": 1,
                      "feature-host": 0, **(back_extra or {})}
        back_nodes.setdefault("state", INITIALISING)
        return [("mkdir", front),
                ("perms", front, [f"n{domid}", f"r{backend_id}"]),
                *self._nodes(front, front_nodes),
                ("mkdir", back),
                ("perms", back, [f"n{backend_id}", f"r{domid}"]),
                *self._nodes(back, back_nodes)]
