# SPDX-License-Identifier: GPL-2.0
"""The two kinds of failure the lab tells apart."""


class LabError(Exception):
    """The lab or the system under test did something it must not do."""


class LabDied(LabError):
    """The emulated host is gone; nothing more can be asked of it."""
