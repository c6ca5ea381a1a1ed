# SPDX-License-Identifier: GPL-2.0
"""Types into a program on a pseudo terminal, as a person does; in dom0.

typist.py STEPS PROGRAM...: STEPS is a file with JSON, a list of [text to type, regular
expression to wait for at the end of what is shown]. Prints a JSON list of what each
showed, and the exit code.
"""
import json
import os
import pty
import re
import select
import sys
import time

PATIENCE = 60
CURSOR = b"\x1b[6n"  # the shell asks the terminal where its cursor is


def clean(data):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", data.decode(errors="replace"))


class Session:
    def __init__(self, program):
        self.pid, self.handle = pty.fork()
        if self.pid == 0:
            os.environ.update(TERM="xterm", COLUMNS="200", LINES="50")
            os.execvp(program[0], program)
        self.ended = False

    def show(self, wanted):
        """All output until it ends like this."""
        data = b""
        limit = time.monotonic() + PATIENCE
        while time.monotonic() < limit:
            if not select.select([self.handle], [], [], 0.2)[0]:
                if re.search(wanted, clean(data)):
                    return clean(data)
                continue
            try:
                more = os.read(self.handle, 65536)
            except OSError:
                more = b""
            if not more:
                self.ended = True
                return clean(data)
            data += more
            if CURSOR in more:
                os.write(self.handle, b"\x1b[1;1R")
        return clean(data) + f"\n[no '{wanted}' within {PATIENCE} s]"

    def finish(self):
        if not self.ended:
            os.kill(self.pid, 9)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        steps = json.load(file)
    session = Session(sys.argv[2:])
    shown = []
    for text, wanted in steps:
        if session.ended:
            break
        os.write(session.handle, text.encode())
        shown.append(session.show(wanted))
    print(json.dumps({"shown": shown, "code": session.finish()}))


main()
