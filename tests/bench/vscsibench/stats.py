# SPDX-License-Identifier: GPL-2.0
"""Medians and spread over the rounds and the boots."""
import statistics


def grouped(results, field):
    found = {}
    for item in results:
        if field in item:
            found.setdefault((item["row"], item["driver"]), []).append(item[field])
    return found


def medians(results, field):
    return {key: statistics.median(values) for key, values in grouped(results, field).items()}


def half_range(values):
    """Relative to the median; None of a single value, which says nothing about spread."""
    if len(values) < 2:
        return None
    return (max(values) - min(values)) / 2 / statistics.median(values)


def spread(results, field):
    return {key: half_range(values) for key, values in grouped(results, field).items()}


def boot(item):
    """Results of one boot were once written without its number."""
    return item.get("boot", 0)


def boots(results):
    """{row: the boots in which it was measured}"""
    found = {}
    for item in results:
        if "rate" in item:
            found.setdefault(item["row"], set()).add(boot(item))
    return found


def boot_ratios(results, one, other):
    """{row: [a boot's ratio of rates]}, of the boots that have both drivers.

    What makes a boot faster or slower for all drivers is in none of these."""
    rates = {}
    for item in results:
        if "rate" in item:
            rates.setdefault((item["row"], boot(item)), {}).setdefault(item["driver"], []).append(item["rate"])
    found = {}
    for (row, _), drivers in rates.items():
        if one in drivers and other in drivers:
            found.setdefault(row, []).append(statistics.median(drivers[one]) / statistics.median(drivers[other]))
    return found


def ratios(results, one, other):
    """{row: median over the boots}"""
    return {row: statistics.median(values) for row, values in boot_ratios(results, one, other).items()}


def median_dicts(results, field):
    """{(row, driver): {key: median}} of a dict that results carry."""
    found = {}
    for pair, dicts in grouped(results, field).items():
        # In the order of the first; an older boot may lack a key that was not counted then.
        keys = dict.fromkeys(key for item in dicts for key in item)
        found[pair] = {key: statistics.median(item[key] for item in dicts if key in item) for key in keys}
    return found


def _listed(results, field, key_size):
    """{(row, driver): {key: medians of what follows the key}}; an entry that a boot has not is 0 there."""
    found = {}
    for pair, lists in grouped(results, field).items():
        values = {}
        for entries in lists:
            for entry in entries:
                values.setdefault(tuple(entry[:key_size]), []).append(entry[key_size:])
        found[pair] = {key: tuple(statistics.median([*column, *[0] * (len(lists) - len(column))])
                                  for column in zip(*entries))
                       for key, entries in values.items()}
    return found


def functions(results):
    """{(row, driver): {(layer, function): (instructions, calls)}}"""
    return _listed(results, "functions", 2)


def allocations(results):
    """{(row, driver): {(caller, function): calls}}"""
    return {pair: {key: calls for key, (calls,) in entries.items()}
            for pair, entries in _listed(results, "allocations", 2).items()}
