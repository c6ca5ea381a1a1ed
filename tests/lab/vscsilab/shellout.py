# SPDX-License-Identifier: GPL-2.0
"""Run host commands, as root where the work needs it."""
import os
import shutil
import subprocess
import time

from .errors import LabError


# Even debootstrap over a slow line is done by then.
LONGEST = 1200


def say(text):
    print(f"lab: {text}", flush=True)


def host(*argv, root=False, quiet=True, limit=LONGEST, **kwargs):
    """Run a command to its end; its output is shown only if it fails."""
    argv = [str(item) for item in argv]
    if root and os.geteuid() != 0:
        if not shutil.which("sudo"):
            raise LabError(f"{argv[0]} needs root: run as root or install sudo")
        argv = ["sudo", "--preserve-env=http_proxy,https_proxy", *argv]
    if quiet:
        kwargs.setdefault("stdout", subprocess.PIPE)
        kwargs.setdefault("stderr", subprocess.STDOUT)
    kwargs.setdefault("stdin", subprocess.DEVNULL)
    try:
        done = subprocess.run(argv, text=True, errors="replace",
                              timeout=limit, **kwargs)
    except FileNotFoundError:
        raise LabError(f"{argv[0]} is not installed: run `lab setup`") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"{' '.join(argv)} took more than {limit} s") from None
    if done.returncode:
        tail = "\n".join((done.stdout or "").splitlines()[-25:])
        raise LabError(f"{' '.join(argv)} ended with {done.returncode}\n{tail}")
    return done.stdout or ""


class Step:
    """Announce a long piece of work and say how long it took."""

    def __init__(self, text):
        self.text = text

    def __enter__(self):
        say(f"{self.text} ...")
        self.begin = time.monotonic()
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            say(f"{self.text}: {time.monotonic() - self.begin:.1f} s")
