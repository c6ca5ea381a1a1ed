"""What rtslib leaves out for this fabric, so that nothing is lost in a saved configuration.

All of it is in rtslib's own format, which it restores as it is, with this or without.
"""
import functools
import json
import os
import sys
import tempfile

from . import identity
from .config import FABRIC

HYPERVISOR = "/sys/hypervisor/type"
# Of a fabric's LUN.
GREATEST_LUN = 16383


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


held = None


def extend_root(module):
    """A save where Xen does not run keeps our targets, which are in the saved configuration only."""
    global held
    held = Held(module.default_save_file)
    root = module.RTSRoot
    init, dump, restore, clear = root.__init__, root.dump, root.restore, root.clear_existing

    @functools.wraps(init)
    def init_with_folders(self, *args, **options):
        init(self, *args, **options)
        make_folders(self)

    @functools.wraps(dump)
    def dump_all(self):
        config = dump(self)
        if fabric_absent(self):
            config["targets"] = config.get("targets", []) + held.targets
        return config

    @functools.wraps(restore)
    def restore_most(self, config, *args, **options):
        if fabric_absent(self):
            held.hold(config)
            config = {**config, "targets": [target for target in config.get("targets", [])
                                            if target.get("fabric") != FABRIC]}
        config, errors = identity.correct(config, lambda text: print(text, file=sys.stderr))
        return errors + restore(self, config, *args, **options)

    @functools.wraps(clear)
    def clear_all(self, target=None, storage_object=None, confirm=False):
        done = clear(self, target=target, storage_object=storage_object, confirm=confirm)
        if fabric_absent(self) and not target and not storage_object:
            held.hold({})
        return done

    root.__init__ = init_with_folders
    root.dump, root.restore, root.clear_existing = dump_all, restore_most, clear_all
