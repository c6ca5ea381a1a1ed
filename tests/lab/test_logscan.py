# SPDX-License-Identifier: GPL-2.0
"""The log scanner, on lines as real kernels and Xen print them."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from vscsilab import logscan  # noqa: E402

BAD = """\
[   54.524073] BUG: unable to handle page fault for address: ffffc900400fd000
[   54.550311] Oops: 0002 [#1] PREEMPT SMP NOPTI
[   54.579264] Call Trace:
[   54.558314] RIP: e030:target_scsi3_emulate_pr_in+0x43b/0x570 [target_core_mod]
[   54.643294] general protection fault: 0000 [#2] PREEMPT SMP NOPTI
[  10.1] WARNING: CPU: 1 PID: 221 at lib/refcount.c:28 refcount_warn_saturate+0xba
[  10.1] ------------[ cut here ]------------
[  10.1] kernel BUG at mm/slub.c:379!
[  10.1] invalid opcode: 0000 [#1] PREEMPT SMP
[  10.1] BUG: sleeping function called from invalid context at mm/slab.h:274
[  10.1] BUG: scheduling while atomic: swapper/0/0/0x00000002
[  242.8] INFO: task kworker/0:1:12 blocked for more than 120 seconds.
[   60.0] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [xenwatch:33]
[   60.0] rcu: INFO: rcu_preempt self-detected stall on CPU
[   60.0] rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
[   60.0] rcu: INFO: rcu_sched detected expedited stalls on CPUs/tasks: { 1-... }
[    7.7] WARNING: possible circular locking dependency detected
[    7.7] WARNING: possible recursive locking detected
[    7.7] WARNING: inconsistent lock state
[    7.7] WARNING: suspicious RCU usage
[    7.7] INFO: trying to register non-static key.
[    9.9] BUG: KASAN: use-after-free in scsiback_cmd_done+0x5c/0x120
[    9.9] UBSAN: array-index-out-of-bounds in drivers/xen/xen-scsiback.c:400:10
[    9.9] list_del corruption. prev->next should be ffff88800, but was dead
[    9.9] refcount_t: underflow; use-after-free.
[    9.9] BUG: Bad page state in process xenwatch  pfn:0b4f1
[    9.9] Kernel panic - not syncing: Fatal exception
[    9.9] kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
[    9.9] kmemleak: Kernel memory leak detector disabled
[    9.9] turning off the locking correctness validator.
[    9.9] pagealloc: memory corruption
[    9.9] ODEBUG: free active (active state 0) object type: work_struct hint: drain+0x0/0x50
[    9.9] WARNING: leaking g.e. and page still in use!
[    9.9] Out of memory: Killed process 120 (python3)
[    9.9] python3: page allocation failure: order:4, mode:0x40cc0
(XEN) Xen BUG at grant_table.c:1234
(XEN) Assertion 'act->pin' failed at common/grant_table.c:1234
(XEN) Panic on CPU 0:
(XEN) Xen call trace:
(XEN) FATAL TRAP: vec 13, #GP[0000]
(XEN) Hardware Dom0 crashed: rebooting machine in 5 seconds.
(XEN) Domain 3 (vcpu#0) crashed on cpu#1:
(XEN) domain_crash called from p2m.c:1200
(XEN) grant_table.c:1861:d0v1 Bad grant reference 0x2c1
(XEN) common/grant_table.c:803:d0v0 Bad flags (0) or dom (0); expected d0
""".splitlines()

GOOD = """\
[    0.000000] Linux version 6.1.0-56-amd64 (debian-kernel@lists.debian.org)
[    0.000000] Kernel command line: rcupdate.rcu_cpu_stall_timeout=120
[    0.310000] rcu: Preemptible hierarchical RCU implementation.
[    0.310000] rcu: 	RCU event tracing is enabled.
[    0.310000] rcu: 	RCU callback double-/use-after-free debug is enabled.
[    1.054574] tsc: Fast TSC calibration failed
[    2.100000] kfence: initialized - using 2097152 bytes for 255 objects
[    2.100000] kasan: KASAN init done; KernelAddressSanitizer initialized
[    3.100000] debug: no BUGs here
[    5.100000] NMI watchdog: Perf NMI watchdog permanently disabled
[    5.100000] mce: Unable to init MCE device (rc: -5)
[    9.100000] xen_scsiback: loading out-of-tree module taints kernel.
[    9.100000] xen_scsiback: module verification failed: signature and/or required key missing - tainting kernel
[   26.063196] Rounding down aligned max_sectors from 4294967295 to 4294967288
[   26.077076] db_root: cannot open: /etc/target
[   17.975312] sd 0:0:0:0: [sda] Optimal transfer size 8388608 bytes
[   71.989776] xen-blkback: backend/vbd/1/51712: using 1 queues, protocol 1 (x86_64-abi) persistent grants
[   28.696466] reboot: System halted
[   15.0] e1000: Warning: nothing of interest
(XEN) Xen version 4.17.7 (Debian 4.17.7+13-g2445b30a44-0+deb12u1)
(XEN) grant_table.c:1909:d0v0 Expanding d1 grant table from 1 to 2 frames
(XEN) Scrubbing Free RAM in background.
(XEN) Std. Loglevel: All
(XEN) *** Serial input to DOM0 (type 'CTRL-a' three times to switch input)
""".splitlines()


class LogScan(unittest.TestCase):
    def test_bad_lines(self):
        for line in BAD:
            self.assertTrue(logscan.is_bad(line), line)

    def test_good_lines(self):
        for line in GOOD:
            self.assertFalse(logscan.is_bad(line), line)

    def test_clean_log_gives_nothing(self):
        self.assertEqual(logscan.scan("\r\n".join(GOOD)), [])

    def test_excerpt_has_context_and_marks(self):
        text = "\r\r\n".join(GOOD[:10] + BAD[:4] + GOOD[10:])
        (excerpt,) = logscan.scan(text)
        self.assertEqual(excerpt[0], "  " + GOOD[7])
        self.assertEqual([line[2:] for line in excerpt if line[0] == ">"],
                         BAD[:4])
        self.assertEqual(excerpt[-1], "  " + GOOD[-1])

    def test_far_problems_are_told_apart(self):
        quiet = ["[ 1.0] nothing"] * 100
        text = "\n".join([BAD[0], *quiet, BAD[1]])
        self.assertEqual(len(logscan.scan(text)), 2)

    def test_expected_lines_are_excused_one_by_one(self):
        expected = [logscan.Expected("soft lockup")]
        lockup = next(line for line in BAD if "soft lockup" in line)
        self.assertEqual(logscan.scan(lockup, expected), [])
        self.assertEqual(expected[0].seen, 1)
        self.assertEqual(len(logscan.scan(f"{lockup}\n{BAD[0]}", expected)), 1)

    def test_expected_counts_harmless_lines_too(self):
        expected = [logscan.Expected("taints kernel")]
        logscan.scan("\n".join(GOOD), expected)
        self.assertEqual(expected[0].seen, 1)

    def test_fatal(self):
        self.assertIsNone(logscan.is_fatal("\n".join(GOOD)))
        self.assertIn("Panic on CPU 0",
                      logscan.is_fatal("x\n(XEN) Panic on CPU 0:\ny"))


if __name__ == "__main__":
    unittest.main()
