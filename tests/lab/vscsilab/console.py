# SPDX-License-Identifier: GPL-2.0
"""An interactive dom0 shell through the machine's third port."""
import os
import select
import shutil
import sys
import termios
import tty

from . import paths, snapshot
from .lab import Lab
from .machine import Machine

LEAVE = b"\x1d"


def interactive(options, module):
    logs = (paths.results_dir() / "shell")
    shutil.rmtree(logs, ignore_errors=True)
    machine = Machine(logs, module, options.extra, options.full_boot)
    try:
        snapshot.start(machine)
        lab = Lab(machine, options.driver, print)
        lab.load_driver()
        size = shutil.get_terminal_size()
        machine.dom0.start("exec python3 /lab/payload/ptyd.py "
                           f"{size.lines} {size.columns}")
        print(f"dom0 with the {options.driver} driver loaded; logs in {logs}")
        print("`vlab disk NAME` makes a LUN, `vlab guest NAME [PDEV...]` "
              "starts a guest, `vlab -h` tells the rest; Ctrl-] leaves",
              flush=True)
        _bridge(machine.qemu.connect("shell"))
    finally:
        machine.stop()
        print()


def _bridge(link):
    stdin = sys.stdin.fileno()
    saved = termios.tcgetattr(stdin) if os.isatty(stdin) else None
    if saved:
        tty.setraw(stdin)
    try:
        sources = [stdin, link]
        while True:
            ready, _, _ = select.select(sources, [], [])
            if link in ready:
                data = link.recv(1 << 16)
                if not data or b"\x00lab-shell-end" in data:
                    return
                os.write(sys.stdout.fileno(), data)
            if stdin in ready:
                data = os.read(stdin, 4096)
                if LEAVE in data:
                    return
                if not data:
                    # Piped input has ended: the shell ends by itself.
                    sources.remove(stdin)
                    link.sendall(b"\x04")
                else:
                    link.sendall(data)
    finally:
        if saved:
            termios.tcsetattr(stdin, termios.TCSADRAIN, saved)
