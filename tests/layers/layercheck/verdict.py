# SPDX-License-Identifier: GPL-2.0
"""What is wrong with a graph, in words."""


class Kind:
    """How one kind of use is told."""

    def __init__(self, verb, noun, what):
        self.verb, self.noun, self.what = verb, noun, what


KINDS = {
    "objects": Kind("calls", "calls", lambda used, by: f"{', '.join(by)} in {used}"),
    "includes": Kind("includes", "includes", lambda used, by: f"{used}, {by[0]}"),
    "imports": Kind("imports", "imports", lambda used, by: f"{used}, {by[0]}"),
}


def failures(graph, order, kind):
    """Lines; no order asks for no circles alone."""
    found = [*_misplaced(graph, order), *_not_down(graph, order, kind)] if order else []
    for circle in graph.circles():
        files = "1 file" if len(circle) == 1 else f"{len(circle)} files"
        found.append(f"a circle of {files}: {', '.join(circle)}")
        found += [f"    {_tell_way(graph, way)}" for way in graph.ways(circle)]
    return found


def _misplaced(graph, order):
    lived_in = {order.folder(file) for file in graph.files}
    yield from (f"{file} lies in no folder of {order.name}" for file in graph.files if order.folder(file) is None)
    yield from (f"{order.name} names {folder}, where no file is" for folder in order.floors if folder not in lived_in)


def _not_down(graph, order, kind):
    for user, used, by in graph.uses():
        if order.folder(user) is None or order.folder(user) == order.folder(used):
            continue
        if order.folder(used) is None:
            yield f"{user} {kind.verb} what is of no floor: {kind.what(used, by)}"
        elif order.floor(used) <= order.floor(user):
            direction = "up" if order.floor(used) < order.floor(user) else "across"
            yield f"{user} {kind.verb} {direction}: {kind.what(used, by)}"


def _tell_way(graph, way):
    return way[0] + "".join(f" -> {used} ({graph.by(user, used)[0]})" for user, used in zip(way, way[1:]))


def summary(graph, order, kind):
    if not order:
        return f"{len(graph.files)} files, no {kind.noun} in a circle"
    between = sum(len(by) for user, used, by in graph.uses() if order.folder(user) != order.folder(used))
    return f"{len(graph.files)} files, {between} {kind.noun} between folders"
