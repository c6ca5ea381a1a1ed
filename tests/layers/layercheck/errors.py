# SPDX-License-Identifier: GPL-2.0
"""What keeps the check from checking."""


class CannotCheck(Exception):
    """Says to the user what is missing or malformed."""
