# SPDX-License-Identifier: GPL-2.0
"""The loads that are compared, as fio runs them in the guest."""
import dataclasses
import shlex

KIB = 1024
DISK_MIB = 64


@dataclasses.dataclass(frozen=True)
class Row:
    name: str
    title: str
    rw: str             # fio's word
    block: int          # bytes
    disks: int
    processes: int      # of each disk
    depth: int          # 1: each process waits for its I/O
    ios: int            # of all processes, where the count limits a run

    def jobs(self):
        return self.disks * self.processes

    def command(self, disks, ios=None, seconds=None):
        """fio's command line; the run is limited by I/O count or by time."""
        each = max(1, (ios or self.ios) // self.jobs())
        words = ["fio", "--output-format=json", "--direct=1", "--randrepeat=1", "--norandommap",
                 f"--rw={self.rw}", f"--bs={self.block}", f"--numjobs={self.processes}"]
        if self.depth > 1:
            words += ["--ioengine=libaio", f"--iodepth={self.depth}"]
        else:
            words += ["--ioengine=psync"]
        if seconds:
            words += ["--time_based", f"--runtime={seconds}", "--ramp_time=1"]
        else:
            # io_size: else a sequential run would end with the disk.
            words += [f"--number_ios={each}", f"--io_size={each * self.block}"]
        for number, disk in enumerate(disks[:self.disks]):
            words += [f"--name=disk{number}", f"--filename={disk}"]
        return shlex.join(words)


# The seed's six, then those at depth.
ROWS = (
    Row("rand8k-p1", "random 8k, 1 process a disk", "randrw", 8 * KIB, 3, 1, 1, 6000),
    Row("rand128k-p1", "random 128k, 1 process a disk", "randrw", 128 * KIB, 3, 1, 1, 2400),
    Row("rand8k-p5", "random 8k, 5 processes a disk", "randrw", 8 * KIB, 3, 5, 1, 9000),
    Row("rand128k-p5", "random 128k, 5 processes a disk", "randrw", 128 * KIB, 3, 5, 1, 3000),
    Row("read128k", "sequential read 128k", "read", 128 * KIB, 1, 1, 1, 1500),
    Row("write128k", "sequential write 128k", "write", 128 * KIB, 1, 1, 1, 1500),
    Row("rand4k-d16", "random read 4k, depth 16", "randread", 4 * KIB, 1, 1, 16, 8000),
    Row("rand4k-d32", "random read 4k, depth 32", "randread", 4 * KIB, 1, 1, 32, 8000),
)
# Not compared in the table; counters are wanted for it.
EXTRA = (
    Row("rand8k-d16", "random read 8k, depth 16", "randread", 8 * KIB, 1, 1, 16, 8000),
)
BY_NAME = {row.name: row for row in ROWS + EXTRA}
