# SPDX-License-Identifier: GPL-2.0
"""I/O with checksums that goes on by itself in a guest, over whatever happens to it."""
import shlex

from .errors import LabError

SCRIPT = """
touch $1.started
i=0
while [ ! -e $1.stop ]; do
    fio --name=verify --filename=$2 --rw=randrw --bsrange=4k-64k --size=4M --verify=crc32c \\
        --verify_backlog=16 --verify_fatal=1 --iodepth=8 --ioengine=libaio --direct=1 \\
        --verify_state_save=0 >> $1.log 2>&1 || { touch $1.bad; exit 1; }
    # Whole or not at all: who reads it may come at any moment.
    i=$((i + 1)); echo $i > $1.next; mv $1.next $1.rounds
done
touch $1.done
"""


class VerifiedLoad:
    def __init__(self, guest, disk):
        self.guest, self.disk = guest, disk
        self.base = "/tmp/load-" + disk.rsplit("/", 1)[-1]
        guest.put(SCRIPT, "/tmp/load.sh")
        # Who starts it must not end, and take it along, before it has a session of its own.
        guest.run(f"rm -f {self.base}.*; setsid sh /tmp/load.sh {self.base} {shlex.quote(disk)} "
                  f"< /dev/null > /dev/null 2>&1 & until [ -e {self.base}.started ]; do sleep 0.05; done")
        self.busy()

    def busy(self):
        """Until it moves."""
        stat = f"/sys/block/{self.disk.rsplit('/', 1)[-1]}/stat"
        self.guest.poll(f"a=$(cat {stat}); sleep 0.3; [ \"$a\" != \"$(cat {stat})\" ] || test -e {self.base}.bad", 120)
        if self.guest.run(f"test -e {self.base}.bad", check=False).rc == 0:
            raise LabError(f"the load on {self.disk} ends at once:\n{self.log()}")

    def rounds(self):
        return int(self.guest.run(f"cat {self.base}.rounds 2>/dev/null || echo 0").out)

    def goes_on(self, timeout=60):
        """Whether a whole round more gets done, and all of it reads right."""
        wanted = self.rounds() + 2
        return self.guest.run(
            f"for i in $(seq {timeout * 10}); do test -e {self.base}.bad && exit 1; "
            f"[ $(cat {self.base}.rounds 2>/dev/null || echo 0) -ge {wanted} ] && exit 0; "
            "sleep 0.1; done; exit 2", timeout=timeout + 30, check=False).rc == 0

    def stop(self):
        """Ends it; whether all that was written has read right to the end."""
        self.guest.run(f"touch {self.base}.stop")
        return self.guest.run(f"for i in $(seq 600); do test -e {self.base}.bad && exit 1; "
                              f"test -e {self.base}.done && exit 0; sleep 0.1; done; exit 2",
                              timeout=90, check=False).rc == 0

    def log(self):
        return self.guest.run(f"tail -n 15 {self.base}.log", check=False).out
