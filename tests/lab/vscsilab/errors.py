# SPDX-License-Identifier: GPL-2.0
"""The kinds of failure the lab tells apart."""


class LabError(Exception):
    """The lab or the system under test did something it must not do."""


class LabDied(LabError):
    """The emulated host is gone; nothing more can be asked of it."""


class Unsuited(Exception):
    """The suite under test has not what a scenario is about; said before its first check."""
