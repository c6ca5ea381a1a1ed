# SPDX-License-Identifier: GPL-2.0
"""A login shell on a pseudo terminal, carried by the third virtio port."""
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

from ports import port


def main():
    handle = os.open(port("lab.shell"), os.O_RDWR)
    pid, master = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm", PS1="dom0# ", HOME="/root",
                          PATH="/lab/payload:" + os.environ["PATH"])
        os.chdir("/root")
        os.execv("/bin/bash", ["bash", "--norc"])
    lines, columns = int(sys.argv[1]), int(sys.argv[2])
    fcntl.ioctl(master, termios.TIOCSWINSZ,
                struct.pack("HHHH", lines, columns, 0, 0))
    try:
        while True:
            ready, _, _ = select.select([handle, master], [], [])
            if master in ready:
                os.write(handle, os.read(master, 4096))
            if handle in ready:
                data = os.read(handle, 4096)
                if data:
                    os.write(master, data)
                else:
                    time.sleep(0.1)
    except OSError:
        os.write(handle, b"\x00lab-shell-end")


main()
