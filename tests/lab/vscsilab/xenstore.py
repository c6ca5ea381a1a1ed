# SPDX-License-Identifier: GPL-2.0
"""dom0's xenstore, from a scenario."""
import time

from .errors import LabError
from .patience import stretch


class Xenstore:
    def __init__(self, dom0):
        self.dom0 = dom0

    def transaction(self, actions):
        """actions: ("write", path, value), ("read", path), ("ls", path),
        ("mkdir", path), ("rm", path), ("perms", path, ["n0", "r1"]),
        ("getperms", path). One transaction; returns one result each."""
        return self.dom0.call("xs", 40, actions=list(actions))["results"]

    def read(self, path):
        """The value, or None where there is no such node."""
        return self.transaction([("read", path)])[0]

    def ls(self, path):
        return self.transaction([("ls", path)])[0]

    def write(self, path, value):
        self.transaction([("write", path, str(value))])

    def rm(self, path):
        self.transaction([("rm", path)])

    def perms(self, path):
        return self.transaction([("getperms", path)])[0]

    def tree(self, path):
        """{relative path: value} of everything below, for diagnosis."""
        found = {}
        todo = [""]
        while todo:
            at = todo.pop()
            for name in self.ls(path + at):
                below = f"{at}/{name}"
                found[below.lstrip("/")] = self.read(path + below)
                todo.append(below)
        return dict(sorted(found.items()))

    def wait(self, path, wanted, timeout=30, refused=()):
        """Until the node has one of the wanted values; returns it. None in
        wanted means that the node is gone."""
        wanted = [None if item is None else str(item) for item in
                  (wanted if isinstance(wanted, (list, tuple, set))
                   else [wanted])]
        limit = time.monotonic() + stretch(timeout)
        while True:
            value = self.read(path)
            if value in wanted:
                return value
            if value is not None and value in [str(item) for item in refused]:
                raise LabError(f"{path} became {value}, not {wanted}")
            if time.monotonic() > limit:
                raise LabError(f"{path} is {value!r}, not {wanted}, "
                               f"after {timeout} s")
            time.sleep(0.1)
