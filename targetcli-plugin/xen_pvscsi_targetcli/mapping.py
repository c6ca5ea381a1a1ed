# SPDX-License-Identifier: GPL-2.0
"""map and unmap: what a domain has of backstores.

Plans are made from groups and a look at the guests, then carried out; what fails is
taken back, in reverse.
"""
import errno
import re
import time

from . import identity as identities
from . import live
from .config import new_wwn
from .shared import (ADAPTER, CHANNELS, GREATEST_LUN, LUNS, PATIENCE, REFUSED, TARGETS,
                     TIMED_OUT)

UNDO_PATIENCE = 5


class Mistake(Exception):
    """The operator's, or something in the way; said in targetcli's words."""


def parse_vdev(text):
    match = re.match(r"(\d{1,5}):(\d{1,5}):(\d{1,5}):(\d{1,5})$", text)
    if not match:
        raise Mistake(f"vdev must be host:channel:target:lun, like 0:0:0:1, '{text}' given.")
    host, channel, target, lun = (int(part) for part in match.groups())
    if channel >= CHANNELS or target >= TARGETS or lun >= LUNS:
        raise Mistake(f"vdev {text}: the guest's driver knows channel 0, targets 0 to {TARGETS - 1} "
                      f"and LUNs 0 to {LUNS - 1}.")
    return f"{host}:{channel}:{target}:{lun}"


def parse_lun(text):
    number = text[3:] if text.lower().startswith("lun") else text
    if not number.isdigit() or int(number) > GREATEST_LUN:
        raise Mistake(f"lun must be a number from 0 to {GREATEST_LUN}, '{text}' given.")
    return int(number)


def check_binding(word):
    """As the kernel takes it."""
    if not word or "/" in word or len(word.encode()) > 223 or any(ord(letter) < 32 for letter in word):
        raise Mistake(f"'{word}' is neither a domain's name nor its UUID.")
    return word


class User:
    """Who has a backstore: now (has), or as soon as it runs."""

    def __init__(self, name, place, has):
        self.name, self.place, self.has = name, place, has

    def __str__(self):
        return f"{self.name} ({self.place}{'' if self.has else ', not attached now'})"


