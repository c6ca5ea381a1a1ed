# SPDX-License-Identifier: GPL-2.0
"""pvscsi against vbd: what a row costs, where the cost is, and the report."""
