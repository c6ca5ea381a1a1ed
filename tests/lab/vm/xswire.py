# SPDX-License-Identifier: GPL-2.0
"""A xenstore client that speaks the wire protocol: reads, writes, watches
and transactions over the daemon's socket (dom0) or the kernel's device."""
import os
import queue
import socket
import struct
import threading

(DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH, TX_START, TX_END) = \
    (1, 2, 3, 4, 5, 6, 7)
WRITE, MKDIR, RM, SET_PERMS, WATCH_EVENT, ERROR = 11, 12, 13, 14, 15, 16
HEADER = struct.Struct("<IIII")
SOCKET = "/run/xenstored/socket"
DEVICE = "/dev/xen/xenbus"


class XenstoreError(Exception):
    """The error name (ENOENT, EACCES, ...) is its text."""


class Xenstore:
    """One connection; any thread may call any method."""

    def __init__(self):
        if os.path.exists(SOCKET):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(SOCKET)
            self.fd = self.socket.fileno()
        else:
            self.fd = os.open(DEVICE, os.O_RDWR)
        self.buffer = b""
        self.lock = threading.Lock()
        self.answers = queue.Queue()
        self.events = queue.Queue()
        threading.Thread(target=self._reader, daemon=True).start()

    def _exactly(self, count):
        while len(self.buffer) < count:
            data = os.read(self.fd, 8192)
            if not data:
                raise EOFError
            self.buffer += data
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def _reader(self):
        try:
            while True:
                kind, _, _, length = HEADER.unpack(self._exactly(16))
                body = self._exactly(length)
                if kind == WATCH_EVENT:
                    path, token = body.rstrip(b"\0").split(b"\0")[:2]
                    self.events.put((path.decode(), token.decode()))
                else:
                    self.answers.put((kind, body))
        except (EOFError, OSError):
            self.answers.put((ERROR, b"EPIPE\0"))
            self.events.put(None)

    def request(self, kind, *parts, tx=0, raw=b""):
        body = b"".join(part.encode() + b"\0" for part in parts) + raw
        message = HEADER.pack(kind, 0, tx, len(body)) + body
        with self.lock:
            while message:
                message = message[os.write(self.fd, message):]
            got, answer = self.answers.get()
        if got == ERROR:
            raise XenstoreError(answer.rstrip(b"\0").decode())
        return answer

    def read(self, path, tx=0):
        return self.request(READ, path, tx=tx)

    def write(self, path, data, tx=0):
        self.request(WRITE, path, tx=tx,
                     raw=data if isinstance(data, bytes) else data.encode())

    def ls(self, path, tx=0):
        answer = self.request(DIRECTORY, path, tx=tx)
        return [item for item in answer.decode().split("\0") if item]

    def rm(self, path, tx=0):
        try:
            self.request(RM, path, tx=tx)
        except XenstoreError as error:
            if str(error) != "ENOENT":
                raise

    def mkdir(self, path, tx=0):
        self.request(MKDIR, path, tx=tx)

    def perms(self, path, tx=0):
        return self.request(GET_PERMS, path, tx=tx).decode() \
            .rstrip("\0").split("\0")

    def set_perms(self, path, perms, tx=0):
        self.request(SET_PERMS, path, *perms, tx=tx)

    def watch(self, path, token):
        self.request(WATCH, path, token)

    def transaction(self, work):
        """Run work(tx) until its transaction goes through."""
        while True:
            tx = int(self.request(TX_START, "").rstrip(b"\0"))
            try:
                result = work(tx)
            except BaseException:
                self.request(TX_END, "F", tx=tx)
                raise
            try:
                self.request(TX_END, "T", tx=tx)
                return result
            except XenstoreError as error:
                if str(error) != "EAGAIN":
                    raise

    def perform(self, actions):
        """(kind, path, ...) actions, in one transaction if there are many;
        what is not there reads as None or as an empty directory."""
        def quietly(function, path, tx, nothing):
            try:
                return function(path, tx)
            except XenstoreError as error:
                if str(error) != "ENOENT":
                    raise
                return nothing

        def one(kind, path, rest, tx):
            if kind == "read":
                value = quietly(self.read, path, tx, None)
                return None if value is None else value.decode("utf-8", "replace")
            if kind == "ls":
                return quietly(self.ls, path, tx, [])
            if kind == "getperms":
                return self.perms(path, tx)
            if kind == "write":
                return self.write(path, rest[0], tx)
            if kind == "perms":
                return self.set_perms(path, rest[0], tx)
            if kind == "mkdir":
                return self.mkdir(path, tx)
            if kind == "rm":
                return self.rm(path, tx)
            raise ValueError(f"no xenstore action {kind}")

        def work(tx):
            return [one(kind, path, rest, tx)
                    for kind, path, *rest in actions]
        return work(0) if len(actions) == 1 else self.transaction(work)

    def close(self):
        if hasattr(self, "socket"):
            self.socket.shutdown(socket.SHUT_RDWR)
            self.socket.close()
        else:
            os.close(self.fd)
