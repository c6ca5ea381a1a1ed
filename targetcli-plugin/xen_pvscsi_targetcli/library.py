# SPDX-License-Identifier: GPL-2.0
"""What rtslib leaves out for this fabric, so that nothing is lost in a saved configuration.

All of it is in rtslib's own format, which it restores as it is, with this or without.
"""
import copy
import functools
import json
import os
import sys
import tempfile

from . import around, identity, missing, vports
from .config import FABRIC
from .shared import GREATEST_LUN

HYPERVISOR = "/sys/hypervisor/type"


def on_xen():
    try:
        with open(HYPERVISOR, encoding="ascii") as file:
            return file.read().strip() == "xen"
    except OSError:
        return False


def fabric_absent(root):
    """The module cannot be loaded, so the kernel cannot have our targets."""
    return not os.path.isdir(f"{root.configfs_dir}/{FABRIC}") and not on_xen()


def extend_fabric(module):
    """Explicit ACLs: the fabric has them, and rtslib restores them, but it does not save them."""
    original = module.XenPvScsiFabricModule.__init__

    @functools.wraps(original)
    def init(self, *args, **options):
        original(self, *args, **options)
        if "acls" not in self.features:
            self.features = (*self.features, "acls")

    module.XenPvScsiFabricModule.__init__ = init


class _GreatestMapped:
    """MappedLUN.MAX_LUN: as many as the fabric has, for a mapped LUN of ours."""

    def __init__(self, usual):
        self.usual = usual

    def __get__(self, lun, owner=None):
        if lun is None:
            return self.usual
        fabric = lun.parent_nodeacl.parent_tpg.parent_target.fabric_module
        return GREATEST_LUN if fabric.name == FABRIC else self.usual


def extend_target(module):
    usual = vars(module.MappedLUN).get("MAX_LUN")
    if isinstance(usual, int):
        module.MappedLUN.MAX_LUN = _GreatestMapped(usual)
    around.careful(module)


class Held:
    """Our targets while the kernel cannot have them: those of the saved configuration."""

    def __init__(self, save_file):
        self.save_file = str(save_file)
        self._targets = None

    @property
    def targets(self):
        if self._targets is None:
            self.hold(self._read())
        return self._targets

    def hold(self, config):
        self._targets = [target for target in config.get("targets", []) if target.get("fabric") == FABRIC]

    def _read(self):
        try:
            with open(self.save_file, encoding="utf-8") as file:
                return json.load(file)
        except FileNotFoundError:
            return {}

    def set_attribute(self, store, name, value):
        """Of a storage object that is in the file; what is not is saved as the kernel has it."""
        config = self._read()
        for item in config.get("storage_objects", []):
            if (item.get("plugin"), item.get("name")) == (store.plugin, store.name):
                item.setdefault("attributes", {})[name] = value
                self._save(config)

    def write(self):
        """Into the file at once: there is no kernel to keep it until then."""
        config = self._read() or {"storage_objects": [], "fabric_modules": []}
        config["targets"] = [target for target in config.get("targets", [])
                             if target.get("fabric") != FABRIC] + self.targets
        self._save(config)

    def _save(self, config):
        folder = os.path.dirname(self.save_file)
        os.makedirs(folder, mode=0o700, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".saveconfig-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(config, file, sort_keys=True, indent=2)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, self.save_file)
        except BaseException:
            os.unlink(name)
            raise


def make_folders(root):
    """Where target core keeps reservations and ALUA states. Without them it answers Not Ready to
    PERSISTENT RESERVE OUT, and packages do not always make them."""
    if not os.path.exists(f"{root.path}/dbroot") or not os.path.isdir(root.dbroot):
        return
    for name in ("pr", "alua"):
        try:
            os.makedirs(f"{root.dbroot}/{name}", mode=0o700, exist_ok=True)
        except OSError:
            pass  # not root: then nothing is changed anyway


def tell(text):
    print(text, file=sys.stderr)


held = None
_stock = {}  # rtslib's own


def make_missing(root):
    """(what was missing, what still is, errors), after an attempt to make it."""
    with missing.lock(wait=False):
        before = missing.note(root, missing.load().usable(root).config, True, tell)
        config, errors = identity.correct(before.config, tell)
        errors += around.add(root, _stock["restore"], config, tell)
        return before, missing.note(root, before.config, True, tell), errors


def dump_kernel(root):
    """What there is, without what is missing."""
    return vports.without(_stock["dump"](root))


def bring_back(root, config):
    """What was there at a dump_kernel and is no more. Errors."""
    return around.add(root, _stock["restore"], config, tell)


def extend_root(module):
    """Saves forget nothing that is only late; a clear goes round what guests use, and a restore as well."""
    global held
    held = Held(module.default_save_file)
    root = module.RTSRoot
    init, dump, restore, clear = root.__init__, root.dump, root.restore, root.clear_existing
    _stock.update(dump=dump, restore=restore)

    @functools.wraps(init)
    def init_with_folders(self, *args, **options):
        init(self, *args, **options)
        make_folders(self)

    @functools.wraps(dump)
    def dump_all(self):
        config = vports.without(dump(self))
        if fabric_absent(self):
            config["targets"] = config.get("targets", []) + held.targets
        return missing.add_to(self, config, tell)

    @functools.wraps(restore)
    def restore_most(self, config, target=None, storage_object=None, clear_existing=False, abort_on_error=False):
        config = vports.without(config)
        if fabric_absent(self):
            held.hold(config)
            config = {**config, "targets": [target for target in config.get("targets", [])
                                            if target.get("fabric") != FABRIC]}
        wanted = around.chosen(config, target, storage_object)
        begun = False
        with missing.lock():
            try:
                corrected, errors = identity.correct(config, tell)
                if clear_existing:
                    begun = True
                    self.clear_existing(target, storage_object, confirm=True)
                    errors += around.add(self, restore, around.chosen(corrected, target, storage_object), tell,
                                         abort_on_error)
                else:
                    errors += restore(self, copy.deepcopy(corrected), target, storage_object, False, abort_on_error)
                    begun = True
            finally:
                # Also of a restore that was broken off.
                if begun:
                    lost = missing.note(self, wanted, clear_existing and wanted is config, tell)
                    if lost:
                        tell(missing.hint(lost))
        return errors

    @functools.wraps(clear)
    def clear_all(self, target=None, storage_object=None, confirm=False):
        used = around.in_the_way(self, target, storage_object) if confirm else {}
        if used:
            around.clear(self, used, target, storage_object)
            tell(f"Left as they are, since guests use them: {'; '.join(map(str, used.values()))}")
        else:
            clear(self, target=target, storage_object=storage_object, confirm=confirm)
        if not target and not storage_object:
            missing.drop(tell)
            if fabric_absent(self):
                held.hold({})

    root.__init__ = init_with_folders
    root.dump, root.restore, root.clear_existing = dump_all, restore_most, clear_all
