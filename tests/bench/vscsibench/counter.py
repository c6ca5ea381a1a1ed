# SPDX-License-Identifier: GPL-2.0
"""The plugin that counts: built, told what to do, its file read."""
import contextlib
import socket
import struct

from vscsilab import paths
from vscsilab.errors import LabError
from vscsilab.shellout import host

SOURCES = paths.REPO_DIR / "tests" / "bench" / "plugin"
FLAGS = ["-std=c++20", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", "-fvisibility=hidden"]
# struct Row of counts.cc
ROW = struct.Struct("<QQQQQ")


def build():
    sources = sorted(SOURCES.glob("*.[ch]*"))
    library = paths.cache_dir() / "tools" / f"counts-{paths.digest(*sources, ' '.join(FLAGS))}.so"
    if not library.exists():
        library.parent.mkdir(parents=True, exist_ok=True)
        host("g++", *FLAGS, "-o", library, SOURCES / "counts.cc")
    return library


class Counter:
    """The machine stands still while its counts are read or reset."""

    def __init__(self, machine, path):
        self.machine, self.path = machine, path
        self.link = socket.socket(socket.AF_UNIX)
        self.link.settimeout(120)
        self.link.connect(str(path))
        self.file = self.link.makefile("rw")

    @staticmethod
    def option(path):
        return f"{build()},socket={path}"

    @contextlib.contextmanager
    def _stopped(self):
        self.machine.qemu.monitor.execute("stop")
        try:
            yield
        finally:
            self.machine.qemu.monitor.execute("cont")

    def _say(self, line):
        self.file.write(line + "\n")
        self.file.flush()
        answer = self.file.readline().strip()
        if answer != "ok":
            raise LabError(f"the counting plugin says to {line}: {answer}")

    def reset(self):
        with self._stopped():
            self._say("reset")

    def read(self):
        """[(address, offset in memory, instructions, runs, what it calls at its end or 0)]"""
        path = self.machine.work / "counts.dump"
        with self._stopped():
            self._say(f"dump {path}")
        data = path.read_bytes()
        path.unlink()
        return list(ROW.iter_unpack(data))
