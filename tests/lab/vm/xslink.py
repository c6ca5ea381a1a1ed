# SPDX-License-Identifier: GPL-2.0
"""Messages between dom0 and a guest through the guest's xenstore directory.

It needs no network, no second console, no device, and works as long as the
guest's kernel does. A message is cut into numbered nodes small enough for
the store; the receiver removes what it has read, and the sender never leaves
more than a window of nodes behind. Every (re)start has a new session token,
so neither side can mistake nodes of an earlier one for its own.
"""
import threading
import time

from xswire import XenstoreError

CHUNK = 1500
WINDOW = 48


class Link:
    """One direction each way below base; "role" is dom0 or guest."""

    def __init__(self, store, base, role, receive):
        self.store, self.base, self.receive = store, base, receive
        mine, other = ("down", "up") if role == "dom0" else ("up", "down")
        self.out_dir, self.in_dir = f"{base}/{mine}", f"{base}/{other}"
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        self.sent = self.got = 0
        self.parts = []

    def send(self, data):
        with self.lock:
            for begin in range(0, len(data), CHUNK):
                piece = data[begin:begin + CHUNK]
                last = begin + CHUNK >= len(data)
                self._room()
                self.store.write(f"{self.out_dir}/{self.sent}",
                                 (b"." if last else b"+") + piece)
                self.sent += 1

    def _room(self):
        """Wait until the other side has read far enough."""
        limit = time.monotonic() + 60
        while self.sent >= WINDOW and time.monotonic() < limit:
            try:
                self.store.read(f"{self.out_dir}/{self.sent - WINDOW}")
            except XenstoreError:
                return
            time.sleep(0.005)

    def poll(self):
        """Take whatever has arrived."""
        while True:
            path = f"{self.in_dir}/{self.got}"
            try:
                data = self.store.read(path)
                self.store.rm(path)
            except XenstoreError:
                return
            self.got += 1
            self.parts.append(data[1:])
            if data[:1] == b".":
                whole, self.parts = b"".join(self.parts), []
                self.receive(whole)
