"""Build the one root file system that dom0 and guests share.

The result is a directory: root.ext4, xen, vmlinux, busybox, early modules
and a manifest. It holds Debian and nothing of ours, so that work on the lab
itself never costs a new image.
"""
import gzip
import json
import lzma
import os
import pathlib
import shutil
import struct
import tempfile

from . import debian, paths, recipe
from .errors import LabError
from .shellout import Step, host, say

DPKG_CONFIG = """\
force-unsafe-io
path-exclude=/usr/share/doc/*
path-exclude=/usr/share/man/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/share/info/*
"""
NO_SERVICES = "#!/bin/sh\nexit 101\n"


class Image:
    """A finished image in the cache."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.info = json.loads((self.dir / "manifest.json").read_text())
        self.root = self.dir / "root.ext4"
        self.xen = self.dir / "xen"
        self.vmlinux = self.dir / "vmlinux"
        self.busybox = self.dir / "busybox"
        self.kernel = self.info["kernel"]

    def early_modules(self, which):
        """[(file name, bytes)] in the order in which they must be loaded."""
        return [(name, (self.dir / "early" / name).read_bytes())
                for name in self.info["early"][which]]


def recipe_key():
    """Changes when the way images are built changes."""
    here = pathlib.Path(__file__).parent
    return paths.digest(here / "recipe.py", here / "image.py")


def current():
    """The image that the last setup made, or an error saying what to do."""
    try:
        pointer = json.loads((paths.cache_dir() / "current.json").read_text())
        found = Image(paths.cache_dir() / pointer["image"])
    except (OSError, ValueError, KeyError) as error:
        raise LabError("the lab has no image yet: run `lab setup`") from error
    if pointer["recipe"] != recipe_key():
        raise LabError("the image recipe has changed: run `lab setup`")
    return found


def ensure():
    """Return the image for the newest kernel, building it if need be."""
    release, version = debian.kernel()
    debian.install_host_needs(release)
    key = paths.digest(recipe_key(), debian.codename(), release, version)
    target = paths.cache_dir() / f"image-{key}"
    if not (target / "manifest.json").exists():
        debian.refresh()
        if debian.kernel() != (release, version):
            return ensure()
        _build(target, release, version)
    pointer = {"image": target.name, "recipe": recipe_key()}
    (paths.cache_dir() / "current.json").write_text(json.dumps(pointer))
    (paths.cache_dir() / "kernel-version").write_text(release + "\n")
    for stale in paths.cache_dir().glob("image-*"):
        if stale != target:
            shutil.rmtree(stale, ignore_errors=True)
    return Image(target)


def _build(target, release, version):
    say(f"building an image with Linux {release} ({version}) "
        f"and Xen {recipe.XEN}")
    work = pathlib.Path(tempfile.mkdtemp(prefix="build-",
                                         dir=paths.cache_dir()))
    tree, out = work / "tree", work / "out"
    out.mkdir()
    try:
        _base(tree)
        _packages(tree)
        _kernel(tree, work, release)
        with Step("collecting boot files"):
            early = _collect(tree, out, release)
        with Step("writing the root file system"):
            _file_system(tree, out / "root.ext4")
        (out / "manifest.json").write_text(json.dumps({
            "kernel": release, "kernel_package": version, "xen": recipe.XEN,
            "early": early}, indent=1))
        if target.exists():
            shutil.rmtree(target)
        out.rename(target)
    finally:
        host("rm", "-rf", "--one-file-system", work, root=True)


def _write(path, text, mode="644"):
    """Into the tree, which belongs to root."""
    with tempfile.NamedTemporaryFile("w", delete=False) as handle:
        handle.write(text)
    try:
        host("install", "-D", "-m", mode, handle.name, path, root=True)
    finally:
        os.unlink(handle.name)


def _base(tree):
    with Step(f"debootstrap of {debian.codename()}"):
        mirror = debian.sources()[0].split()[1]
        host("debootstrap", "--variant=minbase", debian.codename(), tree,
             mirror, root=True)


def _packages(tree):
    with Step(f"installing {len(recipe.ROOT_PACKAGES)} packages"):
        _write(tree / "etc/apt/sources.list",
               "\n".join(debian.sources()) + "\n")
        _write(tree / "etc/dpkg/dpkg.cfg.d/lab", DPKG_CONFIG)
        _write(tree / "usr/sbin/policy-rc.d", NO_SERVICES, "755")
        if os.path.exists("/etc/resolv.conf"):
            _write(tree / "etc/resolv.conf",
                   pathlib.Path("/etc/resolv.conf").read_text())
        proxy = host("apt-config", "dump", "--format", '%F "%v";%n',
                     "Acquire::http::Proxy", "Acquire::https::Proxy")
        _write(tree / "etc/apt/apt.conf.d/lab", proxy)
        inside = ["chroot", tree, "env", "DEBIAN_FRONTEND=noninteractive",
                  "LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
        host(*inside, "apt-get", "-q", "update", root=True)
        host(*inside, "apt-get", "-q", "-y", "--no-install-recommends",
             "install", *recipe.ROOT_PACKAGES, root=True)
        host(*inside, "apt-get", "clean", root=True)
        host(*inside, "sh", "-c", "rm -rf /var/lib/apt/lists/* /etc/resolv.conf",
             root=True)


def _kernel(tree, work, release):
    with Step("unpacking kernel and hypervisor"):
        debs = work / "debs"
        debs.mkdir(mode=0o755)
        host("apt-get", "-q", "download", f"linux-image-{release}",
             *recipe.UNPACKED_PACKAGES, cwd=debs)
        for deb in sorted(debs.iterdir()):
            # Plain tar would replace the /lib link of merged /usr.
            host("sh", "-ec", 'dpkg-deb --fsys-tarfile "$1" | '
                 'tar -x --keep-directory-symlink -C "$2"', "sh", deb, tree,
                 root=True)
        modules = tree / "lib/modules" / release
        host("rm", "-rf", *[modules / name for name in recipe.DROP_MODULES],
             root=True)
        host("/sbin/depmod", "-b", tree, release, root=True)


def _collect(tree, out, release):
    """Copy what boots before the root file system is there."""
    blob = (tree / "boot" / f"xen-{recipe.XEN}-amd64.gz").read_bytes()
    (out / "xen").write_bytes(gzip.decompress(blob))
    (out / "vmlinux").write_bytes(_unpack_kernel(
        (tree / "boot" / f"vmlinuz-{release}").read_bytes()))
    # Every `xl create` would unpack the kernel again, for ten seconds.
    host("install", "-m", "644", out / "vmlinux", tree / "boot/vmlinux",
         root=True)
    shutil.copy(tree / "bin/busybox", out / "busybox")
    (out / "early").mkdir()
    lists = {}
    for which, wanted in (("dom0", recipe.DOM0_INITRD_MODULES),
                          ("guest", recipe.GUEST_INITRD_MODULES)):
        lists[which] = []
        for path in _load_order(tree / "lib/modules" / release, wanted):
            lists[which].append(path.name)
            shutil.copy(path, out / "early" / path.name)
    return lists


def _unpack_kernel(blob):
    """The ELF kernel in a bzImage; offsets as in Linux' boot protocol."""
    begin = (blob[0x1f1] + 1) * 512 + struct.unpack_from("<I", blob, 0x248)[0]
    if blob[begin:begin + 6] != b"\xfd7zXZ\0":
        raise LabError("the kernel is not packed with xz: teach "
                       f"{__file__} its format")
    return lzma.LZMADecompressor().decompress(blob[begin:])


def _load_order(modules, wanted):
    """Files of the wanted modules and what they need, dependencies first."""
    needs = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        name, _, rest = line.partition(":")
        needs[name] = rest.split()
    # ext4 asks for its checksum by name at run time, unseen by depmod.
    soft = {"ext4": ["crc32c_generic"]}
    order = []
    for name in wanted:
        for module in [*soft.get(name, []), name]:
            found = [path for path in needs if _plain(path) == _plain(module)]
            if not found:
                raise LabError(f"the kernel package has no module {module}")
            for path in [*reversed(needs[found[0]]), found[0]]:
                if modules / path not in order:
                    order.append(modules / path)
    return order


def _plain(path):
    return os.path.basename(path).removesuffix(".ko").replace("-", "_")


def _file_system(tree, target):
    # No journal: the image is never written to in place.
    host("/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal",
         "-m", "0", "-d", tree, target, recipe.IMAGE_SIZE, root=True)
    host("chown", f"{os.getuid()}:{os.getgid()}", target, root=True)
