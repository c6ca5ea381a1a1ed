# SPDX-License-Identifier: GPL-2.0
"""The script of Documentation/administration.md attaches a device."""
import re

from vscsilab import paths

TIMEOUT = 300
GUESTS = 1
NAA = "naa.5001405000000060"


def script(heading):
    """The first indented block below a heading."""
    text = (paths.REPO_DIR / "Documentation/administration.md").read_text()
    below = text.split(f"## {heading}\n", 1)[1]
    block = re.search(r"(?:^    .*\n)+", below, flags=re.M).group(0)
    return "\n".join(line[4:] for line in block.splitlines())


def run(lab):
    lab.load_driver()
    target = lab.target.create(NAA)
    pdev = target.lun(0, lab.backstore.ramdisk("rd", "16M"))
    guest = lab.guests[0]
    text = script("Attach by hand")
    lab.check("the script is there", "D=$(xl domid guest1)" in text and "xenstore-write" in text, text)
    text = text.replace("guest1", guest.name).replace("naa.5001405000000001:0", pdev)
    lab.dom0.run(text, timeout=120)
    lab.vscsi.wait_connected(guest.domid, "dev-0")
    disk = lab.disk(guest, "0:0:0:0")
    lab.equal("the guest has the disk", guest.run(f"blockdev --getsize64 {disk}").out.strip(),
              "16777216")
