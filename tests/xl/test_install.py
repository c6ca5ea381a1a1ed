# SPDX-License-Identifier: GPL-2.0
"""make install-xl and uninstall-xl: only what is ours is written over and removed."""
import subprocess

import pytest

from conftest import SHIM, TOP

XL = "usr/local/sbin/xl"
COMPLETION = "usr/local/share/bash-completion/completions/xl"


def make(target, root, *more):
    return subprocess.run(["make", "--no-print-directory", target, f"DESTDIR={root}", *more], cwd=TOP, text=True,
                          capture_output=True)


@pytest.fixture
def installed(tmp_path):
    assert make("install-xl", tmp_path).returncode == 0
    return tmp_path


def files(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file() or path.is_symlink())


def test_install(installed):
    assert files(installed) == [XL, COMPLETION]
    assert (installed / XL).read_bytes() == SHIM.read_bytes()
    assert (installed / XL).stat().st_mode & 0o777 == 0o755
    assert (installed / COMPLETION).stat().st_mode & 0o777 == 0o644


def test_uninstall(installed):
    assert make("uninstall-xl", installed).returncode == 0
    assert files(installed) == []
    assert make("uninstall-xl", installed).returncode == 0


def test_another_folder(tmp_path):
    folders = ["XL_DIR=/opt/xl here", "XL_COMPLETION_DIR=/opt/completions"]
    assert make("install-xl", tmp_path, *folders).returncode == 0
    assert files(tmp_path) == ["opt/completions/xl", "opt/xl here/xl"]
    assert make("uninstall-xl", tmp_path, *folders).returncode == 0
    assert files(tmp_path) == []


def test_an_older_one_of_ours_is_replaced(installed):
    old = SHIM.read_text().replace("xlv_sbin=", "xlv_old=")
    (installed / XL).write_text(old)
    assert make("install-xl", installed).returncode == 0
    assert (installed / XL).read_bytes() == SHIM.read_bytes()


@pytest.mark.parametrize("name, variable", [(XL, "XL_DIR="), (COMPLETION, "XL_COMPLETION_DIR=")])
@pytest.mark.parametrize("kind", ["script", "program", "link", "dangling"])
def test_what_is_not_ours_stays(tmp_path, name, variable, kind):
    file = tmp_path / name
    file.parent.mkdir(parents=True)
    if kind == "script":
        file.write_text("#!/bin/sh\nexec /usr/sbin/xl \"$@\" # xl of xen-pvscsi: not this\n")
    elif kind == "program":
        file.write_bytes(b"\x7fELF\0\0\nxen\0")
    elif kind == "link":
        (tmp_path / "stock").write_text("#!/bin/sh\n")
        file.symlink_to(tmp_path / "stock")
    else:
        file.symlink_to("/nowhere/xl")
    before = [(path, path.is_symlink() or path.read_bytes()) for path in map(tmp_path.joinpath, files(tmp_path))]
    done = make("install-xl", tmp_path)
    assert done.returncode != 0 and str(file) in done.stderr and variable in done.stderr
    removed = make("uninstall-xl", tmp_path)
    assert removed.returncode == 0 and f"{file} is not ours" in removed.stderr
    assert before == [(path, path.is_symlink() or path.read_bytes()) for path in map(tmp_path.joinpath, files(tmp_path))]


def test_a_link_to_ours_is_replaced_and_not_followed(tmp_path):
    aside = tmp_path / "aside"
    aside.write_text(SHIM.read_text() + "# the tree's\n")
    (tmp_path / XL).parent.mkdir(parents=True)
    (tmp_path / XL).symlink_to(aside)
    assert make("install-xl", tmp_path).returncode == 0
    assert not (tmp_path / XL).is_symlink() and aside.read_text().endswith("# the tree's\n")
