# SPDX-License-Identifier: GPL-2.0
"""What a guest that goes leaves at a drive that it shares is taken back in order, keys of encryption if wanted; a drive that is behind is reset."""
from vscsilab.cdbs import TEST_UNIT_READY
from vscsilab.scripted import CONTROL, TAPE, Path, Scripted, fixed

GUESTS = 2
TIMEOUT = 300
DRIVERS = ("ours",)
NAA, OTHER = "naa.50014050000000d8", "naa.50014050000000d9"
RESERVE, RELEASE = bytes([0x16, 0, 0, 0, 0, 0]), bytes([0x17, 0, 0, 0, 0, 0])
PREVENT, ALLOW = bytes([0x1e, 0, 0, 0, 1, 0]), bytes([0x1e, 0, 0, 0, 0, 0])
WRITE_FILEMARKS = bytes([0x10, 0, 0, 0, 1, 0])
# SSC-3 8.5.3.2: Set Data Encryption with a key for the host's nexus, and what clears it.
SET_KEY = "b52000100000000000340000 out " + "0010003020000202" + "0000000000000000" + "00000020" + "5a" * 32
CLEAR = "b52000100000000000140000"
GOOD = ["good"]


class Sharer:
    """A guest with the drive, which comes and goes."""

    def __init__(self, lab, scripted, guest, pdev):
        self.lab, self.scripted, self.guest, self.pdev = lab, scripted, guest, pdev
        self.come()

    def come(self):
        self.lab.attach(self.guest, self.pdev, "0:0:0:0")
        self.path = Path(self.scripted, self.guest, TAPE)
        self.heard = self.path.send(TEST_UNIT_READY)
        self.path.settle()

    def go(self):
        self.lab.vscsi.detach_controller(self.guest.domid)

    def send(self, *cdbs):
        return self.path.send(*cdbs)

    def starts(self, cdb):
        """What is told BUSY, and so is repeated by the guest's kernel."""
        return self.guest.start(f"sg_raw -t 60 {self.path.node} {cdb.hex(' ')}")


def told(lab, scripted, cdb, times=1):
    """Whether the drive has it so many times, soon."""
    text = f"^{TAPE} {cdb if isinstance(cdb, str) else cdb.hex()} "
    done = lab.dom0.run(f"for i in $(seq 100); do [ $(grep -c '{text}' {CONTROL}/log) -ge {times} ] && exit; "
                        "sleep 0.1; done; exit 1", check=False)
    return done.rc == 0


def release_comes_first(lab, scripted, first, second):
    lab.equal("a guest reserves the drive", first.send(RESERVE), GOOD)
    scripted.forget()
    scripted.hang(TAPE, RELEASE[0])
    first.go()
    lab.check("it goes: the drive is told", told(lab, scripted, RELEASE), scripted.log())
    waiting = second.starts(RESERVE)
    lab.equal("what is no reservation goes on", second.send(TEST_UNIT_READY, PREVENT), GOOD * 2)
    lab.check("as long as the drive has not answered, another's reservation waits", waiting.poll() is None and
              RESERVE.hex() not in scripted.reached(TAPE), scripted.log())
    scripted.release()
    lab.equal("when it has, the other reserves", waiting.wait(60).rc, 0)
    lab.equal("and releases", second.send(RELEASE), GOOD)
    first.come()
    lab.equal("who lost its reservation by going hears of it", first.heard, ["6/29/07"])


def an_attention_is_not_lost(lab, scripted, first, second):
    lab.equal("a guest reserves the drive, to go", first.send(RESERVE), GOOD)
    scripted.forget()
    scripted.answers([(TAPE, RELEASE[0], {"status": 2, "sense": fixed(6, 0x2a, 1)})])
    first.go()
    lab.check("a drive that has a unit attention to tell is asked once more", told(lab, scripted, RELEASE, 2),
              scripted.log())
    heard = second.send(TEST_UNIT_READY)
    lab.equal("and the other guest hears of it", heard, ["6/2a/01"])
    first.come()


