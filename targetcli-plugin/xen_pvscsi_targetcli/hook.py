# SPDX-License-Identifier: GPL-2.0
"""Extends modules of targetcli and rtslib when they are imported.

Runs at each start of Python, from a .pth file, so it does next to nothing: one more
finder, which only ever looks at a few names.  Whatever fails here, targetcli goes on
as if the plugin were not there.
"""
import sys

# Module -> (module of ours, function that extends it).
EXTENDED = {
    "targetcli.ui_backstore": ("backstores", "extend"),
    "targetcli.ui_root": ("fabric", "extend"),
}
for _library in ("rtslib", "rtslib_fb"):
    for _part in ("fabric", "target", "root"):
        EXTENDED[f"{_library}.{_part}"] = ("library", f"extend_{_part}")


def complain(error):
    if sys.stderr:
        print(f"targetcli: the xen-pvscsi plugin failed and is left out: "
              f"{type(error).__name__}: {error}", file=sys.stderr)


def extend(module):
    import importlib
    ours, function = EXTENDED[module.__name__]
    try:
        getattr(importlib.import_module(f"{__package__}.{ours}"), function)(module)
    except Exception as error:
        complain(error)


class Loader:
    """The module's own loader, and then ours."""

    def __init__(self, loader):
        self._loader = loader

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        self._loader.exec_module(module)
        extend(module)


class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in EXTENDED:
            return None
        for finder in sys.meta_path:
            look = getattr(finder, "find_spec", None)
            if finder is Finder or look is None:
                continue
            spec = look(name, path, target)
            if spec is not None:
                if spec.loader is not None and hasattr(spec.loader, "exec_module"):
                    spec.loader = Loader(spec.loader)
                return spec
        return None


def install():
    if Finder not in sys.meta_path:
        sys.meta_path.insert(0, Finder)
