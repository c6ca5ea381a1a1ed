# SPDX-License-Identifier: GPL-2.0
"""What xl-vscsi says of guests, and what it is asked to do.

Everything of xenstore and of guests is xl-vscsi's; here is only its JSON.
"""
import functools
import json
import re
import subprocess
import time

from .shared import CLOSED, CONNECTED, PROBLEMS

PROGRAM = "xl-vscsi"
# `ls` asks for each node; what is as old as this will do.
FRESH = 2.0
PATIENCE = 90
# Seconds that a completion takes at most, since it is typed at; and for how long it does not try again.
HURRY, PAUSE = 2.0, 20.0
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")


class Failure(Exception):
    """xl-vscsi's words."""

    def __init__(self, text, code):
        super().__init__(text)
        self.code = code


def ask(*words, timeout=PATIENCE):
    """Runs xl-vscsi; its answer, or a Failure."""
    try:
        done = subprocess.run([PROGRAM, *words, "--json"], capture_output=True, text=True,
                              errors="replace", timeout=timeout, check=False, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        raise Failure(f"{PROGRAM} is not installed", None) from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Failure(f"{PROGRAM}: {error}", None) from None
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise Failure(done.stderr.strip() or f"{PROGRAM} ended with {done.returncode} and said nothing",
                      done.returncode) from None
    # `status` that lists problems is whole.
    if done.returncode not in (0, PROBLEMS):
        text = answer.get("error") if isinstance(answer, dict) else None
        raise Failure(text or done.stderr.strip(), done.returncode)
    return answer


class Domain:
    """A guest that runs, or that a configuration file of xl names."""

    def __init__(self, name, uuid="", domid=None, file=None):
        self.name, self.uuid, self.domid, self.file = name, (uuid or "").lower(), domid, file

    @property
    def running(self):
        return self.domid is not None

    def is_named(self, word):
        """As param/domain names it: a UUID never means a name."""
        if UUID.match(word):
            return self.uuid == word.lower()
        return self.name == word

    def __str__(self):
        return f"{self.name} (domain {self.domid})" if self.running else self.name


class Device:
    """A LUN in a guest, as xenstore has it."""

    def __init__(self, domain, vdev, state, state_name, error):
        self.domain, self.vdev, self.error = domain, vdev, error
        self.connected, self.refused = state == CONNECTED, state == CLOSED
        if self.connected:
            self.text = "connected"
        elif self.refused:
            self.text = f"refused: {error or 'the backend gave no reason'}"
        else:
            self.text = f"waiting ({state_name})"


class Vport:
    """A guest's own port on a SAN, as xl-vscsi sees it."""
    UNITS = ((2 * 86400, 86400, "d"), (2 * 3600, 3600, "h"), (2 * 60, 60, "min"), (0, 1, "s"))

    def __init__(self, item):
        self.item = item
        self.wwpn, self.state, self.active = item["wwpn"], item["state"], item["state"] == "Active"

    def __str__(self):
        return f"vport {self.wwpn} {self.state}"

    @classmethod
    def age(cls, since):
        seconds = max(int(time.time() - since), 0)
        return next(f"{seconds // size} {unit}" for least, size, unit in cls.UNITS if seconds >= least)

    def text(self):
        """All of it in one line."""
        item = self.item
        words = [self.state + (f" for {self.age(item['since'])}" if item.get("since") else "")]
        words += [f"{name} {item[key]}" for name, key in
                  (("parent", "parent"), ("HBA", "hba"), ("fabric", "fabric"), ("N_Port_ID", "n-port-id")) if item.get(key)]
        counters = item.get("counters", {})
        words += [f"{name} {counters[key]}" for name, key in
                  (("frames sent", "tx_frames"), ("received", "rx_frames"), ("in error", "error_frames"))
                  if counters.get(key) is not None]
        if item.get("why"):
            words.append(item["why"])
        elif item.get("last-cause"):
            words.append(f"{self.age(item['last-cause-at'] or time.time())} ago: {item['last-cause']}")
        return ", ".join(words)


class Snapshot:
    """One look at all guests."""

    def __init__(self, answer=None, offline=None):
        answer = answer or {}
        self.offline = offline  # why nothing is known of guests
        self.daemon = bool(answer.get("daemon"))
        self.domains = []
        self._devices = {}  # (wwn, tag, lun) -> [Device]
        self._vdevs = {}    # (wwn, tag, lun) -> v-dev that it is to have
        self._another = {}  # (wwn, tag, lun) -> why nobody gets it: its device is not the one that was mapped
        self._numbered = {}  # (wwn, tag, lun) -> its number is all that is known of its device
        self._vports = {}   # (wwn, tag) -> the port on a SAN that the group has its LUNs by
        self._read_domains(answer)
        for guest in answer.get("guests", []):
            self._read_guest(guest)
        for group in answer.get("tpgs", []):
            if group.get("vport-status"):
                self._vports[group["wwn"], group["tpgt"]] = Vport(group["vport-status"])
            for lun in group["luns"]:
                place = group["wwn"], group["tpgt"], lun["lun"]
                self._vdevs[place] = lun["v-dev"]
                self._another[place] = lun.get("another")
                self._numbered[place] = lun.get("numbered")

    def _read_domains(self, answer):
        for item in answer.get("domains", []):
            self.domains.append(Domain(item["name"], item["uuid"], item["domid"]))
        for item in answer.get("configured", []):
            known = self.named(item["name"])
            if known:
                known.file = item["file"]
            else:
                self.domains.append(Domain(item["name"], item.get("uuid"), None, item["file"]))

    def _read_guest(self, guest):
        if not guest["running"]:
            return
        domain = self.named(guest["name"]) or Domain(guest["name"], guest["uuid"], guest["domid"])
        for controller in guest["controllers"]:
            for item in controller["devices"]:
                place = split_lun_name(item["lun"])
                if place:
                    self._devices.setdefault(place, []).append(Device(
                        domain, item["v-dev"], item["state"], item["state-name"], item["error"]))

    def named(self, word):
        """The domain that a name, a UUID or an id means."""
        for domain in self.domains:
            if domain.is_named(word):
                return domain
        for domain in self.domains:
            if domain.running and str(domain.domid) == word:
                return domain
        return None

    def devices(self, wwn, tag, lun):
        return self._devices.get((wwn, tag, lun), [])

    def another(self, wwn, tag, lun):
        return self._another.get((wwn, tag, lun))

    def numbered(self, wwn, tag, lun):
        return self._numbered.get((wwn, tag, lun))

    def vport(self, wwn, tag):
        return self._vports.get((wwn, tag))

    def vdev(self, wwn, tag, lun):
        """The v-dev that the LUN has, or is to have."""
        for device in self.devices(wwn, tag, lun):
            return device.vdev
        return self._vdevs.get((wwn, tag, lun))


def split_lun_name(text):
    """WWN:LUN or WWN,TPGT:LUN; names of iSCSI have colons of their own."""
    port, colon, lun = (text or "").rpartition(":")
    if not colon or not lun.isdigit():
        return None
    wwn, comma, tag = port.rpartition(",")
    if not comma:
        return port, 1, int(lun)
    return wwn, int(tag), int(lun)


_last = (float("-inf"), None)


_hurry = False
_gave_up = float("-inf")


def snapshot(fresh=False):
    global _last, _gave_up
    taken, seen = _last
    now = time.monotonic()
    if not fresh and now - taken <= FRESH:
        return seen
    if _hurry and now - _gave_up <= PAUSE:
        return Snapshot(offline=f"{PROGRAM} takes too long")
    try:
        seen = Snapshot(ask("status", timeout=HURRY if _hurry else PATIENCE))
    except Failure as failure:
        seen = Snapshot(offline=str(failure))
        if _hurry and time.monotonic() - now >= HURRY:
            # A command would wait for the answer.
            _gave_up = time.monotonic()
            return seen
    _last = (time.monotonic(), seen)
    return seen


def hurried(complete):
    """For completions."""
    @functools.wraps(complete)
    def hurry(*words, **named):
        global _hurry
        before, _hurry = _hurry, True
        try:
            return complete(*words, **named)
        finally:
            _hurry = before
    return hurry


def forget():
    """After a change."""
    global _last
    _last = (float("-inf"), None)