class Mapper:
    def __init__(self, config, snapshot, say, warn):
        self.config, self.snapshot, self.say, self.warn = config, snapshot, say, warn
        self.groups = config.groups()

    # Whose is what

    def domain(self, word):
        return self.snapshot.named(word) or live.Domain(word, word if live.UUID.match(word) else "")

    def groups_of(self, domain, word):
        return [group for group in self.groups
                if group.domain and (group.domain == word or domain.is_named(group.domain))]

    def binding(self, word):
        """What is written to param/domain: never an id, which is another's tomorrow."""
        known = self.snapshot.named(word)
        if known and not known.is_named(word):
            word = known.name
        return check_binding(word)

    # map

    def map(self, word, store, lun=None, vdev=None, read_only=False, share=False, identity="", prepare=None,
            others=None):
        """identity: what the LUN keeps of its device; prepare: called before anybody can have it, with what
        is to be undone if it fails; others(domain): who else has the device, in words."""
        domain = self.domain(word)
        self._check_number(word, domain)
        binding = self.binding(word)
        mine = self.groups_of(domain, binding)
        self._check_store(store, domain, mine, share, others)
        index = self._choose_lun(mine, lun)
        if vdev:
            self._check_vdev(domain, mine, vdev)
        if not self.snapshot.offline and domain not in self.snapshot.domains:
            self.warn(f"No domain '{binding}' runs or is configured here.")
        undo = []
        try:
            if prepare:
                prepare(undo)
            group = self._group_for(mine, binding, read_only, undo)
            self.config.add_lun(group, index, identities.link_for(vdev, identity), store)
            undo.append(lambda: self.config.remove_lun(group, index))
            self.say(f"Created LUN {index}" + (" (read-only)." if read_only else "."))
            live.forget()
            if not self.config.saved_only:
                self._attach(domain, group, index)
        except BaseException as error:
            self._take_back(undo, error)
            raise
        finally:
            live.forget()
        return group, index

    def _check_number(self, word, domain):
        """An id of nobody is not bound as a name, which would be waited for in vain."""
        if not word.isdigit() or domain in self.snapshot.domains or \
                any(group.domain == word for group in self.groups):
            return
        why = f"Nobody can be asked who domain {word} is ({self.snapshot.offline})" if self.snapshot.offline \
            else f"No domain with the id {word} runs, and none is called so"
        raise Mistake(f"{why}. Give the domain's name or UUID.")

    def _check_store(self, store, domain, mine, share, others):
        for group in mine:
            for lun in group.luns:
                if lun.store == store:
                    raise Mistake(f"{store} is mapped to {domain.name} already, as lun{lun.index} of {group}.")
        if share:
            return
        for group in self.groups:
            for lun in group.luns:
                if lun.store == store:
                    owner = group.domain or "any domain, since that TPG is not bound"
                    users = {str(device.domain) for device in
                             self.snapshot.devices(group.wwn, group.tag, lun.index)}
                    if users and not group.domain:
                        owner += f", and {', '.join(sorted(users))} has it"
                    raise Mistake(f"{store} is lun{lun.index} of {group}, which belongs to {owner}. "
                                  f"Unmap it there, or say share=true if both can use it at once.")
        found = others(domain) if others else []
        if found:
            raise Mistake(f"{store}: {'; '.join(found)}. End that use first, or say share=true if both can use it "
                          "at once.")

    def users(self, store):
        """Guests that have the backstore, by this fabric. If nobody knows, all of its LUNs are in use."""
        found = []
        for group in self.groups:
            for lun in group.luns:
                if lun.store != store:
                    continue
                devices = self.snapshot.devices(group.wwn, group.tag, lun.index)
                found += [User(device.domain.name, device.vdev, True) for device in devices]
                unknown = bool(self.snapshot.offline) and not self.config.saved_only
                if not devices and (group.domain or unknown):
                    found.append(User(group.domain or "any domain", f"lun{lun.index} of {group}", unknown))
        return found

    @staticmethod
    def _choose_lun(mine, lun):
        used = {item.index for group in mine for item in group.luns}
        if lun is None:
            return next(number for number in range(GREATEST_LUN + 1) if number not in used)
        if lun in used:
            raise Mistake(f"LUN {lun} of the domain is in use already.")
        return lun

    def _check_vdev(self, domain, mine, vdev):
        for group in mine:
            for lun in group.luns:
                if vdev in (lun.fixed_vdev, self.snapshot.vdev(group.wwn, group.tag, lun.index)):
                    raise Mistake(f"vdev {vdev} of {domain.name} is that of lun{lun.index} of {group}.")

    def _group_for(self, mine, binding, read_only, undo):
        """The domain's own portal group, also xl-vscsi's, or a new one. Not one that follows an adapter,
        nor one with ACLs, which say themselves who sees what."""
        fitting = [group for group in mine if group.read_only == read_only and not group.acls and
                   not group.alias.startswith(ADAPTER)]
        if fitting:
            return fitting[0]
        # A target has a portal group for each kind of access.
        for near in mine:
            if near.alias.startswith(ADAPTER):
                continue
            tags = [group.tag for group in self.groups if group.wwn == near.wwn]
            wwn, tag = near.wwn, next(tag for tag in range(1, 65536) if tag not in tags)
            break
        else:
            wwn, tag = new_wwn([group.wwn for group in self.groups]), 1
        group = self.config.add_group(wwn, tag, binding, read_only)
        undo.append(lambda: self.config.remove_group(group))
        if tag == 1:
            self.say(f"Created target {wwn}.")
        self.say(f"Created TPG {tag}, bound to domain {binding}" + (", write-protected." if read_only else "."))
        return group

    def _attach(self, domain, group, index):
        """Tells what became of it in the guest. A refusal is an error; that it takes long is not."""
        if self.snapshot.offline:
            self.warn(f"Offline: {self.snapshot.offline}. Only the configuration was changed.")
            return
        if not domain.running:
            self.say(f"{domain.name} does not run; it has the LUN from its next start" +
                     (" on." if self.snapshot.daemon else ", if xen-vscsid runs then."))
            return
        try:
            device = self._wait(group, index) if self.snapshot.daemon else self._ask(domain, group, index)
        except live.Failure as failure:
            if failure.code == TIMED_OUT:
                self.warn(f"Waiting: {failure}")
                return
            raise Mistake(f"{domain.name} cannot have it: {failure}") from None
        self.say(f"{domain} has it as {device}.")

    @staticmethod
    def _ask(domain, group, index):
        name = f"{group.wwn},{group.tag}:{index}"
        return live.ask("attach", domain.uuid or domain.name, name, "--wait", str(PATIENCE))["devices"][0]["v-dev"]

    @staticmethod
    def _wait(group, index):
        """For the daemon, which does it by itself."""
        end = time.monotonic() + PATIENCE
        while True:
            for device in live.snapshot(fresh=True).devices(group.wwn, group.tag, index):
                if device.connected:
                    return device.vdev
                if device.refused:
                    raise live.Failure(device.error or "the backend gave no reason", REFUSED)
            if time.monotonic() > end:
                raise live.Failure(f"the guest has not taken it after {PATIENCE} s. Has it booted, "
                                   "and has it the driver xen-scsifront?", TIMED_OUT)
            time.sleep(0.2)

    def _take_back(self, undo, error):
        for step in reversed(undo):
            try:
                self._patiently(step)
            except Exception as other:
                self.warn(f"Besides ({error}), not all could be taken back: {other}")
        if undo:
            self.groups = self.config.groups()

    # unmap

    def find(self, word, what):
        """The LUNs that are meant: `all`, a backstore, a v-dev, lunN or N."""
        domain = self.domain(word)
        mine = [(group, lun) for group in self.groups_of(domain, self.binding(word)) for lun in group.luns]
        if not mine:
            raise Mistake(f"Nothing is mapped to {domain.name}.")
        if what == "all":
            return domain, mine
        if ":" in what:
            found = [(group, lun) for group, lun in mine
                     if what in (lun.fixed_vdev, self.snapshot.vdev(group.wwn, group.tag, lun.index))]
        elif re.match(r"(lun)?\d+$", what, re.IGNORECASE):
            found = [(group, lun) for group, lun in mine if lun.index == parse_lun(what)]
        else:
            found = [(group, lun) for group, lun in mine
                     if lun.store and what in (lun.store, lun.store.split("/", 1)[1])]
        if not found:
            raise Mistake(f"{domain.name} has no '{what}'; it has " +
                          ", ".join(f"lun{lun.index} {lun.store}" for _, lun in mine) + ".")
        if len(found) > 1:
            raise Mistake(f"'{what}' is ambiguous: " + ", ".join(
                f"{group}/lun{lun.index} {lun.store}" for group, lun in found) + ". Name the backstore.")
        return domain, found

    def unmap(self, word, what):
        domain, found = self.find(word, what)
        for group, lun in found:
            if group.alias.startswith(ADAPTER):
                raise Mistake(f"lun{lun.index} of {group} comes with its adapter: "
                              f"xl-vscsi detach {domain.name} host:N")
        before, done = self._state(found), []
        try:
            for group, lun in found:
                self._remove(domain, group, lun)
                done.append((group, lun))
            for group, lun in found:
                self.say(f"Deleted LUN {lun.index} ({lun.store}).")
            self._tidy(found)
        except BaseException as error:
            if len(done) < len(found):
                self._give_back(domain, before, done, error)
            raise
        finally:
            live.forget()

    def _state(self, found):
        """One alone is either taken or not."""
        try:
            return self.config.state() if len(found) > 1 else None
        except self.config.lib.RTSLibError:
            return None  # A LUN leads nowhere.

    def _give_back(self, domain, before, done, error):
        """All or nothing: what the guest has let go of already becomes its again."""
        if not done:
            return
        try:
            failed = self.config.bring_back(before) if before is not None else ["what there was is not known"]
        except Exception as other:
            failed = [other]
        if failed:
            self.warn(f"Besides ({error}), not all could be given back: {'; '.join(map(str, failed))}")
        for group, lun in done:
            live.forget()
            try:
                if not self.config.saved_only and domain.running:
                    self._attach(domain, group, lun.index)
                self.warn(f"lun{lun.index} ({lun.store}), which was taken already, was given back.")
            except Mistake as other:
                self.warn(f"Besides ({error}), lun{lun.index} ({lun.store}) was not given back: {other}")

    def _remove(self, domain, group, lun):
        vdev = self.snapshot.vdev(group.wwn, group.tag, lun.index)
        if domain.running and vdev and not self.config.saved_only:
            # It asks the guest first, and leaves all as it is if that does not let go.
            try:
                live.ask("detach", domain.uuid or domain.name, vdev, "--remove-lun", "--wait", str(PATIENCE))
            except live.Failure as failure:
                raise Mistake(str(failure)) from None
        else:
            self.config.remove_lun(group, lun.index)

    def _tidy(self, found):
        """A portal group that map or xl-vscsi made goes with its last LUN, and a backstore of xl-vscsi's as well."""
        groups = {str(group): group for group in self.config.groups()}
        for name in dict.fromkeys(str(group) for group, _ in found):
            now = groups.get(name)
            if now is None:
                self.say(f"Deleted {name}, which has no LUN any more.")  # by xl-vscsi
            elif now.own and not now.luns:
                try:
                    self._patiently(lambda: self.config.remove_group(now))
                except OSError as error:
                    self.warn(f"TPG {now.tag} of {now.wwn} has no LUN any more, but cannot be removed yet: {error}")
                else:
                    self.say(f"Deleted TPG {now.tag} of {now.wwn}, which has no LUN any more.")
        for store in dict.fromkeys(lun.store for _, lun in found):
            if store and self.config.remove_store(store):
                self.say(f"Deleted storage object {store}, which xl-vscsi had made.")

    @staticmethod
    def _patiently(step):
        """The nexus of a guest that let go of its last LUN goes a moment later."""
        end = time.monotonic() + UNDO_PATIENCE
        while True:
            try:
                return step()
            except OSError as error:
                if error.errno != errno.EBUSY or time.monotonic() > end:
                    raise
                time.sleep(0.2)
