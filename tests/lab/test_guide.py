# SPDX-License-Identifier: GPL-2.0
"""What of a document are commands."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from vscsilab import guide  # noqa: E402

TEXT = """# Top
    not this
## Here
Text.

    one --option x   # what it does
    two \\
        goes on

More text
    that is no block

### Below

    three
    # a comment alone
    four a#b

## Next

<!-- not checked: why -->
    five
    six

## Nothing

Text.
"""


def texts(heading):
    return [command.text for command in guide.commands_of("x.md", TEXT.splitlines(), heading)]


def test_the_blocks_below_a_heading():
    assert texts("Here") == ["one --option x", "two goes on"]
    assert texts("Below") == ["three", "four a#b"]


def test_where_they_are():
    assert str(guide.commands_of("x.md", TEXT.splitlines(), "Next")[0]) == "x.md:22: five"


def test_no_such_heading():
    with pytest.raises(ValueError, match="Nowhere"):
        texts("Nowhere")


def test_no_command_below_it():
    with pytest.raises(ValueError, match="no command below 'Nothing'"):
        texts("Nothing")


def test_what_is_installed_before_the_reboot():
    found = guide.installation()
    assert found and all(text.startswith("apt install") for text in found)
    assert any("linux-headers" in text for text in found) and any("xen-scsiback-dkms" in text for text in found)


def test_the_way_back():
    found = [command.text for command in guide.commands(*guide.BACK)]
    assert found == ["apt remove xen-scsiback-dkms", "reboot"]
