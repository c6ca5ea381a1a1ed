"""pvscsi against vbd: what a row costs, where the cost is, and the report."""
