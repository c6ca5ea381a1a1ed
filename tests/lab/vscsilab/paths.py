# SPDX-License-Identifier: GPL-2.0
"""Where things are: the source tree, the cache, the results."""
import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import sys

LAB_DIR = pathlib.Path(__file__).resolve().parent.parent
REPO_DIR = LAB_DIR.parent.parent
VM_DIR = LAB_DIR / "vm"
SCENARIO_DIR = LAB_DIR / "scenarios"
DEFAULT_MODULE = REPO_DIR / "drivers" / "xen-scsiback" / "xen-scsiback.ko"


def cache_dir():
    named = os.environ.get("VSCSI_LAB_CACHE")
    if named:
        return pathlib.Path(named).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return pathlib.Path(base) / "xen-pvscsi-lab"


def results_dir():
    named = os.environ.get("VSCSI_LAB_RESULTS")
    return pathlib.Path(named).absolute() if named else cache_dir() / "results"


def digest(*parts):
    """A short key over strings, bytes and the contents of paths."""
    total = hashlib.sha256()
    for part in parts:
        if isinstance(part, pathlib.Path):
            part = part.read_bytes()
        elif isinstance(part, str):
            part = part.encode()
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()[:16]


@contextlib.contextmanager
def cache_lock():
    """Two labs at once would fight over the images and over two slow cores."""
    cache_dir().mkdir(parents=True, exist_ok=True)
    with open(cache_dir() / "lock", "a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            owner = handle.read().strip() or "unknown"
            print(f"lab: waiting for the lab of process {owner} to finish",
                  file=sys.stderr, flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        handle.seek(0)
        handle.truncate()
        handle.write(f"{os.getpid()}\n")
        handle.flush()
        # Whoever held the lock and was killed left these.
        for pattern in ("run-*", "build-*"):
            for left in cache_dir().glob(pattern):
                shutil.rmtree(left, ignore_errors=True)
        yield
