# SPDX-License-Identifier: GPL-2.0
"""The shim before xl, with programs around it that note how they were called."""
import os
import pathlib
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
SHIM = TOP / "tools/xl/xl"
SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]

# Notes who it is, what its process is, and its words, each with a zero after it.
NOTE = """
printf '%s\\0' 'WHO' "$$" "$@" >"$NOTES"
[ -z "$READS" ] || /bin/cat
exit "${CODE:-0}"
"""
# Has xl's two kinds of help: of the verbs in KNOWN, and the list.
XL = """#!/bin/sh
if [ "$1" = help ] && [ -n "$KNOWN" ]; then
	case " $KNOWN " in
	*" $2 "*) printf 'Usage: xl [-vtN] %s <Domain>\\n\\nNative.\\n\\n' "$2" ;;
	*) printf 'command "%s" not implemented\\n' "$2" ;;
	esac
	exit 0
fi
if [ "$1" = help ] || [ $# = 0 ]; then
	printf 'Usage xl [-vfNtT] <subcommand> [args]\\n\\nxl full list of subcommands:\\n\\n'
	printf ' create              Create a domain\\n%s' "$LISTED"
	[ $# != 0 ] || exit 1
	exit 0
fi
""" + NOTE

# As Debian's xen-utils-wrapper: its own name says which program is meant.
WRAPPER = """#!/bin/sh

COMMAND="${0##*/}"
exec "VERSIONED/$COMMAND" "$@"
"""


class Host:
    """A PATH of folders: `local` with the shim, `sbin` with xl, `tools` with xl-vscsi."""

    def __init__(self, root, shell):
        self.root = root
        self.notes = root / "notes"
        self.path = [root / name for name in ("local", "sbin", "tools")]
        for name in ("local", "sbin", "tools", "usual", "versioned"):
            (root / name).mkdir()
        # bash is sh under the name of sh.
        (root / "sh").symlink_to(shutil.which(shell))
        # Where the shim looks beyond PATH must not be this machine's.
        text = SHIM.read_text().replace("=/usr/sbin\n", f"={root}/usual\n")
        assert text.count(f"{root}/usual") == 1 and text.startswith("#!/bin/sh\n")
        self.shim = self.program("local/xl", text.replace("#!/bin/sh", f"#!{root}/sh", 1))
        self.xl = self.fake("sbin/xl", "xl")
        self.tool = self.fake("tools/xl-vscsi", "xl-vscsi")

    def program(self, name, text):
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def fake(self, name, who):
        text = XL if name.endswith("/xl") else "#!/bin/sh\n" + NOTE
        return self.program(name, text.replace("WHO", who))

    def run(self, *words, start=None, stdin="", **environment):
        """Exit code, both outputs, and who was called at last, and its words."""
        self.notes.unlink(missing_ok=True)
        environment = {"PATH": os.pathsep.join(map(str, self.path)), "NOTES": str(self.notes), **environment}
        process = subprocess.Popen([start or self.shim, *words], env=environment, text=True, cwd=self.root,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        out, err = process.communicate(stdin, timeout=60)
        return Done(process, out, err, self.notes)


class Done:
    def __init__(self, process, out, err, notes):
        self.code, self.out, self.err = process.returncode, out, err
        self.calls = []
        words = notes.read_text().split("\0")[:-1] if notes.exists() else []
        # Whoever is called has become the process itself.
        if words:
            assert words[1] == str(process.pid)
            self.calls = [words[0], *words[2:]]


@pytest.fixture(params=SHELLS)
def host(request, tmp_path):
    return Host(tmp_path, request.param)