def keys(lab, scripted, first, second, target, wanted):
    target.attribute("clear_encryption_keys", wanted)
    lab.equal("attribute clear_encryption_keys is set", target.attribute("clear_encryption_keys"), str(wanted))
    set_key = first.guest.run(f"cdbs {first.path.node}", stdin=SET_KEY + "\n")
    lab.equal("a guest gives the drive a key", set_key.out.split(), GOOD)
    scripted.forget()
    if not wanted:
        first.go()
        lab.equal("it goes, the key stays", (second.send(TEST_UNIT_READY), CLEAR in scripted.reached(TAPE)),
                  (GOOD, False))
        first.come()
        return
    scripted.hang(TAPE, 0xb5)
    first.go()
    lab.check("it goes: the drive is told to forget the key", told(lab, scripted, CLEAR), scripted.log())
    waiting = second.starts(WRITE_FILEMARKS)
    lab.dom0.run("sleep 3")
    lab.check("until it has, nobody writes with it", waiting.poll() is None and
              WRITE_FILEMARKS.hex() not in scripted.reached(TAPE), scripted.log())
    scripted.release()
    lab.equal("then all go on", waiting.wait(60).rc, 0)
    first.come()


def one_at_a_time(lab, scripted, first, second):
    """A drive may carry out two in another order than they end."""
    scripted.forget()
    scripted.hang(TAPE, RESERVE[0])
    reserving = first.starts(RESERVE)
    lab.check("the drive has a RESERVE that it does not answer", told(lab, scripted, RESERVE), scripted.log())
    releasing = first.starts(RELEASE)
    lab.dom0.run("sleep 3")
    lab.check("until it does, a RELEASE of the same guest waits", releasing.poll() is None and
              RELEASE.hex() not in scripted.reached(TAPE), scripted.log())
    scripted.release()
    lab.equal("both end well", [job.wait(60).rc for job in (reserving, releasing)], [0, 0])
    lab.equal("and the drive is free", second.send(RESERVE, RELEASE), GOOD * 2)


def what_is_lost_is_taken_back(lab, scripted, first, second):
    """The adapter aborts it, and nobody knows whether the drive has carried it out."""
    lab.equal("nobody prevents", second.send(ALLOW), GOOD)
    for what, cdb, taken in (("RESERVE", RESERVE, RELEASE), ("PREVENT", PREVENT, ALLOW)):
        scripted.forget()
        scripted.hang(TAPE, cdb[0])
        ended = first.guest.start(f"sg_raw -t 5 {first.path.node} {cdb.hex(' ')}").wait(90, check=False)
        lab.check(f"a {what} that the drive does not answer fails", ended.rc != 0, ended.out)
        lab.check("and is taken back", told(lab, scripted, taken), scripted.log())
    first.path.settle()
    lab.equal("the drive is free, and can be reserved", second.send(RESERVE, RELEASE), GOOD * 2)


def reset_of_what_is_behind(lab, scripted, first):
    """Whose only command the guest was answered without."""
    scripted.forget()
    scripted.stuck(True)
    scripted.hang(TAPE, TEST_UNIT_READY[0])
    job = first.guest.start(f"sg_raw -t 5 {first.path.node} {TEST_UNIT_READY.hex(' ')}")
    ended = job.wait(90, check=False)
    lab.check("a guest aborts what the drive does not answer", ended.rc != 0, ended.out)
    scripted.stuck(False)
    before = scripted.resets(TAPE)
    lab.equal("it resets the LUN", first.path.reset(), 0)
    lab.equal("the drive hears of it, though nothing of the guest's is left to end", scripted.resets(TAPE), before + 1)
    scripted.release()
    first.path.settle()


def run(lab):
    lab.load_driver()
    scripted = Scripted(lab)
    store = scripted.store(TAPE)
    targets = [lab.target.create(naa) for naa in (NAA, OTHER)]
    first, second = [Sharer(lab, scripted, guest, target.lun(TAPE, store))
                     for guest, target in zip(lab.guests, targets)]

    release_comes_first(lab, scripted, first, second)
    an_attention_is_not_lost(lab, scripted, first, second)
    lab.equal("clear_encryption_keys is off if nobody asks for it", targets[0].attribute("clear_encryption_keys"), "0")
    bad = lab.dom0.run(f"echo maybe > {targets[0].path}/attrib/clear_encryption_keys", check=False)
    lab.check("clear_encryption_keys: a word that is none is refused", bad.rc != 0)
    for wanted in (0, 1):
        keys(lab, scripted, first, second, targets[0], wanted)
    one_at_a_time(lab, scripted, first, second)
    what_is_lost_is_taken_back(lab, scripted, first, second)
    reset_of_what_is_behind(lab, scripted, first)

    second.guest.shutdown()
    lab.dismantle(first.guest, targets, [store])
    scripted.close()
