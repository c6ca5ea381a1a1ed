# SPDX-License-Identifier: GPL-2.0
"""libiscsi's SCSI tests on the guest's SG device, and the same on tcm_loop's."""
import pathlib
import re

from vscsilab import logscan

TIMEOUT = 1500
LONG = True
GUESTS = 1
NAA = "naa.5001405000000050"
# Tests that fail, whose doing it is and why.
KNOWN = pathlib.Path(__file__).with_name("conformance-known.txt")
LOOP = "/sys/kernel/config/target/loopback/naa.5001405000000051/tpgt_1"


def known():
    found = {}
    for line in KNOWN.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, reason = line.split(None, 1)
            found[name] = reason
    return found


def outcomes(text):
    """{"Suite.Test": "passed" | "failed" | "skipped"} from the suite's output."""
    found, suite = {}, None
    for part in re.split(r"^(Suite: .*|  Test: )", text, flags=re.M):
        if part.startswith("Suite: "):
            suite = part[7:].strip()
        elif suite and " ..." in part:
            name = part.split(" ...")[0].strip()
            last = re.findall(r"(?:^|\.\.\.)(passed|FAILED)$", part, flags=re.M)
            result = "failed" if not last or last[-1] == "FAILED" else \
                "skipped" if "[SKIPPED]" in part else "passed"
            found[f"{suite}.{name}"] = result
    return found


def start(place, node):
    return place.start(f"iscsi-test-cu --dataloss -t SCSI {node} > /tmp/suite.log 2>&1")


def finish(lab, place, job, where):
    job.wait(1200, check=False)
    text = place.get("/tmp/suite.log")
    (lab.machine.logs / f"suite-{where}.txt").write_text(text)
    found = outcomes(text)
    counts = {kind: list(found.values()).count(kind) for kind in ("passed", "failed", "skipped")}
    lab.note(f"{where}: {counts}")
    return found


def store(lab, name):
    made = lab.backstore.fileio(name, "32M")
    for attribute in ("emulate_tpu", "emulate_tpws"):
        made.attribute(attribute, 1)
    return made


def loop_device(lab, backstore):
    """The same kind of backstore as a SCSI device of dom0's own."""
    lab.dom0.run(f"modprobe tcm_loop && mkdir -p {LOOP} && echo naa.5001405000000052 > {LOOP}/nexus && "
                 f"mkdir {LOOP}/lun/lun_0 && ln -s {backstore.path} {LOOP}/lun/lun_0/store")
    return "/dev/" + lab.dom0.poll(
        "ls /sys/class/scsi_host/*/device/target*/*/scsi_generic | grep '^sg' | tail -1 | grep .").out.strip()


class QuietConsole:
    """Target core complains in 28,000 lines, more than the emulated serial port can take. They
    are kept in a file, and what else the kernel says there is judged as on the console."""
    COMPLAINTS = ("exceeds last lba", "greater than", "MISCOMPARE", "CDB contains protect")

    def __init__(self, lab):
        self.lab, self.dom0 = lab, lab.dom0
        self.job = self.dom0.start("dmesg -w > /tmp/kmsg")
        self.dom0.run("dmesg -n 1")

    def end(self):
        self.dom0.run("dmesg -n 7")
        self.job.kill()
        hidden = " ".join(f"-e '{text}'" for text in self.COMPLAINTS)
        text = self.dom0.run(f"grep -v {hidden} /tmp/kmsg", timeout=100).out
        (self.lab.machine.logs / "kmsg.txt").write_text(text)
        self.lab.check("the kernel's log has this boot and the suite", "Linux version" in text and
                       int(self.dom0.run("wc -l < /tmp/kmsg").out) > 10000)
        bad = logscan.scan(text)
        self.lab.check("nothing bad is in it", not bad, "\n".join(bad[0]) if bad else "")


def run(lab):
    lab.load_driver()
    guest = lab.guests[0]
    lab.attach(guest, lab.target.create(NAA).lun(0, store(lab, "ours")), "0:0:0:0")
    lab.disk(guest, "0:0:0:0")
    sg = "/dev/" + guest.run("ls /sys/class/scsi_device/*:0:0:0/device/scsi_generic").out.strip()
    loop = loop_device(lab, store(lab, "loop"))
    console = QuietConsole(lab)
    # Side by side: there are two processors.
    jobs = start(guest, sg), start(lab.dom0, loop)
    ours = finish(lab, guest, jobs[0], "guest")
    theirs = finish(lab, lab.dom0, jobs[1], "tcm_loop")
    console.end()

    expected = known()
    failed = {name for name, result in ours.items() if result == "failed"}
    lab.check("more than 200 tests were run", len(ours) > 200, len(ours))
    lab.check("more than 90 of them passed", list(ours.values()).count("passed") > 90)
    # What tcm_loop passes and we skip is EXTENDED COPY, refused on purpose.
    lab.equal("nothing but EXTENDED COPY is skipped that tcm_loop passes",
              sorted({name.split(".")[0] for name, result in ours.items() if result == "skipped"
                      and theirs.get(name) != "skipped"}), ["ExtendedCopy", "ReceiveCopyResults"])
    lab.equal("the same tests were run in guest and dom0", sorted(set(ours) ^ set(theirs)), [])
    for name in sorted(failed | set(expected)):
        reason = expected.get(name, "NOT KNOWN")
        lab.check(f"{name} fails as known: {reason}", name in failed and name in expected,
                  ours.get(name))
        lab.check(f"{name} fails without our module too", theirs.get(name) == "failed",
                  theirs.get(name))
