# SPDX-License-Identifier: GPL-2.0
"""Whether files use each other down the floors of a program only, and never in a circle."""
