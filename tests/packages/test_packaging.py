# SPDX-License-Identifier: GPL-2.0
"""What versions are called, what goes into a source tree, and what DKMS's part says, with programs around it
that stand in for DKMS."""
import os
import pathlib
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
NOBODY = {"GIT_AUTHOR_NAME": "n", "GIT_AUTHOR_EMAIL": "n@example.org", "GIT_COMMITTER_NAME": "n",
          "GIT_COMMITTER_EMAIL": "n@example.org", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}


def run(*words, cwd=None, check=True, **environment):
    return subprocess.run([str(word) for word in words], cwd=cwd, text=True, capture_output=True, check=check,
                          env={**os.environ, **NOBODY, **environment})


class Tree:
    def __init__(self, folder):
        self.folder = folder
        (folder / "packaging").mkdir(parents=True)
        for name in ("version", "source"):
            shutil.copy(TOP / "packaging" / name, folder / "packaging")
        (folder / "packaging/VERSION").write_text("2.1.0\n")

    def git(self, *words):
        return run("git", *words, cwd=self.folder).stdout.strip()

    def commit(self, text="more"):
        (self.folder / "file").write_text(text)
        self.git("add", "-A")
        self.git("commit", "-qm", text)
        return "g" + self.git("rev-parse", "--short=8", "HEAD")

    def version(self, **environment):
        return run(self.folder / "packaging/version", cwd="/", **environment).stdout.strip()


@pytest.fixture
def plain(tmp_path):
    return Tree(tmp_path / "tree")


@pytest.fixture
def tree(plain):
    plain.git("init", "-q")
    plain.commit("first")
    return plain


def sorts_before(one, other):
    return not shutil.which("dpkg") or run("dpkg", "--compare-versions", one, "lt", other, check=False).returncode == 0


def test_versions_of_a_release_and_around_it(tree):
    versions = []
    for number in (2, 3):
        versions.append(f"2.1.0~{number}.{tree.commit(str(number))}")
        assert tree.version() == versions[-1]
    tree.git("tag", "v2.1.0")
    assert tree.version() == "2.1.0"
    versions.append("2.1.0")
    versions.append(f"2.1.0+1.{tree.commit()}")
    assert tree.version() == versions[-1]
    assert all(sorts_before(one, other) for one, other in zip(versions, versions[1:]))


def test_a_tag_of_another_version_is_none_of_this(tree):
    tree.git("tag", "v2.0.0")
    assert tree.version().startswith("2.1.0~1.g")


def test_what_is_not_committed_is_said(tree):
    clean = tree.version()
    (tree.folder / "file").write_text("changed")
    assert tree.version() == clean + ".dirty"


def test_without_git(plain):
    assert plain.version() == "2.1.0"
    (plain.folder / "packaging/described").write_text("2.1.0~7.gabc\n")
    assert plain.version() == "2.1.0~7.gabc"


def test_in_somebody_elses_git(plain):
    run("git", "init", "-q", cwd=plain.folder.parent)
    assert plain.version() == "2.1.0"


