# SPDX-License-Identifier: GPL-2.0
"""What a device was reserved for before the driver knew of it holds, and no change of LUNs lets anybody past."""
from vscsilab.scripted import DISK, Scripted
from vscsilab.statistics import directory

GUESTS = 2
TIMEOUT = 400
DRIVERS = ("ours",)
NAA = "naa.50014050000000d7"
KEY = "0xabc"
EXCLUSIVE_ACCESS = 3
CONFLICT = 24
WRITE10 = 0x2a
KEEPER, OTHER = 0, 1
# Seconds after which the driver knows that a reservation is over.
SOON = 3
RELINKS = 20


def export(lab, scripted, *numbers):
    """The disk as so many LUNs."""
    target, store = lab.target.create(NAA), scripted.store(DISK)
    return target, store, [target.lun(number, store) for number in numbers]


def attach(lab, scripted, guest, pdev, lun):
    lab.attach(guest, pdev, f"0:0:0:{lun}")
    return scripted.node(guest, lun)


def ends(place, command):
    return place.run(command, timeout=90, check=False).rc


def writes(node):
    return f"sg_raw -t 60 -s 512 -i /dev/zero {node} {WRITE10:02x} 00 00 00 00 00 00 00 01 00"


def reads(node):
    return f"sg_raw -t 60 -r 512 {node} 28 00 00 00 00 00 00 00 01 00"


def persistent(lab, scripted, keeper, other):
    """A guest reserves; all that knows of it is taken down but the device."""
    target, store, (pdev,) = export(lab, scripted, 0)
    node = attach(lab, scripted, keeper, pdev, KEEPER)
    keeper.poll(f"sg_turs {node}")
    lab.equal("a guest registers and reserves", [ends(keeper, f"sg_persist --out {words} {node}") for words in (
        f"--register --param-sark={KEY}", f"--reserve --param-rk={KEY} --prout-type={EXCLUSIVE_ACCESS}")], [0, 0])
    lab.vscsi.detach_controller(keeper.domid)
    target.delete()
    store.delete()
    lab.unload_driver()
    lab.load_driver()

    in_dom0 = scripted.node(lab.dom0, DISK)
    held = lab.dom0.run(f"sg_persist --in --read-reservation {in_dom0}").out
    lab.check("the device has the reservation", KEY in held, held)
    target, store, (pdev,) = export(lab, scripted, 0)
    node = attach(lab, scripted, other, pdev, OTHER)
    other.poll(f"sg_turs {node}; [ $? != 6 ]")
    scripted.forget()
    lab.equal("after a new start of the driver another guest neither writes nor reads",
              [ends(other, command(node)) for command in (writes, reads)], [CONFLICT] * 2)
    lab.check("nothing of it reaches the device", not written(scripted), scripted.log())
    lab.dom0.run(f"sg_persist --out --clear --param-rk={KEY} {in_dom0}")
    # A second more for the command itself.
    done = other.run(f"timeout {SOON + 1} sh -c 'until {writes(node)}; do sleep 0.2; done'", check=False)
    lab.check("the operator clears the reservation: it writes", done.rc == 0, done.out + done.err)
    lab.vscsi.detach_controller(other.domid)
    target.delete()
    store.delete()


def written(scripted):
    return [cdb for cdb in scripted.reached(DISK) if cdb.startswith(f"{WRITE10:02x}")]


def conflicts(lab, guest):
    return int(lab.dom0.run(f"cat {directory(guest)}/lun-0:0:0:{OTHER}/errors_conflict").out)


def relink(lab, target, store):
    """The other guest's LUN goes and comes, again and again."""
    link = f"{target.path}/lun/lun_{OTHER}/{store.name}"
    lab.dom0.run(f"for i in $(seq {RELINKS}); do rm {link} && ln -s {store.path} {link} || exit 1; sleep 0.05; done",
                 timeout=120)


def held_over_relinks(lab, scripted, keeper, other):
    target, store, pdevs = export(lab, scripted, KEEPER, OTHER)
    node = attach(lab, scripted, keeper, pdevs[KEEPER], KEEPER)
    others = attach(lab, scripted, other, pdevs[OTHER], OTHER)
    disk = lab.disk(other, f"0:0:0:{OTHER}")
    keeper.poll(f"sg_turs {node}")
    other.poll(f"sg_turs {others}")
    lab.equal("a guest reserves, by RESERVE", ends(keeper, f"sg_raw {node} 16 00 00 00 00 00"), 0)
    # A line for each conflict would be all that its console has time for.
    other.run("dmesg -n 1")
    scripted.forget()
    # fio ends at the first conflict.
    load = other.start(f"for i in 1 2 3 4; do while :; do dd if=/dev/zero of={disk} bs=512 count=1 oflag=direct; "
                       "done 2> /dev/null & done; wait")
    lab.dom0.poll(f"[ $(cat {directory(other)}/lun-0:0:0:{OTHER}/errors_conflict) -gt 0 ]")
    before = conflicts(lab, other)
    relink(lab, target, store)
    tried = conflicts(lab, other) - before
    lab.note(f"{tried} commands of the other guest were refused meanwhile")
    lab.check("the other guest keeps writing while its LUN goes and comes", load.poll() is None and tried > RELINKS,
              tried)
    lab.equal("not one write reaches the device", written(scripted), [])
    load.kill()
    load.wait(60, check=False)
    lab.equal("the holder releases", ends(keeper, f"sg_raw {node} 17 00 00 00 00 00"), 0)
    other.poll(writes(others))
    lab.check("then the other guest's writes do", written(scripted))
    return target, store


def run(lab):
    lab.load_driver()
    scripted = Scripted(lab)
    keeper, other = lab.guests
    for guest in lab.guests:
        guest.run("modprobe sg")
    persistent(lab, scripted, keeper, other)
    target, store = held_over_relinks(lab, scripted, keeper, other)
    other.shutdown()
    lab.dismantle(keeper, [target], [store])
    scripted.close()
