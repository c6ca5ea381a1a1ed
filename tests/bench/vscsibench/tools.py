# SPDX-License-Identifier: GPL-2.0
"""What the commands cost on a host with many guests, in instruction time."""
import time

from vscsilab import pretended
from vscsilab.admin import CONFIGS, Admin

from .host import Host, layers, say

COMMANDS = ("xl-vscsi list --json", "xl-vscsi status --json", f"xen-vscsid --once --config-dir {CONFIGS}",
            "xenstore-ls -f /local/domain")


class Tools:
    def __init__(self, options):
        self.options = options
        self.host = Host("tools", options, True, 1, 8)

    def run(self):
        with self.host.running():
            dom0 = self.host.lab.dom0
            Admin(self.host.lab)
            pretended.come(dom0)
            owners = self.host.symbols.owners()
            # An idle host's own work, and the way to it, is in each number.
            return [self._cost(dom0, owners, command) for command in COMMANDS]

    def _cost(self, dom0, owners, command):
        begin = time.monotonic()
        dom0.run(f"{command} > /dev/null || [ $? = 8 ]", timeout=900)
        self.host.counter.reset()
        dom0.run(f"{command} > /dev/null || [ $? = 8 ]", timeout=900)
        parts = layers(owners.attribute(self.host.counter.read()))
        result = {"command": command, "guests": len(pretended.NUMBERS), "devices": len(pretended.NUMBERS) *
                  pretended.LUNS, "instructions": sum(parts.values()), "layers": parts}
        say(f"  {command:40} {result['instructions'] / 1e6:6.0f} million instructions ({time.monotonic() - begin:.0f} s)")
        return result
