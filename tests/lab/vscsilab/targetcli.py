# SPDX-License-Identifier: GPL-2.0
"""The targetcli plugin in dom0, and targetcli as one types into it."""
import io
import json
import shlex
import tarfile
import tempfile

from . import paths
from .shellout import host

PROMPT = r"/\S*> $"
# Until the program ends.
EXIT = ("exit\n", "(?!)")


def install(lab):
    """As `make install-plugin` does."""
    with tempfile.TemporaryDirectory() as folder:
        host("make", "-C", paths.REPO_DIR, "--no-print-directory", "install-plugin", f"DESTDIR={folder}")
        blob = io.BytesIO()
        with tarfile.open(fileobj=blob, mode="w:xz") as tar:
            tar.add(f"{folder}/usr", "usr")
    lab.dom0.put(blob.getvalue(), "/var/tmp/plugin.tar.xz")
    lab.dom0.run("tar -C / --keep-directory-symlink -xJf /var/tmp/plugin.tar.xz")


class Targetcli:
    def __init__(self, lab):
        self.lab, self.dom0 = lab, lab.dom0

    def run(self, line, rc=0):
        """One command; what it said."""
        done = self.dom0.run(f"targetcli {line}", timeout=120, check=False)
        self.lab.check(f"targetcli {line}: exit code {rc}", done.rc == rc, f"{done.rc}\n{done.out}{done.err}")
        return done.out + done.err

    def session(self, *steps, program="targetcli"):
        """A session typed on a terminal. A step is a line, or (text, what to wait for);
        a text that does not end in a newline, such as one with a Tab, is cleared after it."""
        typed, asked = [["", PROMPT]], []
        for step in steps:
            text, wanted = (step + "\n", PROMPT) if isinstance(step, str) else step
            asked.append(len(typed))
            typed.append([text, wanted])
            if not text.endswith("\n"):
                typed.append(["\x15", ""])
        self.dom0.put((paths.LAB_DIR / "scenarios/data/typist.py").read_bytes(), "/var/tmp/typist.py")
        self.dom0.put(json.dumps(typed), "/var/tmp/steps")
        done = self.dom0.run(f"python3 /var/tmp/typist.py /var/tmp/steps {shlex.join(program.split())}", timeout=400)
        answer = json.loads(done.out)
        shown = answer["shown"] + [""] * len(typed)
        for step, number in zip(steps, asked):
            self.lab.note(f"{step!r}:\n{shown[number]}")
        return [shown[number] for number in asked], answer["code"]
