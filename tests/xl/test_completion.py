# SPDX-License-Identifier: GPL-2.0
"""Completion for xl: bash-completion's own _command_offset is stood in for by one that says what it was given."""
import subprocess

import pytest

from conftest import TOP

COMPLETION = TOP / "tools/completion/xl-shim"
SCRIPT = """
_xl() { echo "stock $1"; }
_command_offset()
{
	echo "point ${COMP_LINE:0:COMP_POINT}|"
	echo "line $COMP_LINE|"
	printf '(%s)' "${COMP_WORDS[@]}"
	echo " $COMP_CWORD from $1"
}
NEWER
complete() { echo "complete $*" >&2; }
. "$1"
COMP_LINE=$2 COMP_POINT=${3:-${#2}}
read -r -a COMP_WORDS <<<"$2"
[[ $2 != *' ' ]] || COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_xlv xl "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"
"""


def complete(tmp_path, line, point="", newer="", stock=None):
    text = COMPLETION.read_text().replace("/usr/share/bash-completion/completions/xl", str(stock or tmp_path / "none"))
    (tmp_path / "xl").write_text(text.replace("/etc/bash_completion.d/xl", str(tmp_path / "none")))
    return subprocess.run(["bash", "-c", SCRIPT.replace("NEWER", newer), "bash", tmp_path / "xl", line, str(point)],
                          text=True, capture_output=True, check=True)


@pytest.mark.parametrize("line", ["xl ", "xl vs", "xl vscsi", "xl vscsi-attach", "xl create ", "xl -v vscsi", "xl list vscsi x"])
def test_what_is_not_ours_is_the_stock_ones(tmp_path, line):
    assert complete(tmp_path, line).stdout == "stock xl\n"


@pytest.mark.parametrize("line, wanted, words, place", [
    ("xl vscsi ", "xl-vscsi ", "(xl-vscsi)()", 1),
    ("xl vscsi attach g1 --b", "xl-vscsi attach g1 --b", "(xl-vscsi)(attach)(g1)(--b)", 3),
    ("xl vscsi-attach g", "xl-vscsi attach g", "(xl-vscsi)(attach)(g)", 2),
    ("xl scsi-detach g1 ", "xl-vscsi detach g1 ", "(xl-vscsi)(detach)(g1)()", 3),
    ("xl -v -N vscsi-list ", "xl-vscsi list ", "(xl-vscsi)(list)()", 2),
    ("/opt/vscsi/xl vscsi attach g", "xl-vscsi attach g", "(xl-vscsi)(attach)(g)", 2)])
def test_ours_is_completed_as_for_our_tool(tmp_path, line, wanted, words, place):
    assert complete(tmp_path, line).stdout == f"point {wanted}|\nline {wanted}|\n{words} {place} from 0\n"


def test_the_cursor_stays_where_it_is(tmp_path):
    found = complete(tmp_path, "xl vscsi-list gu est", point=len("xl vscsi-list gu")).stdout
    assert found.startswith("point xl-vscsi list gu|\nline xl-vscsi list gu est|\n")


def test_newer_bash_completion(tmp_path):
    """Which loads the old names only if it is asked to."""
    newer = "_comp_command_offset() { echo newer; }"
    assert complete(tmp_path, "xl vscsi ", newer=newer).stdout == "newer\n"


def test_the_stock_one_is_loaded_and_ours_comes_after(tmp_path):
    stock = tmp_path / "stock"
    stock.write_text("_xl() { echo loaded; }\ncomplete -F _xl xl xen\n")
    done = complete(tmp_path, "xl cr", stock=stock)
    assert done.stdout == "loaded\n"
    assert [line.split()[2] for line in done.stderr.splitlines() if line.startswith("complete ")] == ["_xl", "_xlv"]


def test_without_a_stock_one(tmp_path):
    text = "unset -f _xl"
    assert complete(tmp_path, "xl cr", newer=text).stdout == ""
