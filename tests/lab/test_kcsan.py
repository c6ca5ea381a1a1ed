# SPDX-License-Identifier: GPL-2.0
"""Reports of KCSAN, as the kernel prints them: ours fail a scenario, others do not."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from vscsilab import kcsan, logscan  # noqa: E402


def report(first, second):
    return "\n".join(f"[   54.5] {line}" for line in (
        "==================================================================",
        "BUG: KCSAN: data-race in one / other", "",
        "write to 0xffff888003c1a628 of 8 bytes by task 487 on cpu 0:", *first, "",
        "read to 0xffff888003c1a628 of 8 bytes by interrupt on cpu 1:", *second, "",
        "value changed: 0x0 -> 0x1", "",
        "Reported by Kernel Concurrency Sanitizer on:",
        "CPU: 1 PID: 488 Comm: xenwatch Not tainted 6.1.192 #1",
        "==================================================================")) + "\n"


KERNEL = [" tick_do_update_jiffies64+0x3a/0x90", " tick_sched_timer+0x1d/0x30"]
OURS = [" vscsi_queue_status+0x1d/0x30 [xen_scsiback]", " target_complete_ok_work+0x89/0xd0 [target_core_mod]"]
BELOW = [" percpu_ref_get+0x1d/0x30", " vscsi_start+0x89/0xd0 [xen_scsiback]"]


class Reports(unittest.TestCase):
    def bad(self, text):
        return logscan.scan(kcsan.split(text)[0])

    def test_the_kernels_own_is_told_and_no_failure(self):
        text = report(KERNEL, KERNEL)
        self.assertEqual(kcsan.split(text)[1], ["data-race in one / other"])
        self.assertFalse(self.bad(text))

    def test_an_access_of_ours_fails(self):
        self.assertTrue(self.bad(report(KERNEL, OURS)))
        self.assertTrue(self.bad(report(OURS, KERNEL)))

    def test_one_access_on_our_behalf_does_not(self):
        self.assertFalse(self.bad(report(KERNEL, BELOW)))

    def test_both_on_our_behalf_fail(self):
        self.assertTrue(self.bad(report(BELOW, BELOW)))

    def test_what_comes_after_one_of_others_is_seen(self):
        self.assertTrue(self.bad(report(KERNEL, KERNEL) + report(KERNEL, OURS)))
        self.assertTrue(self.bad(report(KERNEL, KERNEL) + "[  1.0] BUG: scheduling while atomic: a/1/2\n"))

    def test_one_that_breaks_off_fails(self):
        self.assertTrue(self.bad("[  1.0] BUG: KCSAN: data-race in one / other\n"))


if __name__ == "__main__":
    unittest.main()
