# SPDX-License-Identifier: GPL-2.0
"""What boots before a root file system is there: the kernel, and modules in their order."""
import lzma
import os
import struct
import subprocess

from .errors import LabError

# ext4 asks for its checksum by name at run time, unseen by depmod; newer kernels have it built in.
SOFT = {"ext4": ["crc32c_generic"]}


def unpack_kernel(blob):
    """The ELF kernel in a bzImage; offsets as in Linux' boot protocol."""
    offset, length = struct.unpack_from("<II", blob, 0x248)
    begin = (blob[0x1f1] + 1) * 512 + offset
    if blob[begin:begin + 6] == b"\xfd7zXZ\0":
        return lzma.LZMADecompressor().decompress(blob[begin:])
    if blob[begin:begin + 4] == b"\x28\xb5\x2f\xfd":
        # The last four bytes are the size that it will have.
        done = subprocess.run(["zstd", "-dc"], input=blob[begin:begin + length - 4],
                              capture_output=True, check=False)
        if done.returncode == 0:
            return done.stdout
        raise LabError(f"zstd cannot unpack the kernel: {done.stderr.decode(errors='replace')}")
    raise LabError("the kernel is packed with neither xz nor zstd: teach "
                   f"{__file__} its format")


def load_order(modules, wanted):
    """Files of the wanted modules and what they need, dependencies first; what is built in
    needs none."""
    builtin = {plain(line) for line in (modules / "modules.builtin").read_text().splitlines()}
    needs = {}
    for line in (modules / "modules.dep").read_text().splitlines():
        name, _, rest = line.partition(":")
        needs[name] = rest.split()
    by_name = {plain(path): path for path in needs}
    order = []
    for name in wanted:
        if plain(name) not in by_name and plain(name) not in builtin:
            raise LabError(f"the kernel has no module {name}")
        for module in [*SOFT.get(name, []), name]:
            found = by_name.get(plain(module))
            for path in [*reversed(needs[found]), found] if found else []:
                if modules / path not in order:
                    order.append(modules / path)
    return order


def plain(path):
    return os.path.basename(path).removesuffix(".ko").replace("-", "_")
