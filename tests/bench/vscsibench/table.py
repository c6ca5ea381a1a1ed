# SPDX-License-Identifier: GPL-2.0
"""Results as text for a terminal."""
from . import rows, stats


def _rate(value, half_range):
    if not value:
        return f"{'-':>15}"
    return f"{value:9.0f}" + (f"{'':6}" if half_range is None else f" ±{half_range * 100:3.1f}%".ljust(6))


def ratios(results):
    medians = stats.medians(results, "rate")
    costs = stats.medians(results, "instructions")
    spread = stats.spread(results, "rate")
    pairs = {pair: stats.ratios(results, *pair) for pair in
             (("ours", "vbd"), ("ours", "in-tree"), ("in-tree", "vbd"))}
    lines = [f"{'row':13}{'vbd':>15}{'in-tree':>15}{'ours':>15}{'ours/vbd':>10}{'ours/in-tree':>14}"
             f"{'in-tree/vbd':>13}   instructions an I/O (vbd, in-tree, ours)"]
    for name in rows.BY_NAME:
        rate = {driver: medians.get((name, driver)) for driver in ("vbd", "in-tree", "ours")}
        if not any(rate.values()):
            continue
        cells = [_rate(rate[driver], spread.get((name, driver))) for driver in rate]
        for values, width in zip(pairs.values(), (10, 14, 13)):
            cells.append(f"{values[name]:{width}.2f}" if name in values else f"{'-':>{width}}")
        cost = "  ".join(f"{costs[name, driver]:.0f}" for driver in rate if costs.get((name, driver)))
        lines.append(f"{name:13}{''.join(cells)}   {cost}")
    return "\n".join(lines)


def profile(results, top):
    """Functions of a row side by side, medians of the boots, those first that cost most in any."""
    drivers = list(dict.fromkeys(item["driver"] for item in results))
    layers = {driver: values for (_, driver), values in stats.median_dicts(results, "layers").items()}
    cost = {}
    for (_, driver), functions in stats.functions(results).items():
        for key, pair in functions.items():
            cost.setdefault(key, {})[driver] = pair
    head = "".join(f"{driver:>12}{'calls':>8}" for driver in drivers)
    lines = [f"instructions and calls an I/O\n{head}  where"]
    for layer in sorted({layer for values in layers.values() for layer in values}):
        cells = "".join(f"{layers.get(driver, {}).get(layer, 0):12.0f}{'':8}" for driver in drivers)
        lines.append(f"{cells}  all of {layer}")
    order = sorted(cost, key=lambda key: -max(pair[0] for pair in cost[key].values()))
    for key in order[:top]:
        cells = "".join("{:12.0f}{:8.2f}".format(*cost[key].get(driver, (0, 0))) for driver in drivers)
        lines.append(f"{cells}  {key[0]}: {key[1]}")
    return "\n".join([*lines, *_allocations(results, drivers, top)])


def _allocations(results, drivers, top):
    """Who takes memory in dom0's kernel: the backend, and the programs whose system calls are in the way."""
    calls = {}
    for (_, driver), found in stats.allocations(results).items():
        for key, count in found.items():
            calls.setdefault(key, {})[driver] = count
    if not calls:
        return []
    head = "".join(f"{driver:>12}" for driver in drivers)
    lines = [f"\nallocations an I/O in dom0, by who calls\n{head}  where"]
    for key in sorted(calls, key=lambda key: -max(calls[key].values()))[:top]:
        cells = "".join(f"{calls[key].get(driver, 0):12.3f}" for driver in drivers)
        lines.append(f"{cells}  {key[0]}: {key[1]}")
    return lines
