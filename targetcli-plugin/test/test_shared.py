# SPDX-License-Identifier: GPL-2.0
"""xl-vscsi and the plugin mean the same by the same names."""
import pathlib
import re

from xen_pvscsi_targetcli import config, identity, shared

TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"


def constant(file, name):
    """Of `constexpr TYPE NAME = VALUE;`, or a member with that value."""
    found = re.search(rf"\b{name} = ([^,;]+)[,;]", (TOOLS / file).read_text())
    assert found, f"{file} has no {name}"
    value = found.group(1)
    return int(value) if value.isdigit() else value.strip('"')


def test_addresses():
    assert constant("core/names.hpp", "frontend_targets") == shared.TARGETS
    assert constant("core/names.hpp", "frontend_luns") == shared.LUNS
    assert constant("core/names.hpp", "greatest_lun") == shared.GREATEST_LUN
    assert constant("core/names.cc", "greatest_vdev") == shared.GREATEST_VDEV
    # expect_vdev()
    assert shared.CHANNELS == 1 and "vdev->channel != 0" in (TOOLS / "core/names.cc").read_text()


def test_names_of_what_a_tool_made():
    assert constant("core/names.cc", "link_prefix") == shared.LINK
    assert constant("core/lio.hpp", "auto_prefix") == shared.AUTO
    assert constant("core/lio.hpp", "adapter_alias_prefix") == shared.ADAPTER
    digits = re.search(r'"(naa\.[0-9a-f]+)\{:09x\}"', (TOOLS / "core/storemaker.cc").read_text())
    assert digits.group(1) == shared.OWN_WWN


def test_kinds_of_identities():
    text = re.search(r"\bkinds\b[^{;]*\{(.*?)\};", (TOOLS / "core/identity.cc").read_text(), re.DOTALL).group(1)
    assert sorted(re.findall(r'"(\w+)"', text)) == sorted(shared.KINDS)


def test_numbers_of_xl_vscsi():
    assert constant("command/options.hpp", "wait") == shared.PATIENCE
    for name in ("connected", "closed"):
        assert constant("core/guest.hpp", name) == getattr(shared, name.upper())
    for name in ("not_found", "refused", "timed_out", "problems"):
        assert constant("core/failure.hpp", name) == getattr(shared, name.upper())


def test_links_are_read_as_they_are_written():
    link = identity.link_for("0:0:3:1", "naa.5000c500a1b2c3d4")
    assert link == "vdev-0:0:3:1,naa.5000c500a1b2c3d4"
    assert config.Lun(0, link, "block/disk").fixed_vdev == "0:0:3:1"
    assert identity.of_link(link) == "naa.5000c500a1b2c3d4"


def test_there_is_no_second_copy():
    """In Python, of what shared has."""
    words = [repr(shared.AUTO), repr(shared.ADAPTER), repr(shared.OWN_WWN), str(shared.GREATEST_LUN)]
    for file in sorted((TOOLS.parent / "targetcli-plugin/xen_pvscsi_targetcli").glob("*.py")):
        text = file.read_text().replace('"', "'")
        assert file.name == "shared.py" or not [word for word in words if word in text], file.name
