# SPDX-License-Identifier: GPL-2.0
"""What the lab makes of another suite's packages; and the table of `make matrix`."""
import lzma
import pathlib
import struct
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import matrix  # noqa: E402
from vscsilab import bootfiles, debian, suite  # noqa: E402
from vscsilab.errors import LabError  # noqa: E402

MIRROR, SECURITY = "http://mirror/debian", "http://mirror/security"


@pytest.fixture
def bookworm(monkeypatch):
    monkeypatch.setattr(debian, "codename", lambda: "bookworm")
    monkeypatch.setattr(debian, "sources", lambda: [
        (MIRROR, "bookworm", "stable"), (MIRROR, "bookworm-updates", "bookworm-updates"),
        (SECURITY, "bookworm-security", "bookworm-security")])


def test_own_sources_are_the_hosts(bookworm):
    assert suite.Suite("bookworm").sources() == [
        f"deb {MIRROR} stable main", f"deb {MIRROR} bookworm-updates main",
        f"deb {SECURITY} bookworm-security main"]


def test_another_suite_comes_from_the_same_mirrors(bookworm):
    assert suite.Suite("trixie").sources() == [
        f"deb {MIRROR} trixie main", f"deb {MIRROR} trixie-updates main",
        f"deb {SECURITY} trixie-security main"]


def test_sid_has_no_updates(bookworm):
    assert suite.Suite("sid").sources() == [f"deb {MIRROR} sid main"]


def test_the_suite_is_chosen_by_name(bookworm, monkeypatch):
    suite.named.cache_clear()
    monkeypatch.setattr(suite, "SCRIPTS", pathlib.Path("/nonexistent"))
    monkeypatch.setenv("VSCSI_LAB_SUITE", "trixie")
    monkeypatch.delenv("VSCSI_LAB_GUEST_SUITE", raising=False)
    assert (suite.chosen().name, suite.guests().name) == ("trixie", "trixie")
    monkeypatch.setenv("VSCSI_LAB_SUITE", "")
    monkeypatch.setenv("VSCSI_LAB_GUEST_SUITE", "sid")
    assert (suite.chosen().name, suite.guests().name) == ("bookworm", "sid")
    monkeypatch.setenv("VSCSI_LAB_SUITE", "potato")
    with pytest.raises(LabError, match="potato"):
        suite.chosen()
    suite.named.cache_clear()


def packages(monkeypatch, known):
    monkeypatch.setattr(suite.Suite, "apt", lambda self, program, *words, **options: known.get(words[-1], ""))


def test_a_kernel_in_one_package_and_in_parts(bookworm, monkeypatch):
    packages(monkeypatch, {
        "linux-image-amd64": "Depends: linux-base-amd64 (= 7.2-1), linux-image-7.2+x-amd64 (= 7.2-1)\n",
        "linux-image-7.2+x-amd64": "Depends: dracut | initramfs-tools (>= 1), linux-base-7.2+x-amd64 (= 7.2-1), "
                                   "linux-binary-7.2+x-amd64 (= 7.2-1), linux-modules-7.2+x-amd64 (= 7.2-1)\n",
        "linux-image-6.1-amd64": "Depends: kmod, linux-base (>= 4), initramfs-tools\n",
        "xen-system-amd64": "Depends: xen-hypervisor-4.20-amd64, xen-hypervisor-common, xen-utils-4.20\n"})
    found = suite.Suite("sid")
    assert found.kernel() == ("7.2+x-amd64", "7.2-1")
    assert found.kernel_packages("7.2+x-amd64") == [
        "linux-image-7.2+x-amd64", "linux-base-7.2+x-amd64", "linux-binary-7.2+x-amd64", "linux-modules-7.2+x-amd64"]
    assert found.kernel_packages("6.1-amd64") == ["linux-image-6.1-amd64"]
    assert found.xen() == "4.20"


def image_of(packed):
    """As much of a bzImage as is looked at."""
    head = bytearray(1024 + 16)
    head[0x1f1] = 1
    head[0x248:0x250] = struct.pack("<II", 16, len(packed))
    return bytes(head) + packed


def test_kernels_are_unpacked(tmp_path):
    assert bootfiles.unpack_kernel(image_of(lzma.compress(b"\x7fELF") + b"size")) == b"\x7fELF"
    with pytest.raises(LabError, match="neither"):
        bootfiles.unpack_kernel(image_of(b"\x1f\x8b and so on"))


def test_modules_come_after_what_they_need(tmp_path):
    (tmp_path / "modules.builtin").write_text("kernel/drivers/virtio/virtio-pci.ko\n")
    (tmp_path / "modules.dep").write_text("kernel/ext4.ko: kernel/jbd2.ko kernel/crc16.ko\n"
                                          "kernel/jbd2.ko:\nkernel/crc16.ko:\n")
    names = [path.name for path in bootfiles.load_order(tmp_path, ["virtio_pci", "ext4"])]
    assert names == ["crc16.ko", "jbd2.ko", "ext4.ko"]
    with pytest.raises(LabError, match="overlay"):
        bootfiles.load_order(tmp_path, ["overlay"])


def result(name, status, passed=(), failed=(), problems=()):
    return {"scenario": name, "status": status, "seconds": 12.3, "passed": list(passed),
            "failed": list(failed), "problems": list(problems)}


def test_table_of_scenarios_and_suites():
    table = matrix.Table(["boot", "io", "acl"])
    about = {"suite": "trixie", "kernel": "6.12.1+deb13-amd64", "kernel_package": "6.12.1-1", "xen": "4.20"}
    table.add("trixie", True, [
        {"dom0": about, "guests": {**about, "suite": "bookworm"}, "driver": "ours",
         "scenarios": [result("boot", "PASS", ["a"]), result("io", "FAIL", ["a", "b"], ["c"])]}])
    table.add("sid", False, [])
    assert list(table.rows()) == [
        ["scenario", "trixie: Linux 6.12.1, Xen 4.20, guests of bookworm", "sid"],
        ["(module)", "no warnings", "FAIL"], ["boot", "pass, 12 s", "not run"],
        ["io", "FAIL, 1 of 3", "not run"], ["acl", "not run", "not run"]]
    assert table.markdown().splitlines()[3] == "| `boot` | pass, 12 s | not run |"


def test_noise_of_a_build():
    text = ("  CC [M]  x.o\nwarning: the compiler differs from the one used to build the kernel\n"
            "x.c:1:1: warning: unused\n")
    assert matrix.noise(text) == ["x.c:1:1: warning: unused"]
