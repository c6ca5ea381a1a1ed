"""dom0's scsi_dh_alua, which answers unit attentions by itself, lets go of a disk that a guest gets by xl-vscsi."""
from vscsilab.admin import Admin
from vscsilab.scripted import DISK, TEST_UNIT_READY, Path, Scripted, fixed

GUESTS = 1
TIMEOUT = 300
DRIVERS = ("ours",)
# SPC-4: POWER ON OR RESET OCCURRED, MODE PARAMETERS CHANGED, ASYMMETRIC ACCESS STATE CHANGED.
CODES = [(0x29, 0), (0x2a, 1), (0x2a, 6)]


def heard(scripted, path):
    """What a guest is told while the disk has these to tell."""
    scripted.answers([(DISK, TEST_UNIT_READY[0], {"status": 2, "sense": fixed(6, *code)}) for code in CODES])
    return path.send(*[TEST_UNIT_READY] * (len(CODES) + 1))


def run(lab):
    lab.load_driver()
    lab.dom0.run("modprobe scsi_dh_alua")
    scripted = Scripted(lab, alua=True)
    handler = f"/sys/class/scsi_device/{scripted.hctl(DISK)}/device/dh_state"
    lab.dom0.poll(f"grep -qx alua {handler}")
    admin = Admin(lab)
    guest, = lab.guests

    # By other tools: dom0's log says what to do.
    target = lab.target.create("naa.50014050000000da")
    store = scripted.store(DISK)
    lab.attach(guest, target.lun(0, store), "0:0:0:1")
    said = lab.dom0.run("dmesg | grep 'device handler alua keeps unit attentions'", check=False).out
    lab.check("dom0's log names the disk and the remedy", f"{scripted.hctl(DISK)}/device/dh_state" in said, said)
    path = Path(scripted, guest, DISK)
    path.settle()
    lab.note(f"with the handler a guest hears {heard(scripted, path)}")
    scripted.forget()
    lab.vscsi.detach_controller(guest.domid)
    target.delete()
    store.delete()

    done = admin.run(f"attach g1 {scripted.hctl(DISK)} 0:0:0:1 --backstore pscsi")
    lab.check("xl-vscsi says that it detached the handler", "device handler alua" in done.out + done.err,
              done.out + done.err)
    lab.equal("and it did", lab.dom0.run(f"cat {handler}").out.strip(), "detached")
    path = Path(scripted, guest, DISK)
    path.settle()
    lab.equal("the guest hears of all that the disk has to tell", heard(scripted, path),
              [f"6/{code:02x}/{qualifier:02x}" for code, qualifier in CODES] + ["good"])

    # After a reboot it is the daemon that gives the disk.
    admin.start()
    lab.dom0.run(f"echo alua > {handler}")
    lab.dom0.poll(f"grep -qx detached {handler}", 60)
    lab.check("the daemon detaches it as well", True)
    admin.stop()
    admin.run("detach g1 0:0:0:1")
    lab.dismantle(guest)
    scripted.close()
