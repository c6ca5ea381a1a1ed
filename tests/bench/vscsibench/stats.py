"""Medians and spread over the rounds."""
import statistics


def grouped(results, field):
    found = {}
    for item in results:
        if field in item:
            found.setdefault((item["row"], item["driver"]), []).append(item[field])
    return found


def medians(results, field):
    return {key: statistics.median(values) for key, values in grouped(results, field).items()}


def spread(results, field):
    """Half of the range, relative to the median."""
    return {key: (max(values) - min(values)) / 2 / statistics.median(values)
            for key, values in grouped(results, field).items()}
