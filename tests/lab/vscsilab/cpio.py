# SPDX-License-Identifier: GPL-2.0
"""Write initrds: the newc cpio format, without needing cpio or root."""
import os
import stat


class Cpio:
    def __init__(self):
        self.blob = bytearray()
        self.inode = 0
        self.known = set()

    def _entry(self, name, mode, data=b"", rdev=(0, 0)):
        self.inode += 1
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0,
                  rdev[0], rdev[1], len(name.encode()) + 1, 0)
        self.blob += b"070701" + b"".join(b"%08X" % item for item in fields)
        self.blob += name.encode() + b"\0"
        self._pad()
        self.blob += data
        self._pad()

    def _pad(self):
        self.blob += bytes(-len(self.blob) % 4)

    def directory(self, name):
        parent = os.path.dirname(name)
        if parent:
            self.directory(parent)
        if name not in self.known:
            self.known.add(name)
            self._entry(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644):
        self.directory(os.path.dirname(name) or ".")
        self._entry(name, stat.S_IFREG | mode, data)

    def device(self, name, major, minor):
        self.directory(os.path.dirname(name) or ".")
        self._entry(name, stat.S_IFCHR | 0o600, rdev=(major, minor))

    def finish(self):
        self._entry("TRAILER!!!", 0)
        return bytes(self.blob)
