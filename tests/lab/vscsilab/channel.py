# SPDX-License-Identifier: GPL-2.0
"""Requests to the programs inside, over one socket, many at a time."""
import itertools
import json
import queue
import threading
import time

from .errors import LabDied, LabError
from .patience import stretch


class Channel:
    """JSON lines; an answer carries the id of its request."""

    def __init__(self, link):
        self.link = link
        self.numbers = itertools.count(1)
        self.waiting = {}
        self.lock = threading.Lock()
        self.dead = None
        self.greetings = queue.Queue()
        threading.Thread(target=self._reader, daemon=True).start()

    def _reader(self):
        pending = b""
        while True:
            try:
                data = self.link.recv(1 << 16)
            except OSError:
                data = b""
            if not data:
                self.bury("the connection to dom0 was closed")
                return
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                try:
                    message = json.loads(line)
                except ValueError:
                    continue
                box = self.waiting.pop(message.get("id"), None)
                if box:
                    box.put(message)
                elif "id" not in message:
                    self.greetings.put(message)

    def bury(self, reason):
        """Nobody shall go on waiting for a host that is dead."""
        self.dead = self.dead or reason
        for box in list(self.waiting.values()):
            box.put(None)
        self.greetings.put(None)

    def raw(self, line):
        with self.lock:
            try:
                self.link.sendall(line.encode() + b"\n")
            except OSError as error:
                raise LabDied(self.dead or f"dom0 is gone: {error}") from error

    def greet(self, line, want, patience, every=0.3):
        """Repeat a line until the other side says what is wanted."""
        patience = stretch(patience)
        limit = time.monotonic() + patience
        while time.monotonic() < limit:
            if self.dead:
                raise LabDied(self.dead)
            if line:
                self.raw(line)
            try:
                message = self.greetings.get(timeout=every)
            except queue.Empty:
                continue
            if message and want in message:
                return
        raise LabError(f"dom0 did not answer within {patience:.0f} s")

    def call(self, op, patience, to=None, **fields):
        if self.dead:
            raise LabDied(self.dead)
        patience = stretch(patience)
        number = next(self.numbers)
        box = self.waiting[number] = queue.Queue()
        message = {"id": number, "op": op, **fields}
        if to is not None:
            message["to"] = to
        self.raw(json.dumps(message))
        try:
            answer = box.get(timeout=patience)
        except queue.Empty:
            self.waiting.pop(number, None)
            where = f"guest domain {to}" if to is not None else "dom0"
            raise LabError(f"{where} did not answer {op} within "
                           f"{patience:.0f} s: {str(fields)[:200]}") from None
        if answer is None:
            raise LabDied(self.dead)
        if "error" in answer:
            raise LabError(f"{op}: {answer['error']}")
        return answer
