# SPDX-License-Identifier: GPL-2.0
"""Which file uses which, and by what: a symbol, or the line of an include or import."""
import collections


class Graph:
    """Names of files are relative to one folder: ring/pass.c."""

    def __init__(self, files):
        self.files = sorted(files)
        self._uses = {file: {} for file in self.files}

    def add(self, user, used, by):
        self._uses[user].setdefault(used, set()).add(by)

    def uses(self):
        """(user, used, what it is used by), in a stable order."""
        for user in self.files:
            for used, by in sorted(self._uses[user].items()):
                yield user, used, sorted(by)

    def by(self, user, used):
        return sorted(self._uses[user][used])

    def circles(self):
        """Sets of files of which each uses each, if over others, the largest first."""
        reach = {file: self._reachable(file) for file in self.files}
        found = {tuple(other for other in self.files if other in reach[file] and file in reach[other])
                 for file in self.files if file in reach[file]}
        return sorted(found, key=lambda circle: (-len(circle), circle))

    def ways(self, circle):
        """Shortest closed ways inside a circle that together pass each of its files."""
        left = list(circle)
        while left:
            way = self._way_back(left[0])
            yield way
            left = [file for file in left if file not in way]

    def _reachable(self, start):
        seen, waiting = set(), [start]
        while waiting:
            for used in self._uses[waiting.pop()]:
                if used not in seen:
                    seen.add(used)
                    waiting.append(used)
        return seen

    def _way_back(self, start):
        came_from, waiting = {}, collections.deque([start])
        while start not in came_from:
            file = waiting.popleft()
            for used in sorted(self._uses[file]):
                if used not in came_from:
                    came_from[used] = file
                    waiting.append(used)
        way = [start]
        while way[0] != start or len(way) == 1:
            way.insert(0, came_from[way[0]])
        return way
