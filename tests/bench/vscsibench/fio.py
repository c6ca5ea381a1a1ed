# SPDX-License-Identifier: GPL-2.0
"""What fio's JSON says."""
import dataclasses
import json

from vscsilab.errors import LabError


@dataclasses.dataclass(frozen=True)
class Outcome:
    ios: int
    seconds: float

    @property
    def rate(self):
        return self.ios / self.seconds


def parse(text, by_rate=False):
    """by_rate: the run was limited by time, so all processes ran all the time. Else the
    slowest one tells how long the I/O took."""
    begin = text.find("{")
    if begin < 0:
        raise LabError(f"fio printed no JSON: {text[-500:]}")
    jobs = json.loads(text[begin:])["jobs"]
    ios, milliseconds = 0, 0
    for job in jobs:
        if job["error"]:
            raise LabError(f"fio: job {job['jobname']} ended with error {job['error']}")
        ios += job["read"]["total_ios"] + job["write"]["total_ios"]
        milliseconds = max(milliseconds, job["read"]["runtime"], job["write"]["runtime"])
    if not ios or not milliseconds:
        raise LabError("fio did no I/O that takes a millisecond")
    if by_rate:
        rate = sum(job[way]["iops"] for job in jobs for way in ("read", "write"))
        return Outcome(ios, ios / rate)
    return Outcome(ios, milliseconds / 1000)
