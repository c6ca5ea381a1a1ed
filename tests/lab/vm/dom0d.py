# SPDX-License-Identifier: GPL-2.0
"""Runs commands in dom0 for the lab, and passes them on to guests.

JSON lines over a virtio port. A request with "to" is for the guest with that
domain id, any other for dom0 itself.
"""
import json
import os
import subprocess
import sys
import threading
import time
import uuid

import jobs
import xswire
from ports import port
from xslink import Link

HERE = os.path.dirname(os.path.abspath(__file__))


class Port:
    """The virtio port: blocking lines in, whole lines out."""

    def __init__(self, name):
        self.fd = os.open(port(name), os.O_RDWR)
        self.lock = threading.Lock()

    def send(self, message):
        data = json.dumps(message).encode() + b"\n"
        with self.lock:
            while data:
                data = data[os.write(self.fd, data):]

    def lines(self):
        pending = b""
        while True:
            data = os.read(self.fd, 65536)
            if not data:
                time.sleep(0.05)
                continue
            *lines, pending = (pending + data).split(b"\n")
            yield from lines


class Guest:
    """The dom0 end of one guest's link."""
    table = {}

    def __init__(self, domid, out):
        self.base = f"/local/domain/{domid}/data/lab"
        self.token = uuid.uuid4().hex
        self.store = xswire.Xenstore()
        self.ready = threading.Event()
        self.link = Link(self.store, self.base, "dom0",
                         lambda data: out.send(json.loads(data)))

        def fresh(tx):
            self.store.rm(self.base + "/up", tx)
            self.store.rm(self.base + "/down", tx)
            self.store.write(self.base + "/session", self.token, tx)
        self.store.transaction(fresh)
        self.store.watch(self.base + "/ready", "ready")
        self.store.watch(self.base + "/up", "up")
        threading.Thread(target=self._loop, daemon=True).start()

    def _loop(self):
        while True:
            event = self.store.events.get()
            if event is None:
                return
            try:
                if event[1] == "ready":
                    if self.store.read(event[0]).decode() == self.token:
                        self.ready.set()
                else:
                    self.link.poll()
            except xswire.XenstoreError:
                pass

    def close(self):
        self.store.close()


def op_guest_open(request, out):
    domid = request["domid"]
    op_guest_close(request)
    guest = Guest.table[domid] = Guest(domid, out)
    return {"ready": guest.ready.wait(request["timeout"])}


def op_guest_close(request):
    old = Guest.table.pop(request["domid"], None)
    if old:
        old.close()
    return {}


def op_rewind(request, out):
    """Back to sleep, as if no payload had ever come; for snapshots."""
    out.send({"id": request["id"]})
    for guest in list(Guest.table):
        op_guest_close({"domid": guest})
    op_rewind.logship.kill()
    op_rewind.logship.wait()
    os.chdir("/")
    os.execv(sys.executable, [sys.executable, "-u", "/lab/boot/stub.py"])


def op_xs(request):
    return {"results": op_xs.store.perform(request["actions"])}


def main():
    os.makedirs(jobs.SPOOL, exist_ok=True)
    os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    op_rewind.logship = subprocess.Popen(
        [sys.executable, "-u", HERE + "/logship.py"], start_new_session=True)
    out = Port("lab.command")
    op_xs.store = xswire.Xenstore()
    operations = dict(jobs.OPERATIONS, xs=op_xs, guest_close=op_guest_close,
                      rewind=lambda request: op_rewind(request, out),
                      guest_open=lambda request: op_guest_open(request, out))
    out.send({"up": True})
    for line in out.lines():
        try:
            request = json.loads(line)
        except ValueError:
            continue
        domid = request.pop("to", None)
        if domid is None:
            jobs.serve(request, out.send, operations)
        else:
            pass_on(domid, request, out)


def pass_on(domid, request, out):
    def work():
        try:
            Guest.table[domid].link.send(json.dumps(request).encode())
        except Exception as error:
            out.send({"id": request.get("id"), "error":
                      f"no way to guest {domid}: "
                      f"{type(error).__name__} {error}"})
    threading.Thread(target=work, daemon=True).start()


main()
