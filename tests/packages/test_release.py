# SPDX-License-Identifier: GPL-2.0
"""`make release` in a repository made for it: what it refuses, and what it makes."""
import os
import pathlib
import shutil
import subprocess
import tarfile

import pytest

from test_packaging import NOBODY

TOP = pathlib.Path(__file__).resolve().parents[2]
MAKEFILE = """check test:
	@echo $@ >>build/ran
fails:
	@false
leaves:
	@echo >left
"""


class Tree:
    def __init__(self, folder):
        self.folder = folder
        (folder / "packaging/debian").mkdir(parents=True)
        (folder / "build").mkdir()
        for name in ("release", "version"):
            shutil.copy(TOP / "packaging" / name, folder / "packaging")
        for name, text in (("packaging/VERSION", "2.1.0\n"), ("Makefile", MAKEFILE), (".gitignore", "/build/\n"),
                           ("CHANGELOG.md", "# Changelog\n\n## 2.1.0, 2026-05-01\n\nMore.\n\n## 2.0.0, 2026-01-01\n"),
                           ("packaging/debian/control", "Source: x\nMaintainer: A <a@b.cd>\nHomepage: https://b.cd\n")):
            self.write(name, text)
        self.git("init", "-q")
        self.commit()

    def write(self, name, text):
        (self.folder / name).write_text(text)

    def run(self, *words):
        return subprocess.run(words, cwd=self.folder, text=True, capture_output=True, check=False,
                              env={**{name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
                                   **NOBODY})

    def git(self, *words):
        done = self.run("git", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-qm", "x")

    def replace(self, name, old, new):
        text = (self.folder / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))
        self.commit()

    def release(self, *targets):
        return self.run("packaging/release", *(targets or ("check", "test")))


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path / "tree")


def test_a_release(tree):
    done = tree.release()
    assert done.returncode == 0, done.stderr
    assert (tree.folder / "build/ran").read_text() == "check\ntest\n"
    assert tree.git("describe", "--exact-match") == "v2.1.0"
    assert "Passed: check test" in tree.git("tag", "-n9", "-l", "v2.1.0")
    assert tree.run("packaging/version").stdout.strip() == "2.1.0"
    with tarfile.open(tree.folder / "build/xen-pvscsi-2.1.0.tar.gz") as archive:
        assert "xen-pvscsi-2.1.0/packaging/VERSION" in archive.getnames()
    assert "not signed" in done.stdout and "sha256" not in done.stderr


def refused(tree, what, *targets):
    done = tree.release(*targets)
    assert done.returncode != 0 and what in done.stderr
    assert tree.git("tag") == "" and not list((tree.folder / "build").glob("*.tar.gz"))


@pytest.mark.parametrize("name, old, new, what", [
    ("CHANGELOG.md", "2.1.0, 2026-05-01", "2.1.0, not released", "is not released: put the day there"),
    ("CHANGELOG.md", "2.1.0, 2026-05-01", "2.1.0", "they must agree"),
    ("CHANGELOG.md", "2.1.0, 2026-05-01", "2.2.0, 2026-05-01", "begins with '2.2.0, 2026-05-01'"),
    ("packaging/VERSION", "2.1.0", "2.1", "no version as 1.2.3"),
    ("packaging/debian/control", "a@b.cd", "a@example.org", "a placeholder as Maintainer"),
    ("packaging/debian/control", "Homepage: https://b.cd", "Other: x", "has no Homepage")])
def test_what_does_not_agree(tree, name, old, new, what):
    tree.replace(name, old, new)
    refused(tree, what)
    assert not (tree.folder / "build/ran").exists()


def test_what_is_not_committed(tree):
    tree.write("Makefile", MAKEFILE + "# more\n")
    refused(tree, "not committed:  M Makefile")


def test_what_git_does_not_know(tree):
    tree.write("stray", "")
    refused(tree, "?? stray")


def test_a_test_that_fails(tree):
    refused(tree, "make fails failed", "check", "fails", "test")
    assert (tree.folder / "build/ran").read_text() == "check\n"


def test_a_test_that_leaves_something(tree):
    refused(tree, "left something behind: ?? left", "leaves")


def test_no_test_is_named(tree):
    done = tree.run("packaging/release")
    assert done.returncode != 0 and "no test is named" in done.stderr


def test_a_version_that_was_released(tree):
    tree.git("tag", "v2.1.0")
    done = tree.release()
    assert done.returncode != 0 and "a tag v2.1.0 already" in done.stderr


def test_a_key_that_does_not_sign(tree):
    tree.git("config", "user.signingkey", "nobody")
    tree.git("config", "gpg.program", "false")
    refused(tree, "could not make the tag")


def test_without_git(tree):
    shutil.rmtree(tree.folder / ".git")
    done = tree.release()
    assert done.returncode != 0 and "no git repository" in done.stderr
