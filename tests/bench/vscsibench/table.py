"""Results as text for a terminal."""
from . import rows, stats


def ratios(results):
    medians = stats.medians(results, "rate")
    costs = stats.medians(results, "instructions")
    lines = [f"{'row':13}{'vbd':>9}{'in-tree':>9}{'ours':>9}{'ours/vbd':>10}{'ours/in-tree':>14}"
             f"{'in-tree/vbd':>13}   instructions an I/O (vbd, in-tree, ours)"]
    for name in rows.BY_NAME:
        rate = {driver: medians.get((name, driver)) for driver in ("vbd", "in-tree", "ours")}
        if not any(rate.values()):
            continue
        cells = [f"{rate[driver]:9.0f}" if rate[driver] else f"{'-':>9}" for driver in rate]
        for one, other, width in (("ours", "vbd", 10), ("ours", "in-tree", 14), ("in-tree", "vbd", 13)):
            both = rate[one] and rate[other]
            cells.append(f"{rate[one] / rate[other]:{width}.2f}" if both else f"{'-':>{width}}")
        cost = "  ".join(f"{costs[name, driver]:.0f}" for driver in rate if costs.get((name, driver)))
        lines.append(f"{name:13}{''.join(cells)}   {cost}")
    return "\n".join(lines)


def profile(results, top):
    """Functions side by side, those first that cost most in any."""
    drivers = list(dict.fromkeys(item["driver"] for item in results))
    cost = {}
    for item in results:
        for layer, name, instructions, calls in item.get("functions", ()):
            cost.setdefault((layer, name), {})[item["driver"]] = (instructions, calls)
    head = "".join(f"{driver:>12}{'calls':>8}" for driver in drivers)
    lines = [f"instructions and calls an I/O\n{head}  where"]
    for layer in sorted({layer for item in results for layer in item.get("layers", {})}):
        cells = "".join(f"{next(item['layers'].get(layer, 0) for item in results if item['driver'] == driver):12.0f}"
                        f"{'':8}" for driver in drivers)
        lines.append(f"{cells}  all of {layer}")
    order = sorted(cost, key=lambda key: -max(pair[0] for pair in cost[key].values()))
    for key in order[:top]:
        cells = "".join("{:12.0f}{:8.2f}".format(*cost[key].get(driver, (0, 0))) for driver in drivers)
        lines.append(f"{cells}  {key[0]}: {key[1]}")
    return "\n".join(lines)
