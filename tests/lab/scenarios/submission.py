# SPDX-License-Identifier: GPL-2.0
"""A backstore's submit_type decides who executes commands; PREEMPT AND ABORT waits for itself under none."""
from vscsilab.load import VerifiedLoad

GUESTS = 2
TIMEOUT = 600
DRIVERS = ("ours",)
NAA = "naa.5001405000000118"
# Linux' numbers; the third, 1, is what the fabric says.
WAYS = {2: "in target core's work", 0: "where the fabric says"}
KEYS = {"g1": "0xa1", "g2": "0xb2"}


def persist(lab, guest, vdev, arguments):
    return guest.run(f"sg_persist --out {arguments} {lab.generic(guest, vdev)}", timeout=60, check=False).rc


def preempts(lab, first, second, vdev, what):
    """No reservation is held, so who loses its registration may go on."""
    for guest in (first, second):
        guest.poll(f"sg_turs {lab.generic(guest, vdev)}")
    load = VerifiedLoad(first, lab.disk(first, vdev))
    rcs = [persist(lab, guest, vdev, f"--register-ignore --param-sark={KEYS[guest.name]}")
           for guest in (first, second)]
    lab.check(f"{what}: the load goes", load.goes_on(), load.log())
    rcs.append(persist(lab, second, vdev, f"--preempt-abort --param-rk={KEYS['g2']} "
                                          f"--param-sark={KEYS['g1']} --prout-type=5"))
    lab.equal(f"{what}: both register, and one is preempted and aborted", rcs, [0, 0, 0])
    lab.check(f"{what}: the load goes on", load.goes_on() and load.stop(), load.log())
    lab.equal(f"{what}: cleared", persist(lab, second, vdev, f"--clear --param-rk={KEYS['g2']}"), 0)


def run(lab):
    lab.load_driver()
    first, second = lab.guests
    stores = [lab.backstore.iblock("ram", "16M"), lab.backstore.fileio("file", "16M")]
    target = lab.target.create(NAA)
    for number, store in enumerate(stores):
        pdev = target.lun(number, store)
        for guest in lab.guests:
            guest.run("modprobe sg")
            lab.attach(guest, pdev, f"0:0:{number}:0")
    for number, store in enumerate(stores):
        choice = lab.dom0.run(f"test -e {store.path}/attrib/submit_type", check=False)
        for way, text in WAYS.items() if choice.rc == 0 else [(None, "as this kernel does")]:
            if way is not None:
                store.attribute("submit_type", str(way))
            preempts(lab, first, second, f"0:0:{number}:0", f"{store.name}, executed {text}")
    domid = second.domid
    second.destroy()
    lab.vscsi.forget(domid)
    lab.dismantle(first, [target], stores)
