# SPDX-License-Identifier: GPL-2.0
"""One script in dom0 and then in a guest, on the same drive and changer."""
import difflib

from .errors import LabError
from .library import node

NAA = "naa.5001405000000070"
END = "the script is at its end"

# The nodes have the same names everywhere, so that lines need no editing.
# Reads have an end even if the drive gives none.
PRELUDE = r"""
cd /tmp; export LC_ALL=C
tape=/tmp/tape drive=/tmp/drive changer=/tmp/changer
say() { echo "== $*"; }
# must WHAT COMMAND: not only the same in both places, but true.
must() {
    local what=$1; shift
    if "$@" >/dev/null 2>&1; then echo "true: $what"; else echo "FALSE: $what"; fi
}
# A processor that is emulated starts few programs in a second: bash does what it can.
errors() {
    local line; text=
    while read -r line; do
        case $line in "SCSI 2"*|"Soft error"*|"General status"*) ;; *) text+=" ${line##*: }";; esac
    done < $1
    text=${text:0:120}
}
mt() {
    timeout 60 mt -f $tape "$@" > out 2>&1; local rc=$?
    errors out; echo "mt $*: $rc$text"
}
where() { timeout 60 mt -f $tape status > out 2>&1; errors out; echo "at$text"; }
get() {
    timeout 60 dd if=$tape status=none "$@" 2> err | head -c ${most:-3000000} > got
    local rc=${PIPESTATUS[0]}
    sum=($(cksum < got)); errors err; echo "read $*: $rc ${sum[1]} bytes ${sum[0]}$text"
}
bytes() { [ "${sum[1]}" = $1 ]; }
# Where tgt lets st take for data what it never sent: how much, not what.
count() { get "$@" > /dev/null; echo "read $*: ${sum[1]} bytes$text"; }
put() {
    timeout 60 dd of=$tape status=none "$@" 2> err
    local rc=$?; errors err; echo "write $*: $rc$text"
}
change() {
    timeout 60 mtx -f $changer "$@" > out 2>&1
    echo "mtx $*: $? $(< out)"
}
run() { echo "\$ $*"; timeout 60 "$@" 2>&1; echo "ends with $?"; }
"""


def sections(text):
    """What stands below each `== name`."""
    found, lines = {}, []
    for line in text.splitlines():
        if line.startswith("== "):
            lines = found.setdefault(line[3:], [])
        else:
            lines.append(line)
    return found


class SideBySide:
    """Exports to a guest what a library, or the like, has to export."""

    def __init__(self, lab, library, guest):
        self.lab, self.library, self.guest = lab, library, guest
        self.target, self.stores = lab.target.create(NAA), []
        for number, (hctl, names) in enumerate(library.exports()):
            self._name(lab.dom0, hctl, names)
            store = lab.backstore.pscsi(f"library{number}", hctl)
            self.stores.append(store)
            lab.attach(guest, self.target.lun(number, store), f"0:0:0:{number}")
        guest.run("modprobe -a st ch sg")
        for number, (_, names) in enumerate(library.exports()):
            self._name(guest, f"*:0:0:{number}", names)

    @staticmethod
    def _name(place, hctl, names):
        for name, kind in names.items():
            place.run(f"ln -s {node(place, hctl, kind)} /tmp/{name}")

    def run(self, place, script, timeout=700):
        """What each section of the script printed."""
        place.put(f"{PRELUDE}{script}\nsay {END}\n", "/tmp/script")
        text = place.run(f"timeout {timeout} bash /tmp/script 2>&1", timeout + 60, check=False).out
        if place is self.lab.dom0 and END not in text:
            raise LabError(f"dom0 did not get through:\n{text[-2000:]}")
        return sections(text)

    def compare(self, wanted, got, name="{}"):
        """A check per section; a line that a `must` found untrue fails it too."""
        for section, lines in wanted.items():
            theirs = got.get(section, ["(never got here)"])
            untrue = [line for line in lines if line.startswith("FALSE")]
            self.lab.check(name.format(section), lines == theirs and not untrue, "\n".join(
                untrue + list(difflib.unified_diff(lines, theirs, "dom0", "guest", "", "", 1, ""))))

    def same(self, script, ready=lambda: None, timeout=700):
        """In dom0 and then in the guest, each from blank cartridges at home."""
        results = []
        for place in (self.lab.dom0, self.guest):
            self.library.reset()
            ready()
            results.append(self.run(place, script, timeout))
        self.compare(*results)
        return results[0]

    def close(self):
        lab = self.lab
        lab.dismantle(self.guest, [self.target], self.stores)
