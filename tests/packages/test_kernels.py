# SPDX-License-Identifier: GPL-2.0
"""What `make modules` says of kernels that it cannot be built for, or that nobody has tried: headers are played, with a
Makefile that asks kernel/compat.kbuild as Kbuild does and compiles nothing."""
import os
import pathlib
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
MAKEFILE = """VERSION = {version}
PATCHLEVEL = {patchlevel}
KERNELVERSION = {version}.{patchlevel}.3
export VERSION PATCHLEVEL KERNELVERSION
.PHONY: modules kernelrelease
modules:
	@$(MAKE) -s -f $(CURDIR)/scripts/Makefile.build srctree=$(CURDIR) src=$(M)
kernelrelease:
	@echo $(KERNELVERSION)-played
"""
BUILD = "include $(src)/kernel/compat.kbuild\nall: ; @echo compiled {outcome}\n"
# What tells one kernel from another.
BLKDEV = "struct block_device *blkdev_get_by_dev(dev_t dev, fmode_t mode, void *holder);\n"
BLK_MQ = "enum rq_end_io_ret {\n"
TARGET = "sense_reason_t target_cmd_init_cdb(struct se_cmd *se_cmd, unsigned char *cdb);\n"


@pytest.fixture
def modules(tmp_path):
    def make(version, blkdev=BLKDEV, blk_mq=BLK_MQ, outcome=""):
        for name, text in (("include/linux/blkdev.h", blkdev), ("include/linux/blk-mq.h", blk_mq),
                           ("include/target/target_core_fabric.h", TARGET),
                           ("Makefile", MAKEFILE.format(**dict(zip(("version", "patchlevel"), version.split("."))))),
                           ("scripts/Makefile.build", BUILD.format(outcome=outcome))):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        return subprocess.run(["make", "--no-print-directory", "modules", f"KDIR={tmp_path}"], cwd=TOP, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")})
    return make


def verdict(done):
    """The last line that is not make's own."""
    return [line for line in done.stdout.splitlines() if not line.startswith("make")][-1]


@pytest.mark.parametrize("version, headers", [
    ("5.10", {"blk_mq": "typedef void (rq_end_io_fn)(struct request *, blk_status_t);\n"}),
    ("4.19", {"blk_mq": "", "blkdev": ""}),
    ("6.6", {"blkdev": "struct bdev_handle *bdev_open_by_dev(dev_t dev, blk_mode_t mode, void *holder);\n"})])
def test_one_that_it_cannot_be_built_for(modules, version, headers):
    done = modules(version, **headers)
    assert done.returncode != 0 and "compiled" not in done.stdout
    assert f"Linux {version}.3 is not supported" in done.stdout
    assert verdict(done) == (f"the module was not built for {version}.3-played; supported are Linux 6.1 (Debian 12), "
                             "6.12 (Debian 13) and 7.2 (sid); 6.2 to 6.4 and later ones from 6.9 on may do")


@pytest.mark.parametrize("version", ["6.1", "6.12", "7.2"])
def test_one_that_is_tested(modules, version):
    done = modules(version)
    assert done.returncode == 0 and done.stdout == "compiled\n"


@pytest.mark.parametrize("version", ["7.3", "7.10", "8.0"])
def test_a_newer_one_is_built_with_a_word(modules, version):
    done = modules(version)
    assert done.returncode == 0 and done.stdout.endswith("compiled\n")
    assert f"Linux {version}.3 is newer than 7.2" in done.stdout


def test_an_older_one_with_what_it_needs_is_built(modules):
    """Distributions take changes from later kernels."""
    assert modules("5.14").stdout == "compiled\n"


def test_one_that_does_not_compile(modules):
    assert "supported are Linux 6.1" in verdict(modules("7.3", outcome="; false"))


def test_no_headers(tmp_path):
    done = subprocess.run(["make", "modules", f"KDIR={tmp_path}"], cwd=TOP, text=True, capture_output=True, check=False)
    assert done.returncode != 0 and "no kernel headers" in done.stderr