def listed(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("git", [True, False])
def test_a_source_tree_has_what_there_is_and_its_version(plain, tmp_path, git):
    if git:
        plain.git("init", "-q")
        plain.commit("first")
        (plain.folder / "file").write_text("changed")
        (plain.folder / "not-known-to-git").write_text("")
    else:
        (plain.folder / "file").write_text("changed")
        (plain.folder / "build").mkdir()
        (plain.folder / "build/object.o").write_text("")
    (plain.folder / "file").chmod(0o600)
    run(plain.folder / "packaging/source", tmp_path / "out", SOURCE_DATE_EPOCH="1000000000")
    assert listed(tmp_path / "out") == ["file", "packaging/VERSION", "packaging/described", "packaging/source", "packaging/version"]
    file = tmp_path / "out/file"
    assert file.read_text() == "changed"
    assert file.stat().st_mtime == 1000000000
    assert file.stat().st_mode & 0o777 == 0o644
    assert run(tmp_path / "out/packaging/version").stdout.strip() == plain.version()


def test_a_part_of_it(tree, tmp_path):
    (tree.folder / "drivers").mkdir()
    (tree.folder / "drivers/main.c").write_text("")
    tree.commit()
    run(tree.folder / "packaging/source", tmp_path / "out", "drivers")
    assert listed(tmp_path / "out") == ["drivers/main.c", "packaging/VERSION", "packaging/described", "packaging/version"]


DKMS = """#!/bin/sh
printf '%s\\n' "$*" >>"$CALLS"
case $1 in
status) echo "$STATUS" ;;
install) [ -z "$FAULT" ] || { echo "Error! $FAULT"; exit 10; } ;;
esac
"""


class Host:
    def __init__(self, root):
        self.root = root
        (root / "bin").mkdir()
        for name, text in (("dkms", DKMS), ("uname", "#!/bin/sh\necho 6.1\n"),
                           ("modinfo", "#!/bin/sh\necho \"$INSTALLED\"\n")):
            (root / "bin" / name).write_text(text)
            (root / "bin" / name).chmod(0o755)
        self.script = root / "build-for"
        self.script.write_text((TOP / "packaging/dkms/build-for").read_text().replace("@VERSION@", "2.1.0"))
        self.headers("6.1")

    def headers(self, kernel):
        (self.root / "modules" / kernel / "build/include").mkdir(parents=True)

    def run(self, *kernels, **environment):
        calls = self.root / "calls"
        calls.write_text("")
        done = run("sh", self.script, *kernels, check=False, PATH=f"{self.root}/bin:{os.environ['PATH']}", CALLS=str(calls),
                   XEN_PVSCSI_MODULES=str(self.root / "modules"), XEN_PVSCSI_LOADED=str(self.root / "loaded"),
                   **{"STATUS": "", "FAULT": "", "INSTALLED": "2.1.0", **environment})
        assert done.returncode == 0
        built = [line.split()[-1] for line in calls.read_text().splitlines() if line.startswith("install")]
        return built, done.stderr


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def test_each_kernel_with_headers_is_built_for(host):
    host.headers("6.12")
    (host.root / "modules/6.13").mkdir()
    assert host.run() == (["6.1", "6.12"], "")
    assert host.run("6.12") == (["6.12"], "")
    built, said = host.run("6.13")
    assert built == [] and "install linux-headers-6.13" in said


def test_what_is_installed_is_not_built(host):
    assert host.run(STATUS="xen-scsiback/2.1.0, 6.1, x86_64: installed") == ([], "")


def test_without_any_headers(host):
    shutil.rmtree(host.root / "modules")
    built, said = host.run()
    assert built == [] and "no kernel headers here" in said


def test_a_failure_ends_well_and_is_told(host):
    built, said = host.run(FAULT="Bad return status")
    assert built == ["6.1"]
    for part in ("NOT BUILT for Linux 6.1", "Error! Bad return status", "make.log", f"{host.script} 6.1"):
        assert part in said


@pytest.mark.parametrize("name", ["updates/xen-scsiback.ko", "updates/xen-scsiback.ko.xz", "extra/deep/xen-scsiback.ko.zst"])
def test_another_copy_is_named(host, name):
    file = host.root / "modules/6.1" / name
    file.parent.mkdir(parents=True)
    file.write_text("")
    assert f"{file} is there as well" in host.run()[1]


@pytest.mark.parametrize("name", ["updates/dkms/xen-scsiback.ko", "kernel/drivers/xen/xen-scsiback.ko", "updates/other.ko"])
def test_what_belongs_there_is_not(host, name):
    file = host.root / "modules/6.1" / name
    file.parent.mkdir(parents=True)
    file.write_text("")
    assert host.run()[1] == ""


@pytest.mark.parametrize("loaded, said", [("2.1.0", None), ("2.0.0", "Loaded is 2.0.0, installed is 2.1.0"),
                                          (None, "Loaded is the kernel's own, installed is 2.1.0")])
def test_a_reboot_that_is_needed_is_said(host, loaded, said):
    (host.root / "loaded").mkdir()
    if loaded:
        (host.root / "loaded/version").write_text(loaded + "\n")
    found = host.run()[1]
    assert (said in found and "REBOOT NEEDED" in found) if said else found == ""
